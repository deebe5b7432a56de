"""Somebody else saved first: what they changed, beside what was typed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from clinic.actions.freshness import is_old
from clinic.web import answers, fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from clinic.models import Intake, Site
    from triage.questions import Question

    Stored = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One answer that is not what it was."""

    anchor: str
    text: str
    was: str
    now: str


def answers_at(intake: Intake, version: int) -> Stored:
    """The answers as they stood at a version, from the history; none if there was no such version."""
    row = intake.history.filter(version=version).first()
    return row.answers if row else {}


def changes(questions: Mapping[str, Question], before: Stored, after: Stored, *, on: date) -> list[Change]:
    """Every answer that differs, in the protocol's order."""
    return [
        Change(
            anchor=fields.anchor(name),
            text=question.text,
            was=_said(question, before.get(name), on),
            now=_said(question, after.get(name), on),
        )
        for name, question in questions.items()
        if _values(before.get(name)) != _values(after.get(name))
    ]


def _values(entry: Mapping[str, Any] | None) -> tuple[Any, Any]:
    """What is stored of an answer, and what another source said otherwise."""
    return (entry["value"], entry.get("disputes", {}).get("value")) if entry else (None, None)


def _said(question: Question, entry: Mapping[str, Any] | None, on: date) -> str:
    value, other = _values(entry)
    said = answers.in_words(question, value, on=on)
    if other is None:
        return said
    return _("%(answer)s, against %(other)s from another source") % {
        "answer": said,
        "other": answers.in_words(question, other, on=on),
    }


def shown(question: Question, seen: Stored, *, fresh_days: int, site: Site) -> tuple[list[str], list[dict[str, str]]]:
    """The field as a page of those answers shows it: blank where one is too old to act upon."""
    entry = seen.get(question.id)
    is_blank = entry is not None and question.safety and is_old(entry, fresh_days, site)
    return fields.state_stored(question, None if is_blank else answers.value_of(seen, question.id))


def merge(
    question: Question,
    typed: fields.State,
    seen: Stored,
    stored: Stored,
    *,
    on: date,
    fresh_days: int,
    site: Site,
) -> fields.State:
    """What was typed, or where nothing was, what is stored by now; marked where the two differ."""
    words, rows = fields.state_stored(question, answers.value_of(stored, question.id))
    if (typed.words, typed.rows) == shown(question, seen, fresh_days=fresh_days, site=site):
        return replace(typed, words=words, rows=rows)
    return beside(question, typed, seen, stored, on=on)


def beside(question: Question, typed: fields.State, seen: Stored, stored: Stored, *, on: date) -> fields.State:
    """What was typed, marked where something else was saved meanwhile."""
    saved = answers.value_of(stored, question.id)
    words, rows = fields.state_stored(question, saved)
    if saved == answers.value_of(seen, question.id) or (typed.words, typed.rows) == (words, rows):
        return typed
    return replace(typed, saved_meanwhile=answers.in_words(question, saved, on=on))
