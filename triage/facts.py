"""What is known of one patient: answers checked once against the protocol's questions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from triage.imaging import Study, read_study
from triage.quantities import Range
from triage.questions import Question, QuestionType
from triage.wording import TextError, clean_text, read_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NOT_SURE_ANSWER = "not_sure"
SOURCES = ("patient", "staff", "record")
FIRST_YEAR = 1900  # no record that is brought here reaches further back
_TIME = "RFC 3339 with an offset, without leap seconds"
_LONG_FORM = ("value", "source", "at", "by", "disputes")
_ENDS = ("from", "to")
# How bad an answer to a safety question is: of two sources that disagree the worse one counts.
_WORSE = {"no": 0, NOT_SURE_ANSWER: 1, "yes": 2}

Value = str | int | Range | date | tuple[str, ...] | tuple[Study, ...]


@dataclass(frozen=True, slots=True)
class AnswerFault:
    """One thing wrong with the answers: where, why, and what is allowed there."""

    path: str
    reason: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason} (allowed: {self.allowed})"


class AnswerErrors(ValueError):
    """All faults of a set of answers; none of the answers counts."""

    def __init__(self, faults: list[AnswerFault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two statements about a patient that cannot both hold."""

    question: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Checked answers by question id, on the day of evaluation.

    A value is a word, a number, the range in which a number lies, a date, a tuple of words or of
    studies, or "not_sure". A question without a value has not been asked.
    """

    values: Mapping[str, Value]
    on: date
    conflicts: tuple[Conflict, ...] = ()


def check_answers(questions: Mapping[str, Question], answers: Mapping[str, object], *, on: date) -> Facts:
    """Facts from answers in the short or the long form; raises AnswerErrors naming every fault."""
    faults: list[AnswerFault] = []
    values: dict[str, Value] = {}
    conflicts: list[Conflict] = []
    for name, raw in answers.items():
        question = questions.get(name) if isinstance(name, str) else None
        if question is None:
            known = "a question id of this protocol"
            faults.append(AnswerFault(_name(name), "is not a question of this protocol", known))
            continue
        checked = list(_check(question, raw, on, faults))
        if checked:
            values[name] = _worse(question, checked)
        if len(checked) > 1 and checked[0] != checked[1]:
            conflicts.append(Conflict(name, "two sources gave different answers"))
    if faults:
        raise AnswerErrors(faults)
    derive_days(questions, values, on)
    # In the order of the questions, whatever order a database has kept the answers in.
    places = {name: place for place, name in enumerate(questions)}
    values = {name: values[name] for name in places if name in values}
    return Facts(values=values, on=on, conflicts=tuple(sorted(conflicts, key=lambda each: places[each.question])))


def check_stored(questions: Mapping[str, Question], answers: Mapping[str, object], *, on: date) -> Facts:
    """Facts from answers that were checked when they were given.

    A day that is yet to come counts as not known: where the clock of a place is set back, today can
    become tomorrow.
    """
    kept, conflicts = {**answers}, []
    for name, question in questions.items():
        long = long_form(answers.get(name))
        value = _without_days_to_come(question, long.get("value"), on)
        if value != long.get("value"):
            kept[name] = {**long, "value": value}
            conflicts.append(Conflict(name, "is a day that has not come yet"))
    facts = check_answers(questions, kept, on=on)
    return replace(facts, conflicts=(*facts.conflicts, *conflicts))


def _without_days_to_come(question: Question, value: object, on: date) -> object:
    if question.type is QuestionType.DATE:
        return NOT_SURE_ANSWER if _is_to_come(value, on) else value
    if question.type is QuestionType.STUDIES and isinstance(value, list):
        return [_dated(each, on) for each in value]
    return value


def _dated(study: object, on: date) -> object:
    """The study, without its day if that is yet to come."""
    if not isinstance(study, dict) or not _is_to_come(study.get("performed_on"), on):
        return study
    return {key: value for key, value in study.items() if key not in ("performed_on", "age_days")}


def _is_to_come(raw: object, on: date) -> bool:
    day = read_date(raw)
    return day is not None and day > on


def check_fitting(
    questions: Mapping[str, Question], answers: Mapping[str, object], *, on: date
) -> tuple[Facts, tuple[str, ...]]:
    """Facts from answers that were given to other questions, and the names of those that are not taken here.

    What is not taken, or no longer asked, has not been asked: of an answer that does not fit nothing is guessed.
    """
    asked = {name: answer for name, answer in answers.items() if name in questions}
    try:
        return check_stored(questions, asked, on=on), ()
    except AnswerErrors as error:
        unfit = {re.split(r"[.\[]", fault.path)[0] for fault in error.faults}
        fitting = {name: answer for name, answer in asked.items() if name not in unfit}
        return check_stored(questions, fitting, on=on), tuple(sorted(unfit))


def _name(key: object) -> str:
    """A key as it may be shown: plain characters, and never longer than an id could be."""
    shown = ascii(key)[1:61].rstrip("'\"") if isinstance(key, str) else ascii(key)[:60]
    return shown or '""'


def long_form(raw: object) -> Mapping[str, Any]:
    """An answer of either form in the long one; an interval is a table too, but a short answer."""
    is_long = isinstance(raw, dict) and not raw.keys() & set(_ENDS)
    return raw if is_long and isinstance(raw, dict) else {"value": raw}


def _check(question: Question, raw: object, on: date, faults: list[AnswerFault]) -> Iterator[Value]:
    """The value, and the disputing one if there is one; faults go to `faults`."""
    long = long_form(raw)
    if "value" not in long:
        faults.append(AnswerFault(f"{question.id}.value", "is missing", question.allowed))
        return
    faults += _form_faults(question.id, long)
    yield from _check_value(question, long["value"], on, faults)
    disputing = long.get("disputes")
    if disputing is None:
        return
    if not isinstance(disputing, dict) or "value" not in disputing or "disputes" in disputing:
        path = f"{question.id}.disputes"
        faults.append(AnswerFault(path, "is not an answer", "value, source, at, by"))
        return
    faults += _form_faults(f"{question.id}.disputes", disputing)
    yield from _check_value(question, disputing["value"], on, faults)


def _form_faults(path: str, long: Mapping[str, object]) -> Iterator[AnswerFault]:
    for key in long:
        if key not in _LONG_FORM:
            yield AnswerFault(f"{path}.{_name(key)}", "is not known", ", ".join(_LONG_FORM))
    if "source" in long and long["source"] not in SOURCES:
        yield AnswerFault(f"{path}.source", "is not a source", ", ".join(SOURCES))
    if "at" in long and not _is_time(long["at"]):
        yield AnswerFault(f"{path}.at", "is not a time", _TIME)
    if "by" in long and not _is_identifier(long["by"]):
        yield AnswerFault(f"{path}.by", "is not an identifier", "text of at most 64 characters")


def impossible_times(answers: Mapping[str, object]) -> list[AnswerFault]:
    """Times at which nothing can have been answered. Who brings an answer is told; what is stored is read as it is."""
    allowed = f"{_TIME}, from the year {FIRST_YEAR} on"
    return [AnswerFault(path, "is out of range", allowed) for path, at in _times(answers) if not _is_in_range(at)]


def _times(answers: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, raw in answers.items():
        said = raw if isinstance(raw, dict) else {}
        for path, each in ((name, said), (f"{name}.disputes", said.get("disputes"))):
            if isinstance(each, dict) and _is_time(each.get("at")):
                yield f"{path}.at", each["at"]


def _is_in_range(at: object) -> bool:
    try:
        return datetime.fromisoformat(str(at)).astimezone(UTC).year >= FIRST_YEAR
    except OverflowError:
        return False


def _is_identifier(raw: object) -> bool:
    return isinstance(raw, str) and len(raw) <= 64 and raw.isprintable()


def _is_time(raw: object) -> bool:
    if not isinstance(raw, str):
        return False
    try:
        return datetime.fromisoformat(raw).tzinfo is not None
    except ValueError:
        return False


def _check_value(question: Question, raw: object, on: date, faults: list[AnswerFault]) -> Iterator[Value]:
    if isinstance(raw, str) and raw == NOT_SURE_ANSWER:
        yield raw
    elif question.type is QuestionType.STUDIES:
        yield from _check_studies(question, raw, on, faults)
    elif question.interval and isinstance(raw, dict):
        yield from _check_interval(question, raw, faults)
    else:
        value = _READERS[question.type](question, raw, on)
        if value is None:
            reason = _reason(raw)
            faults.append(AnswerFault(question.id, reason, question.allowed))
        else:
            yield value


def _check_interval(question: Question, raw: Mapping[str, object], faults: list[AnswerFault]) -> Iterator[Value]:
    """The range from one whole number to another; where both are the same it is that number."""
    found = list(_interval_faults(question, raw))
    faults += found
    low, high = raw.get("from"), raw.get("to")
    if not found and isinstance(low, int) and isinstance(high, int):
        yield Range(low, high) if low < high else low


def _interval_faults(question: Question, raw: Mapping[str, object]) -> Iterator[AnswerFault]:
    allowed = f"a whole number from {question.low} to {question.high}"
    for key in raw:
        if key not in _ENDS:
            yield AnswerFault(f"{question.id}.{_name(key)}", "is not known", ", ".join(_ENDS))
    low, high = (_read_number(question, raw.get(end), date.min) for end in _ENDS)
    for end, number in zip(_ENDS, (low, high), strict=True):
        if number is None:
            reason = "is not a whole number in range" if end in raw else "is missing"
            yield AnswerFault(f"{question.id}.{end}", reason, allowed)
    if low is not None and high is not None and low > high:
        yield AnswerFault(question.id, "is upside down: it begins above its end", question.allowed)


def _reason(raw: object) -> str:
    if raw is None:
        return "is null: leave a question that was not asked out"
    if isinstance(raw, str):
        try:
            clean_text(raw)
        except TextError as error:
            return str(error)
    return "is not an answer that this question takes"


def _check_studies(question: Question, raw: object, on: date, faults: list[AnswerFault]) -> Iterator[tuple[Study, ...]]:
    if not isinstance(raw, list) or len(raw) > 50:
        faults.append(AnswerFault(question.id, "is not a list of studies", question.allowed))
        return
    studies: list[Study] = []
    for position, each in enumerate(raw):
        read = read_study(each, on=on)
        if isinstance(read, Study):
            studies.append(read)
            continue
        for field, reason, allowed in read:
            path = f"{question.id}[{position}]" + (f".{_name(field)}" if field else "")
            faults.append(AnswerFault(path, reason, allowed))
    yield tuple(studies)


def _read_tri(question: Question, raw: object, on: date) -> str | None:
    return raw if isinstance(raw, str) and raw in ("yes", "no") else None


def _read_choice(question: Question, raw: object, on: date) -> str | None:
    chosen = isinstance(raw, str) and any(option.value == raw for option in question.options)
    return str(raw) if chosen else None


def _read_choices(question: Question, raw: object, on: date) -> tuple[str, ...] | None:
    if not isinstance(raw, list):
        return None
    words = [_read_choice(question, each, on) for each in raw]
    chosen = tuple(word for word in words if word is not None)
    return chosen if len(chosen) == len(words) == len(set(chosen)) else None


def _read_number(question: Question, raw: object, on: date) -> int | None:
    # A bool is an int in Python, and 2.0 equals 2: neither is a whole number on the wire.
    whole = type(raw) is int and question.low <= raw <= question.high
    return raw if whole and isinstance(raw, int) else None


def _read_past_date(question: Question, raw: object, on: date) -> date | None:
    day = read_date(raw)
    return day if day is not None and day <= on else None


_READERS: Mapping[QuestionType, Callable[[Question, object, date], Value | None]] = {
    QuestionType.TRI: _read_tri,
    QuestionType.CHOICE: _read_choice,
    QuestionType.CHOICES: _read_choices,
    QuestionType.INTEGER: _read_number,
    QuestionType.SCALE: _read_number,
    QuestionType.DATE: _read_past_date,
}


def _worse(question: Question, checked: list[Value]) -> Value:
    """Of two answers to a safety question the worse; to any other, the one given first."""
    if not question.safety or len(checked) == 1 or checked[0] == checked[1]:
        return checked[0]
    if question.type.is_number:
        # A number above 0 is a positive answer whatever the other source says of it.
        highest = max(each for each in checked if isinstance(each, int))
        return highest if highest or NOT_SURE_ANSWER not in checked else NOT_SURE_ANSWER
    if question.type is QuestionType.TRI:
        return max(checked, key=lambda each: _WORSE[str(each)])
    return NOT_SURE_ANSWER


def derive_days(questions: Mapping[str, Question], values: dict[str, Value], on: date) -> None:
    """Fill in numbers of days that a date answers and nobody has."""
    for question in questions.values():
        if values.get(question.id, NOT_SURE_ANSWER) == NOT_SURE_ANSWER:
            days = days_since(question, values, on)
            if days is not None:
                values[question.id] = days


def days_since(question: Question, values: Mapping[str, Value], on: date) -> int | None:
    """The number of days since the date that a question of days counts from; None where there is none."""
    start = values.get(question.days_since) if question.days_since else None
    return min((on - start).days, question.high) if isinstance(start, date) else None
