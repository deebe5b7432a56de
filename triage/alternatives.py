"""What would change the outcome: the fewest other answers that would lead to something more, or less, urgent.

The way there is looked for in the diagram of everybody's disposition. The answers that were given
cost nothing, any other answer is one change, and the cheapest way is taken: with all answers known
there is none with fewer changes. With questions open, each answer that is named is needed, and what
is said holds whatever the others are answered; a way with fewer answers might be found elsewhere.

What cannot change is left alone: an age is, and a time that passes only becomes longer. So are
studies, and the answers that are read together with them. "Not sure" and intervals are never proposed.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from triage.facts import NOT_SURE_ANSWER
from triage.narrowing import OPEN
from triage.openness import is_uncertain
from triage.patient_view import PatientView
from triage.protocol import Disposition
from triage.quantities import Range
from triage.relevance import relevance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from triage.diagram import Node
    from triage.facts import Facts, Value
    from triage.protocol import Protocol
    from triage.relevance import Relevance

    Changes = tuple[tuple[int, int], ...]  # the place of a question and the kind of the other answer to it
    Way = tuple[int, Changes, Node]  # how little it is to be preferred, its changes, and where it has come to

MOST_CHANGES = 3
_ELSEWHERE = frozenset(Disposition) - {Disposition.INCOMPLETE, Disposition.OUT_OF_SCOPE}
# Of several ways with as few changes, one that contradicts fewer answers is taken, then one with smaller steps.
_A_CONTRADICTION = 10_000
_NOBODY_KNOWS = -1  # where the way goes on, as the answer is open
_AGE, _TIMES = "years", ("days", "weeks", "months")  # units


class Alternative(NamedTuple):
    """A disposition, and the answers with which it would be the outcome."""

    disposition: Disposition
    answers: Mapping[str, Value]


def alternatives(protocol: Protocol, facts: Facts, disposition: Disposition) -> tuple[Alternative, ...]:
    """What is more urgent than this and takes the fewest changes, and what is less so; the most urgent first."""
    view = PatientView(protocol, facts)
    known = relevance(view)
    if known is None:
        return ()
    found = _Search(known, view, disposition).found()
    return tuple(sorted(found, key=lambda each: each.disposition.rank, reverse=True))


class _Search:
    """The search for one patient."""

    def __init__(self, relevance: Relevance, view: PatientView, disposition: Disposition) -> None:
        self._view, self._questions, self._rank = view, view.protocol.questions, disposition.rank
        self._diagrams, self._start = relevance.diagrams, relevance.disposition
        self._leads_to = relevance.leads_to
        self._variables, self._first_fact = relevance.variables, relevance.first_fact
        self._known = [*relevance.known(view), *relevance.known_facts(view)]
        self._read_with_studies = relevance.read_with_studies(view)
        self._seen: set[Node] = set()
        self._wanted = {each for each in _ELSEWHERE if each.rank != self._rank}

    def found(self) -> Iterator[Alternative]:
        ways = [(disposition, self._needed(changes, disposition)) for disposition, changes in self._ways()]
        for disposition, changes in ways:
            is_more = disposition.rank > self._rank
            if len(changes) == min(len(others) for other, others in ways if (other.rank > self._rank) is is_more):
                answers = {self._variables[place].name: self._answer(place, kind) for place, kind in changes}
                yield Alternative(disposition, answers)

    def _ways(self) -> Iterator[tuple[Disposition, Changes]]:
        """With one change more each time, until both a more and a less urgent disposition are reached."""
        ways: list[Way] = [(0, (), self._start)]
        for _ in range(MOST_CHANGES + 1):
            passed: list[Way] = []
            reached = dict(self._followed(ways, passed))
            yield from reached.items()
            directions = {each.rank > self._rank for each in reached}
            self._wanted = {each for each in self._wanted if (each.rank > self._rank) not in directions}
            if not self._wanted:
                return
            ways = sorted(self._with_another_change(passed), key=itemgetter(0))

    def _followed(self, ways: Iterable[Way], passed: list[Way]) -> Iterator[tuple[Disposition, Changes]]:
        """Where these ways lead by the answers given; of two that meet, the first goes on."""
        variable, branches = self._diagrams.variable, self._diagrams.branches
        for cost, changes, node in ways:
            at = node
            while at != _NOBODY_KNOWS and at not in self._seen and not self._wanted.isdisjoint(self._leads_to[at]):
                self._seen.add(at)
                if len(self._leads_to[at]) == 1:
                    (disposition,) = self._leads_to[at]
                    self._wanted.remove(disposition)
                    yield disposition, changes
                    break
                passed.append((cost, changes, at))
                given = self._known[variable[at]]
                at = _NOBODY_KNOWS if given == OPEN else branches[at][given]

    def _with_another_change(self, passed: Iterable[Way]) -> Iterator[Way]:
        for cost, changes, node in passed:
            place = self._diagrams.variable[node]
            if place < self._first_fact:
                for kind, below in enumerate(self._diagrams.branches[node]):
                    if below not in self._seen and (price := self._price(place, kind)) is not None:
                        yield cost + price, (*changes, (place, kind)), below

    def _price(self, place: int, kind: int) -> int | None:
        """How little another answer is to be preferred; None where it is not to be proposed."""
        variable, given = self._variables[place], self._known[place]
        if is_uncertain(variable.answers[kind]) or variable.name in self._read_with_studies:
            return None
        if given == OPEN or variable.answers[given] == NOT_SURE_ANSWER:
            return 1
        question = self._questions[variable.name]
        if isinstance(variable.answers[given], Range):
            return None  # no further question says where in it
        if question.unit == _AGE or (kind < given and (question.days_since or question.unit in _TIMES)):
            return None
        return _A_CONTRADICTION + (abs(kind - given) if question.type.is_number else 1)

    def _needed(self, changes: Changes, disposition: Disposition) -> Changes:
        """Without those that a question still open has only put in the way."""
        if all(self._known[place] != OPEN for place, _ in changes):
            return changes
        needed = changes
        for change in changes:
            fewer = tuple(each for each in needed if each != change)
            if self._always_leads_to(disposition, fewer):
                needed = fewer
        return needed

    def _always_leads_to(self, disposition: Disposition, changes: Changes) -> bool:
        """Whether it is the outcome with these changes, whatever is still open."""
        known = [*self._known]
        for place, kind in changes:
            known[place] = kind
        seen, waiting = {self._start}, [self._start]
        while waiting:
            node = waiting.pop()
            if self._leads_to[node] == {disposition}:
                continue
            if disposition not in self._leads_to[node] or self._diagrams.is_end(node):
                return False
            given = known[self._diagrams.variable[node]]
            branches = self._diagrams.branches[node]
            fresh = [each for each in (branches if given == OPEN else (branches[given],)) if each not in seen]
            seen.update(fresh)
            waiting += fresh
        return True

    def _answer(self, place: int, kind: int) -> Value:
        """Of a kind of number the one nearest to the answer given, of other kinds the first."""
        variable = self._variables[place]
        answer, given = variable.answers[kind], self._view.values.get(variable.name)
        if not isinstance(answer, int):
            return str(answer)
        last = answer + variable.weights[kind] - 1
        return last if isinstance(given, int) and given > last else answer
