"""Which open questions still matter: exactly those with an answer that can change the outcome.

The outcome of everybody (`triage.outcomes`) is narrowed to the patients who have given the answers
of this one. An open question matters if what is left of some diagram still asks it: then two
completions of the intake that differ in that answer alone have different outcomes.

A list of studies is asked as a whole, below everything else: it matters if what lists can say
makes a difference. A fact that reads a study together with other answers (is it newer than the
pain?) ties these questions to it. While the list is open, they matter where the fact does; once it
is known, each way in which they can be answered is looked at.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from triage.diagram import TooLarge, too_deep_is_too_large
from triage.facts import NOT_SURE_ANSWER, Facts
from triage.imaging import Study
from triage.logic import NO, NOT_SURE, YES
from triage.narrowing import OPEN, Asked, Narrowing, as_bits, places_of
from triage.outcomes import Decided, Outcomes
from triage.patient_view import PatientView
from triage.quantities import Range
from triage.questions import QuestionType
from triage.study_lists import is_about_studies_alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.diagram import Diagrams, Node
    from triage.facts import Value
    from triage.protocol import Disposition, Protocol

    Way = tuple[Value, ...]

_KINDS = {YES: 0, NO: 1, NOT_SURE: 2}
_IMPOSSIBLE = None  # said where no list of studies can say what its facts would have to be


def relevance(view: PatientView) -> Relevance | None:
    """The diagrams of a patient's protocol, made when first needed; None where they would be too large.

    Those with intervals are larger, and are used for a patient of whom some number is one.
    """
    uncertain = [name for name, value in view.values.items() if isinstance(value, Range)]
    drawn = _drawn(view.protocol, intervals=bool(uncertain))
    return drawn if drawn is not None and all(map(drawn.takes_intervals, uncertain)) else None


@lru_cache(maxsize=8)
def _drawn(protocol: Protocol, *, intervals: bool) -> Relevance | None:
    try:
        with too_deep_is_too_large():
            return Relevance(protocol, intervals=intervals)
    except TooLarge:
        return None


class Relevance:
    """The outcome of everybody, ready to be narrowed to one patient."""

    def __init__(self, protocol: Protocol, *, intervals: bool = False) -> None:
        outcomes = Outcomes(protocol, intervals=intervals)
        self._protocol, self.variables = protocol, outcomes.everybody.variables
        self._places = outcomes.everybody.places
        self._facts, self.first_fact = outcomes.everybody.facts, outcomes.everybody.first_fact
        self._tied = {fact.id: protocol.reads(fact.when) for fact in self._facts if not is_about_studies_alone(fact)}
        self.diagrams, (self.disposition, *self._parts) = self._kept(outcomes)
        self.leads_to = self._dispositions()
        self._asked = Asked(self.diagrams, self.first_fact, _IMPOSSIBLE)
        self._about_studies = as_bits(range(self.first_fact, len(self.variables)))
        self._about_studies_alone = as_bits(self._places[fact.id] for fact in self._facts if fact.id not in self._tied)

    def _kept(self, outcomes: Outcomes) -> tuple[Diagrams, list[Node]]:
        """The disposition and each part of the outcome, where some list of studies can say what its facts are."""
        diagrams, possible = outcomes.diagrams, outcomes.everybody.possible
        whole = [diagrams.convert(each, outcomes.decided) for each in (_disposition, _what_is_advised)]
        parts = [*whole, *outcomes.actions.values()]
        kept, nodes = diagrams.kept(*[diagrams.combine(_where_possible, possible, part) for part in parts])
        # What is advised asks most, so it comes first; of the actions, those that are soon looked at.
        return kept, [*nodes[:2], *sorted(nodes[2:], key=lambda node: sum(1 for _ in kept.below(node)))]

    def _dispositions(self) -> dict[Node, frozenset[Disposition]]:
        """Which dispositions there are below each node of the diagram of them."""
        found: dict[Node, frozenset[Disposition]] = {}
        for node in sorted(self.diagrams.below(self.disposition)):  # a node comes after all below it
            below = self.diagrams.branches[node]
            said = {self.diagrams.value(node)} if not below else {each for at in below for each in found[at]}
            found[node] = frozenset(said - {_IMPOSSIBLE})
        return found

    def takes_intervals(self, name: str) -> bool:
        """Whether the question is drawn with intervals, or with nothing that they could span."""
        answers = self.variables[self._places[name]].answers if name in self._places else ()
        numbers = [each for each in answers if isinstance(each, int)]
        return len(numbers) < 2 or any(isinstance(each, Range) for each in answers)

    def known(self, view: PatientView) -> list[int]:
        """The kind of the answer to each question, or OPEN."""
        return [
            variable.kind(view.values[variable.name]) if variable.name in view.values else OPEN
            for variable in self.variables[: self.first_fact]
        ]

    def known_facts(self, view: PatientView) -> list[int]:
        """What these studies say of each fact, or OPEN."""
        return [_KINDS.get(view.of_studies(fact), OPEN) for fact in self._facts]

    def read_with_studies(self, view: PatientView) -> frozenset[str]:
        """The questions to which another answer could change what these studies say."""
        studies = view.values.get(self._protocol.imaging_question)
        return frozenset(name for names in self._tied.values() for name in names) if studies else frozenset()

    def outstanding(self, view: PatientView) -> frozenset[str]:
        """The questions not asked so far that have an answer which changes the outcome."""
        known = self.known(view)
        is_open = as_bits(place for place, kind in enumerate(known) if kind == OPEN)
        if self._protocol.imaging_question in view.values:
            return frozenset(self._with_known_studies(view, known, is_open))
        return frozenset(self._with_open_studies(view, known, is_open | self._about_studies))

    def _with_open_studies(self, view: PatientView, known: list[int], is_open: int) -> set[str]:
        narrowing = Narrowing(self.diagrams, self._asked)
        for part in self._parts_that_ask(is_open, narrowing):
            narrowing.narrow(part, [*known, *(OPEN for _ in self._facts)])
            if narrowing.matters & self._about_studies:
                # Facts about studies alone stand for one question: with one of them all are found.
                narrowing.matters |= self._about_studies_alone
        found = self._names(narrowing)
        if narrowing.matters & self._about_studies:
            found.add(self._protocol.imaging_question)
        for fact in found & self._tied.keys():
            found.update(name for name in self._tied[fact] if name not in view.values)
        return found - self._protocol.facts.keys()

    def _with_known_studies(self, view: PatientView, known: list[int], is_open: int) -> set[str]:
        """Each way to answer the open questions that these studies are tied to, with what they then say."""
        unsettled = [fact.id for fact in self._facts if view.of_studies(fact) not in _KINDS]
        tied = sorted({name for fact in unsettled for name in self._tied[fact] if name not in view.values})
        answers = [self._answers(name, view) for name in tied]
        ways = {way: self._known_then(known, view, dict(zip(tied, way, strict=True))) for way in product(*answers)}
        narrowing = Narrowing(self.diagrams, self._asked)
        found: set[str] = set()
        for part in self._parts_that_ask(is_open | as_bits(self._places[fact] for fact in unsettled), narrowing):
            once = {then: narrowing.narrow(part, then) for then in dict.fromkeys(ways.values())}
            left = {way: once[then] for way, then in ways.items()}
            found.update(name for place, name in enumerate(tied) if _differs(left, place))
        return found | self._names(narrowing)

    def _parts_that_ask(self, is_open: int, narrowing: Narrowing) -> Iterator[Node]:
        """The parts of the outcome that ask what is open and was not found to matter before."""
        for part in self._parts:
            if self._asked.all[part] & is_open & ~narrowing.matters:
                yield part

    def _names(self, narrowing: Narrowing) -> set[str]:
        return {self.variables[place].name for place in places_of(narrowing.matters)}

    def _known_then(self, known: Sequence[int], view: PatientView, answers: dict[str, Value]) -> tuple[int, ...]:
        """What is known of every variable once these answers are given too."""
        then = PatientView(self._protocol, Facts(values={**view.values, **answers}, on=date.min))
        kinds = [*known, *(_KINDS[then.of_studies(fact)] for fact in self._facts)]
        for name, answer in answers.items():
            if name in self._places:
                kinds[self._places[name]] = self.variables[self._places[name]].kind(answer)
        return tuple(kinds)

    def _answers(self, name: str, view: PatientView) -> list[Value]:
        """Answers to a question that studies are tied to: each kind, and both sides of the age of each study."""
        question = self._protocol.questions[name]
        if question.type is QuestionType.CHOICE:
            return list(dict.fromkeys([*(option.value for option in question.options), NOT_SURE_ANSWER]))
        if not question.type.is_number:
            return ["yes", "no", NOT_SURE_ANSWER]
        kinds = self.variables[self._places[name]].answers if name in self._places else ()
        numbers = {question.low, *(each for each in kinds if isinstance(each, int)), *_ages(view, self._protocol)}
        return [*(each for each in sorted(numbers) if question.low <= each <= question.high), NOT_SURE_ANSWER]


def _ages(view: PatientView, protocol: Protocol) -> Iterator[int]:
    studies = view.values[protocol.imaging_question]
    for study in studies if isinstance(studies, tuple) else ():
        if isinstance(study, Study) and study.age_days is not None:
            yield from (study.age_days, study.age_days + 1)


def _differs(left: dict[Way, Node], place: int) -> bool:
    """Whether two ways that differ at this place alone leave something else of a diagram."""
    beside: dict[Way, set[Node]] = {}
    for way, node in left.items():
        beside.setdefault((*way[:place], *way[place + 1 :]), set()).add(node)
    return any(len(nodes) > 1 for nodes in beside.values())


def _where_possible(is_possible: bool, said: object) -> object:  # noqa: FBT001
    return said if is_possible else _IMPOSSIBLE


def _disposition(decided: Decided) -> Disposition:
    return decided.disposition


def _what_is_advised(decided: Decided) -> tuple[object, ...]:
    return decided.disposition, decided.urgency, decided.referrals
