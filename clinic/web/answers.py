"""Answers between a form and the record: what was filled in, what is stored, and both in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from clinic import spoken
from clinic.web import studies
from triage.facts import NOT_SURE_ANSWER, AnswerErrors, check_answers
from triage.questions import Question, QuestionType
from triage.saying import say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from django.http import QueryDict

_INTERVAL = re.compile(r"(?P<low>\d{1,9})\s*[-\u2013]\s*(?P<high>\d{1,9})", re.ASCII)
NONE = "none"  # ticked where a list was asked for and is empty


def field_name(question: Question) -> str:
    """The name of its field in a form, so that no question's can be that of another field."""
    return f"answer-{question.id}"


def belongs(name: str, question: Question) -> bool:
    """Whether a field of a form is of this question: its own, or one of a study in its list."""
    return name == field_name(question) or name.startswith(f"study-{question.id}-")


def filled_in(question: Question, data: QueryDict) -> list[str]:
    """The words in the question's field, nothing made of them yet."""
    return [word.strip() for word in data.getlist(field_name(question)) if word.strip()]


def read(question: Question, data: QueryDict) -> Any:
    """The answer that was filled in, as it is stored; None where nothing was.

    What makes no answer is passed on as it is: the one check of answers refuses it.
    """
    words = filled_in(question, data)
    if question.type is QuestionType.STUDIES:
        return studies.read(question, words, data)
    if not words:
        return None
    if question.type is QuestionType.CHOICES and words != [NOT_SURE_ANSWER]:
        return [] if words == [NONE] else words
    if len(words) > 1:
        return words
    return _number(words[0]) if question.type.is_number else words[0]


def _number(word: str) -> int | dict[str, int] | str:
    """A whole number, or two with a dash between them where it is not certain."""
    found = _INTERVAL.fullmatch(word)
    if found:
        return {"from": int(found["low"]), "to": int(found["high"])}
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else word


def stored(question: Question, value: Any) -> list[str]:
    """The words that the question's field would hold had the value been filled in."""
    if value is None:
        return []
    if isinstance(value, dict):
        return [f"{value['from']}-{value['to']}"]
    if not isinstance(value, list):
        return [str(value)]
    if not value:
        return [NONE]
    return [studies.LISTED] if question.type is QuestionType.STUDIES else [str(word) for word in value]


def value_of(stored: Mapping[str, Any], name: str) -> Any:
    """The value of a stored answer, without who gave it and when; None if there is none."""
    return stored[name]["value"] if name in stored else None


def in_words(question: Question, value: Any, *, on: date) -> str:
    """An answer as people say it."""
    if value is None:
        return _("Not asked")
    if question.type is QuestionType.STUDIES and value and isinstance(value, list):
        return "; ".join(studies.in_words(study) for study in value)
    try:
        facts = check_answers({question.id: question}, {question.id: value}, on=on)
    except AnswerErrors:
        return str(value)
    return spoken.answer(say(question, facts.values[question.id]))
