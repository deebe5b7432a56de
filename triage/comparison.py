"""The exact difference between two versions of a protocol: who would be advised otherwise, and how many.

All intakes of which all is known are compared at once, as diagrams (`triage.versions`). They fall
into regions by what is advised before and after; of each region the number is exact, and the patient
nearest to a clear adult is its witness. Where a region is less urgent than before, somebody has to
answer for it (invariant F22).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from operator import eq, ne, or_
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from triage.counterexamples import ON, nearest, patient_in_words
from triage.diagram import too_deep_is_too_large
from triage.engine import ENGINE_VERSION, evaluate
from triage.explanation import first_reason, headline
from triage.facts import check_answers
from triage.obligations import NOTHING_OWED, Obligations
from triage.protocol import Disposition, Protocol, Urgency
from triage.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from triage.diagram import Node
    from triage.outcomes import Decided, Outcomes
    from triage.referring import Referral

    Advised = tuple[Disposition, Urgency, tuple[Referral, ...]]

_SOONER = tuple(Urgency)


class Change(NamedTuple):
    """What is another: the disposition, else by when, else the referrals, else only what is to be done."""

    what: str
    old: Disposition
    old_urgency: Urgency
    new: Disposition
    new_urgency: Urgency

    @property
    def name(self) -> str:
        """The same for the same change, whatever is compared."""
        return f"{self.what}:{self.old}-{self.old_urgency}-{self.new}-{self.new_urgency}"

    @property
    def is_less_urgent(self) -> bool:
        """Where a disposition is as urgent as the other, the one with more time is less so."""
        if self.old.rank != self.new.rank:
            return self.new.rank < self.old.rank
        return _SOONER.index(self.new_urgency) > _SOONER.index(self.old_urgency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one version says of a patient: in a sentence and with its first reason, to whom, what is done; and what it was told."""

    says: str
    because: str
    referrals: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    answers: Mapping[str, Any]

    def as_document(self) -> dict[str, Any]:
        return {**asdict(self), "referrals": [list(each) for each in self.referrals], "actions": list(self.actions)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Everybody with one change: how many of those who were advised so before, and one of them with what is said."""

    change: Change
    number: int
    advised_so_before: int
    witness: tuple[str, ...]
    before: Side
    after: Side

    def as_document(self) -> dict[str, Any]:
        return {
            **self.change._asdict(),
            "change": self.change.name,
            "is_less_urgent": self.change.is_less_urgent,
            "number": str(self.number),
            "advised_so_before": str(self.advised_so_before),
            "witness": list(self.witness),
            "before": self.before.as_document(),
            "after": self.after.as_document(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that a new version of a protocol advises otherwise than an old one; the less urgent first."""

    old: str
    old_digest: str
    new: str
    new_digest: str
    engine: str
    space: int
    nodes: int
    milliseconds: int
    regions: tuple[Region, ...]

    @property
    def less_urgent(self) -> tuple[Region, ...]:
        return tuple(each for each in self.regions if each.change.is_less_urgent)

    def as_document(self) -> dict[str, Any]:
        """As JSON: strings, whole numbers, truths, lists and tables; great numbers as text."""
        regions = [each.as_document() for each in self.regions]
        names = ("old", "old_digest", "new", "new_digest", "engine", "nodes", "milliseconds")
        return {**{name: getattr(self, name) for name in names}, "space": str(self.space), "regions": regions}


def compare(old: Protocol, new: Protocol, owed: Obligations = NOTHING_OWED) -> Comparison:
    """Compare two versions over all intakes; raises `triage.diagram.TooLarge`."""
    with too_deep_is_too_large():
        return _compared(old, new, owed)


def _compared(old: Protocol, new: Protocol, owed: Obligations) -> Comparison:
    started = perf_counter()
    versions = Versions(old, new)
    changed = _Changed(versions)
    regions = tuple(_regions(versions, changed, owed))
    return Comparison(
        old=f"{old.id}/{old.version}",
        old_digest=old.digest,
        new=f"{new.id}/{new.version}",
        new_digest=new.digest,
        engine=ENGINE_VERSION,
        space=changed.number,
        nodes=len(versions.diagrams),
        milliseconds=round((perf_counter() - started) * 1000),
        regions=regions,
    )


def _regions(versions: Versions, changed: _Changed, owed: Obligations) -> Iterator[Region]:
    found = changed.node
    for change in sorted(versions.diagrams.says(found) - {None}, key=_gravest_first):
        there = versions.diagrams.convert(partial(eq, change), found)
        answers = nearest(versions, there, owed)
        before, after = (_side(versions, which, answers) for which in (0, 1))
        yield Region(
            change=change,
            number=changed.number_of(change),
            advised_so_before=changed.number_before(change),
            witness=tuple(patient_in_words(versions.protocol, answers, owed, partial=False)),
            before=before,
            after=after,
        )


def _side(versions: Versions, which: int, answers: Mapping[str, Any]) -> Side:
    told = versions.answers_to(which, answers)
    evaluation = evaluate(versions.both[which], check_answers(versions.both[which].questions, told, on=ON))
    return Side(
        says=headline(evaluation),
        because=first_reason(evaluation),
        referrals=tuple((each.service.value, each.priority.value) for each in evaluation.referrals),
        actions=evaluation.actions,
        answers=told,
    )


def _gravest_first(change: Change) -> tuple[object, ...]:
    return not change.is_less_urgent, -change.old.rank, -change.new.rank, change


class _Changed:
    """The diagram of what changes for whom; None for those for whom nothing does."""

    def __init__(self, versions: Versions) -> None:
        self._diagrams, possible = versions.diagrams, versions.everybody.possible
        self._weights = [each.weights for each in versions.everybody.variables]
        self.number = self._count(possible, bool)
        self._none, self._nowhere = map(self._diagrams.constant, (None, False))
        old, new = (versions.outcomes(which) for which in (0, 1))
        before, after = (self._diagrams.convert(_advice, each.decided) for each in (old, new))
        changed = self._diagrams.combine(_change, before, after, self._same_is_none)
        tasks = self._diagrams.combine(_only_actions, self._other_actions(old, new), before, self._nowhere_is_none)
        either = self._diagrams.combine(_first, changed, tasks, self._none_adds_nothing)
        self.node = self._diagrams.combine(_where, possible, either, self._nowhere_is_none)
        self._before = self._diagrams.combine(_where, possible, before, self._nowhere_is_none)

    def _other_actions(self, old: Outcomes, new: Outcomes) -> Node:
        """Where an action is asked for by one of them alone."""
        differ = self._nowhere
        for action in {**old.protocol.actions, **new.protocol.actions}:
            asked, asked_now = old.asked_for(action), new.asked_for(action)
            other = self._diagrams.combine(ne, asked, asked_now, self._same_is_nowhere)
            differ = self._diagrams.combine(or_, other, differ, self._nowhere_adds_nothing)
        return differ

    def number_of(self, change: Change) -> int:
        return self._count(self.node, partial(eq, change))

    def number_before(self, change: Change) -> int:
        """How many were advised, with as much time, what those with this change were."""
        was = (change.old, change.old_urgency)
        return self._count(self._before, lambda each: each is not None and each[:2] == was)

    def _count(self, node: Node, wanted: Callable[[Any], bool]) -> int:
        return self._diagrams.count(node, wanted, self._weights)

    def _same_is_none(self, one: Node, other: Node) -> Node | None:
        return self._none if one == other else None

    def _same_is_nowhere(self, one: Node, other: Node) -> Node | None:
        return self._nowhere if one == other else None

    def _nowhere_is_none(self, statement: Node, _said: Node) -> Node | None:
        return self._none if statement == self._nowhere else None

    def _none_adds_nothing(self, one: Node, other: Node) -> Node | None:
        if self._none in (one, other):
            return one if other == self._none else other
        return None

    def _nowhere_adds_nothing(self, one: Node, other: Node) -> Node | None:
        if self._nowhere in (one, other):
            return one if other == self._nowhere else other
        return None


def _advice(decided: Decided) -> Advised:
    return decided.disposition, decided.urgency, decided.referrals


def _change(before: Advised, after: Advised) -> Change | None:
    old, old_urgency, old_referrals = before
    new, new_urgency, new_referrals = after
    if old is not new:
        return Change("disposition", old, old_urgency, new, new_urgency)
    if old_urgency is not new_urgency:
        return Change("urgency", old, old_urgency, new, new_urgency)
    return None if old_referrals == new_referrals else Change("referrals", old, old_urgency, new, new_urgency)


def _only_actions(differ: bool, advised: Advised) -> Change | None:  # noqa: FBT001
    disposition, urgency, _referrals = advised
    return Change("actions", disposition, urgency, disposition, urgency) if differ else None


def _first(change: Change | None, other: Change | None) -> Change | None:
    return other if change is None else change


def _where(is_possible: bool, change: Change | None) -> Change | None:  # noqa: FBT001
    return change if is_possible else None
