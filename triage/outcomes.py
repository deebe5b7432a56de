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

from operator import or_
from typing import TYPE_CHECKING, NamedTuple

from triage.logic import NO, YES, Truth, Verdict
from triage.protocol import Disposition, Flag, Permit, Protocol, Recommendation, Rule, Service, Task, Urgency
from triage.referring import Referral, go_ahead, referrals, urgency
from triage.symbolic import Everybody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from triage.conditions import Condition
    from triage.diagram import Node


class Acting(NamedTuple):
    """A rule that is true, with what holds of its parts; without a name where nobody can say if it is."""

    rule: str = ""
    referrals: tuple[Referral, ...] = ()
    permits: frozenset[Service] = frozenset()
    tasks: frozenset[str] = frozenset()
    is_settled: bool = False


NOTHING = Acting()


class Decided(NamedTuple):
    """The outcome of one patient, but for what flags ask for; `rule` is empty where none may decide."""

    rule: str
    disposition: Disposition
    urgency: Urgency
    referrals: tuple[Referral, ...]
    tasks: frozenset[str]


class Outcomes:
    """The outcome of everybody: `decided` says what a rule decides, `asked_for` whether an action is asked for."""

    def __init__(
        self,
        protocol: Protocol,
        *,
        partial: bool = False,
        intervals: bool = False,
        also: Iterable[Condition] = (),
        everybody: Everybody | None = None,
    ) -> None:
        self.protocol, self.partial = protocol, partial
        self.everybody = everybody or Everybody(protocol, partial=partial, intervals=intervals, also=also)
        self.diagrams = self.everybody.diagrams
        self._none = self.diagrams.constant(None)
        self._rules = {rule.id: rule for rule in protocol.rules}
        self.decided = self._decided()
        self._tasks = self.diagrams.convert(lambda decided: decided.tasks, self.decided)
        self._of_rules = frozenset[str]().union(*self.diagrams.says(self._tasks))
        self._actions: dict[str, Node] = {}
        self.diagrams.forget()

    def _decided(self) -> Node:
        """What is advised matters where no escalation decides alone, and is said only where all is known."""

        def decides_alone(one: Node, other: Node) -> Node | None:
            if not self.diagrams.is_end(one):
                return None
            escalation = self.diagrams.value(one)
            alone = not escalation.permits if escalation and escalation.rule else self.partial
            return self.diagrams.constant(self._decide(escalation, NOTHING)) if alone else None

        return self.diagrams.combine(self._decide, self._escalating(), self._advising(), decides_alone)

    def _escalating(self) -> Node:
        """The first escalation that is true, with what it permits and no flag holds back; None where none is."""
        found = self._none
        for rule in reversed(self.protocol.rules):
            if rule.at_once:
                found = self._put_above(self._acting(rule, _escalates), found)
            elif found != self._none:
                ended = self.diagrams.combine(_ends, self.everybody.judge(rule.when).node, found)
                found = self._put_above(ended, found)

        def permits_nothing(one: Node, other: Node) -> Node | None:
            return (
                one
                if one == self._none or (self.diagrams.is_end(one) and not self.diagrams.value(one).permits)
                else None
            )

        return self.diagrams.combine(_permit, found, self._let_through(), permits_nothing)

    def _advising(self) -> Node:
        """The first rule that advises, if that is certain; from the last one up, each is put above those below it."""
        found = self.diagrams.constant(NOTHING)
        for rule in reversed(self.protocol.rules):
            if not rule.at_once:
                found = self._put_above(self._acting(rule, _advises), found)
        return found

    def _put_above(self, acting: Node, below: Node) -> Node:
        def acts(one: Node, other: Node) -> Node | None:
            if one == self._none:
                return other
            return one if self.diagrams.is_end(one) else None

        return self.diagrams.combine(_first, acting, below, acts)

    def _acting(self, rule: Rule, act: Callable[[Verdict, Acting], Acting | None]) -> Node:
        """The rule, with those of its parts that hold, where it acts."""
        return self.diagrams.combine(act, self.everybody.judge(rule.when).node, self._with_parts(rule))

    def _with_parts(self, rule: Rule) -> Node:
        parts: list[Recommendation | Permit | Task] = [*rule.referrals, *rule.permits, *rule.actions]
        held = self.diagrams.constant(((), True))
        for number, part in enumerate(parts):
            when = self.everybody.always(YES) if part.when is None else self.everybody.judge(part.when)
            held = self.diagrams.combine(_hold(number), held, when.node)
        with_parts = self.diagrams.convert(
            lambda each: _with(rule, [parts[number] for number in each[0]], each[1]), held
        )
        if self.partial and not rule.at_once:
            return self.diagrams.convert(_beside_an_escalation, with_parts)
        return with_parts

    def _let_through(self) -> Node:
        """The services that no flag holds back."""
        nothing, excluded = self.diagrams.constant(frozenset()), self.diagrams.constant(NO)

        def known(found: Node, through: Node) -> Node | None:
            return through if through == nothing or found == excluded else None

        through = self.diagrams.constant(frozenset(Service))
        for flag in reversed(self.protocol.flags):
            through = self.diagrams.combine(_hold_back(flag), self.everybody.flags[flag.id].node, through, known)
        return through

    def _decide(self, escalation: Acting | None, advice: Acting) -> Decided:
        if escalation and escalation.rule:
            rule = self._rules[escalation.rule]
            issued = go_ahead(rule, advice.referrals, escalation.permits)
            return Decided(rule.id, rule.disposition, urgency(rule, issued), issued, escalation.tasks)
        if advice.rule and advice.is_settled:
            rule = self._rules[advice.rule]
            return Decided(rule.id, rule.disposition, urgency(rule, advice.referrals), advice.referrals, advice.tasks)
        return Decided("", Disposition.INCOMPLETE, Urgency.NONE, (), frozenset(self.protocol.incomplete.actions))

    @property
    def actions(self) -> dict[str, Node]:
        """Whether each action is asked for."""
        return {action: self.asked_for(action) for action in self.protocol.actions}

    def asked_for(self, action: str) -> Node:
        """Whether a flag or the rule asks for an action."""
        if action not in self._actions:
            self._actions[action] = self._asked_for(action)
        return self._actions[action]

    def _asked_for(self, action: str) -> Node:
        no, yes = self.diagrams.constant(False), self.diagrams.constant(True)  # noqa: FBT003  (what a diagram says)
        asked = self.diagrams.convert(lambda tasks: action in tasks, self._tasks) if action in self._of_rules else no
        for flag in reversed(self.protocol.flags):
            if action in (*flag.actions, *flag.not_sure_actions):
                by_flag = self.diagrams.convert(_asks(flag, action), self.everybody.flags[flag.id].node)
                asked = self.diagrams.joined(or_, by_flag, asked, decides=yes, adds_nothing=no)
        return asked


