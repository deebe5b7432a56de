"""Register the people whom a site cares for, and correct what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinic import permissions, sealing
from clinic.actions import audit
from clinic.actions.errors import Conflict, conflict_on_duplicate
from clinic.models import Patient, PatientKey, PatientWord, Site, SiteKey, User
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clinic.models.birth import Birth

_CHANGEABLE = ("reference", "given_name", "family_name", "date_of_birth", "sex", "phone")
_DUPLICATE = gettext_noop("Another patient of this site has this reference.")


@transaction.atomic
def register(
    *,
    site: Site,
    reference: str,
    given_name: str = "",
    family_name: str = "",
    date_of_birth: Birth | date | str,
    sex: str,
    by: User,
    phone: str = "",
) -> Patient:
    permissions.require(by, Capability.EDIT_PATIENT, site)
    patient = Patient(
        site=site,
        reference=reference,
        given_name=given_name,
        family_name=family_name,
        date_of_birth=date_of_birth,
        sex=sex,
        phone=phone,
    )
    key = PatientKey(patient=patient)
    key.put(sealing.new_key())
    key.save()  # first: it is what the patient is sealed under
    patient.save_as(by=by, reason="registered")
    index(patient)
    audit.record(action="patient.register", by=by, site=site, obj=patient, subject=patient)
    return patient


@transaction.atomic
def correct(*, patient: Patient, changes: Mapping[str, object], by: User) -> None:
    """Change what is known of a patient; a change of nothing leaves no trace."""
    permissions.require(by, Capability.EDIT_PATIENT, patient.site)
    unknown = changes.keys() - set(_CHANGEABLE)
    if unknown:
        raise ValidationError(dict.fromkeys(unknown, _("This cannot be changed.")))
    hold_known(patient)
    fields = _apply(patient, changes)
    if not fields:
        return
    patient.save_as(by=by, reason=f"corrected: {', '.join(fields)}")
    index(patient)
    detail = {"fields": fields}
    audit.record(action="patient.correct", by=by, site=patient.site, obj=patient, subject=patient, detail=detail)


def hold_known(patient: Patient) -> None:
    """Read the patient anew and hold them, so that nobody erases them meanwhile; before their intake, if that is held too."""
    rows = Patient.objects.select_related("site")
    # Weaker than a lock against removal, for which rows that point to the patient would have to wait.
    patient.refresh_from_db(from_queryset=rows.select_for_update(of=("self",), no_key=True))
    require_known(patient)


def require_known(patient: Patient) -> None:
    """Refuse what cannot be done for somebody of whom nobody knows any more who they are."""
    if patient.is_erased:
        raise Conflict(_("This patient was erased: nothing can be done for them here."))


def index(patient: Patient) -> None:
    """Let the patient be found by what they are called now, and refuse a reference that another one has."""
    key = SiteKey.objects.select_for_update(no_key=True).get(
        site=patient.site_id
    )  # or two who swap would wait for each other
    PatientWord.objects.filter(patient=patient).delete()
    PatientWord.objects.bulk_create(patient.words(key.content))
    with conflict_on_duplicate(_(_DUPLICATE)):
        patient.reference_word(key.content).save()


def _apply(patient: Patient, changes: Mapping[str, object]) -> list[str]:
    """The names of the fields that the changes really change, once cleaned."""
    before = {name: getattr(patient, name) for name in changes}
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.check_columns()
    return [name for name in changes if getattr(patient, name) != before[name]]
