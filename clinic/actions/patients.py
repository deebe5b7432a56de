"""Register the people whom a site cares for, and correct what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinic import permissions
from clinic.actions import audit
from clinic.actions.errors import conflict_on_duplicate
from clinic.models import Patient, Site, User
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_CHANGEABLE = ("reference", "given_name", "family_name", "date_of_birth", "sex", "phone")
_DUPLICATE = gettext_noop("Another patient of this site has this reference.")


@transaction.atomic
def register(
    *,
    site: Site,
    reference: str,
    given_name: str,
    family_name: str,
    date_of_birth: date,
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
    with conflict_on_duplicate(_(_DUPLICATE)):
        patient.save_as(by=by, reason="registered")
    audit.record(action="patient.register", by=by, site=site, obj=patient, subject=patient)
    return patient


@transaction.atomic
def correct(*, patient: Patient, changes: Mapping[str, object], by: User) -> None:
    """Change what is known of a patient; a change of nothing leaves no trace."""
    permissions.require(by, Capability.EDIT_PATIENT, patient.site)
    unknown = changes.keys() - set(_CHANGEABLE)
    if unknown:
        raise ValidationError(dict.fromkeys(unknown, _("This cannot be changed.")))
    patient.refresh_from_db(from_queryset=Patient.objects.select_related("site").select_for_update(of=("self",)))
    fields = _apply(patient, changes)
    if not fields:
        return
    with conflict_on_duplicate(_(_DUPLICATE)):
        patient.save_as(by=by, reason=f"corrected: {', '.join(fields)}")
    detail = {"fields": fields}
    audit.record(action="patient.correct", by=by, site=patient.site, obj=patient, subject=patient, detail=detail)


def _apply(patient: Patient, changes: Mapping[str, object]) -> list[str]:
    """The names of the fields that the changes really change, once cleaned."""
    before = {name: getattr(patient, name) for name in changes}
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.check_columns()
    return [name for name in changes if getattr(patient, name) != before[name]]
