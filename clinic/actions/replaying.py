"""Try a protocol on every intake there is, before any patient is asked by it.

A replay is taken up where it was left: each share of the intakes is judged without a write, and what
came of it is kept in one transaction with how far the replay has come. Nothing about an intake changes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from clinic import clock, permissions
from clinic.actions import audit
from clinic.actions.errors import Conflict
from clinic.actions.judging import Judged, judge
from clinic.models import Assessment, ProtocolRelease, Replay, ReplayCase, User
from clinic.permissions import Capability
from clinic.shares import BEGINNING, on_all_cores, shares
from triage.engine import ENGINE_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinic.actions.audit import Detail
    from clinic.actions.judging import Found
    from triage.protocol import Protocol

SHARE = 2_000  # intakes judged at once: some seconds of work are lost where a replay is stopped


@transaction.atomic
def begin(*, protocol: Protocol, release: ProtocolRelease | None, by: User) -> Replay:
    """A replay of the protocol: the one that was left unfinished, if there is one, or a new one."""
    permissions.require_somewhere(by, Capability.WRITE_PROTOCOL)
    alike = Replay.objects.of_the_past().filter(sha256=protocol.digest, engine_version=ENGINE_VERSION)
    unfinished = alike.running().first()
    if unfinished:
        return unfinished
    return Replay.objects.create(
        release=release,
        name=f"{protocol.id}/{protocol.version}",
        sha256=protocol.digest,
        engine_version=ENGINE_VERSION,
        by=by,
    )


def run(*, replay: Replay, source: bytes, by: User, processes: int, size: int = SHARE) -> Iterator[Replay]:
    """Judge what is left of the intakes, of each its newest assessment; the replay, share after share."""
    permissions.require_somewhere(by, Capability.WRITE_PROTOCOL)
    left = list(shares(Assessment.objects.all(), size=size, after=replay.cursor or BEGINNING))
    for judged in on_all_cores(partial(judge, source), left, processes=processes):
        _keep(replay, judged)
        yield replay
    _finish(replay, by)
    yield replay


@transaction.atomic
def _keep(replay: Replay, judged: Judged) -> None:
    hold(replay)
    if (replay.cursor or BEGINNING) != judged.share.after or replay.finished_at:
        raise Conflict(_("This replay is being run by somebody else too: it goes on there."))
    keep_found(replay, judged)
    replay.cursor = judged.share.until
    count(replay, judged)
    replay.save()


def keep_found(replay: Replay, judged: Judged) -> None:
    """A case for everybody who would be advised otherwise."""
    ReplayCase.objects.keep([_case(replay, each) for each in judged.found])


def _case(replay: Replay, found: Found) -> ReplayCase:
    return ReplayCase(
        replay=replay,
        assessment_id=found.assessment,
        site_id=found.site,
        old_disposition=found.old["disposition"],
        new_disposition=found.new["disposition"],
        old=found.old,
        new=found.new,
    )


def count(replay: Replay, judged: Judged) -> None:
    """Count what was judged in the totals of the replay, which has still to be stored."""
    totals = replay.totals or {"table": {}, "unfit": 0}
    for (old, new), number in judged.table.items():
        row = totals["table"].setdefault(old, {})
        row[new] = row.get(new, 0) + number
    totals["unfit"] += judged.unfit
    replay.totals = totals
    replay.done += judged.number
    replay.differing += len(judged.found)


@transaction.atomic
def _finish(replay: Replay, by: User) -> None:
    hold(replay)
    if replay.finished_at:
        return
    replay.finished_at = clock.now()
    replay.save()
    detail: Detail = {"sha256": replay.sha256, "done": replay.done, "differing": replay.differing}
    audit.record(action="protocol.replay", by=by, site=None, obj=replay, detail=detail)


def hold(replay: Replay) -> None:
    """Read the replay anew, and keep others from counting in it until the transaction ends."""
    replay.refresh_from_db(from_queryset=Replay.objects.select_for_update())
