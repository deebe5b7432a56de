"""When somebody was born, as well as it is known."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.models.sealed import Sealed

OLDEST = 120  # years; the highest age that a protocol asks for
ABOUT = 2  # years to either side of an estimated year of birth; an assumption, see docs/safety
HOW = gettext_lazy(
    "A date of birth is written as 1986-03-04; as 1986-03 or 1986 where no more is known; as 1986~ for about 1986."
)
_WRITTEN = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?|(?P<about>~))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Birth:
    """A day, a month, a year, or about a year, written as in ISO 8601-2: 1986-03-04, 1986-03, 1986, 1986~."""

    text: str

    def __post_init__(self) -> None:
        self._read()

    @classmethod
    def of(cls, raw: object) -> Self:
        """Of a day, or of what was written; raises ValueError for what is neither."""
        if isinstance(raw, cls):
            return raw
        if isinstance(raw, date):
            return cls(raw.isoformat()[:10])
        if isinstance(raw, str):
            return cls(raw)
        raise ValueError("not a date of birth")

    def __str__(self) -> str:
        return self.text

    @property
    def is_whole(self) -> bool:
        return len(self.text) == 10

    @property
    def is_about(self) -> bool:
        return self.text.endswith("~")

    @property
    def day(self) -> date | None:
        """The day, if it is known."""
        return self.first if self.is_whole else None

    @property
    def first(self) -> date:
        """The first day that it can have been."""
        year, month, day = self._read()
        return date(max(year - ABOUT, 1) if self.is_about else year, month or 1, day or 1)

    @property
    def last(self) -> date:
        """The last day that it can have been."""
        year, month, day = self._read()
        year = min(year + ABOUT, 9999) if self.is_about else year
        month = month or 12
        return date(year, month, day or calendar.monthrange(year, month)[1])

    def ages(self, on: date) -> tuple[int, int]:
        """The lowest and the highest age in whole years on that day."""
        low, high = (max(years(born, on), 0) for born in (self.last, self.first))
        return low, max(low, min(high, OLDEST))

    def covers(self, other: Birth) -> bool:
        """Whether the other says no less, and nothing else."""
        return self.first <= other.first and other.last <= self.last

    def said(self, form: str = "j F Y") -> str:
        """As it is read: 4 March 1986, March 1986, 1986, about 1986."""
        if self.is_about:
            return _("about %(year)s") % {"year": self.text[:-1]}
        if self.is_whole:
            return date_format(self.first, form)
        return date_format(self.first, "F Y" if "F" in form else "M Y") if "-" in self.text else self.text

    @property
    def short(self) -> str:
        return self.said("j M Y")

    def age_said(self, on: date) -> str:
        """40 years, 39 to 40 years, about 40 years."""
        low, high = self.ages(on)
        if self.is_about and low != high:
            middle = (low + high + 1) // 2
            return ngettext("about %(age)s year", "about %(age)s years", middle) % {"age": middle}
        return in_years(low, high)

    def _read(self) -> tuple[int, int, int]:
        found = _WRITTEN.fullmatch(self.text)
        if found is None:
            raise ValueError("not a date of birth")
        year, month, day = (int(found[name] or 0) for name in ("year", "month", "day"))
        date(year, month or 1, day or 1)  # refuses a month 13, and a year 0
        if (found["month"] and not month) or (found["day"] and not day):
            raise ValueError("not a date of birth")
        return year, month, day


def in_years(low: int, high: int) -> str:
    """40 years, 39 to 40 years."""
    if low == high:
        return ngettext("%(age)s year", "%(age)s years", high) % {"age": high}
    return ngettext("%(low)s to %(high)s year", "%(low)s to %(high)s years", high) % {"low": low, "high": high}


def years(start: date, end: date) -> int:
    """Whole years between two days."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


class SealedBirth(Sealed):
    """A date of birth, sealed under the key of the patient."""

    empty = None

    def to_python(self, value: Any) -> Birth | None:
        if value in (None, ""):
            return None
        try:
            return Birth.of(value)
        except ValueError as error:
            raise ValidationError(HOW) from error

    def from_text(self, text: str) -> Birth:
        return Birth(text)
