"""Whether two protocols of the same questions are one and the same to every patient."""

from __future__ import annotations

from operator import and_, ne
from typing import TYPE_CHECKING

from triage.comparison import compare
from triage.domains import variables
from triage.logic import Truth, Verdict
from triage.outcomes import Outcomes
from triage.symbolic import Everybody, empty_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.conditions import Condition
    from triage.diagram import Node
    from triage.protocol import Exclusion, Protocol, Text


def is_the_same(one: Protocol, other: Protocol) -> bool:
    """Whether every intake, complete or half-filled, is decided by the same rule in the same way, with the same texts.

    Where facts about studies differ, complete intakes are compared.
    """
    facts = {name for name, fact in one.facts.items() if fact.per_study and fact.when != other.facts[name].when}
    if facts:
        return facts.isdisjoint(_shown_by(one)) and not compare(one, other).regions
    return all(_is_the_same_among(one, other, partial=partial) for partial in (False, True))


def _is_the_same_among(one: Protocol, other: Protocol, *, partial: bool) -> bool:
    told_apart = variables(one, partial=partial, also=_conditions(other))
    store = empty_store(told_apart)
    first, second = (
        Outcomes(
            protocol,
            partial=partial,
            everybody=Everybody(protocol, partial=partial, told_apart=told_apart, store=store),
        )
        for protocol in (one, other)
    )
    possible = first.everybody.possible
    for before, after in zip(_said(first), _said(second), strict=True):
        differing = store.combine(ne, before, after)
        if before != after and True in store.says(store.combine(and_, possible, differing)):
            return False
    return True


def _said(outcomes: Outcomes) -> Iterator[Node]:
    yield outcomes.decided
    yield from map(outcomes.asked_for, outcomes.protocol.actions)
    shown = map(outcomes.everybody.judge, _shown_when(outcomes.protocol))
    yield from (outcomes.diagrams.convert(_is_true, each.node) for each in shown)


def _shown_when(protocol: Protocol) -> Iterator[Condition]:
    """When texts go with an outcome, and how far a serious cause was looked for."""
    shown: tuple[Text | Exclusion, ...] = (*protocol.texts, *protocol.exclusions)
    yield from (each.when for each in shown if each.when is not None)


def _shown_by(protocol: Protocol) -> set[str]:
    return {name for condition in _shown_when(protocol) for part in condition.walk() for name in part.names}


def _conditions(protocol: Protocol) -> Iterator[Condition]:
    """All that flags, rules and texts read, and what that hangs on."""
    yield from (flag.when for flag in protocol.flags)
    yield from (condition for rule in protocol.rules for condition in (rule.when, *rule.own_conditions))
    yield from (fact.when for fact in protocol.facts.values() if not fact.per_study)
    yield from (step.when for level in protocol.levels.values() for step in level.steps)
    yield from (each.ask_when for each in protocol.questions.values() if each.ask_when is not None)
    yield from _shown_when(protocol)


def _is_true(verdict: Verdict) -> bool:
    return verdict.now is Truth.TRUE
