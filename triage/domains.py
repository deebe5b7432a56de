"""What a protocol can tell apart: each question with one answer of every kind that leads elsewhere.

Numbers are cut at the thresholds that conditions set for them, choices by the words that conditions
name together; what no condition reads is left out. A list of studies is what the facts
about studies say of it. The order is that in which flags and rules read, so that what belongs
together stands together (a bad order makes diagrams a hundred times larger); facts about studies
come last.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import combinations
from typing import TYPE_CHECKING

from triage.conditions import Comparison, Condition, Difference, OneOf
from triage.facts import NOT_SURE_ANSWER
from triage.instruments import Instrument
from triage.logic import NO, NOT_ASKED, NOT_SURE, YES
from triage.protocol import Fact, Level, Protocol
from triage.quantities import Range
from triage.questions import Question, QuestionType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from triage.facts import Value
    from triage.logic import Verdict

    Answer = Value | Verdict | None

MOST_KINDS = 16  # of a number that may be an interval
EDGES = {">=": (0,), "<": (0,), ">": (1,), "<=": (1,), "==": (0, 1)}


class Variable:
    """A question, or a fact about studies, with its answers grouped by kind: those that lead to the same.

    A kind is represented by its first answer and weighs as many as it has. "Not sure" is a kind of
    its own; None, for not asked, is the last one where it may occur. An interval that spans several
    kinds of numbers is told apart by the kinds in which it begins and ends, and counts once for these.
    """

    def __init__(self, name: str, kinds: Sequence[Sequence[Answer]]) -> None:
        self.name, self.kinds = name, tuple(kinds)
        self.answers = tuple(kind[0] for kind in kinds)
        self.weights = tuple(map(len, kinds))
        self._starts = [each for each in self.answers if isinstance(each, int)]
        self._kinds = {
            answer: number for number, kind in enumerate(kinds) if not isinstance(kind, range) for answer in kind
        }

    def kind(self, answer: Answer) -> int:
        """The number of the kind that an answer is of."""
        if isinstance(answer, int):
            return bisect_right(self._starts, answer) - 1
        if isinstance(answer, Range):
            low, high = self.kind(answer.low), self.kind(answer.high)
            return low if low == high else self._kinds[Range(self._starts[low], self._starts[high])]
        return self._kinds[answer]


def variables(
    protocol: Protocol, *, partial: bool = False, intervals: bool = False, also: Iterable[Condition] = ()
) -> tuple[Variable, ...]:
    """All that flags and rules read, in the order in which they do; `partial` lets each be not asked.

    With `intervals` a number that need not be certain may also be an interval. What other conditions
    read, which are to be judged beside them, is told apart `also`.
    """
    reading = _Reading(protocol, also)
    questions = [each for each in reading.read if each in protocol.questions]
    facts = [each for each in reading.read if each in protocol.facts]
    open_question, open_fact = ([None],), ([NOT_ASKED],)
    return (
        *(Variable(each, (*reading.kinds(each, intervals), *open_question * partial)) for each in questions),
        *(Variable(each, ([YES], [NO], [NOT_SURE], *open_fact * partial)) for each in facts),
    )


class _Reading:
    """What the flags and rules of a protocol read, in their order, and what they compare it with."""

    def __init__(self, protocol: Protocol, also: Iterable[Condition]) -> None:
        self.read: dict[str, None] = {}
        self._protocol = protocol
        self._edges: dict[str, set[int]] = {}
        self._words: dict[str, set[tuple[str, ...]]] = {}
        self._every_value: set[str] = set()
        self._seen: set[str] = set()
        for flag in protocol.flags:
            self._follow(flag.when)
        for rule in protocol.rules:
            for condition in (rule.when, *rule.own_conditions):
                self._follow(condition)
        for condition in also:
            self._follow(condition)

    def _follow(self, condition: Condition) -> None:
        for part in condition.walk():
            self._note(part)
            for name in part.names:
                self._read(name)

    def _note(self, part: Condition) -> None:
        match part:
            case Comparison(name=name, operator=operator, number=number):
                self._edges.setdefault(name, set()).update(number + step for step in EDGES[operator])
            case OneOf(name=name, words=words):
                self._words.setdefault(name, set()).add(words)
            case Difference(names=names):
                self._every_value.update(names)

    def _read(self, name: str) -> None:
        if name in self._seen:
            return
        self._seen.add(name)
        match self._protocol.names.get(name):
            case Question(ask_when=gate):
                if gate is not None:
                    self._follow(gate)
                self.read[name] = None
            case Instrument(items=items):
                self._every_value.update(items)
                for item in items:
                    self._read(item)
            case Level(steps=steps):
                for step in steps:
                    self._follow(step.when)
            case Fact(per_study=True):
                gate = self._protocol.questions[self._protocol.imaging_question].ask_when
                if gate is not None:
                    self._follow(gate)
                self.read[name] = None
            case Fact(when=when):
                self._follow(when)

    def kinds(self, name: str, intervals: bool) -> Sequence[Sequence[Answer]]:  # noqa: FBT001
        question = self._protocol.questions[name]
        if question.type is QuestionType.TRI:
            return ["yes"], ["no"], [NOT_SURE_ANSWER]
        if question.type is QuestionType.CHOICE:
            return *self._choices(question), [NOT_SURE_ANSWER]
        ranges = list(self._ranges(question))
        spans = _spans(ranges) if intervals and question.interval else ()
        return *ranges, *spans, [NOT_SURE_ANSWER]

    def _choices(self, question: Question) -> Iterator[Sequence[Answer]]:
        """The options, those together that no condition tells apart."""
        alike: dict[tuple[bool, ...], list[Answer]] = {}
        for option in question.options:
            if option.value != NOT_SURE_ANSWER:
                named_in = tuple(option.value in words for words in sorted(self._words.get(question.id, ())))
                alike.setdefault(named_in, []).append(option.value)
        yield from alike.values()

    def _ranges(self, question: Question) -> Iterator[range]:
        """The numbers it takes, cut wherever a condition has a threshold."""
        low, high = question.low, question.high
        edges = self._edges.get(question.id, set())
        starts = range(low, high + 1) if question.id in self._every_value else sorted({low, *edges})
        starts = [each for each in starts if low <= each <= high]
        for start, following in zip(starts, [*starts[1:], high + 1], strict=True):
            yield range(start, following)


def _spans(ranges: Sequence[range]) -> Iterator[Sequence[Answer]]:
    """An interval for every two kinds of numbers; none where so many are told apart that diagrams would not hold them."""
    if len(ranges) <= MOST_KINDS:
        yield from ([Range(one.start, other.start)] for one, other in combinations(ranges, 2))
