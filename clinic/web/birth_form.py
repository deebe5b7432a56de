"""Where a date of birth is typed, as well as it is known."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models.birth import Birth

_MONTH = re.compile(r"(\d{1,2})\s*[./]\s*(\d{4})", re.ASCII)
_ABOUT = re.compile(r"(?:about|approx\.?|circa|c\.|ca\.?|etwa|ungefähr|um|~)\s*(\d{4})", re.ASCII | re.IGNORECASE)


class BirthForm(forms.Form):
    """A day; or a month or a year where no more is known. Cleaned it is one date of birth."""

    date_of_birth = forms.DateField(
        label=gettext_lazy("Date of birth"),
        required=False,
        widget=forms.DateInput({"class": "input", "type": "date"}, format="%Y-%m-%d"),
    )
    birth_in_part = forms.CharField(
        label=gettext_lazy("Month or year of birth"),
        help_text=gettext_lazy("If the day is not known. For example 03/1986, 1986, or about 1986."),
        required=False,
        max_length=20,
        widget=forms.TextInput({"class": "input", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        day, part = cleaned.get("date_of_birth"), cleaned.pop("birth_in_part", None)
        if day and part:
            self.add_error("birth_in_part", _("Give the day of birth, or what else is known of it."))
        elif part:
            self._read(part)
        elif day is None and "date_of_birth" not in self.errors and part is not None:
            self.add_error("date_of_birth", forms.Field.default_error_messages["required"])
        elif day:
            cleaned["date_of_birth"] = Birth.of(day)
        return cleaned

    def _read(self, part: str) -> None:
        try:
            self.cleaned_data["date_of_birth"] = Birth(_written(part))
        except ValueError:
            self.add_error("birth_in_part", _("Give a month and year, or a year: 03/1986, 1986, about 1986."))


def filled(birth: Birth | None) -> dict[str, Any]:
    """The fields as what is known fills them."""
    if birth is None or birth.is_whole:
        return {"date_of_birth": birth and birth.day}
    return {"birth_in_part": birth.said() if birth.is_about else birth.text}


def _written(part: str) -> str:
    if month := _MONTH.fullmatch(part):
        return f"{month[2]}-{month[1]:0>2}"
    about = _ABOUT.fullmatch(part)
    return f"{about[1]}~" if about else part
