"""Answers as the record holds them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinic import clock
from clinic.api.fields import ANSWER
from triage.facts import SOURCES


@extend_schema_field(ANSWER)
class Value(serializers.Field[Any, Any, Any, Any]):
    """What was answered, as it was given."""

    def to_representation(self, value: Any) -> Any:
        return value


class Statement(serializers.Serializer[Any]):
    """What one source said; the age, which comes from the patient's record, has no time and nobody.

    It is JSON already: the fields describe it, and a test holds it to them. Only its time is put in UTC.
    """

    value = Value()
    source = serializers.ChoiceField(SOURCES)  # type: ignore[assignment]  # a key of the document, not the framework's attribute
    at = serializers.DateTimeField(required=False)
    by = serializers.CharField(required=False, help_text="the id of the user who brought the answer")

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        return {**instance, "at": _in_utc(instance["at"])} if "at" in instance else instance


class StoredAnswer(Statement):
    """An answer, and what another source said otherwise."""

    disputes = Statement(required=False)

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, "disputes": super().to_representation(shown["disputes"])} if "disputes" in shown else shown


class StoredAnswers(serializers.DictField):
    """Answers by question id, in the long form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=StoredAnswer(), **options)


@lru_cache  # what is answered together was answered at one moment
def _in_utc(moment: str) -> str:
    return clock.instant(moment).isoformat().replace("+00:00", "Z")
