"""Answers as the record holds them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinic.api.fields import ANSWER
from triage.facts import SOURCES


@extend_schema_field(ANSWER)
class Value(serializers.Field[Any, Any, Any, Any]):
    """What was answered, as it was given."""

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(serializers.Field[Any, Any, Any, Any]):
    """A time that was stored as text, in UTC."""

    def to_representation(self, value: str) -> str:
        return datetime.fromisoformat(value).astimezone(UTC).isoformat().replace("+00:00", "Z")


class Statement(serializers.Serializer[Any]):
    """What one source said; the age, which comes from the patient's record, has no time and nobody."""

    value = Value()
    source = serializers.ChoiceField(SOURCES)  # type: ignore[assignment]  # a key of the document, not the framework's attribute
    at = Moment(required=False)
    by = serializers.CharField(required=False, help_text="the id of the user who brought the answer")


class StoredAnswer(Statement):
    """An answer, and what another source said otherwise."""

    disputes = Statement(required=False)


class StoredAnswers(serializers.DictField):
    """Answers by question id, in the long form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=StoredAnswer(), **options)
