"""Answers that cannot both be true, and what is left of them.

Nobody knows which of two contradictory answers is wrong. Typed, they are refused. Where they come
together later (a date of birth is corrected), neither counts; but that alone could be calmer than
what one of them says by itself. So the patient is looked at in every way in which one of the two is
right, or none, and the gravest of these counts.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from triage.facts import NOT_SURE_ANSWER, AnswerErrors, AnswerFault, Conflict, Facts, days_since, derive_days
from triage.imaging import Study
from triage.logic import Truth
from triage.patient_view import PatientView
from triage.protocol import Disposition, Urgency
from triage.questions import DAYS_IN
from triage.saying import say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from triage.facts import Value
    from triage.protocol import MustHold, Protocol


class Contradiction(NamedTuple):
    """Two questions whose answers cannot both be true.

    `study` is the place of the study that the second answer speaks of, if it is a list of them;
    `says` is what would have to hold, empty where two answers to the same thing differ.
    """

    one: str
    other: str
    reasons: tuple[str, str]
    says: str = ""
    study: int | None = None

    @property
    def conflict(self) -> Conflict:
        return Conflict(self.other, self.reasons[1])

    @property
    def faults(self) -> tuple[AnswerFault, AnswerFault]:
        path = self.other if self.study is None else f"{self.other}[{self.study}]"
        return AnswerFault(self.one, self.reasons[0], self.says), AnswerFault(path, self.reasons[1], self.says)


def refuse_contradictions(
    protocol: Protocol, facts: Facts, *, typed: Collection[str], studies: Collection[int] | None = None
) -> None:
    """Raise AnswerErrors where an answer that is given just now contradicts another: both are named.

    Of a list of studies only some may be new.
    """
    found = [
        each
        for each in contradictions(protocol, facts)
        if each.says
        and {each.one, each.other} & {*typed}
        and (each.study is None or studies is None or each.study in studies)
    ]
    faults = list(dict.fromkeys(fault for each in found for fault in each.faults))
    if faults:
        raise AnswerErrors(faults)


def contradictions(protocol: Protocol, facts: Facts) -> Iterator[Contradiction]:
    """Every contradiction between two answers."""
    view, broken = PatientView(protocol, facts), set()
    for each in protocol.must_hold:
        is_known = all(facts.values.get(name, NOT_SURE_ANSWER) != NOT_SURE_ANSWER for name in each.questions)
        if not is_known or protocol.questions[each.questions[1]].days_since in broken:
            continue  # the days of a date that is wrong are wrong with it
        for found in _by_condition(view, each) if each.when else _before_birth(view, each, facts.on):
            broken.add(found.other)
            yield found
    for question in protocol.questions.values():
        days, given = days_since(question, facts.values, facts.on), facts.values.get(question.id)
        if days is not None and given not in (days, None, NOT_SURE_ANSWER):
            reason = f"does not agree with {question.days_since}, which gives {days}"
            yield Contradiction(question.days_since, question.id, (f"does not agree with {question.id}", reason))


def _by_condition(view: PatientView, must: MustHold) -> Iterator[Contradiction]:
    if must.when is not None and must.when.verdict(view).now is Truth.FALSE:
        one, other = must.questions
        yield _contradiction(view, must, _said(view, one), _said(view, other))


def _before_birth(view: PatientView, must: MustHold, on: date) -> Iterator[Contradiction]:
    age, other = must.questions
    value = view.values[other]
    life = (on - _born_at_earliest(view.quantity(age).now.high, on)).days
    if isinstance(value, tuple):
        for place, each in enumerate(value):
            if isinstance(each, Study) and each.age_days is not None and each.age_days > life:
                yield _contradiction(view, must, _said(view, age), f"{each.age_days} days ago", place)
    elif _days_ago(view, other, on) > life:
        yield _contradiction(view, must, _said(view, age), _said(view, other))


def _days_ago(view: PatientView, name: str, on: date) -> int:
    value, unit = view.values[name], view.protocol.questions[name].unit
    return (on - value).days if isinstance(value, date) else view.quantity(name).now.low * DAYS_IN.get(unit, 1)


def _born_at_earliest(age: int, on: date) -> date:
    """The day after the one on which somebody a year older would have been born."""
    year = on.year - age - 1
    if year < 1:
        return date.min
    is_leap_day = (on.month, on.day) == (2, 29)
    return (on - timedelta(days=1) if is_leap_day else on).replace(year=year) + timedelta(days=1)


def _said(view: PatientView, name: str) -> str:
    return say(view.protocol.questions[name], view.values[name])


def _contradiction(
    view: PatientView, must: MustHold, first: str, second: str, study: int | None = None
) -> Contradiction:
    one, other = must.questions
    words = "does not go together with"
    reasons = (f"{words} {other}: {first}, and {second}", f"{words} {one}: {second}, and {first}")
    return Contradiction(one, other, reasons, must.says, study)


def readings(protocol: Protocol, facts: Facts) -> list[Facts]:
    """The facts; of contradictory ones, every way in which one of two is right, or neither is.

    What does not count is taken both as not sure and as not asked, of which neither is always graver.
    """
    if next(contradictions(protocol, facts), None) is None:
        return [facts]
    found: list[Facts] = []
    for unknown in (NOT_SURE_ANSWER, None):
        found += [each for each in _left(protocol, facts, unknown) if each not in found]
    return found


def _left(protocol: Protocol, facts: Facts, unknown: str | None) -> Iterator[Facts]:
    found = next(contradictions(protocol, facts), None)
    if found is None:
        yield facts
        return
    for dropped in ((found.one, found.other), (found.one,), (found.other,)):
        yield from _left(protocol, _without(protocol, facts, dropped, found, unknown), unknown)


def _without(
    protocol: Protocol, facts: Facts, dropped: tuple[str, ...], found: Contradiction, unknown: str | None
) -> Facts:
    values = {**facts.values}
    for name in dropped:
        value = values.pop(name)
        if name == found.other and found.study is not None:
            values[name] = _undated(value, found.study)
        elif unknown is not None:
            values[name] = unknown
    derive_days(protocol.questions, values, facts.on)
    values = {name: values[name] for name in protocol.questions if name in values}
    return Facts(values=values, on=facts.on, conflicts=facts.conflicts)


def _undated(value: Value, place: int) -> Value:
    """The studies, one of them without its day: what it showed still counts."""
    studies = [each for each in value if isinstance(each, Study)] if isinstance(value, tuple) else []
    return tuple(
        Study(words=each.words, finding=each.finding) if number == place else each
        for number, each in enumerate(studies)
    )


class Gravity(NamedTuple):
    """By this the gravest of several outcomes is found. To wait for an answer goes before a referral."""

    rank: int
    is_open: bool
    haste: int
    place: int


def gravity(disposition: Disposition, urgency: Urgency) -> Gravity:
    """How grave an outcome is."""
    is_open, haste = disposition is Disposition.INCOMPLETE, -list(Urgency).index(urgency)
    return Gravity(disposition.rank, is_open, haste, list(Disposition).index(disposition))
