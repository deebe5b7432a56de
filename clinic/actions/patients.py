"""Register the people whom a site cares for, and correct what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinic import permissions, sealing
from clinic.actions import audit, people
from clinic.actions.errors import Conflict, conflict_on_duplicate
from clinic.models import Patient, PatientKey, PatientWord, Site, SiteKey, User, references
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clinic.models.birth import Birth

_CHANGEABLE = ("reference", "given_name", "family_name", "date_of_birth", "sex", "phone")
_DECISIVE = {"date_of_birth", "sex"}  # what a protocol may decide by: `answers.of_record`
_AT_ONCE = 1000
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
    references.refuse_unfit(reference, site.reference_kind)
    key = PatientKey(patient=patient)
    key.put(sealing.new_key())
    key.save()  # first: it is what the patient is sealed under
    patient.save_as(by=by, reason="registered")
    index(patient)
    audit.record(action="patient.register", by=by, site=site, obj=patient, subject=patient)
    return patient


@transaction.atomic
def correct(*, patient: Patient, changes: Mapping[str, object], by: User) -> None:
    """Change what is known of a patient; a change of nothing leaves no trace.

    Whatever was advised on a fact that is another one now is advised afresh.
    """
    from clinic.actions import intakes  # here, for it holds patients by what is in this module

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
    if _DECISIVE & set(fields):
        intakes.facts_corrected(patient=patient, by=by)
    detail = {"fields": fields}
    audit.record(action="patient.correct", by=by, site=patient.site, obj=patient, subject=patient, detail=detail)


def hold_known(patient: Patient) -> None:
    """Read the patient anew and hold them, so that nobody erases them meanwhile; before their intake, if that is held too."""
    rows = Patient.objects.select_related("site")
    # Weaker than a lock against removal, for which rows that point to the patient would have to wait.
    patient.refresh_from_db(from_queryset=rows.select_for_update(of=("self",), no_key=True))
    require_known(patient)


def require_known(patient: Patient) -> None:
    """Refuse what cannot be done for an erased patient."""
    if patient.is_erased:
        raise Conflict(_("This patient was erased: nothing can be done for them here."))


def index(patient: Patient) -> None:
    """Let the patient be found by what they are called now, and refuse a reference that another one has."""
    reference = _found_by_name(patient)
    with conflict_on_duplicate(_(_DUPLICATE)):
        reference.save()


@transaction.atomic
def index_again() -> list[Patient]:
    """Let everybody be found as names are compared today; those whose reference another one has too are given back."""
    twice = []
    known = Patient.objects.exclude(kept_key=None).select_related("site", "kept_key").order_by("pk")
    PatientWord.objects.all().delete()
    for patient in known.iterator(_AT_ONCE):
        reference = _found_by_name(patient)
        if PatientWord.objects.filter(is_reference=True, digest=reference.digest).exists():
            twice.append(patient)
        else:
            reference.save()
    system = people.system()
    audit.record(action="patient.index", by=system, site=None, obj=system, detail={"twice": len(twice)})
    return twice


def _found_by_name(patient: Patient) -> PatientWord:
    """Make the words of the names anew; the one of the reference is yet to be saved."""
    key = SiteKey.objects.select_for_update(no_key=True).get(
        site=patient.site_id
    )  # or two who swap would wait for each other
    PatientWord.objects.filter(patient=patient).delete()
    PatientWord.objects.bulk_create(patient.words(key.content))
    return patient.reference_word(key.content)


def _apply(patient: Patient, changes: Mapping[str, object]) -> list[str]:
    """The names of the fields that the changes really change, once cleaned."""
    before = {name: getattr(patient, name) for name in changes}
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.check_columns()
    changed = [name for name in changes if getattr(patient, name) != before[name]]
    if "reference" in changed:
        references.refuse_unfit(patient.reference, patient.site.reference_kind)
    return changed
