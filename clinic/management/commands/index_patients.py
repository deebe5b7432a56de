"""Let patients be found as names and references are compared by this version."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from clinic.actions import patients
from clinic.management.writing import faults_told


class Command(BaseCommand):
    """To be run once after an update that says so; safe to be run again."""

    help = "Make the words anew by which patients are found, and name those whose reference is another one's too."

    def handle(self, **options: Any) -> None:
        with faults_told("the patients"):
            twice = patients.index_again()
        for patient in twice:
            self.stdout.write(f"{patient.site.slug}: the reference of patient {patient.pk} is another patient's too.")
        self.stdout.write(f"Everybody is found anew; {len(twice)} to be looked at.")
