"""What is wrong with a form, in a sentence each, with the way to the field."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from clinic import spoken
from clinic.web import studies
from clinic.web.fields import anchor
from triage.questions import Question, QuestionType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django import forms
    from django.core.exceptions import ValidationError

    from clinic.web.wording import Words
    from triage.facts import AnswerFault

_PATH = re.compile(r"(?P<question>[a-z0-9_]+)(?:\[(?P<position>\d+)\](?:\.(?P<field>\w+))?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to put right; `about` is what it is called in the summary."""

    anchor: str
    about: str
    text: str

    @property
    def summary(self) -> str:
        """It in one line: what it is about, and what to do."""
        if not self.about:
            return self.text
        return f"{self.about} {self.text}" if self.about.endswith("?") else f"{self.about}: {self.text}"


def by_anchor(faults: Iterable[Fault]) -> Mapping[str, list[str]]:
    """What to say at each field."""
    said: defaultdict[str, list[str]] = defaultdict(list)
    for fault in faults:
        said[fault.anchor].append(fault.text)
    return said


def question_of(fault: AnswerFault) -> str:
    """The id of the question whose answer is refused; empty where it is none."""
    match = _PATH.match(fault.path)
    return match["question"] if match else ""


def of_answer(questions: Mapping[str, Question], fault: AnswerFault) -> Fault:
    """A refused answer in the words of the form."""
    match = _PATH.match(fault.path)
    question = questions.get(match["question"]) if match else None
    if match is None or question is None:
        return Fault(anchor="", about=fault.path, text=f"{spoken.reason(fault.reason)}.")
    if match["position"] is None and spoken.is_contradiction(fault.reason):
        text = _("This %(reason)s.") % {"reason": spoken.reason(fault.reason)}
        return Fault(anchor=anchor(question.id), about=question.text, text=text)
    if match["position"] is None:
        return Fault(anchor=anchor(question.id), about=question.text, text=_advice(question))
    return _of_study(question, fault, int(match["position"]), match["field"] or "")


def _of_study(question: Question, fault: AnswerFault, position: int, field: str) -> Fault:
    about = _("Study %(number)s") % {"number": position + 1}
    if field in studies.FIELDS:
        about = f"{about}, {studies.FIELDS[field]}"
    missing = fault.reason == "is missing"
    text = _("Choose one.") if missing else _("This %(reason)s.") % {"reason": spoken.reason(fault.reason)}
    return Fault(anchor=studies.field_id(question, position, field), about=about, text=text)


def _advice(question: Question) -> str:
    match question.type:
        case QuestionType.INTEGER:
            bounds = {"low": question.low, "high": question.high}
            return _("Give a whole number from %(low)s to %(high)s, or choose Not sure.") % bounds
        case QuestionType.DATE:
            return _("Give a day that is not in the future, or choose Not sure.")
        case QuestionType.CHOICES:
            return _("Choose what applies, or None of these, or Not sure.")
        case QuestionType.STUDIES:
            return _("Choose None, or These studies with at least one filled in, or Not sure.")
        case _:
            return _("Choose one of the answers.")


def of_blank(question: Question, answer: str) -> Fault:
    """An answer was there and has been emptied: it is not withdrawn silently."""
    text = _("This was answered: %(answer)s. Give another answer or choose Not sure.") % {"answer": answer}
    return Fault(anchor=anchor(question.id), about=question.text, text=text)


def of_form(form: forms.Form) -> list[Fault]:
    """The faults of a Django form, in the order of its fields."""
    return [
        Fault(anchor=form[name].id_for_label, about=str(form[name].label), text=str(error))
        for name, errors in form.errors.items()
        if name in form.fields
        for error in errors
    ]


def of_columns(error: ValidationError, labels: Mapping[str, Words]) -> list[Fault]:
    """What an action would not store, by the column that it would not store it in."""
    columns = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return [
        Fault(anchor=f"id_{name}" if name in labels else "", about=str(labels.get(name, "")), text=text)
        for name, texts in columns.items()
        for text in texts
    ]
