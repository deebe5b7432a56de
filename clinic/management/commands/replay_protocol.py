"""What a protocol would have said of every patient so far."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from clinic.actions import replaying
from clinic.management.files import read_source
from clinic.management.writing import faults_told, user_named, whole_number
from clinic.models import Assessment, ProtocolRelease, ReplayCase
from clinic.shares import cores
from triage.reading import read_protocol

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from clinic.models import Replay

_RELEASE = re.compile(r"(?P<protocol>[a-z0-9-]{1,60})/(?P<version>\d{1,5}(\.\d{1,5}){2})")
_LISTED = 100


class Command(BaseCommand):
    """Goes on where a replay of the same text was left, and prints who would be advised otherwise."""

    help = "Try a protocol on the newest assessment of every intake. Nothing about an intake is written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("protocol", metavar="PROTOCOL/VERSION|FILE", help="a release of any status, or a file")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="who answers for trying it: an author")
        parser.add_argument("--processes", type=whole_number, default=cores(), metavar="NUMBER")
        parser.add_argument("--share", type=whole_number, default=replaying.SHARE, metavar="ROWS", help="at a time")

    def handle(self, *, protocol: str, by: str, processes: int, share: int, **options: Any) -> None:
        source, person = _source(protocol), user_named(by)
        with faults_told(protocol):
            read = read_protocol(source)
            release = ProtocolRelease.objects.filter(sha256=read.digest).defer("source").first()
            replay = replaying.begin(protocol=read, release=release, by=person)
            self._tell_beginning(replay)
            for each in replaying.run(replay=replay, source=source, by=person, processes=processes, size=share):
                so_far = "Finished" if each.finished_at else "So far"
                self.stdout.write(f"{so_far}: {each.done:,} intakes, {each.differing:,} advised otherwise")
        self._tell_end(replay)

    def _tell_beginning(self, replay: Replay) -> None:
        whole = Assessment.objects.newest().count()
        again = f"goes on after {replay.done:,}" if replay.cursor else "begins"
        self.stdout.write(f"The replay of {replay.name} {again}; there are {whole:,} intakes.")

    def _tell_end(self, replay: Replay) -> None:
        for line in (*_table(replay), *_cases(replay)):
            self.stdout.write(line)


def _source(reference: str) -> bytes:
    named = _RELEASE.fullmatch(reference)
    if not named:
        return read_source(reference)
    release = ProtocolRelease.objects.filter(protocol=named["protocol"], version=named["version"]).first()
    if release is None:
        raise CommandError(f"There is no release {reference}.")
    return release.source.encode()


def _table(replay: Replay) -> Iterator[str]:
    totals = replay.totals
    if not totals:
        return
    yield "\nWas, and would be:"
    for old, row in sorted(totals["table"].items()):
        for new, number in sorted(row.items()):
            yield f"  {old:<15} {new:<15} {number:>9,}"
    if totals["unfit"]:
        yield f"{totals['unfit']:,} have answers that this protocol does not take: they count as not asked."


def _cases(replay: Replay) -> Iterator[str]:
    cases = ReplayCase.objects.filter(replay=replay).select_related("assessment")
    for case in cases.order_by("assessment")[:_LISTED]:
        actions = "".join(_actions(case.old["actions"], case.new["actions"]))
        yield f"intake {case.assessment.intake_id}: {_words(case.old)} -> {_words(case.new)}{actions}"
    if replay.differing > _LISTED:
        yield f"... and {replay.differing - _LISTED:,} more: they are on the page of the replay."


def _words(told: dict[str, Any]) -> str:
    referrals = ", ".join(f"{service} {priority}" for service, priority in told["referrals"])
    return f"{told['disposition']} {told['urgency']} by {told['rule']}" + (f" ({referrals})" if referrals else "")


def _actions(old: list[str], new: list[str]) -> Iterator[str]:
    for words, these, those in (("also", new, old), ("no longer", old, new)):
        only = [each for each in these if each not in those]
        if only:
            yield f"; {words}: {', '.join(only)}"
