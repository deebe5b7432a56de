"""What became of an intake: every change, by whom, when, from what to what."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from clinic.api.answers import StoredAnswer
from clinic.api.people import Person
from clinic.models import IntakeStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class AnswerChange(serializers.Serializer[Any]):
    """One answer before and after; null where there was none."""

    question = serializers.CharField()
    before = StoredAnswer(allow_null=True)
    after = StoredAnswer(allow_null=True)


class Change(serializers.Serializer[Any]):
    """One change of an intake."""

    at = serializers.DateTimeField()
    by = Person()
    reason = serializers.CharField()
    status = serializers.ChoiceField(IntakeStatus.choices)
    version = serializers.IntegerField()
    answers = AnswerChange(many=True)


def changes(rows: Sequence[Any], earlier: Any) -> list[dict[str, Any]]:
    """What each row changed; the rows come newest first, and `earlier` is the one before all of them."""
    return [_change(before, after) for after, before in pairwise([*rows, earlier])]


def _change(before: Any, after: Any) -> dict[str, Any]:
    return {
        "at": after.history_date,
        "by": after.history_user,
        "reason": after.history_change_reason,
        "status": after.status,
        "version": after.version,
        "answers": list(_answers(before.answers if before else {}, after.answers)),
    }


def _answers(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for question in dict.fromkeys((*before, *after)):
        if before.get(question) != after.get(question):
            yield {"question": question, "before": before.get(question), "after": after.get(question)}
