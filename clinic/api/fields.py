"""What a request may hold: nothing is guessed, converted or passed over in silence."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinic.models.birth import HOW, Birth
from triage.facts import SOURCES
from triage.wording import read_date

_INTERVAL = {
    "type": "object",
    "description": "The least and the most that a number may be, where it is not certain.",
    "properties": {"from": {"type": "integer"}, "to": {"type": "integer"}},
    "required": ["from", "to"],
    "additionalProperties": False,
}
ANSWER = {
    "description": "A word, a whole number or an interval of them, a date, or a list; `not_sure` where nobody could say.",
    "anyOf": [
        {"type": "string", "maxLength": 2000},
        {"type": "integer"},
        _INTERVAL,
        {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object"}]}},
    ],
}
_STATEMENT = {
    "value": ANSWER,
    "source": {"type": "string", "enum": list(SOURCES)},
    "at": {"type": "string", "format": "date-time"},
    "by": {"type": "string", "maxLength": 64},
}
_DISPUTE = {"type": "object", "properties": _STATEMENT, "required": ["value"], "additionalProperties": False}
_LONG_ANSWER = {
    "type": "object",
    "properties": {**_STATEMENT, "disputes": _DISPUTE},
    "required": ["value"],
    "additionalProperties": False,
}


class Strict(serializers.Serializer[Any]):
    """Takes the fields it names and refuses any other."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = {key: ["This is not known here."] for key in data if key not in self.fields}
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


class Nothing(Strict):
    """The body of what needs no more than its address."""


class Text(serializers.CharField):
    """Text, and not a number that could be written as text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ReasonBody(Strict):
    """Why it is done."""

    reason = Text(max_length=2000)


class Id(serializers.UUIDField):
    """The id of a record, written as text."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return UUID(str(super().to_internal_value(data)))


@extend_schema_field(OpenApiTypes.DATE)
class Day(serializers.Field[Any, Any, Any, Any]):
    """A day written as YYYY-MM-DD, and in no other way."""

    default_error_messages = {"invalid": "A day is written as YYYY-MM-DD."}  # noqa: RUF012 -- the framework's own way

    def to_internal_value(self, data: Any) -> date:
        day = read_date(data)
        if day is None:
            self.fail("invalid")
        return day


@extend_schema_field({"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?|~)?$", "examples": ["1986-03-04", "1986~"]})
class DayOfBirth(serializers.Field[Any, Any, Any, Any]):
    """A date of birth as well as it is known: a day, a month, a year, or about a year (ISO 8601-2)."""

    default_error_messages = {"invalid": HOW}  # noqa: RUF012 -- as above

    def to_internal_value(self, data: Any) -> Birth:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return Birth(data)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: Birth) -> str:
        return value.text


@extend_schema_field({"type": "object", "additionalProperties": {"anyOf": [*ANSWER["anyOf"], _LONG_ANSWER]}})
class Answers(serializers.Field[Any, Any, Any, Any]):
    """Answers by question id, short or long; what each question takes is said by its protocol."""

    default_error_messages = {"invalid": "Answers are an object of answers by question id."}  # noqa: RUF012 -- as above

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value
