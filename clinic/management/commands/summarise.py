"""Count what the dashboard shows, from cron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand

from clinic.actions import counting

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Brings the counts of the dashboard up to the present; safe to run any number of times."""

    help = "Count intakes, flags, decisions and referrals by day, for the dashboard."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anew", action="store_true", help="count everything from the beginning")

    def handle(self, *, anew: bool, **options: Any) -> None:
        days = counting.summarise(anew=anew)
        counting.take_stock()
        self.stdout.write(f"Counted {days} days.")
