"""Answers in the words of the form."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from triage.facts import NOT_SURE_ANSWER
from triage.quantities import Range
from triage.questions import Question, QuestionType

if TYPE_CHECKING:
    from triage.facts import Value

_TRI_WORDS = {"yes": "Yes", "no": "No", NOT_SURE_ANSWER: "Not sure"}


def say(question: Question, value: Value) -> str:
    """An answer in the words of the form."""
    if value == NOT_SURE_ANSWER:
        return _TRI_WORDS[NOT_SURE_ANSWER]
    if isinstance(value, tuple):
        if question.type is QuestionType.STUDIES:
            return "None done" if not value else f"{len(value)} recorded"
        return ", ".join(_label(question, str(word)) for word in value) or "None"
    if isinstance(value, date):
        return value.isoformat()
    if question.type is QuestionType.TRI:
        return _TRI_WORDS[str(value)]
    if isinstance(value, Range):
        return f"{value.low} to {value.high} {question.unit}".strip()
    if question.type is QuestionType.INTEGER:
        return f"{value} {question.unit}".strip()
    return _label(question, str(value))


def _label(question: Question, word: str) -> str:
    return next((option.label for option in question.options if option.value == word), word)
