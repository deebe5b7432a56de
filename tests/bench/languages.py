"""The rules of a protocol in the languages of other rule engines, from its own conditions and in two-valued logic."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

from triage.instruments import Instrument
from triage.protocol import Fact, Flag, Level, Protocol, Rule

Expression = Any


class JsonLogic:
    """Expressions as JsonLogic: tables with the operator as their key."""

    def read(self, name: str) -> Expression:
        return {"var": name}

    def every(self, parts: Sequence[Expression]) -> Expression:
        return {"and": list(parts)}

    def some(self, parts: Sequence[Expression]) -> Expression:
        return {"or": list(parts)}

    def negation(self, part: Expression) -> Expression:
        return {"!": [part]}

    def compare(self, left: Expression, operator: str, right: Expression) -> Expression:
        return {operator: [left, right]}

    def among(self, value: Expression, words: Sequence[str]) -> Expression:
        return {"==": [value, words[0]]} if len(words) == 1 else {"in": [value, list(words)]}

    def total(self, parts: Sequence[Expression]) -> Expression:
        return {"+": list(parts)}

    def choose(self, ways: Sequence[tuple[Expression, Expression]], otherwise: Expression) -> Expression:
        return {"if": [*(part for way in ways for part in way), otherwise]}

    def constant(self, value: str | int) -> Expression:
        return value

    def listed(self, parts: Sequence[Expression]) -> Expression:
        return {"merge": list(parts)}


class Zen:
    """Expressions as text in the language of zen-engine."""

    def read(self, name: str) -> Expression:
        return name

    def every(self, parts: Sequence[Expression]) -> Expression:
        return f"({' and '.join(parts)})"

    def some(self, parts: Sequence[Expression]) -> Expression:
        return f"({' or '.join(parts)})"

    def negation(self, part: Expression) -> Expression:
        return f"not ({part})"

    def compare(self, left: Expression, operator: str, right: Expression) -> Expression:
        return f"({left} {operator} {right})"

    def among(self, value: Expression, words: Sequence[str]) -> Expression:
        return f"({value} == '{words[0]}')" if len(words) == 1 else f"({value} in {json.dumps(words)})"

    def total(self, parts: Sequence[Expression]) -> Expression:
        return f"({' + '.join(map(str, parts))})"

    def choose(self, ways: Sequence[tuple[Expression, Expression]], otherwise: Expression) -> Expression:
        return f"({reduce(lambda rest, way: f'({way[0]} ? {way[1]} : {rest})', reversed(ways), otherwise)})"

    def constant(self, value: str | int) -> Expression:
        return json.dumps(value)

    def listed(self, parts: Sequence[Expression]) -> Expression:
        return f"[{', '.join(parts)}]"


@dataclass(frozen=True)
class Term:
    """A statement in another language, which conditions put together as they do verdicts."""

    to: JsonLogic | Zen
    said: Expression

    def __and__(self, other: Term) -> Term:
        return Term(self.to, self.to.every([self.said, other.said]))

    def __or__(self, other: Term) -> Term:
        return Term(self.to, self.to.some([self.said, other.said]))

    def __invert__(self) -> Term:
        return Term(self.to, self.to.negation(self.said))

    def certain(self) -> Term:
        return self

    possible = presumed = certain


class Translation:
    """A view of whoever the other engine is told of; `is_layered` where it keeps what facts and flags come to."""

    def __init__(self, protocol: Protocol, to: JsonLogic | Zen, *, is_layered: bool) -> None:
        self.protocol, self.to, self.is_layered = protocol, to, is_layered

    def judge(self, condition: Any) -> Expression:
        return condition.verdict(self).said

    def truth(self, name: str) -> Term:
        named = self.protocol.names[name]
        if isinstance(named, Fact) and not named.per_study:
            return Term(self.to, self.shared(name, lambda: self.judge(named.when)))
        return self.is_one_of(name, ("yes",))

    def shared(self, name: str, written_out: Callable[[], Expression]) -> Expression:
        return self.to.read(f"$.{name}") if self.is_layered else written_out()

    def quantity(self, name: str) -> Expression:
        match self.protocol.names[name]:
            case Instrument(items=items):
                return self.shared(name, lambda: self.to.total([self.to.read(item) for item in items]))
            case Level() as level:
                return self.shared(name, lambda: self.level(level))
        return self.to.read(name)

    def level(self, level: Level) -> Expression:
        steps = [(self.judge(step.when), number) for number, step in enumerate(level.steps, 1)]
        return self.to.choose(steps[::-1], 0)

    def compare(self, name: str, operator: str, number: int) -> Term:
        return Term(self.to, self.to.compare(self.quantity(name), operator, number))

    def count(self, statements: Sequence[Term], operator: str, number: int) -> Term:
        counted = self.to.total([self.to.choose([(each.said, 1)], 0) for each in statements])
        return Term(self.to, self.to.compare(counted, operator, number))

    def is_one_of(self, name: str, words: tuple[str, ...]) -> Term:
        return Term(self.to, self.to.among(self.to.read(name), words))

    def flagged(self, levels: tuple[str, ...]) -> Term:
        return self._raised([flag for flag in self.protocol.flags if flag.level in levels])

    def unsure(self, levels: tuple[str, ...]) -> Term:
        return self._raised([flag for flag in self.protocol.flags if flag.not_sure in levels])

    def _raised(self, flags: Sequence[Flag]) -> Term:
        return Term(
            self.to, self.to.some([self.shared(flagged(each), partial(self.judge, each.when)) for each in flags])
        )

    def rules(self) -> Expression:
        """The rule that decides and, where its referrals may go ahead or none acts at once, the one that advises."""
        at_once = [rule for rule in self.protocol.rules if rule.at_once]
        advice = [rule for rule in self.protocol.rules if not rule.at_once]
        advised = self.to.choose(
            [(self.judge(rule.when), self.to.listed(self._said(rule))) for rule in advice], self.to.constant("")
        )
        ways = [
            (self.judge(rule.when), self.to.listed([*self._said(rule), *([advised] if rule.permits else [])]))
            for rule in at_once
        ]
        return self.to.choose(ways, self.to.listed([self.to.constant(""), advised]))

    def _said(self, rule: Rule) -> list[Expression]:
        return [self.to.constant(rule.id), *map(self.judge, rule.own_conditions)]


def flagged(flag: Flag) -> str:
    """The name of a flag, which may be that of a question otherwise."""
    return f"flag_{flag.id}"
