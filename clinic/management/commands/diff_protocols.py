"""What one version of a protocol says and does otherwise than another, over every possible intake."""

from __future__ import annotations

import sys
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError
from django.db import Error

from clinic.actions import replaying
from clinic.actions.judging import judge
from clinic.differences import advised, differences
from clinic.expectations import obligations_of
from clinic.management.files import REFERENCE, find_file, read_source
from clinic.management.writing import whole_number
from clinic.models import Assessment, ProtocolRelease
from clinic.shares import cores, on_all_cores, shares
from triage.comparison import compare
from triage.diagram import TooLarge
from triage.obligations import NOTHING_OWED, ObligationError
from triage.reading import ProtocolError, read_protocol

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from clinic.sentences import Said
    from triage.comparison import Comparison, Region
    from triage.obligations import Obligations
    from triage.protocol import Protocol


class Command(BaseCommand):
    """Prints the other wordings, then every change of advice with its number and a patient; fails if there is any."""

    help = "Compare two versions of a protocol. Exit status: 0 the same, 1 different, 2 nothing could be compared."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own declaration

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name in ("old", "new"):
            parser.add_argument(name, metavar=f"{name.upper()}", help="PROTOCOL/VERSION, or a file")
        parser.add_argument(
            "--intakes", action="store_true", help="also count the past intakes advised otherwise by NEW"
        )

        parser.add_argument("--processes", type=whole_number, default=cores(), metavar="NUMBER")

    def handle(self, *, old: str, new: str, intakes: bool, processes: int, **options: Any) -> None:
        sources = [_source(each) for each in (old, new)]
        before, after = (_read(*each) for each in zip((old, new), sources, strict=True))
        if before.id != after.id:
            raise CommandError(f"{before.id} and {after.id} are two protocols, not two versions of one.", returncode=2)
        comparison = _compare(before, after)
        wordings = list(_wordings(before, after))
        for line in (*wordings, *_advice(comparison, before, after)):
            self.stdout.write(line)
        if intakes:
            self._tell_past(sources[1], processes)
        if wordings or comparison.regions:
            sys.exit(1)

    def _tell_past(self, source: bytes, processes: int) -> None:
        table, whole = Counter[tuple[str, str]](), 0
        every = list(shares(Assessment.objects.all(), size=replaying.SHARE))
        for judged in on_all_cores(partial(judge, source), every, processes=processes):
            table.update((each.old["disposition"], each.new["disposition"]) for each in judged.found)
            whole += judged.number
        self.stdout.write(f"\nOf {whole:,} past intakes {table.total():,} would be advised otherwise than they were.")
        for (then, now), number in sorted(table.items()):
            self.stdout.write(f"  {then:<15} {now:<15} {number:>9,}")


def _source(reference: str) -> bytes:
    """The text of a release that is kept here, of one that comes with the product, or of a file."""
    named = REFERENCE.fullmatch(reference)
    if not named or not named["version"]:
        return read_source(reference)
    release = _release(named["id"], named["version"])
    return release.source.encode() if release else find_file(reference).read_bytes()


def _release(protocol: str, version: str) -> ProtocolRelease | None:
    try:
        return ProtocolRelease.objects.filter(protocol=protocol, version=version).first()
    except Error:  # no database is needed for what comes with the product
        return None


def _read(reference: str, source: bytes) -> Protocol:
    try:
        return read_protocol(source)
    except ProtocolError as error:
        raise CommandError("\n".join(f"{reference}: {fault}" for fault in error.faults), returncode=2) from error


def _compare(old: Protocol, new: Protocol) -> Comparison:
    try:
        return compare(old, new, _clear_adult(new))
    except TooLarge as error:
        raise CommandError(f"These are too large to be compared: {error}.", returncode=2) from error


def _clear_adult(protocol: Protocol) -> Obligations:
    """What is owed says who a clear adult is; whether it can be said of this protocol is for check_protocol to tell."""
    try:
        return obligations_of(protocol)
    except ObligationError:
        return NOTHING_OWED


def _wordings(old: Protocol, new: Protocol) -> Iterator[str]:
    for each in differences(old, new):
        yield f"{each.what}: {each.part}, {each.name}" + (f" ({each.id})" if each.id else "")
        for line in each.lines:
            yield f"  {line.label}"
            yield from (f"    - {_flat(said)}" for said in line.old)
            yield from (f"    + {_flat(said)}" for said in line.new)


def _flat(said: Said) -> str:
    parts = "; ".join(f"({_flat(each)})" if each.parts else _flat(each) for each in said.parts)
    return f"{said.text}: {parts}" if parts else said.text


def _advice(comparison: Comparison, old: Protocol, new: Protocol) -> Iterator[str]:
    space, seconds = _about(comparison.space), comparison.milliseconds / 1000
    yield f"\n{comparison.old} and {comparison.new}, compared over {space} possible intakes in {seconds:.1f} s:"
    for each in comparison.regions:
        yield from _region(each, comparison.space, old, new)
    less = len(comparison.less_urgent)
    if not comparison.regions:
        yield "Every patient is advised alike."
    elif less:
        yield f"{less} of {len(comparison.regions)} changes are less urgent than before: somebody has to answer for each."
    else:
        yield "Nobody is advised anything less urgent than before."


def _region(region: Region, space: int, old: Protocol, new: Protocol) -> Iterator[str]:
    change = region.change
    before = advised(old, change.old, change.old_urgency)
    is_elsewhere = change.what in ("disposition", "urgency")
    after = advised(new, change.new, change.new_urgency) if is_elsewhere else f"other {change.what}"
    yield f"\n{'LESS URGENT: ' if change.is_less_urgent else ''}{before} -> {after}"
    yield (
        f"  {_about(region.number)} intakes: {_share(region.number, space)} of all, "
        f"{_share(region.number, region.advised_so_before)} of those advised so before. For example:"
    )
    yield from (f"    {line}" for line in region.witness)
    yield f"  before: {region.before.says}"
    yield f"  after:  {region.after.says}"


def _about(number: int) -> str:
    return f"{number:,}" if number < 1_000_000 else f"{number:.1e}".replace("e+", " x 10^")


def _share(number: int, of: int) -> str:
    return f"{100 * number / of:.2g} %"
