"""What a protocol decides for every patient at once.

The outcome is kept in several diagrams, which together say all of it: one of disposition, urgency,
referrals and what the rule asks for, and one for each action. One diagram of the whole would have
to tell apart every combination of actions.

As a rule only patients of whom all is known are looked at (an answer may be "not sure"): what can
still come of a half-filled intake is what comes of its completions. `partial` adds the half-filled
ones. Of these an escalation is said, and everything else is incomplete: where nothing open matters
any more, the outcome is that of the same intake with "not sure" for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from triage.logic import YES, Truth, Verdict
from triage.protocol import Disposition, Flag, Permit, Protocol, Recommendation, Rule, Service, Task, Urgency
from triage.referring import Referral, go_ahead, referrals, urgency
from triage.symbolic import Everybody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from triage.diagram import Node


class Acting(NamedTuple):
    """A rule that is true, with what holds of its parts; without a name where nobody can say if it is."""

    rule: str = ""
    referrals: tuple[Referral, ...] = ()
    permits: frozenset[Service] = frozenset()
    tasks: frozenset[str] = frozenset()
    is_settled: bool = False


class Walked(NamedTuple):
    """What walking down the rules finds: the first escalation, and the advice below it."""

    escalation: Acting | None = None
    advice: Acting | None = None


class Decided(NamedTuple):
    """The outcome of one patient, but for what flags ask for; `rule` is empty where none may decide."""

    rule: str
    disposition: Disposition
    urgency: Urgency
    referrals: tuple[Referral, ...]
    tasks: frozenset[str]


class Outcomes:
    """The outcome of everybody: `decided` says what a rule decides, `actions` whether each is asked for."""

    def __init__(self, protocol: Protocol, *, partial: bool = False) -> None:
        self.protocol, self.partial = protocol, partial
        self.everybody = Everybody(protocol, partial=partial)
        self.diagrams = self.everybody.diagrams
        self._rules = {rule.id: rule for rule in protocol.rules}
        self.decided = self.diagrams.combine(self._decide, self._walked(), self._let_through())
        self.actions = {action: self._asked_for(action) for action in protocol.actions}

    def _walked(self) -> Node:
        """From the last rule up, each rule is put above what lies below it."""
        walked = self.diagrams.constant(Walked())
        for rule in reversed(self.protocol.rules):
            acting = self.diagrams.combine(_where_true(rule), self.everybody.judge(rule.when).node, self._acting(rule))
            walked = self.diagrams.combine(_put_above(rule), acting, walked)
        return walked

    def _acting(self, rule: Rule) -> Node:
        """The rule with those of its parts that hold."""
        parts: tuple[Recommendation | Permit | Task, ...] = (*rule.referrals, *rule.permits, *rule.actions)
        held = self.diagrams.constant(((), True))
        for number, part in enumerate(parts):
            when = self.everybody.always(YES) if part.when is None else self.everybody.judge(part.when)
            held = self.diagrams.combine(_hold(number), held, when.node)
        return self.diagrams.convert(lambda each: _with(rule, [parts[number] for number in each[0]], each[1]), held)

    def _let_through(self) -> Node:
        """The services that no flag holds back."""
        through = self.diagrams.constant(frozenset(Service))
        for flag in self.protocol.flags:
            through = self.diagrams.combine(_hold_back(flag), self.everybody.flags[flag.id].node, through)
        return through

    def _decide(self, walked: Walked, through: frozenset[Service]) -> Decided:
        escalation, advice = walked
        if escalation:
            rule = self._rules[escalation.rule]
            issued = go_ahead(rule, advice.referrals if advice else (), escalation.permits & through)
            return Decided(rule.id, rule.disposition, urgency(rule, issued), issued, escalation.tasks)
        if advice and advice.is_settled and not self.partial:
            rule = self._rules[advice.rule]
            return Decided(rule.id, rule.disposition, urgency(rule, advice.referrals), advice.referrals, advice.tasks)
        return Decided("", Disposition.INCOMPLETE, Urgency.NONE, (), frozenset(self.protocol.incomplete.actions))

    def _asked_for(self, action: str) -> Node:
        """Whether a flag or the rule asks for an action."""
        asked = self.diagrams.convert(lambda decided: action in decided.tasks, self.decided)
        for flag in self.protocol.flags:
            if action in (*flag.actions, *flag.not_sure_actions):
                asked = self.diagrams.combine(_or_asks(flag, action), self.everybody.flags[flag.id].node, asked)
        return asked


def _hold(number: int) -> Callable[[tuple[tuple[int, ...], bool], Verdict], tuple[tuple[int, ...], bool]]:
    def hold(held: tuple[tuple[int, ...], bool], when: Verdict) -> tuple[tuple[int, ...], bool]:
        parts, settled = held
        return (*parts, number) if when.now is Truth.TRUE else parts, settled and when.is_decided

    return hold


def _with(rule: Rule, held: Iterable[Recommendation | Permit | Task], is_settled: bool) -> Acting:  # noqa: FBT001
    parts = list(held)
    return Acting(
        rule.id,
        referrals([each for each in parts if isinstance(each, Recommendation)]),
        frozenset(each.service for each in parts if isinstance(each, Permit)),
        frozenset(each.action for each in parts if isinstance(each, Task)),
        is_settled or rule.at_once,
    )


def _where_true(rule: Rule) -> Callable[[Verdict, Acting], Acting | None]:
    def where_true(verdict: Verdict, acting: Acting) -> Acting | None:
        if rule.at_once:
            return acting if verdict.now is Truth.TRUE else None
        if verdict.most is Truth.FALSE:
            return None
        return acting if verdict.least is Truth.TRUE else Acting()

    return where_true


def _put_above(rule: Rule) -> Callable[[Acting | None, Walked], Walked]:
    def put_above(acting: Acting | None, below: Walked) -> Walked:
        if acting is None:
            return below
        if rule.at_once:
            # Where nothing may go ahead it does not matter what would have been advised.
            return Walked(acting, below.advice if acting.permits else None)
        return Walked(None if acting.rule else below.escalation, acting)

    return put_above


def _hold_back(flag: Flag) -> Callable[[Verdict, frozenset[Service]], frozenset[Service]]:
    def hold_back(found: Verdict, through: frozenset[Service]) -> frozenset[Service]:
        if found.now is Truth.TRUE:
            return through & frozenset(flag.allows)
        return through if found.most is Truth.FALSE else frozenset()

    return hold_back


def _or_asks(flag: Flag, action: str) -> Callable[[Verdict, bool], bool]:
    def or_asks(found: Verdict, asked: bool) -> bool:  # noqa: FBT001
        if found.now is Truth.TRUE:
            return asked or action in flag.actions
        return asked or (found.is_doubted and action in flag.not_sure_actions)

    return or_asks
