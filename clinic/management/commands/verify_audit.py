"""Is the audit trail as it was written?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from clinic import guard
from clinic.actions import checkpoints, verifying
from clinic.management import anchors
from clinic.models import AuditEvent

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence


class Command(BaseCommand):
    """Names the first entry of each trail that is not as it was written, and all else that was touched."""

    help = "Verify every audit trail, the rows that it tells of, the checkpoints and the guard."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--receipt",
            action="append",
            default=[],
            metavar="SITE:SEQ:HASH",
            help="what a letter, an answer of the API or a copy kept elsewhere bears (repeatable)",
        )

    def handle(self, *, receipt: Sequence[str], **options: Any) -> None:
        try:
            witnesses = [anchors.read(each) for each in receipt]
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        found = [
            f"{name}: entry {seq} is the first that is not as it was written" for name, seq in anchors.broken_chains()
        ]
        found += [
            *verifying.untold(),
            *verifying.differs_from_history(),
            *verifying.without_key(),
            *checkpoints.faults(),
        ]
        found += [f"{each} is not borne out by its trail" for each in witnesses if not each.stands()]
        found += [f"the guard lacks {name}" for name in guard.faults()]
        for each in found:
            self.stderr.write(each)
        if found:
            raise CommandError(f"{len(found)} things are not as they were written.")
        self.stdout.write(f"{AuditEvent.objects.count()} entries are as they were written. The trails end at")
        self.stdout.write("\n".join(map(str, anchors.newest())))
