"""One patient as a protocol's conditions see them: every name judged at most once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.facts import NOT_SURE_ANSWER, Facts
from triage.imaging import STUDY_AGE, STUDY_NAMES, Study
from triage.instruments import Instrument, Score
from triage.logic import NO, NOT_ASKED, NOT_SURE, YES, Truth, Verdict, verdict
from triage.protocol import Fact, Level, Protocol
from triage.quantities import Quantity, Range
from triage.questions import Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TRI: dict[object, Verdict] = {"yes": YES, "no": NO, NOT_SURE_ANSWER: NOT_SURE, None: NOT_ASKED}


class PatientView:
    """The facts of one patient under one protocol.

    `flagged`, `unsure` and `flag_verdicts` answer once `judge_flags` has been called.
    """

    def __init__(self, protocol: Protocol, facts: Facts) -> None:
        self.protocol = protocol
        self.values = facts.values
        self.flag_verdicts: dict[str, Verdict] = {}
        self._flagged: dict[str, Verdict] = {}
        self._unsure: dict[str, Verdict] = {}
        self._truths: dict[str, Verdict] = {}
        self._quantities: dict[str, Quantity] = {}
        self._comparisons: dict[tuple[str, str, int], Verdict] = {}

    def truth(self, name: str) -> Verdict:
        known = self._truths.get(name)
        if known is None:
            known = self._truths[name] = self._judge(name)
        return known

    def _judge(self, name: str) -> Verdict:
        named = self.protocol.names[name]
        if isinstance(named, Fact):
            return self._any_study(named) if named.per_study else named.when.verdict(self)
        if not isinstance(named, Question):
            raise TypeError(f"{name} is not a statement")
        return self._where_it_applies(named, yes_or_no(self.values.get(name)))

    def _where_it_applies(self, question: Question, answered: Verdict) -> Verdict:
        return where_it_applies(self._gate(question), answered)

    def _gate(self, question: Question) -> Verdict:
        return YES if question.ask_when is None else question.ask_when.verdict(self)

    def _any_study(self, fact: Fact) -> Verdict:
        return self._where_it_applies(self.protocol.questions[self.protocol.imaging_question], self.of_studies(fact))

    def of_studies(self, fact: Fact) -> Verdict:
        """What the list of studies says of a fact, were it asked for: any of them may make it true."""
        studies = self.values.get(self.protocol.imaging_question)
        if not isinstance(studies, tuple):
            return NOT_ASKED if studies is None else NOT_SURE
        return _any(fact.when.verdict(StudyView(self, each)) for each in studies if isinstance(each, Study))

    def quantity(self, name: str) -> Quantity:
        known = self._quantities.get(name)
        if known is None:
            known = self._quantities[name] = self._measure(name)
        return known

    def compare(self, name: str, operator: str, number: int) -> Verdict:
        asked = (name, operator, number)
        known = self._comparisons.get(asked)
        if known is None:
            known = self._comparisons[asked] = self.quantity(name).compare(operator, number)
        return known

    def differ(self, name: str, operator: str, other: str) -> Verdict:
        return self.quantity(name).minus(self.quantity(other)).compare(operator, 0)

    def count(self, statements: Sequence[Verdict], operator: str, number: int) -> Verdict:
        return Quantity.count(statements).compare(operator, number)

    def _measure(self, name: str) -> Quantity:
        named = self.protocol.names[name]
        if isinstance(named, Instrument):
            return Quantity.total(self.quantity(item) for item in named.items)
        if isinstance(named, Level):
            return level([step.when.verdict(self) for step in named.steps])
        if not isinstance(named, Question):
            raise TypeError(f"{name} is not a number")
        return self._number(named)

    def _number(self, question: Question) -> Quantity:
        return number_where_it_applies(self._gate(question), question, number(question, self.values.get(question.id)))

    def is_one_of(self, name: str, words: tuple[str, ...]) -> Verdict:
        return self._where_it_applies(self.protocol.questions[name], choice(self.values.get(name), words))

    def judge_flags(self) -> None:
        """Judge every flag; rules may be judged after this."""
        for flag in self.protocol.flags:
            judged = self.flag_verdicts[flag.id] = flag.when.verdict(self)
            self._flagged[flag.level] = self._flagged.get(flag.level, NO) | judged
            self._unsure[flag.not_sure] = self._unsure.get(flag.not_sure, NO) | judged.possible()

    def flagged(self, levels: tuple[str, ...]) -> Verdict:
        return _any(self._flagged.get(level, NO) for level in levels)

    def unsure(self, levels: tuple[str, ...]) -> Verdict:
        return _any(self._unsure.get(level, NO) for level in levels)

    def applies(self, question: Question) -> bool:
        """Whether the question is, or may yet be, asked of this patient."""
        return question.ask_when is None or question.ask_when.verdict(self).most is not Truth.FALSE

    def is_open(self, question: Question) -> bool:
        """Not asked so far, though it applies or may yet apply."""
        return question.id not in self.values and self.applies(question)

    def score(self, instrument: Instrument) -> Score:
        answered = sum(isinstance(self.values.get(item), int | Range) for item in instrument.items)
        return Score(instrument, self.quantity(instrument.id), answered)


class StudyView:
    """A patient and one of their studies: `study_...` names are the study's, the rest theirs."""

    def __init__(self, patient: PatientView, study: Study) -> None:
        self._patient, self._study = patient, study
        self.truth, self.count = patient.truth, patient.count
        self.flagged, self.unsure = patient.flagged, patient.unsure

    def quantity(self, name: str) -> Quantity:
        return self._study.age() if name == STUDY_AGE else self._patient.quantity(name)

    def compare(self, name: str, operator: str, number: int) -> Verdict:
        return self.quantity(name).compare(operator, number)

    def differ(self, name: str, operator: str, other: str) -> Verdict:
        return self.quantity(name).minus(self.quantity(other)).compare(operator, 0)

    def is_one_of(self, name: str, words: tuple[str, ...]) -> Verdict:
        if name in STUDY_NAMES:
            return self._study.is_one_of(name, words)
        return self._patient.is_one_of(name, words)


