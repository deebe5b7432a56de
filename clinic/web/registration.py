"""The form that registers or corrects a patient. What it may hold is checked by the record itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.models import Patient, Sex
from clinic.web import faults
from clinic.web.birth_form import BirthForm, filled

if TYPE_CHECKING:
    from django.core.exceptions import ValidationError

    from clinic.web.faults import Fault


_LENGTHS = {field.name: field.max_length for field in Patient._meta.fields}


def _line(name: str, label: Any, **options: Any) -> forms.CharField:
    attributes = {"class": "input input-wide", "autocomplete": "off"}
    return forms.CharField(label=label, max_length=_LENGTHS[name], widget=forms.TextInput(attributes), **options)


class RegistrationForm(BirthForm):
    """Who the patient is."""

    field_order = ("reference", "family_name", "given_name", "date_of_birth", "birth_in_part", "sex", "phone")

    reference = _line("reference", _("Reference"), help_text=_("The number by which this site knows the patient."))
    family_name = _line("family_name", _("Family name"), required=False, help_text=_("One of the two names is enough."))
    given_name = _line("given_name", _("Given name"), required=False)
    sex = forms.ChoiceField(
        label=_("Sex"),
        choices=[("", _("Choose")), *Sex.choices],
        widget=forms.Select({"class": "input"}),
    )
    phone = _line("phone", _("Telephone"), required=False)

    @classmethod
    def of(cls, patient: Patient) -> dict[str, Any]:
        """The fields as a patient's record fills them."""
        known = {name: getattr(patient, name) for name in cls.declared_fields if hasattr(patient, name)}
        return known | {"date_of_birth": None} | filled(patient.date_of_birth)

    def refuse(self, error: ValidationError) -> list[Fault]:
        """Say at its fields what the record would not take."""
        self.add_error(None, error)
        return faults.of_form(self)
