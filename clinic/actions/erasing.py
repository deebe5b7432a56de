"""Forget who a patient is, for good: their key is destroyed, and what was recorded of them tells of nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import clock
from clinic.actions import audit, idempotency, patients, people
from clinic.actions.errors import Conflict
from clinic.models import Assessment, AuditEvent, Draft, Intake, Patient, PatientKey, PatientWord, Referral, WorkItem

if TYPE_CHECKING:
    from datetime import datetime

    from clinic.models import User

ERASED = "patient.erase"
_NOT_CARE = r"\.(read|print|refused|refuse_erasure)$"


def erase(*, patient: Patient, reason: str, by: User) -> None:
    """Destroy the key; refused, and the refusal entered, while the record is in use or has to be kept."""
    if why_not := _erase_unless_kept(patient, reason, by):
        raise Conflict(why_not)


@transaction.atomic
def _erase_unless_kept(patient: Patient, reason: str, by: User) -> str:
    patients.hold_known(patient)
    why_not = _why_not(patient)
    if not why_not:
        idempotency.forget(patient)
        Draft.objects.filter(patient=patient).delete()
        PatientWord.objects.filter(patient=patient).delete()
        PatientKey.objects.filter(patient=patient).delete()
        patient.refresh_from_db()  # what was read of the patient before is forgotten too
    _record("patient.refuse_erasure" if why_not else ERASED, patient, reason, by)
    return why_not


def note_erased(patient: Patient) -> None:
    """Enter what is so already where the trail does not know of it: an older copy of the database was restored."""
    if not AuditEvent.objects.filter(subject=patient.pk, action=ERASED).exists():
        _record(ERASED, patient, "erased after this copy was made", people.system())


def _record(action: str, patient: Patient, reason: str, by: User) -> None:
    audit.record(action=action, by=by, site=patient.site, obj=patient, subject=patient, detail={"reason": reason})


def _why_not(patient: Patient) -> str:
    if Intake.objects.filter(patient=patient).open().exists():
        return _("An intake of this patient is open: complete or cancel it first.")
    if Referral.objects.filter(patient=patient).live().exists():
        return _("A referral of this patient is under way: close or cancel it first.")
    if WorkItem.objects.filter(patient=patient).exists():
        return _("Something is still waited for about this patient: see to what stands on the worklist first.")
    until = _kept_until(patient)
    if until and clock.now() < until:
        day = date_format(clock.day(until, patient.site), "j F Y")
        return _("What was recorded of this patient has to be kept until %(day)s.") % {"day": day}
    return ""


def _kept_until(patient: Patient) -> datetime | None:
    """Counted from the last thing that was done for the patient; somebody who was never assessed has no clinical record."""
    if not Assessment.objects.filter(intake__patient=patient).exists():
        return None
    done = AuditEvent.objects.filter(subject=patient.pk).exclude(action__regex=_NOT_CARE).order_by()
    last: datetime | None = done.aggregate(last=Max("at"))["last"]
    return last and last + timedelta(days=366 * settings.RETENTION_YEARS)
