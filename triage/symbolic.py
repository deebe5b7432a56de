"""Every patient at once: the conditions of a protocol judged on all possible answers together.

`Everybody` is a view like that of one patient, and the very same conditions are judged on it. In
place of a verdict it hands them a diagram that says the verdict on each patient.
"""

from __future__ import annotations

from functools import cached_property, partial, reduce
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from triage.diagram import Diagrams, TooLarge
from triage.domains import variables
from triage.instruments import Instrument
from triage.logic import NO, NOT_SURE, YES, Verdict
from triage.patient_view import choice, level, number, number_where_it_applies, where_it_applies, yes_or_no
from triage.protocol import Level, Protocol
from triage.quantities import Quantity, compared
from triage.study_lists import is_about_studies_alone, sayings

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from triage.conditions import Condition
    from triage.diagram import Node
    from triage.domains import Answer, Variable
    from triage.questions import Question

MOST_NODES = 600_000  # three times those of a large protocol
MOST_SAYINGS = 100_000  # of lists of studies
_KINDS = (YES, NO, NOT_SURE)  # of what is said of a fact about studies, in the order of its variable


class Everybody:
    """All patients of a protocol; with `partial`, also those of whom not everything was asked.

    With `intervals` also those of whom an age, or another such number, is not known exactly.
    Conditions beyond those of the protocol can be judged if they are named in `also`. In a store that
    it shares with other protocols, `told_apart` are the variables of the store, as this one reads them.
    Raises `triage.diagram.TooLarge` where the protocol lets too many answers hang on one another.
    """

    def __init__(
        self,
        protocol: Protocol,
        *,
        partial: bool = False,
        intervals: bool = False,
        also: Iterable[Condition] = (),
        told_apart: Sequence[Variable] | None = None,
        store: Diagrams | None = None,
    ) -> None:
        self.protocol, self._partial = protocol, partial
        self.variables = told_apart or variables(protocol, partial=partial, intervals=intervals, also=also)
        self.places = {each.name: place for place, each in enumerate(self.variables)}
        self.diagrams = empty_store(self.variables) if store is None else store
        self.facts = [protocol.facts[each.name] for each in self.variables if each.name in protocol.facts]
        self.first_fact = len(self.variables) - len(self.facts)
        self.flags: dict[str, ForEverybody] = {}
        self._truths: dict[str, ForEverybody] = {}
        self._quantities: dict[str, Node] = {}
        self._comparisons: dict[tuple[str, str, int], ForEverybody] = {}
        self._flagged: dict[str, list[ForEverybody]] = {}
        self._unsure: dict[str, list[ForEverybody]] = {}
        for flag in protocol.flags:
            judged = self.flags[flag.id] = self.judge(flag.when)
            self._flagged.setdefault(flag.level, []).append(judged)
            self._unsure.setdefault(flag.not_sure, []).append(judged.possible())

    @cached_property
    def possible(self) -> Node:
        """Whether some answer to the question of imaging says of studies what is said of them here.

        A fact that reads other answers beside the study is taken to be free of the other facts.
        """
        return self.diagrams.among(self.first_fact, {*self._said_by_lists(), *self._said_by_none()})

    def _said_by_lists(self) -> Iterator[tuple[int, ...]]:
        alone = [fact for fact in self.facts if is_about_studies_alone(fact)]
        said_alone = sayings(self.protocol, alone)
        if len(said_alone) * 3 ** (len(self.facts) - len(alone)) > MOST_SAYINGS:
            raise TooLarge(f"lists of studies say more than {MOST_SAYINGS} things")
        for said in said_alone:
            kinds = {fact.id: (_KINDS.index(verdict),) for fact, verdict in zip(alone, said, strict=True)}
            yield from product(*(kinds.get(fact.id, (0, 1, 2)) for fact in self.facts))

    def _said_by_none(self) -> Iterator[tuple[int, ...]]:
        """Nobody is sure of any study; in a half-filled intake, nobody has asked."""
        for kind in range(_KINDS.index(NOT_SURE), 4 if self._partial else 3):
            yield (kind,) * len(self.facts)

    def judge(self, condition: Condition) -> ForEverybody:
        """The verdict on each patient."""
        view: Any = self  # a View of diagrams where conditions expect one of verdicts; they only pass them on
        judged: Any = condition.verdict(view)
        return cast("ForEverybody", judged)

    def always(self, verdict: Verdict) -> ForEverybody:
        """The same verdict on everybody."""
        return ForEverybody(self.diagrams, self.diagrams.constant(verdict))

    def answer(self, name: str, read: Callable[[Answer], Hashable]) -> Node:
        """What is read from the answer to one question, or known of one fact about studies."""
        place = self.places[name]
        return self.diagrams.ask(place, tuple(map(self.diagrams.constant, map(read, self.variables[place].answers))))

    def truth(self, name: str) -> ForEverybody:
        if name not in self._truths:
            self._truths[name] = self._truth(name)
        return self._truths[name]

    def _truth(self, name: str) -> ForEverybody:
        fact = self.protocol.facts.get(name)
        if fact is None:
            return self._where_it_applies(name, self.answer(name, yes_or_no))
        if fact.per_study:
            return self._where_it_applies(self.protocol.imaging_question, self.answer(name, _itself))
        return self.judge(fact.when)

    def _where_it_applies(self, name: str, answered: Node) -> ForEverybody:
        gate = self.protocol.questions[name].ask_when
        if gate is not None:
            answered = self.diagrams.combine(where_it_applies, self.judge(gate).node, answered)
        return ForEverybody(self.diagrams, answered)

    def quantity(self, name: str) -> Node:
        """The number behind a name, for each patient."""
        if name not in self._quantities:
            self._quantities[name] = self._quantity(name)
        return self._quantities[name]

    def _quantity(self, name: str) -> Node:
        match self.protocol.names[name]:
            case Instrument(items=items):
                return self._total(map(self.quantity, items))
            case Level(steps=steps):
                judged = [self.judge(step.when).node for step in steps]
                listed = reduce(lambda done, each: self.diagrams.combine(_append, done, each), judged, self._nothing())
                return self.diagrams.convert(level, listed)
        return self._number(self.protocol.questions[name])

    def _nothing(self) -> Node:
        return self.diagrams.constant(())

    def _number(self, question: Question) -> Node:
        answered = self.answer(question.id, lambda answer: number(question, answer))
        if question.ask_when is None:
            return answered

        def applied(gate: Verdict, answered: Quantity) -> Quantity:
            return number_where_it_applies(gate, question, answered)

        return self.diagrams.combine(applied, self.judge(question.ask_when).node, answered)

    def _total(self, parts: Iterable[Node]) -> Node:
        """Added from the last part on, so that each step lies above what is already added."""
        none = self.diagrams.constant(Quantity.known(0))
        return reduce(lambda total, part: self.diagrams.combine(_add, total, part), reversed([*parts]), none)

    def compare(self, name: str, operator: str, number: int) -> ForEverybody:
        asked = (name, operator, number)
        if asked not in self._comparisons:
            self._comparisons[asked] = self._comparison(name, operator, number)
        return self._comparisons[asked]

    def _comparison(self, name: str, operator: str, number: int) -> ForEverybody:
        named = self.protocol.names[name]
        if isinstance(named, Level):
            return compared(partial(self._reached, named), operator, number)
        return self._compared(self.quantity(name), operator, number)

    def _reached(self, level: Level, step: int) -> ForEverybody:
        """A level is at least so high where this step or one above it is true: much smaller than how high it is."""
        steps = [self.judge(each.when) for each in level.steps[max(step - 1, 0) :]]
        return self._any_of(steps) if step > 0 else self.always(YES)

    def _compared(self, quantity: Node, operator: str, number: int) -> ForEverybody:
        compared = self.diagrams.convert(lambda each: each.compare(operator, number), quantity)
        return ForEverybody(self.diagrams, compared)

    def differ(self, name: str, operator: str, other: str) -> ForEverybody:
        difference = self.diagrams.combine(Quantity.minus, self.quantity(name), self.quantity(other))
        return self._compared(difference, operator, 0)

    def count(self, statements: Sequence[ForEverybody], operator: str, number: int) -> ForEverybody:
        counted = [self.diagrams.convert(_one_if_true, each.node) for each in statements]
        return self._compared(self._total(counted), operator, number)

    def is_one_of(self, name: str, words: tuple[str, ...]) -> ForEverybody:
        return self._where_it_applies(name, self.answer(name, lambda answer: choice(answer, words)))

    def flagged(self, levels: tuple[str, ...]) -> ForEverybody:
        return self._any(self._flagged, levels)

    def unsure(self, levels: tuple[str, ...]) -> ForEverybody:
        return self._any(self._unsure, levels)

    def _any(self, judged: dict[str, list[ForEverybody]], levels: tuple[str, ...]) -> ForEverybody:
        return self._any_of([each for name in levels for each in judged.get(name, ())])

    def _any_of(self, judged: Sequence[ForEverybody]) -> ForEverybody:
        """From the last one up, so that each lies above those it is added to."""
        return reduce(lambda below, each: each | below, reversed(judged), self.always(NO))


