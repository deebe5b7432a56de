"""What is run once a day so that nothing is kept for longer than it serves."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from clinic.actions import tidying


class Command(BaseCommand):
    help = "Forget ended sessions, counts of yesterday, and log-ins of more than 30 days ago. No record is touched."

    def handle(self, **options: Any) -> None:
        tidying.tidy()
        self.stdout.write("Tidied.")
