"""What a protocol asks, and which answers it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.conditions import Condition


# Days in each unit in which the time that has passed is told; a month at its shortest.
DAYS_IN = {"days": 1, "weeks": 7, "months": 28}


class QuestionType(StrEnum):
    """The kind of answer that a question takes; the words are those of the protocol file."""

    TRI = "tri"
    CHOICE = "choice"
    CHOICES = "choices"
    INTEGER = "integer"
    SCALE = "scale"
    DATE = "date"
    STUDIES = "studies"

    @property
    def is_number(self) -> bool:
        return self in (QuestionType.INTEGER, QuestionType.SCALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer of a choice: its word on the wire and its words on the page."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a protocol.

    `low` and `high` bound a number (inclusive). For a scale, `options` hold the labels of
    0, 1, 2 ... `days_since` names the date question whose day a number of days counts from. A safety
    question has no `ask_when`: it is always asked. `interval` lets a number that is not certain be
    given as the least and the most that it may be. A `lasting` answer is as true of the next spell.
    """

    id: str
    section: str
    text: str
    type: QuestionType
    group: str = ""
    hint: str = ""
    options: tuple[Option, ...] = ()
    low: int = 0
    high: int = 0
    unit: str = ""
    safety: bool = False
    ask_when: Condition | None = None
    asked_by: str = ""
    days_since: str = ""
    interval: bool = False
    lasting: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_time(self) -> bool:
        """Whether it asks how long something has lasted."""
        return self.type is QuestionType.INTEGER and bool(self.days_since or self.unit in DAYS_IN)

    @property
    def allowed(self) -> str:
        """The answers it takes, in words, for an error message."""
        match self.type:
            case QuestionType.TRI:
                return "yes, no or not_sure"
            case QuestionType.CHOICE:
                return ", ".join([*(option.value for option in self.options), "not_sure"])
            case QuestionType.CHOICES:
                words = ", ".join(option.value for option in self.options)
                return f"a list of {words}; or not_sure"
            case QuestionType.INTEGER | QuestionType.SCALE:
                about = " or, where it is not certain, {from, to}" if self.interval else ""
                return f"a whole number from {self.low} to {self.high}{about}, or not_sure"
            case QuestionType.DATE:
                return "a date as YYYY-MM-DD, not in the future, or not_sure"
            case QuestionType.STUDIES:
                return "a list of studies ([] means that none was done), or not_sure"