def empty_store(variables: Iterable[Variable]) -> Diagrams:
    return Diagrams([len(each.answers) for each in variables], limit=MOST_NODES)


class ForEverybody:
    """A verdict for each patient, calculated with as one verdict is."""

    __slots__ = ("diagrams", "node")

    def __init__(self, diagrams: Diagrams, node: Node) -> None:
        self.diagrams, self.node = diagrams, node

    def __and__(self, other: ForEverybody) -> ForEverybody:
        no, yes = self.diagrams.constant(NO), self.diagrams.constant(YES)
        return self._combined(Verdict.__and__, other, no, yes)

    def __or__(self, other: ForEverybody) -> ForEverybody:
        no, yes = self.diagrams.constant(NO), self.diagrams.constant(YES)
        return self._combined(Verdict.__or__, other, yes, no)

    def __invert__(self) -> ForEverybody:
        return self._read(Verdict.__invert__)

    def certain(self) -> ForEverybody:
        return self._read(Verdict.certain)

    def possible(self) -> ForEverybody:
        return self._read(Verdict.possible)

    def presumed(self) -> ForEverybody:
        return self._read(Verdict.presumed)

    def _read(self, change: Callable[[Verdict], Verdict]) -> ForEverybody:
        return ForEverybody(self.diagrams, self.diagrams.convert(change, self.node))

    def _combined(
        self, operation: Callable[[Verdict, Verdict], Verdict], other: ForEverybody, decides: Node, adds_nothing: Node
    ) -> ForEverybody:
        node = self.diagrams.joined(operation, self.node, other.node, decides=decides, adds_nothing=adds_nothing)
        return ForEverybody(self.diagrams, node)


def _itself(verdict: Answer) -> Hashable:
    return verdict


def _append(listed: tuple[Verdict, ...], verdict: Verdict) -> tuple[Verdict, ...]:
    return (*listed, verdict)


def _add(one: Quantity, other: Quantity) -> Quantity:
    return Quantity.total((one, other))


def _one_if_true(verdict: Verdict) -> Quantity:
    return Quantity.count((verdict,))