def _hold(number: int) -> Callable[[tuple[tuple[int, ...], bool], Verdict], tuple[tuple[int, ...], bool]]:
    def hold(held: tuple[tuple[int, ...], bool], when: Verdict) -> tuple[tuple[int, ...], bool]:
        parts, settled = held
        return (*parts, number) if when.now is Truth.TRUE else parts, settled and when.is_decided

    return hold


def _with(rule: Rule, parts: Sequence[Recommendation | Permit | Task], is_settled: bool) -> Acting:  # noqa: FBT001
    return Acting(
        rule.id,
        referrals([each for each in parts if isinstance(each, Recommendation)]),
        frozenset(each.service for each in parts if isinstance(each, Permit)),
        frozenset(each.action for each in parts if isinstance(each, Task)),
        is_settled or rule.at_once,
    )


def _beside_an_escalation(advice: Acting) -> Acting:
    """Of what is advised to a half-filled intake, only referrals can go out."""
    return Acting(referrals=advice.referrals)


def _escalates(verdict: Verdict, acting: Acting) -> Acting | None:
    return acting if verdict.now is Truth.TRUE else None


def _advises(verdict: Verdict, acting: Acting) -> Acting | None:
    if verdict.most is Truth.FALSE:
        return None
    return acting if verdict.least is Truth.TRUE else NOTHING


def _ends(verdict: Verdict, below: object) -> Acting | None:
    """Advice that is certain ends the walk above what would escalate below it."""
    return NOTHING if verdict.least is Truth.TRUE else None


def _first(acting: Acting | None, below: Acting | None) -> Acting | None:
    return below if acting is None else acting


def _permit(escalation: Acting | None, through: frozenset[Service]) -> Acting | None:
    return escalation and escalation._replace(permits=escalation.permits & through)


def _hold_back(flag: Flag) -> Callable[[Verdict, frozenset[Service]], frozenset[Service]]:
    def hold_back(found: Verdict, through: frozenset[Service]) -> frozenset[Service]:
        if found.now is Truth.TRUE:
            return through & frozenset(flag.allows)
        return through if found.most is Truth.FALSE else frozenset()

    return hold_back


def _asks(flag: Flag, action: str) -> Callable[[Verdict], bool]:
    def asks(found: Verdict) -> bool:
        if found.now is Truth.TRUE:
            return action in flag.actions
        return found.is_doubted and action in flag.not_sure_actions

    return asks
