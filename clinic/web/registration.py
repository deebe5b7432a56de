"""The form that registers or corrects a patient. What it may hold is checked by the record itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic.actions.errors import SentBefore
from clinic.models import Patient, Sex
from clinic.models.birth import Birth
from clinic.web import faults
from clinic.web.birth_form import BirthForm, filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clinic.actions.errors import Conflict, Overtake
    from clinic.web.faults import Fault


_LENGTHS = {field.name: field.max_length for field in Patient._meta.fields}


def _line(name: str, label: Any, **options: Any) -> forms.CharField:
    attributes = {"class": "input input-wide", "autocomplete": "off"}
    return forms.CharField(label=label, max_length=_LENGTHS[name], widget=forms.TextInput(attributes), **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A field that somebody else has changed as well, in words."""

    anchor: str
    label: str
    was: str
    now: str
    typed: str


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

    def clash(self, name: str, found: Overtake) -> Clash:
        return Clash(
            anchor=self[name].id_for_label,
            label=str(self.fields[name].label),
            was=self._said(name, found.was),
            now=self._said(name, found.now),
            typed=self._said(name, found.typed),
        )

    def _said(self, name: str, value: object) -> str:
        """A value as people read it."""
        if isinstance(value, Birth):
            return value.said()
        choices: dict[object, object] = dict(getattr(self.fields[name], "choices", ()))
        return str(choices.get(value, value)) or str(_("nothing"))

    @classmethod
    def of(cls, patient: Patient) -> dict[str, Any]:
        """The fields as a patient's record fills them."""
        return cls.fill({name: getattr(patient, name) for name in cls.declared_fields if hasattr(patient, name)})

    @staticmethod
    def fill(said: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as these values of a record fill them."""
        if "date_of_birth" not in said:
            return dict(said)
        return {**said, "date_of_birth": None, "birth_in_part": ""} | filled(said["date_of_birth"])

    def refuse_conflict(self, conflict: Conflict) -> list[Fault]:
        """What stands in the way: the reference of another patient, or that the form was sent before."""
        if isinstance(conflict, SentBefore):
            return [faults.Fault(anchor="", about="", text=str(conflict))]
        return self.refuse(ValidationError({"reference": str(conflict)}))

    def refuse(self, error: ValidationError) -> list[Fault]:
        """Say at its fields what the record would not take."""
        self.add_error(None, error)
        return faults.of_form(self)
