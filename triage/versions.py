"""Two versions of a protocol over the same intakes: everything that either of them tells apart.

A question that both read is asked once, and cut wherever either cuts it. One that only one of them
reads is read by that one alone, and so is one that takes another type of answer in each. To a
version that does not take an answer it is "not sure". Facts about studies are those of both, of one
list of studies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from triage.domains import Variable, variables
from triage.facts import NOT_SURE_ANSWER
from triage.outcomes import Outcomes
from triage.symbolic import Everybody, empty_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from triage.domains import Answer
    from triage.protocol import Protocol
    from triage.questions import Question

    Kinds = Sequence[Sequence[Answer]]


@dataclass(frozen=True, slots=True)
class Column:
    """A question, or a fact about studies, as the old and the new version read it; None where one does not."""

    name: str
    reads: tuple[Variable | None, Variable | None]

    @property
    def known(self) -> list[Variable]:
        return [each for each in self.reads if each is not None]

    @property
    def kinds(self) -> Kinds:
        one, *other = self.known
        return _cut_by_both(one, *other) if other and other[0].kinds != one.kinds else one.kinds


class Versions:
    """The intakes of an old and a new version, and what each decides about them."""

    partial = False

    def __init__(self, old: Protocol, new: Protocol) -> None:
        self.both = (old, new)
        self._columns = tuple(_columns(old, new))
        told_apart = [Variable(each.name, each.kinds) for each in self._columns]
        self.diagrams = empty_store(told_apart)
        self.protocol = _asking_for_both(old, new, self._columns)
        self.everybody = Everybody(self.protocol, told_apart=told_apart, store=self.diagrams)

    def outcomes(self, which: int) -> Outcomes:
        """What the old version (0) or the new one (1) decides about all of them."""
        read = [_as_read(each.reads[which], each) for each in self._columns]
        everybody = Everybody(self.both[which], told_apart=read, store=self.diagrams)
        return Outcomes(self.both[which], everybody=everybody)

    def answers_to(self, which: int, answers: Mapping[str, Any]) -> dict[str, Any]:
        """What the old version (0) or the new one (1) is told of a patient."""
        told = {}
        for column in self._columns:
            own = column.reads[which]
            if own is not None and column.name in answers:
                answer = answers[column.name]
                told[own.name] = answer if _takes(own, answer) else NOT_SURE_ANSWER
        imaging = self.both[which].imaging_question
        if imaging and self.protocol.imaging_question in answers:
            told[imaging] = answers[self.protocol.imaging_question]
        return told


def _columns(old: Protocol, new: Protocol) -> Iterator[Column]:
    """The questions of both in the order in which they are read, then the facts about studies of both."""
    for is_fact in (False, True):
        before, after = (
            {each.name: each for each in variables(version) if (each.name in version.facts) is is_fact}
            for version in (old, new)
        )
        apart = {name for name in before if name in new.names and not _is_alike(name, old, new)}
        for name in _in_both_orders([*before], [*after]):
            if name in apart:
                yield Column(f"{name} (before)", (before[name], None))
            if name in after or name not in apart:
                yield Column(name, (None if name in apart else before.get(name), after.get(name)))


def _in_both_orders(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """The names of one in their order, those of the other each after the name that it follows there."""
    merged = [*one]
    for before, name in pairwise(["", *other]):
        if name not in merged:
            merged.insert(merged.index(before) + 1 if before else 0, name)
    return merged


def _is_alike(name: str, old: Protocol, new: Protocol) -> bool:
    """Whether a name asks for the same kind of answer in both, or says the same of studies."""
    if name in old.facts and name in new.facts:
        return old.facts[name].when == new.facts[name].when
    if name in old.questions and name in new.questions:
        one, other = old.questions[name].type, new.questions[name].type
        return one is other or (one.is_number and other.is_number)
    return False


def _as_read(own: Variable | None, column: Column) -> Variable:
    """With the answers as a version takes them; under a name that it does not know where it does not read it."""
    if own is None:
        return Variable(f"not read: {column.name}", column.kinds)
    return Variable(own.name, [each if _takes(own, each[0]) else [NOT_SURE_ANSWER] for each in column.kinds])


def _takes(variable: Variable, answer: Any) -> bool:
    return any(answer in kind for kind in variable.kinds)


def _cut_by_both(one: Variable, other: Variable) -> Kinds:
    """The kinds of answers that either version tells apart."""
    ranges = [kind for each in (one, other) for kind in each.kinds if isinstance(kind, range)]
    if ranges:
        edges = sorted({edge for each in ranges for edge in (each.start, each.stop)})
        between = [range(start, stop) for start, stop in pairwise(edges)]
        return [*(each for each in between if _takes(one, each[0]) or _takes(other, each[0])), [NOT_SURE_ANSWER]]
    alike: dict[tuple[int, int], list[Answer]] = {}
    for word in dict.fromkeys(word for each in (one, other) for kind in each.kinds for word in kind):
        alike.setdefault((_kind(one, word), _kind(other, word)), []).append(word)
    not_sure = alike.pop((_kind(one, NOT_SURE_ANSWER), _kind(other, NOT_SURE_ANSWER)))
    return [*alike.values(), not_sure]


def _kind(variable: Variable, word: Answer) -> int:
    return next((number for number, kind in enumerate(variable.kinds) if word in kind), -1)


def _asking_for_both(old: Protocol, new: Protocol, columns: Iterable[Column]) -> Protocol:
    """The new version with the questions and the facts about studies of both, and without flags and rules."""
    questions, facts = {**old.questions, **new.questions}, {**old.facts, **new.facts}
    for column in columns:
        version, own = (new if column.reads[0] is None else old), column.known[0]
        if own.name in version.facts:
            facts[column.name] = replace(version.facts[own.name], id=column.name)
        elif column.name != own.name:
            questions[column.name] = replace(old.questions[own.name], id=column.name)
        elif own.name in old.questions and own.name in new.questions:
            questions[own.name] = _taking_both(old.questions[own.name], new.questions[own.name])
    imaging = new.imaging_question or old.imaging_question
    return replace(new, questions=questions, facts=facts, imaging_question=imaging, flags=(), rules=())


def _taking_both(old: Question, new: Question) -> Question:
    """The question as it is asked now, with every answer that either version takes."""
    if old.type is not new.type and not (old.type.is_number and new.type.is_number):
        return new
    known = {option.value for option in new.options}
    options = (*new.options, *(option for option in old.options if option.value not in known))
    return replace(new, low=min(old.low, new.low), high=max(old.high, new.high), options=options)
