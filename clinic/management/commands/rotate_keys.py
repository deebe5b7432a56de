"""Everything under the newest key of the ring."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from clinic import sealing
from clinic.actions import ring
from clinic.management.writing import faults_told


class Command(BaseCommand):
    """Safe while the clinic works, and safe to be broken off and run again."""

    help = "Wrap every key anew under the first key of YELLOWFLAG_PATIENT_KEYS; afterwards the others may be taken out."

    def handle(self, **options: Any) -> None:
        with faults_told("the ring"):
            number = ring.rotate()
        self.stdout.write(f"{number} rows were wrapped anew; everything lies under the key {sealing.newest_of_ring()}.")
