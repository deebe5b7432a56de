"""All intakes of a protocol, and statements about them that are true of some and false of others."""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING, Any

from triage.conditions import Condition
from triage.logic import NOT_ASKED, YES, Truth, Verdict
from triage.outcomes import Decided, Outcomes
from triage.questions import QuestionType
from triage.study_lists import is_about_studies_alone, said_by_one

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from triage.diagram import Node
    from triage.protocol import Protocol
    from triage.questions import Question


class Space:
    """The intakes of which all is known, or with `partial` also the half-filled ones.

    A statement is a diagram that says True of the intakes of which it holds.
    """

    def __init__(self, protocol: Protocol, *, partial: bool) -> None:
        self.protocol, self.partial = protocol, partial
        self.outcomes = Outcomes(protocol, partial=partial)
        self.everybody, self.diagrams = self.outcomes.everybody, self.outcomes.diagrams

    def where(self, condition: Condition | None) -> Node:
        """Where a condition is true on what is known."""
        if condition is None:
            return self.everywhere
        return self.diagrams.convert(_is_true, self.everybody.judge(condition).node)

    @property
    def everywhere(self) -> Node:
        return self.diagrams.constant(True)  # noqa: FBT003  (what a diagram says)

    @property
    def nowhere(self) -> Node:
        return self.diagrams.constant(False)  # noqa: FBT003

    def outcome(self, statement: Callable[[Decided], Hashable]) -> Node:
        """What is to be said of the outcome."""
        return self.diagrams.convert(statement, self.outcomes.decided)

    def not_applicable(self, question: Question) -> Node:
        """Where a question is hidden."""
        if question.ask_when is None:
            return self.nowhere
        return self.diagrams.convert(_is_false_for_good, self.everybody.judge(question.ask_when).node)

    def reassuring_facts(self) -> set[str]:
        """The facts that a study without a significant finding can make true, and those tied to other answers."""
        facts = {fact.id for fact in self.everybody.facts if not is_about_studies_alone(fact)}
        for found in ("no_significant_finding", "age_related"):
            for said in said_by_one(self.protocol, self.everybody.facts, {"status": "reported", "class": found}):
                facts |= {fact for fact, verdict in said.items() if verdict is YES}
        return facts

    def asked_for(self, action: str) -> Node:
        return self.outcomes.actions[action]

    def answered(self, name: str, statement: Callable[[Any], bool]) -> Node:
        """Where the answer to a question is such; None is an answer not asked for."""
        if name not in self.everybody.places:
            return self.nowhere
        return self.everybody.answer(name, statement)

    def has(self, name: str, answer: object) -> Node:
        """Where this is the answer to a question."""
        return self.answered(name, lambda given: given == answer)

    def all_of(self, *statements: Node) -> Node:
        return reduce(lambda one, other: self.diagrams.combine(_and, one, other), statements, self.everywhere)

    def any_of(self, *statements: Node) -> Node:
        return reduce(lambda one, other: self.diagrams.combine(_or, one, other), statements, self.nowhere)

    def not_(self, statement: Node) -> Node:
        return self.diagrams.convert(_not, statement)

    def changed(self, node: Node, name: str, answer: Any) -> Node:
        """The same diagram, had the question this answer."""
        place = self.everybody.places[name]
        return self.diagrams.given(node, {place: self.everybody.variables[place].kind(answer)})

    def together(self, say: Callable[[Any, Any], Hashable], one: Node, other: Node) -> Node:
        """What is to be said of what two diagrams say; pass one function for one meaning."""
        return self.diagrams.combine(say, one, other)

    def remarkable(self, question: Question) -> Node:
        """Where a safety question is anything but answered no: yes, not sure, or not asked."""
        calm = 0 if question.type.is_number else "no"
        return self.answered(question.id, lambda answer: answer != calm)

    @property
    def size(self) -> int:
        """How many different intakes there are; lists of studies count as different where they say different things."""
        weights = [each.weights for each in self.everybody.variables]
        return self.diagrams.count(self.everybody.possible, bool, weights)

    @property
    def safety(self) -> Iterator[Question]:
        """The safety questions that flags and rules read."""
        for question in self.protocol.questions.values():
            if question.safety and question.id in self.everybody.places:
                yield question

    def containing(self, study: Mapping[str, str]) -> Node:
        """Where the list of studies has one with these words; an empty word stands for none."""
        said = said_by_one(self.protocol, self.everybody.facts, study)
        return self.any_of(*(self._at_least(each) for each in said))

    def _at_least(self, said: Mapping[str, Verdict]) -> Node:
        """Where the list says of each fact what one study says of it, or says it for more certain."""
        return self.all_of(*(self.answered(fact, partial(_reaches, least)) for fact, least in said.items()))


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


def _and(one: bool, other: bool) -> bool:  # noqa: FBT001
    return one and other


def _or(one: bool, other: bool) -> bool:  # noqa: FBT001
    return one or other


def _not(one: bool) -> bool:  # noqa: FBT001
    return not one
