"""Whether stored assessments would be made again as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from clinic.actions.reassessing import Reassessed, reassess
from clinic.management.writing import whole_number
from clinic.models import Assessment
from clinic.shares import cores, on_all_cores, shares

if TYPE_CHECKING:
    from argparse import ArgumentParser

_SHARE = 1000


class Command(BaseCommand):
    """Evaluates every assessment again, under its own protocol, and names each that comes out otherwise."""

    help = (
        "Evaluate every stored assessment again, under its own protocol, and compare every byte but the engine's name."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", required=True, help="every assessment there is")
        parser.add_argument("--check", action="store_true", help="fail where one differs or cannot be made again")
        parser.add_argument("--processes", type=whole_number, default=cores(), metavar="NUMBER")

    def handle(self, *, check: bool, processes: int, **options: Any) -> None:
        found = on_all_cores(reassess, list(shares(Assessment.objects.all(), size=_SHARE)), processes=processes)
        number = alike = 0
        for each in found:
            number += each.number
            alike += each.number - len(each.faults) - len(each.other_engines)
            self._tell(each)
        self.stdout.write(f"{alike} of {number} assessments come out as they are stored.")
        if check and alike < number:
            raise CommandError("Not every assessment was made again as it is stored.")

    def _tell(self, found: Reassessed) -> None:
        for line in (*found.faults, *found.other_engines):
            self.stdout.write(line)