def _any(verdicts: Iterable[Verdict]) -> Verdict:
    together = NO
    for each in verdicts:
        together |= each
    return together


def level(steps: list[Verdict]) -> Quantity:
    """The highest step that is true, between the highest certain and the highest possible one."""
    return Quantity(
        _highest([step.now for step in steps]),
        _highest([step.least for step in steps]),
        _highest([step.most for step in steps]),
    )


def _highest(truths: list[Truth]) -> Range:
    reached = [number for number, truth in enumerate(truths, 1) if truth is Truth.TRUE]
    possible = [number for number, truth in enumerate(truths, 1) if truth is not Truth.FALSE]
    return Range(max(reached, default=0), max(possible, default=0))


def yes_or_no(answer: object) -> Verdict:
    """The verdict on an answer to a yes/no question; None for not asked."""
    return _TRI[answer]


def choice(answer: object, words: tuple[str, ...]) -> Verdict:
    """Whether an answer is one of the words; None for not asked."""
    if answer is None or answer == NOT_SURE_ANSWER:
        return NOT_ASKED if answer is None else NOT_SURE
    return YES if answer in words else NO


def number(question: Question, answer: object) -> Quantity:
    """The number that answers a question; None for not asked."""
    if isinstance(answer, Range):
        return Quantity.within(answer)
    if answer == NOT_SURE_ANSWER:
        return Quantity.not_sure(question.low, question.high)
    return Quantity.known(answer) if isinstance(answer, int) else Quantity.not_asked(question.low, question.high)


def where_it_applies(gate: Verdict, answered: Verdict) -> Verdict:
    """The verdict on an answer, which is unknown for good where its question does not apply."""
    if gate.most is Truth.FALSE:
        return NOT_SURE
    if gate.least is not Truth.FALSE:
        return answered
    # An answer that was given may still be lost, should the question turn out not to apply.
    return verdict(answered.now, (answered & NOT_SURE).least, (answered | NOT_SURE).most)


def number_where_it_applies(gate: Verdict, question: Question, answered: Quantity) -> Quantity:
    """The same of a number: one that does not apply could be anything."""
    low, high = question.low, question.high
    if gate.most is Truth.FALSE:
        return Quantity.not_sure(low, high)
    if gate.least is not Truth.FALSE or answered.least != answered.now:
        return answered
    # An answer that was given may still be lost, should the question turn out not to apply.
    return Quantity(answered.now, Range(low, answered.now.high), Range(answered.now.low, high))
