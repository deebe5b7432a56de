"""Many patients at once: the conditions of a protocol judged on arrays of answers.

A `Cohort` is a view like that of one patient, and the very same conditions are judged on it. In
place of a verdict it hands them one for each patient.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from triage.arrays import Quantities, Ranges, Verdicts, byte_of, bytes_of
from triage.imaging import MAXIMUM_AGE, STUDY_AGE, STUDY_NAMES
from triage.instruments import Instrument
from triage.logic import NO, NOT_ASKED, NOT_SURE, YES, Truth, Verdict
from triage.packing import KINDS, NO_AGE, NUMBER_NOT_ASKED, NUMBER_NOT_SURE
from triage.packing import NOT_ASKED as NOT_ASKED_WORD
from triage.patient_view import where_it_applies
from triage.protocol import Level, Protocol
from triage.questions import Question, QuestionType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from triage.arrays import Bytes, Numbers, Where
    from triage.conditions import Condition
    from triage.packing import Columns
    from triage.protocol import Fact

_WORDS = 256  # a byte
_LISTED = bytes_of([*[YES] * (_WORDS - 2), NOT_SURE, NOT_ASKED])  # of the number of studies


class Cohort:
    """The patients whose answers are in the columns; what they were not asked may have no column at all."""

    def __init__(self, protocol: Protocol, columns: Columns) -> None:
        self.protocol, self.columns = protocol, columns
        self._verdicts: dict[object, Verdicts] = {}
        self._quantities: dict[str, Quantities] = {}

    @cached_property
    def flags(self) -> dict[str, Verdicts]:
        return {flag.id: self.judge(flag.when) for flag in self.protocol.flags}

    @cached_property
    def _studies(self) -> list[_Study]:
        return [_Study(self, place) for place in range(len(self.columns.kinds))]

    def is_open(self, question: Question) -> Where:
        """Of whom it was not asked, though it applies or may yet apply."""
        not_asked, gate = self._not_asked(question.id), question.ask_when
        if gate is None or not not_asked.any():
            return not_asked
        return not_asked & self.judge(gate).where(_may_be)

    def _not_asked(self, name: str) -> Where:
        not_asked: Where = np.ones(len(self.columns), np.bool_)
        if name in self.columns.words:
            not_asked = self.columns.words[name] == NOT_ASKED_WORD
        elif name in self.columns.numbers:
            not_asked = self.columns.numbers[name] == NUMBER_NOT_ASKED
        return not_asked

    def judge(self, condition: Condition) -> Verdicts:
        """The verdict on each patient."""
        view: Any = self  # a view of arrays where conditions expect one of verdicts; they only pass them on
        judged: Any = condition.verdict(view)
        return cast("Verdicts", judged)

    def always(self, verdict: Verdict) -> Verdicts:
        """The same verdict on all of them."""
        return Verdicts.all(len(self.columns), verdict)

    def truth(self, name: str) -> Verdicts:
        if name not in self._verdicts:
            self._verdicts[name] = self._truth(name)
        return self._verdicts[name]

    def _truth(self, name: str) -> Verdicts:
        fact = self.protocol.facts.get(name)
        if fact is None:
            return self._one_of(self.protocol.questions[name], ("yes",))
        return self._any_study(fact) if fact.per_study else self.judge(fact.when)

    def is_one_of(self, name: str, words: tuple[str, ...]) -> Verdicts:
        key = (name, words)
        if key not in self._verdicts:
            self._verdicts[key] = self._one_of(self.protocol.questions[name], words)
        return self._verdicts[key]

    def _one_of(self, question: Question, words: tuple[str, ...]) -> Verdicts:
        column = self.columns.words.get(question.id)
        if column is None:
            return self._where_it_applies(question, self.always(NOT_ASKED))
        return self._where_it_applies(question, Verdicts(_table(_takes(question), words).take(column)))

    def _where_it_applies(self, question: Question, answered: Verdicts) -> Verdicts:
        if question.ask_when is None:
            return answered
        return self.judge(question.ask_when).joined(where_it_applies, answered)

    def _any_study(self, fact: Fact) -> Verdicts:
        """A list that nobody asked for, or is sure of, says nothing; any other says what any of its studies says."""
        question = self.protocol.questions[self.protocol.imaging_question]
        said = Verdicts.any(len(self.columns), (each.says(fact) for each in self._studies))
        lists = self.columns.words.get(question.id)
        if lists is None:
            return self._where_it_applies(question, self.always(NOT_ASKED))
        return self._where_it_applies(question, Verdicts(_LISTED.take(lists)).joined(_where_listed, said))

    def quantity(self, name: str) -> Quantities:
        if name not in self._quantities:
            self._quantities[name] = self._quantity(name)
        return self._quantities[name]

    def _quantity(self, name: str) -> Quantities:
        match self.protocol.names[name]:
            case Instrument(items=items):
                return Quantities.total([self.quantity(item) for item in items])
            case Level(steps=steps):
                return Quantities.level([self.judge(step.when) for step in steps])
        return self._number(self.protocol.questions[name])

    def _number(self, question: Question) -> Quantities:
        column = self.columns.numbers.get(question.id)
        if column is None:
            column = np.full(len(self.columns), NUMBER_NOT_ASKED, np.uint16)
        answered = _answered(question, column)
        return answered if question.ask_when is None else self._where_asked(question, question.ask_when, answered)

    def _where_asked(self, question: Question, gate: Condition, answered: Quantities) -> Quantities:
        """As `triage.patient_view.number_where_it_applies` says of one number."""
        judged = self.judge(gate)
        never = judged.where(_is_never)
        lost = judged.where(_may_not_be) & (answered.now.low == answered.now.high)
        low, high = np.int32(question.low), np.int32(question.high)
        now = Ranges(np.where(never, low, answered.now.low), np.where(never, high, answered.now.high))
        return Quantities(
            now,
            Ranges(
                np.where(never | lost, low, answered.least.low),
                np.where(never, high, np.where(lost, now.low, answered.least.high)),
            ),
            Ranges(
                np.where(never, low, np.where(lost, now.low, answered.most.low)),
                np.where(never | lost, high, answered.most.high),
            ),
        )

    def compare(self, name: str, operator: str, number: int) -> Verdicts:
        key = (name, operator, number)
        if key not in self._verdicts:
            self._verdicts[key] = self.quantity(name).compare(operator, number)
        return self._verdicts[key]

    def differ(self, name: str, operator: str, other: str) -> Verdicts:
        return self.quantity(name).minus(self.quantity(other)).compare(operator, 0)

    def count(self, statements: Sequence[Verdicts], operator: str, number: int) -> Verdicts:
        return Quantities.count(statements).compare(operator, number)

    def flagged(self, levels: tuple[str, ...]) -> Verdicts:
        return self._any(self.flags[flag.id] for flag in self.protocol.flags if flag.level in levels)

    def unsure(self, levels: tuple[str, ...]) -> Verdicts:
        return self._any(self.flags[flag.id].possible() for flag in self.protocol.flags if flag.not_sure in levels)

    def _any(self, verdicts: Iterable[Verdicts]) -> Verdicts:
        return Verdicts.any(len(self.columns), verdicts)


class _Study:
    """The patients and, of each, the study at one place of their list: `study_...` names are the study's."""

    def __init__(self, cohort: Cohort, place: int) -> None:
        self._cohort, columns = cohort, cohort.columns
        kinds = np.unravel_index(columns.kinds[place].astype(np.intp), KINDS)
        self._words = {name: kind.astype(np.uint8) for name, kind in zip(STUDY_NAMES, kinds, strict=True)}
        self._ages = columns.ages[place]
        lists = columns.words[cohort.protocol.imaging_question]
        self._is_there = Verdicts(np.where(lists > place, byte_of(YES), byte_of(NO)).astype(np.uint8))
        self.truth, self.count = cohort.truth, cohort.count
        self.flagged, self.unsure = cohort.flagged, cohort.unsure

    def says(self, fact: Fact) -> Verdicts:
        view: Any = self
        judged: Any = fact.when.verdict(view)
        return self._is_there & cast("Verdicts", judged)

    def _quantity(self, name: str) -> Quantities:
        return self._age() if name == STUDY_AGE else self._cohort.quantity(name)

    def _age(self) -> Quantities:
        is_known = self._ages != NO_AGE
        low = np.where(is_known, self._ages, 0).astype(np.int32)
        high = np.where(is_known, self._ages, MAXIMUM_AGE).astype(np.int32)
        settled = Ranges(low, high)
        return Quantities(settled, settled, settled)

    def compare(self, name: str, operator: str, number: int) -> Verdicts:
        return self._quantity(name).compare(operator, number)

    def differ(self, name: str, operator: str, other: str) -> Verdicts:
        return self._quantity(name).minus(self._quantity(other)).compare(operator, 0)

    def is_one_of(self, name: str, words: tuple[str, ...]) -> Verdicts:
        if name not in STUDY_NAMES:
            return self._cohort.is_one_of(name, words)
        return Verdicts(_study_table(name, words).take(self._words[name]))


