"""Is the audit trail as it was written?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from clinic import guard
from clinic.actions import checkpoints, verifying
from clinic.models import AuditEvent, Site

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator, Sequence


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
            found = [*_broken(), *verifying.untold(), *verifying.differs_from_history(), *checkpoints.faults()]
            found += [f"{each} is not borne out by its trail" for each in receipt if not verifying.bears_out(each)]
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        found += [f"the guard lacks {name}" for name in guard.faults()]
        for each in found:
            self.stderr.write(each)
        if found:
            raise CommandError(f"{len(found)} things are not as they were written.")
        self.stdout.write(f"{AuditEvent.objects.count()} entries are as they were written. The trails end at")
        self.stdout.write("\n".join(verifying.heads()))


def _broken() -> Iterator[str]:
    for site in (None, *Site.objects.order_by("slug")):
        first = verifying.first_broken(site)
        if first is not None:
            yield f"{site.slug if site else 'system'}: entry {first} is the first that is not as it was written"
