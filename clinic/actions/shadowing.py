"""Let a release that is not in use yet shadow the one that a site follows: evaluated beside it on new assessments.

Whoever is advised by the live release neither waits for the shadow nor is told of it: it is asked once
their own assessment is stored, and what goes wrong with it is kept as what it said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from clinic import clock, permissions, protocols
from clinic.actions import audit
from clinic.actions.errors import Conflict, conflict_on_duplicate
from clinic.actions.judging import Found, Judged, told
from clinic.actions.protocol_steps import WRITABLE, where_it_stands
from clinic.actions.replaying import count, hold, keep_found
from clinic.models import ProtocolRelease, Replay, Site, User
from clinic.permissions import Capability
from clinic.shares import BEGINNING, Share
from triage.advice import advice_of
from triage.engine import ENGINE_VERSION, evaluate
from triage.explanation import explain
from triage.facts import check_fitting

if TYPE_CHECKING:
    from clinic.models import Assessment

FAILED = "failed"  # in place of a disposition, where the shadow could say nothing


@transaction.atomic
def start(*, release: ProtocolRelease, site: Site, by: User) -> Replay:
    """From now on the release is evaluated beside the live one on every new assessment of the site."""
    permissions.require(by, Capability.ACTIVATE_PROTOCOL, site)
    release.refresh_from_db(from_queryset=ProtocolRelease.objects.select_for_update())
    if release.status not in WRITABLE:
        raise Conflict(where_it_stands(release))
    with conflict_on_duplicate(_("A release shadows at this site already: stop that one first.")):
        shadow = Replay.objects.create(
            release=release,
            name=str(release),
            sha256=release.sha256,
            engine_version=ENGINE_VERSION,
            by=by,
            shadow_at=site,
        )
    detail = {"release": str(release), "sha256": release.sha256}
    audit.record(action="protocol.shadow", by=by, site=site, obj=shadow, detail=detail)
    return shadow


@transaction.atomic
def stop(*, shadow: Replay, by: User) -> None:
    """What it has found so far stays."""
    site = shadow.shadow_at
    if site is None:
        raise Conflict(_("This is no shadow."))
    permissions.require(by, Capability.ACTIVATE_PROTOCOL, site)
    hold(shadow)
    if shadow.finished_at:
        raise Conflict(_("This shadow has been stopped already."))
    shadow.finished_at = clock.now()
    shadow.save()
    audit.record(action="protocol.unshadow", by=by, site=site, obj=shadow, detail={"done": shadow.done})


def beside(assessment: Assessment) -> None:
    """Ask the shadow of the site, if it has one of this protocol, what it says of the same answers.

    Called once the assessment is stored for good. A text that was changed since is not the one that was
    let in, and says nothing.
    """
    shadow = _shadow_of(assessment)
    if shadow is None or shadow.release is None:
        return
    outcome = _outcome(shadow.release, assessment)
    old, new = told(assessment.outcome), outcome if outcome["disposition"] == FAILED else told(outcome)
    judged = Judged(Share(BEGINNING, assessment.pk), number=1)
    judged.table[old["disposition"], new["disposition"]] = 1
    if outcome["disposition"] == FAILED or advice_of(assessment.outcome) != advice_of(outcome):
        judged.found.append(Found(assessment.pk, assessment.site_id, old, new))
    with transaction.atomic():
        hold(shadow)
        keep_found(shadow, judged)
        count(shadow, judged)
        shadow.save()


def _shadow_of(assessment: Assessment) -> Replay | None:
    """One query for every assessment, whether or not anything shadows."""
    running = Replay.objects.running().filter(shadow_at=assessment.site_id, sha256=F("release__sha256"))
    shadows = running.filter(release__protocol=assessment.release.protocol)
    return shadows.select_related("release").defer("release__source").first()


def _outcome(release: ProtocolRelease, assessment: Assessment) -> dict[str, Any]:
    """What the release says, or why it says nothing."""
    try:
        protocol = protocols.get(release)
        facts, _unfit = check_fitting(protocol.questions, assessment.answers, on=assessment.on)
        return explain(evaluate(protocol, facts))
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with a draft, the patient's way goes on
        return {"disposition": FAILED, "error": f"{type(error).__name__}: {error}"[:500]}
