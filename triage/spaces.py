"""All intakes of a protocol, and statements about them that are true of some and false of others."""

from __future__ import annotations

from functools import cached_property, partial, reduce
from itertools import pairwise
from operator import and_, lt, ne, not_, or_
from typing import TYPE_CHECKING, Any

from triage.conditions import Comparison, Statement
from triage.contradictions import gravity
from triage.facts import NOT_SURE_ANSWER
from triage.logic import NOT_ASKED, YES, Truth, Verdict
from triage.outcomes import Decided, Outcomes
from triage.protocol import PSYCHOLOGICAL, Service
from triage.questions import QuestionType
from triage.study_lists import is_about_studies_alone, said_by_one

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

    from triage.conditions import Condition
    from triage.diagram import Node
    from triage.obligations import Obligations
    from triage.protocol import Disposition, Protocol
    from triage.quantities import Range
    from triage.questions import Question


class Space:
    """The intakes of which all is known, or with `partial` also the half-filled ones.

    They are told apart by all that flags and rules read, and by what is owed: also by what a protocol
    has forgotten. A statement is a diagram that says True of the intakes of which it holds. What many properties
    speak of (how urgent, which services) is a small diagram of its own, made once.
    """

    def __init__(self, protocol: Protocol, owed: Obligations, *, partial: bool) -> None:
        self.protocol, self.partial = protocol, partial
        self.outcomes = Outcomes(protocol, partial=partial, intervals=True, also=_stated(protocol, owed))
        self.everybody, self.diagrams = self.outcomes.everybody, self.outcomes.diagrams
        self.everywhere: Node = self.diagrams.constant(True)  # noqa: FBT003  (what a diagram says)
        self.nowhere: Node = self.diagrams.constant(False)  # noqa: FBT003
        self._made: dict[Hashable, Node] = {}
        self._asking: dict[Node, Mapping[int, list[Node]]] = {}

    def _once(self, name: Hashable, make: Callable[[], Node]) -> Node:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def where(self, condition: Condition | None) -> Node:
        """Where a condition is true on what is known."""
        if condition is None:
            return self.everywhere
        return self.diagrams.convert(_is_true, self.everybody.judge(condition).node)

    def outcome(self, statement: Callable[[Decided], Hashable]) -> Node:
        """What is to be said of the outcome."""
        return self.diagrams.convert(statement, self.outcomes.decided)

    @cached_property
    def disposition(self) -> Node:
        return self.outcome(lambda decided: decided.disposition)

    @cached_property
    def rank(self) -> Node:
        """How urgent the outcome is."""
        return self.diagrams.convert(lambda disposition: disposition.rank, self.disposition)

    @cached_property
    def services(self) -> Node:
        """The services referred to."""
        return self.outcome(lambda decided: frozenset(each.service for each in decided.referrals))

    def ending_in(self, dispositions: Iterable[Disposition]) -> Node:
        """Where the outcome is one of these."""
        among = frozenset(dispositions)
        return self._once(among, lambda: self.diagrams.convert(among.__contains__, self.disposition))

    def referring_to(self, services: Iterable[Service]) -> Node:
        """Where a referral to one of these goes out."""
        among = frozenset(services)
        return self._once(among, lambda: self.diagrams.convert(lambda each: not among.isdisjoint(each), self.services))

    @cached_property
    def psychology_alone(self) -> Node:
        """Where psychological care goes out without physiotherapy."""
        return self.all_of(self.referring_to(PSYCHOLOGICAL), self.not_(self.referring_to([Service.PHYSIOTHERAPY])))

    def asked_for(self, action: str) -> Node:
        return self.outcomes.asked_for(action)

    def not_applicable(self, question: Question) -> Node:
        """Where a question is hidden."""
        if question.ask_when is None:
            return self.nowhere
        return self.diagrams.convert(_is_false_for_good, self.everybody.judge(question.ask_when).node)

    def answered(self, name: str, statement: Callable[[Any], bool]) -> Node:
        """Where the answer to a question is such; None is an answer not asked for."""
        if name not in self.everybody.places:
            return self.nowhere
        return self.everybody.answer(name, statement)

    def has(self, name: str, answer: object) -> Node:
        """Where this is the answer to a question."""
        return self.answered(name, lambda given: given == answer)

    def all_of(self, *statements: Node) -> Node:
        """From the last one up: what is asked first lies above what is already there."""
        return reduce(self._both, reversed(statements), self.everywhere)

    def any_of(self, *statements: Node) -> Node:
        return reduce(self._either, reversed(statements), self.nowhere)

    def _both(self, below: Node, one: Node) -> Node:
        return self.diagrams.joined(and_, one, below, decides=self.nowhere, adds_nothing=self.everywhere)

    def _either(self, below: Node, one: Node) -> Node:
        return self.diagrams.joined(or_, one, below, decides=self.everywhere, adds_nothing=self.nowhere)

    def not_(self, statement: Node) -> Node:
        return self.diagrams.convert(not_, statement)

    def within(self, statement: Node, node: Node) -> Node:
        """What a diagram says where a statement holds; None elsewhere."""
        none = self.diagrams.constant(None)

        def known(one: Node, other: Node) -> Node | None:
            return {self.everywhere: other, self.nowhere: none}.get(one)

        return self.diagrams.combine(_where, statement, node, known)

    def differs(self, one: Node, other: Node) -> Node:
        """Where two diagrams say different things."""
        return self.diagrams.combine(ne, one, other, self._nowhere_if_the_same)

    def lower(self, after: Node, before: Node) -> Node:
        """Where one number is lower than another."""
        return self.diagrams.combine(lt, after, before, self._nowhere_if_the_same)

    def _nowhere_if_the_same(self, one: Node, other: Node) -> Node | None:
        return self.nowhere if one == other else None

    def changed(self, node: Node, name: str, answer: Any) -> Node:
        """The same diagram, had the question this answer."""
        return self.diagrams.given({self.everybody.places[name]: self._kind(name, answer)})(node)

    def effective_alone(self, answers: Mapping[str, Any]) -> set[str]:
        """Of these questions, those that change the outcome where all the others have these answers."""
        kinds = {self.everybody.places[name]: self._kind(name, answer) for name, answer in answers.items()}
        places = self.diagrams.effective_alone(self.outcomes.decided, kinds)
        return {self.everybody.variables[place].name for place in places}

    def contradictory(self, one: str, other: str) -> Node:
        """How grave it is for a patient whose answers to these two questions contradict each other."""
        return reduce(self._graver, self.with_one_of(one, other, neither=True))

    def with_one_of(self, one: str, other: str, *, neither: bool = False) -> list[Node]:
        """How grave it is where only the one of two answers is known, and where only the other is."""
        ways = [{one}, {other}, *([{one, other}] if neither else [])]
        unknown = [NOT_SURE_ANSWER, *([None] if self.partial else [])]
        return [
            self.diagrams.given({self.everybody.places[name]: self._kind(name, each) for name in way})(self._gravity)
            for each in unknown
            for way in ways
        ]

    def _graver(self, one: Node, other: Node) -> Node:
        return self.diagrams.combine(max, one, other, lambda one, other: one if one == other else None)

    @cached_property
    def _gravity(self) -> Node:
        return self.outcome(lambda decided: gravity(decided.disposition, decided.urgency))

    def ranked(self, grave: Node) -> Node:
        """How urgent what is so grave is."""
        return self.diagrams.convert(lambda each: each.rank, grave)

    def least(self, node: Node, name: str, interval: Range) -> Node:
        """The least that a diagram of numbers says of the answers in an interval."""
        variable = self.everybody.variables[self.everybody.places[name]]
        kinds = [each for each in variable.answers if isinstance(each, int) and interval.low <= each <= interval.high]
        return reduce(
            lambda least, each: self.diagrams.combine(min, least, each),
            (self.changed(node, name, each) for each in kinds),
        )

    def _kind(self, name: str, answer: Any) -> int:
        return self.everybody.variables[self.everybody.places[name]].kind(answer)

    def asks(self, node: Node, name: str) -> bool:
        """Whether a diagram depends on a question, or on what is said of studies."""
        return bool(self._nodes_asking(node, self.everybody.places[name]))

    def _nodes_asking(self, node: Node, place: int) -> list[Node]:
        if node not in self._asking:
            self._asking[node] = self.diagrams.by_variable(node)
        return self._asking[node].get(place, [])

    def falling(self, number: Node, name: str, answers: tuple[Any, ...]) -> Node:
        """Where a number is lower than it was with the answer that comes before, all else alike."""
        return self._once((number, name, answers), lambda: self._falling(number, name, answers))

    def _falling(self, number: Node, name: str, answers: tuple[Any, ...]) -> Node:
        place = self.everybody.places[name]
        kinds = list(dict.fromkeys(self._kind(name, answer) for answer in answers))

        def fallen(branches: tuple[Node, ...]) -> Node:
            lower = {after: self.lower(branches[after], branches[before]) for before, after in pairwise(kinds)}
            return self.diagrams.ask(place, tuple(lower.get(kind, self.nowhere) for kind in range(len(branches))))

        # Mostly it falls nowhere, which is soon seen.
        asking = self._nodes_asking(number, place)
        if all(fallen(self.diagrams.branches[node]) == self.nowhere for node in asking):
            return self.nowhere
        return self.diagrams.replaced(place, number, fallen, self.nowhere)

    @cached_property
    def safety(self) -> tuple[Question, ...]:
        """The safety questions, whether or not any flag or rule reads them."""
        return tuple(_safety(self.protocol))

    def remarkable(self, *questions: Question) -> Node:
        """Where one of these safety questions is anything but answered no: yes, not sure, or not asked."""
        return self.any_of(*(self.not_(self.has(each.id, calm_answer(each))) for each in questions))

    def reassuring_facts(self) -> Iterator[str]:
        """The facts that a study without a significant finding can make true, and those tied to other answers."""
        found = ("no_significant_finding", "age_related")
        studies = [{"status": "reported", "class": each} for each in found]
        said = [each for study in studies for each in said_by_one(self.protocol, self.everybody.facts, study)]
        for fact in self.everybody.facts:
            if not is_about_studies_alone(fact) or any(each[fact.id] is YES for each in said):
                yield fact.id

    def containing(self, study: Mapping[str, str]) -> Node:
        """Where the list of studies has one with these words; an empty word stands for none."""
        said = said_by_one(self.protocol, self.everybody.facts, study)
        return self.any_of(*(self._at_least(each) for each in said))

    def _at_least(self, said: Mapping[str, Verdict]) -> Node:
        """Where the list says of each fact what one study says of it, or says it for more certain."""
        return self.all_of(*(self.answered(fact, partial(_reaches, least)) for fact, least in said.items()))

    @property
    def size(self) -> int:
        """How many different intakes there are; lists of studies count as different where they say different things."""
        weights = [each.weights for each in self.everybody.variables]
        return self.diagrams.count(self.everybody.possible, bool, weights)