def _takes(question: Question) -> tuple[str, ...]:
    """The words that it takes, in the order in which a column counts them."""
    return ("no", "yes") if question.type is QuestionType.TRI else tuple(each.value for each in question.options)


@lru_cache(maxsize=4096)
def _table(takes: tuple[str, ...], words: tuple[str, ...]) -> Bytes:
    """The verdict for each byte that can stand in a question's column."""
    verdicts = [YES if word in words else NO for word in takes]
    return bytes_of([*verdicts, *[NO] * (_WORDS - 2 - len(verdicts)), NOT_SURE, NOT_ASKED])


@lru_cache(maxsize=1024)
def _study_table(name: str, words: tuple[str, ...]) -> Bytes:
    return bytes_of([*(YES if word in words else NO for word in STUDY_NAMES[name]), NOT_SURE])


def _where_listed(listed: Verdict, said: Verdict) -> Verdict:
    return said if listed is YES else listed


def _is_never(gate: Verdict) -> bool:
    return gate.most is Truth.FALSE


def _may_be(gate: Verdict) -> bool:
    return gate.most is not Truth.FALSE


def _may_not_be(gate: Verdict) -> bool:
    return gate.least is Truth.FALSE


def _answered(question: Question, column: NDArray[np.uint16]) -> Quantities:
    """The number that each patient gave, or what it can be."""
    lowest, highest = np.int32(question.low), np.int32(question.high)
    is_given, is_open = column < NUMBER_NOT_SURE, column == NUMBER_NOT_ASKED
    given: Numbers = column.astype(np.int32) + lowest
    low: Numbers = np.where(is_given, given, lowest)
    high: Numbers = np.where(is_given, given, highest)
    now = Ranges(low, high)
    return Quantities(now, Ranges(low, np.where(is_open, lowest, high)), Ranges(np.where(is_open, highest, low), high))
