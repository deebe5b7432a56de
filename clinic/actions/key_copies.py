"""The keys of the patients, apart from all else: who was erased is not brought back by an older copy."""

from __future__ import annotations

from typing import TypedDict

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.actions import audit, patients, people
from clinic.actions.erasing import ERASED, note_erased
from clinic.actions.errors import Conflict
from clinic.models import AuditEvent, IdempotencyKey, Patient, PatientKey, PatientWord

_AT_ONCE = 1000
_FIELDS = ("patient_id", "ring_key", "sealed")
# Not copied with the rest: the keys, what follows from the names that they open, and what tells names under the ring alone.
APART = (PatientKey, PatientWord, IdempotencyKey)


class Keys(TypedDict):
    """Each key as it lies wrapped: patient, key of the ring, sealed; and the patients who have none any more."""

    keys: list[list[str]]
    erased: list[str]


def read() -> Keys:
    keys = [[str(each[0]), *each[1:]] for each in PatientKey.objects.values_list(*_FIELDS)]
    erased = [str(pk) for pk in Patient.objects.filter(kept_key=None).values_list("pk", flat=True)]
    return {"keys": keys, "erased": erased}


def take_out() -> None:
    """Remove from a copy what is not to lie in it."""
    for model in APART:
        model._base_manager.all().delete()


@transaction.atomic
def bring_back(held: Keys) -> None:
    """Give the patients of a restored copy their keys, and let them be found again."""
    here = {str(pk) for pk in Patient.objects.values_list("pk", flat=True)}
    erased = here.intersection(held["erased"]) | _told_as_erased()
    known = here - erased
    keys = [PatientKey(**dict(zip(_FIELDS, each, strict=True))) for each in held["keys"] if each[0] in known]
    if missing := len(known) - len(keys):
        raise Conflict(
            _("The keys of %(number)s patients are missing: take those of that day, or newer ones.")
            % {"number": missing}
        )
    PatientKey.objects.bulk_create(keys, batch_size=_AT_ONCE)
    for patient in Patient.objects.filter(pk__in=erased).select_related("site"):
        note_erased(patient)
    patients.index_again()
    system = people.system()
    audit.record(action="audit.restore", by=system, site=None, obj=system, detail={"erased": len(erased)})


def _told_as_erased() -> set[str]:
    """Whom the trail of the copy tells of: keys that are older than an erasure do not undo it."""
    subjects = AuditEvent.objects.filter(action=ERASED, subject__isnull=False).order_by()
    return {str(pk) for pk in subjects.values_list("subject", flat=True)}
