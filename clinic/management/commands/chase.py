"""List and escalate what is late, from cron."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand

from clinic.actions import break_glass, chasing, work
from clinic.models import Lateness

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from clinic.models import Escalation


class Command(BaseCommand):
    """Acts on every deadline that has passed; a second run right after it finds nothing to do."""

    help = "List and escalate referrals, decisions and reports that are late. Safe to run any number of times."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="first make the list of open work anew")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")

    def handle(self, **options: Any) -> None:
        if options["rebuild"]:
            number = work.rebuild()
            self.stderr.write(f"Went through {number} intakes.")
        if ended := break_glass.end_what_is_over():
            self.stderr.write(f"Ended {ended} emergency accesses.")
        acted = chasing.chase()
        if options["json"]:
            self.stdout.write(json.dumps([_document(each) for each in acted], indent=2))
            return
        for each in acted:
            self.stdout.write(_line(each))
        self.stdout.write(f"{len(acted)} acted on.")


def _document(each: Escalation) -> dict[str, Any]:
    """Identifiers only: what a log may hold."""
    return {
        "id": str(each.pk),
        "site": each.site.slug,
        "kind": each.kind,
        "stage": each.stage,
        "intake": str(each.intake_id),
        "referral": str(each.referral_id) if each.referral_id else None,
        "due": each.due.isoformat(),
        "level": Lateness(each.level).name.lower(),
    }


def _line(each: Escalation) -> str:
    what = f"{each.kind} {each.stage}".strip()
    level = Lateness(each.level).label.lower()
    return f"{each.site.slug}: {what} due {each.due:%Y-%m-%d}, {level}, intake {each.intake_id}"
