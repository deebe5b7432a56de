"""The questions of a section as fields of a form: one way for every question of every protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from clinic.web import answers, studies
from clinic.web.choices import Choice, choices
from triage.facts import NOT_SURE_ANSWER
from triage.questions import Question, QuestionType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from django.http import QueryDict

    from clinic.web.wording import Words

_WIDEST_ROW = 10  # a number from 0 to 10 is chosen, a larger one is typed


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be known of an answer that was not given just now."""

    tag: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question with its answer so far, and what is to be said about it."""

    id: str
    name: str
    text: str
    hint: str
    shape: str
    template: str
    choices: Sequence[Choice] = ()
    typed: str = ""
    unit: str = ""
    is_not_sure: bool = False
    studies: Sequence[studies.Row] = ()
    latest: date
    for_clinician: bool
    is_locked: bool
    faults: Sequence[str] = ()
    disputes: Sequence[str] = ()
    may_settle: bool = False
    saved_meanwhile: str = ""
    remark: Remark | None = None

    @property
    def has_notes(self) -> bool:
        return bool(self.faults or self.disputes or self.saved_meanwhile or self.remark)

    @property
    def described_by(self) -> str:
        """The ids of what explains the field, for a screen reader."""
        notes = f"notes-{self.id}" if self.has_notes else ""
        return " ".join(filter(None, (f"hint-{self.id}" if self.hint else "", notes)))


@dataclass(frozen=True, slots=True)
class Group:
    """Questions under one heading; a hint that all of them share stands there once."""

    title: str
    hint: str
    fields: Sequence[Field]
    is_urgent: bool  # an answer here may be an emergency


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What stands in a question's field, and what was found wrong with it."""

    words: Sequence[str]
    rows: Sequence[Mapping[str, str]] = ()
    faults: Mapping[str, Sequence[str]]
    disputes: Sequence[str] = ()
    saved_meanwhile: str = ""
    remark: Remark | None = None


def anchor(question_id: str) -> str:
    """Where on its page a question is."""
    return f"q-{question_id}"


def state_stored(question: Question, value: Any) -> tuple[list[str], list[dict[str, str]]]:
    """The field of a question as its stored value fills it."""
    return answers.stored(question, value), studies.stored(value)


def state_filled_in(question: Question, data: QueryDict) -> tuple[list[str], list[dict[str, str]]]:
    """The field of a question as the form came in."""
    rows = studies.filled_in(question, data) if question.type is QuestionType.STUDIES else []
    return answers.filled_in(question, data), rows


def build(question: Question, state: State, *, is_clinician: bool, on: date) -> Field:
    shape = _shape(question)
    for_clinician = question.asked_by == "clinician"
    typed = [word for word in state.words if word != NOT_SURE_ANSWER]
    return Field(
        id=question.id,
        name=answers.field_name(question),
        text=question.text,
        hint=question.hint,
        shape=shape,
        template=f"clinic/questions/{_TEMPLATES.get(shape, 'radios')}.html",
        choices=choices(_options(question, shape), state.words),
        typed=" ".join(typed),
        unit=question.unit,
        is_not_sure=NOT_SURE_ANSWER in state.words,
        studies=studies.rows(question, state.rows, state.faults) if shape == "studies" else (),
        latest=on,
        for_clinician=for_clinician,
        is_locked=for_clinician and not is_clinician,
        faults=state.faults.get(anchor(question.id), ()),
        disputes=state.disputes,
        may_settle=is_clinician and question.safety,
        saved_meanwhile=state.saved_meanwhile,
        remark=state.remark,
    )


_TEMPLATES = {"choices": "checkboxes", "number": "number", "date": "date", "studies": "studies"}


def _shape(question: Question) -> str:
    if question.type is QuestionType.INTEGER:
        return "numbers" if question.high - question.low <= _WIDEST_ROW else "number"
    return question.type.value


def _options(question: Question, shape: str) -> list[tuple[str, Words]]:
    """What can be chosen; nothing is chosen beforehand, and "not sure" always can be."""
    options: list[tuple[str, Words]]
    match shape:
        case "tri":
            options = [("yes", _("Yes")), ("no", _("No"))]
        case "scale":
            options = [(str(worth), option.label) for worth, option in enumerate(question.options)]
        case "numbers":
            options = [(str(number), str(number)) for number in range(question.low, question.high + 1)]
        case "studies":
            options = [(answers.NONE, _("None")), (studies.LISTED, _("These studies"))]
        case _:
            options = [(option.value, option.label) for option in question.options]
    if shape == "choices":
        options.append((answers.NONE, _("None of these")))
    if NOT_SURE_ANSWER not in dict(options):
        options.append((NOT_SURE_ANSWER, _("Not sure")))
    return options


def in_groups(questions: Iterable[Question], fields: Mapping[str, Field], *, urgent: Collection[str]) -> list[Group]:
    """The fields under the headings of their protocol; `urgent` are those that may raise an emergency."""
    groups = []
    for title, members in groupby(questions, key=lambda question: question.group):
        group = [fields[question.id] for question in members]
        hints = {field.hint for field in group}
        shared = hints.pop() if len(group) > 1 and len(hints) == 1 else ""
        if shared:
            group = [replace(field, hint="") for field in group]
        groups.append(Group(title, shared, group, any(field.id in urgent and not field.is_locked for field in group)))
    return groups
