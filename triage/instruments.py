"""Questionnaires with a score. A missing item widens the score to an interval; nothing is prorated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.quantities import Quantity


@dataclass(frozen=True, slots=True)
class Band:
    """A range of scores with a name, from `start` up to the next band."""

    start: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A scored set of questions; the score is their sum, shown as a mean where `scoring` says so.

    `total` names the question that holds a total recorded elsewhere. It is compared with the
    items and never used in their place.
    """

    id: str
    name: str
    items: tuple[str, ...]
    scoring: str = "sum"
    maximum: int = 0
    total: str = ""
    bands: tuple[Band, ...] = ()
    licence: str = ""
    attribution: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    cites: tuple[str, ...] = ()

    def band(self, low: int, high: int) -> str:
        """The band of a score that lies between low and high, empty while it could be in two."""
        at_low = self._band_of(low)
        return at_low if at_low == self._band_of(high) else ""

    def _band_of(self, score: int) -> str:
        reached = [band.label for band in self.bands if band.start <= score]
        return reached[-1] if reached else ""


@dataclass(frozen=True, slots=True)
class Score:
    """One patient's score: the sum lies in `quantity.now`, from `answered` of the items."""

    instrument: Instrument
    quantity: Quantity
    answered: int