def _stated(protocol: Protocol, owed: Obligations) -> Iterator[Condition]:
    """The conditions that properties are stated in, whether or not flags and rules read what they do."""
    yield from (each.when for each in owed.obligations if each.when is not None)
    yield from (each.ask_when for each in protocol.questions.values() if each.ask_when is not None)
    for question in _safety(protocol):
        yield Comparison(question.id, ">=", 1) if question.type.is_number else Statement(question.id)


def _safety(protocol: Protocol) -> Iterator[Question]:
    return (each for each in protocol.questions.values() if each.safety)


def calm_answer(question: Question) -> Any:
    """The answer to a safety question that is not remarkable."""
    return 0 if question.type.is_number else "no"


def ordered_answers(question: Question) -> tuple[Any, ...]:
    """The answers to a question from the calmest to the worst, "not sure" between the first and the rest."""
    if question.type is QuestionType.TRI:
        return "no", "not_sure", "yes"
    return 0, "not_sure", *range(1, question.high + 1)


def _is_false_for_good(gate: Verdict) -> bool:
    return gate.most is Truth.FALSE


def _reaches(least: Verdict, now: Verdict) -> bool:
    return now is not NOT_ASKED and now | least is now


def _is_true(verdict: Verdict) -> bool:
    return verdict.now is Truth.TRUE


def _where(statement: bool, said: object) -> object:  # noqa: FBT001
    return said if statement else None
