"""How well what is expected of a protocol would notice a slip in it."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from clinic.expectations import obligations_of, survivors_of, vignettes_of
from clinic.management.files import read_source
from triage.mutants import mutants
from triage.noticing import Noticing
from triage.reading import ProtocolError, read_protocol
from triage.sameness import is_the_same

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator, Sequence

    from triage.protocol import Protocol

LEAST = 95  # of a hundred slips that make a difference; those that nobody notices are explained


class Command(BaseCommand):
    """Makes every slip that an author could make, and fails where nobody notices and nobody has said why."""

    help = "Make every slip in a protocol file and see whether its vignettes and proofs notice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth slip")

    def handle(self, *, file: str, every: int, **options: Any) -> None:
        source = read_source(file)
        try:
            protocol = read_protocol(source)
        except ProtocolError as error:
            raise CommandError("\n".join(error.faults)) from error
        if every < 1:
            raise CommandError("--every takes a whole number from 1", returncode=2)
        if fault := _expectations(source)[1].first(protocol):
            raise CommandError(f"As it stands it is not what is expected, so every slip would be noticed: {fault}")
        tried = range(0, len(mutants(protocol)), every)
        unnoticed = [name for name, by in _noticed(source, tried) if not by]
        alike = {
            each.name for each in mutants(protocol) if each.name in unnoticed and is_the_same(protocol, each.protocol)
        }
        self._report(protocol, len(tried) - len(alike), [name for name in unnoticed if name not in alike], len(alike))

    def _report(self, protocol: Protocol, number: int, survivors: Sequence[str], alike: int) -> None:
        share = 100 * (number - len(survivors)) / number if number else 100
        self.stdout.write(
            f"{number - len(survivors)} of {number} slips are noticed, {share:.1f} %; {alike} more make no difference to anybody"
        )
        explained = survivors_of(protocol.id)
        for name in survivors:
            self.stdout.write(f"  not noticed: {name}: {explained.get(name, 'nobody has said why')}")
        left = [name for name in survivors if name not in explained]
        if left or share < LEAST:
            raise CommandError(
                f"{len(left)} slips are neither noticed nor explained; at least {LEAST} % have to be noticed."
            )


def _noticed(source: bytes, tried: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Each slip and who notices it first, on all cores."""
    workers = ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))
    with workers:
        yield from workers.map(_notice, [source] * len(tried), tried, chunksize=8)


def _notice(source: bytes, number: int) -> tuple[str, str]:
    slipped, noticing = _expectations(source)
    return slipped[number].name, noticing.first(slipped[number].protocol)


@cache
def _expectations(source: bytes) -> tuple[list[Any], Noticing]:
    protocol = read_protocol(source)
    return mutants(protocol), Noticing(protocol, vignettes_of(protocol.id), obligations_of(protocol))
