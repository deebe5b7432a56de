"""Forget who a patient is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.management import BaseCommand, CommandError

from clinic.actions import erasing, people
from clinic.management.writing import faults_told
from clinic.models import Patient

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """For a patient who asks for it, or who was registered by mistake; the reason is kept in the trail, so it names nobody."""

    help = "Destroy the key of a patient, for good: names, reference, date of birth, phone and notes can be read by nobody any more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "patient", metavar="ID", type=UUID, help="the last part of the address of the patient's page"
        )
        parser.add_argument(
            "--reference", required=True, help="the patient's reference, to show that it is the right one"
        )
        parser.add_argument("--reason", required=True, help="why, without a name: it stays in the trail")

    def handle(self, *, patient: UUID, reference: str, reason: str, **options: Any) -> None:
        found = Patient.objects.select_related("site").filter(pk=patient).first()
        with faults_told("the patient"):
            if found is None or (found.reference != reference and not found.is_erased):
                raise CommandError("No patient has this id and this reference.")
            erasing.erase(patient=found, reason=reason, by=people.system())
        self.stdout.write("The patient is erased.")
