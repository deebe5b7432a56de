"""Protocols that differ from one in a single slip, to see whether vignettes and proofs would notice it.

Each is a protocol value, not a text: a condition with a slip in it, a flag or a rule left out or
moved, a level lowered, an action, a permit or a referral forgotten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from triage.protocol import LEVELS, PRIORITIES
from triage.slips import slips

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from triage.conditions import Condition
    from triage.protocol import Flag, Protocol, Recommendation, Rule, Urgency


@dataclass(frozen=True, slots=True)
class Mutant:
    """A protocol with one slip; its name says where and which."""

    name: str
    protocol: Protocol


def mutants(protocol: Protocol) -> list[Mutant]:
    """Every protocol that is one slip away, always in the same order; names are unique."""
    found: Counter[str] = Counter()
    listed = []
    for name, mutated in _mutated(protocol):
        found[name] += 1
        listed.append(Mutant(name if found[name] == 1 else f"{name} ({found[name]})", mutated))
    return listed


def _mutated(protocol: Protocol) -> Iterator[tuple[str, Protocol]]:
    for place, flag in enumerate(protocol.flags):
        for says, slipped in _flags(flag):
            yield f"flags[{flag.id}]{says}", replace(protocol, flags=_put(protocol.flags, place, slipped))
    for place, rule in enumerate(protocol.rules):
        for says, slipped_rule in _rules(rule):
            yield f"rules[{rule.id}]{says}", replace(protocol, rules=_put(protocol.rules, place, slipped_rule))
        if place:
            above = protocol.rules[place - 1]
            moved = (*protocol.rules[: place - 1], rule, above, *protocol.rules[place + 1 :])
            yield f"rules[{rule.id}]: moved above {above.id}", replace(protocol, rules=moved)
    yield from _named(protocol)
    for place, action in enumerate(protocol.incomplete.actions):
        left = replace(protocol.incomplete, actions=_put(protocol.incomplete.actions, place, None))
        yield f"incomplete.actions: without {action}", replace(protocol, incomplete=left)


def _named(protocol: Protocol) -> Iterator[tuple[str, Protocol]]:
    """Facts, the steps of levels, and what makes a question be asked."""
    for name, fact in protocol.facts.items():
        for says, when in slips(fact.when):
            facts = {**protocol.facts, name: replace(fact, when=when)}
            yield f"facts.{name}.when: {says}", replace(protocol, facts=facts)
    for name, level in protocol.levels.items():
        for place, step in enumerate(level.steps):
            for says, when in slips(step.when):
                steps = _put(level.steps, place, replace(step, when=when))
                levels = {**protocol.levels, name: replace(level, steps=steps)}
                yield f"levels.{name}.steps[{place}].when: {says}", replace(protocol, levels=levels)
    for name, question in protocol.questions.items():
        for says, gate in _slips(question.ask_when):
            questions = {**protocol.questions, name: replace(question, ask_when=gate)}
            yield f"questions[{name}].ask_when: {says}", replace(protocol, questions=questions)


def _slips(condition: Condition | None) -> Iterator[tuple[str, Condition | None]]:
    """The slips of a condition that need not be there, its loss among them."""
    if condition is not None:
        yield "left out", None
        yield from slips(condition)


def _flags(flag: Flag) -> Iterator[tuple[str, Flag | None]]:
    yield ": left out", None
    yield from ((f".when: {says}", replace(flag, when=when)) for says, when in slips(flag.when))
    yield from (
        (f".level: {lower}", replace(flag, level=lower, not_sure=_at_most(flag.not_sure, lower)))
        for lower in _lower(flag.level)
    )
    yield from ((f".not_sure: {other}", replace(flag, not_sure=other)) for other in _not_sure(flag))
    for field in ("actions", "not_sure_actions", "allows"):
        yield from _shortened(flag, field, str)


def _lower(level: Urgency) -> Iterator[Urgency]:
    yield from LEVELS[LEVELS.index(level) + 1 :][:1]


def _at_most(not_sure: Urgency, level: Urgency) -> Urgency:
    """Not sure is never more urgent than yes."""
    return max(not_sure, level, key=LEVELS.index)


def _not_sure(flag: Flag) -> Iterator[Urgency]:
    yield from _lower(flag.not_sure)
    above = LEVELS.index(flag.not_sure) - 1
    if above >= LEVELS.index(flag.level):
        yield LEVELS[above]


def _rules(rule: Rule) -> Iterator[tuple[str, Rule | None]]:
    yield ": left out", None
    yield from ((f".when: {says}", replace(rule, when=when)) for says, when in slips(rule.when))
    if rule.at_once:
        yield ".at_once: left out", replace(rule, at_once=False)
    for field, name in _PARTS.items():
        yield from _shortened(rule, field, name)
        for place, part in enumerate(getattr(rule, field)):
            for says, when in _slips(part.when):
                parts = _put(getattr(rule, field), place, replace(part, when=when))
                changed: dict[str, Any] = {field: parts}
                yield f".{field}[{name(part)}].when: {says}", replace(rule, **changed)
    for place, referral in enumerate(rule.referrals):
        other = PRIORITIES[1 - PRIORITIES.index(referral.priority)]
        parts = _put(rule.referrals, place, replace(referral, priority=other))
        yield f".referrals[{_service(referral)}]: {other}", replace(rule, referrals=parts)


def _service(referral: Recommendation) -> str:
    return f"{referral.service} {referral.priority}"


_PARTS: Mapping[str, Callable[[Any], str]] = {
    "referrals": _service,
    "permits": lambda permit: str(permit.service),
    "actions": lambda task: str(task.action),
}


def _shortened(whole: Any, field: str, name: Callable[[Any], str]) -> Iterator[tuple[str, Any]]:
    """The same with one entry of a list forgotten."""
    listed = getattr(whole, field)
    for place, each in enumerate(listed):
        yield f".{field}: without {name(each)}", replace(whole, **{field: _put(listed, place, None)})


def _put(listed: tuple[Any, ...], place: int, new: Any) -> tuple[Any, ...]:
    """The list with something else in one place; None leaves it out."""
    return (*listed[:place], *(() if new is None else (new,)), *listed[place + 1 :])
