"""The walk down the rules as code: which flags are found, which rule decides, and what goes out."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

from triage.coded import LEAST, MOST, NOW
from triage.coded_patient import CodedPatient, raised_at
from triage.protocol import LEVELS, Disposition, Recommendation, Service, Urgency
from triage.referring import NO_REFERRAL, Referral, go_ahead, referrals, urgency
from triage.syntax import (
    NO,
    NONE,
    YES,
    assign,
    call,
    choose,
    compare,
    constant,
    do,
    element,
    every,
    give_back,
    load,
    method,
    negation,
    some,
    total,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from triage.coded import CodedVerdict
    from triage.conditions import Condition
    from triage.protocol import Flag, Protocol, Rule

    Pair = tuple[Service, Urgency]
    # What a rule says of the decision: its id, disposition, urgency and referrals.
    Head = tuple[str, Disposition, Urgency, tuple[Pair, ...]]
    # A flag found: its id, whether it is present, what it asks for, the services that it lets through as bits.
    Found = tuple[str, bool, tuple[str, ...], int]

FOUND = [f"found_{number}" for number, _ in enumerate(LEVELS)]


def write(protocol: Protocol, patient: CodedPatient) -> list[ast.stmt]:
    """The statements that decide about a patient."""
    _Writing(protocol, patient).write()
    return patient.variables.body


class _Writing:
    """A decision in the writing."""

    def __init__(self, protocol: Protocol, patient: CodedPatient) -> None:
        self.protocol, self.patient = protocol, patient
        self.permitting = [rule for rule in protocol.rules if rule.at_once and _permits(rule)]

    def write(self) -> None:
        self.patient.judge_flags()
        self._find_flags()
        self.patient.flags_are_found = True
        self._escalate()
        self._advise()

    def _constant(self, value: object) -> ast.expr:
        return self.patient.variables.constant(object(), value)

    def _find_flags(self) -> None:
        body = self.patient.variables.body
        body.extend(assign([name], ast.List([], ast.Load())) for name in FOUND)
        body.append(assign([raised_at(manner, level) for manner in ("flagged", "unsure") for level in LEVELS], NO))
        for flag in self.protocol.flags:
            judged = self.patient.flags[flag.id]
            doubted = NO if judged.nature.sure else negation(judged.is_false(LEAST))
            self._add(judged.is_true(NOW), self._present(flag), when(doubted, self._unsure(flag)))

    def _add(self, test: ast.expr, body: Sequence[ast.stmt], otherwise: Sequence[ast.stmt] = ()) -> None:
        self.patient.variables.body.extend(when(test, body, otherwise))

    def _branch(self, statements: Callable[[], Sequence[ast.stmt]]) -> list[ast.stmt]:
        """Statements after those that only they need."""
        with self.patient.variables.branch() as body:
            body.extend(statements())
        return body

    def _present(self, flag: Flag) -> list[ast.stmt]:
        raised = [raised_at("flagged", flag.level), raised_at("unsure", flag.not_sure)]
        return [self._note(flag.level, (flag.id, True, flag.actions, _bits(flag.allows))), assign(raised, YES)]

    def _unsure(self, flag: Flag) -> list[ast.stmt]:
        raised = [raised_at("unsure", flag.not_sure)]
        return [self._note(flag.not_sure, (flag.id, False, flag.not_sure_actions, 0)), assign(raised, YES)]

    def _note(self, level: Urgency, found: Found) -> ast.stmt:
        return do(method(load(FOUND[LEVELS.index(level)]), "append", self._constant(found)))

    def _escalate(self) -> None:
        """The first rule that acts at once, unless one that need not is certain above it."""
        if self.permitting:
            self.patient.variables.body.append(assign(["escalation"], NONE))
        for number, rule in enumerate(self.protocol.rules):
            if rule.at_once:
                judged = self.patient.judge(rule.when)
                above = [self.patient.judge(each.when) for each in self.protocol.rules[:number] if not each.at_once]
                self._try(rule, judged, above)

    def _try(self, rule: Rule, judged: CodedVerdict, above: Sequence[CodedVerdict]) -> None:
        def attempt() -> list[ast.stmt]:
            ended = some(each.is_true(LEAST) for each in above)
            test = every([negation(self._has_escalated()), judged.is_true(NOW), negation(ended)])
            return when(test, self._branch(partial(self._act_at_once, rule)))

        # Where all is known, what a rule calculates is needed further down anyway.
        if self.patient.known or not judged.only_if:
            self.patient.variables.body.extend(attempt())
        else:
            self._add(some(map(load, judged.only_if)), self._branch(attempt))

    def _act_at_once(self, rule: Rule) -> list[ast.stmt]:
        if rule not in self.permitting:
            return [self._conclude(self._constant(_head(rule, ())), self._tasks(rule))]
        return [
            assign(["escalation"], constant(self.permitting.index(rule))),
            assign(["tasks"], self._tasks(rule)),
            assign(["permitted"], total([self._permitted(rule, service) for service in Service])),
        ]

    def _permitted(self, rule: Rule, service: Service) -> ast.expr:
        permits = some(self._holds(each.when) for each in rule.permits if each.service is service)
        return choose(permits, constant(_bits([service])), constant(0))

    def _holds(self, condition: Condition | None) -> ast.expr:
        return YES if condition is None else self.patient.judge(condition).is_true(NOW)

    def _tasks(self, rule: Rule) -> ast.expr:
        parts = [choose(self._holds(each.when), constant((each.action,)), constant(())) for each in rule.actions]
        tasks = total(parts) if parts else constant(())
        return tasks if len({each.action for each in rule.actions}) == len(parts) else call("each_once", tasks)

    def _conclude(self, head: ast.expr, tasks: ast.expr) -> ast.stmt:
        return give_back(call("conclude", head, tasks, *map(load, FOUND)))

    def _has_escalated(self) -> ast.expr:
        return compare(load("escalation"), "is not", NONE) if self.permitting else NO

    def _advise(self) -> None:
        """Below an escalation what may go ahead beside it; else the first rule that is certain, if nothing is open."""
        if self.permitting:
            self._add(self._has_escalated(), self._branch(self._hold_back))
        if not self.patient.known:
            for flag in self.patient.flags.values():
                self._wait_unless(flag.is_settled())
        for rule in self.protocol.rules:
            if rule.at_once:
                self._pass(rule)
            else:
                self._follow(rule)
        self.patient.variables.body.extend(self._end())

    def _hold_back(self) -> list[ast.stmt]:
        """Nothing goes ahead that a flag holds back, or one that may yet be found."""
        let = call("let_through", load("permitted"), *map(load, FOUND))
        if not self.patient.known:
            let = choose(every(each.is_known() for each in self.patient.flags.values()), let, constant(0))
        return [assign(["permitted"], let)]

    def _wait_unless(self, settled: ast.expr) -> None:
        self._add(every([negation(self._has_escalated()), negation(settled)]), [self._wait()])

    def _wait(self) -> ast.stmt:
        incomplete = self._constant(("", Disposition.INCOMPLETE, Urgency.NONE, ()))
        return self._conclude(incomplete, constant(self.protocol.incomplete.actions))

    def _pass(self, rule: Rule) -> None:
        """Go on below a rule that acts at once, unless it may yet do so; that no flag may is known by now."""
        self.patient.flags_are_settled = True
        self._wait_unless(self.patient.judge(rule.when).is_settled())
        self.patient.flags_are_settled = False

    def _follow(self, rule: Rule) -> None:
        judged = self.patient.judge(rule.when)
        self._add(judged.is_true(LEAST), self._branch(partial(self._decide, rule)))
        if not judged.nature.sure:
            self._add(negation(judged.is_false(MOST)), self._end())

    def _decide(self, rule: Rule) -> list[ast.stmt]:
        advised = self._advised(rule)
        own = every(self.patient.judge(each).is_decided() for each in rule.own_conditions)
        return [
            *when(self._has_escalated(), [self._go_ahead(advised)]),
            *when(negation(own), [self._wait()]),
            self._conclude(element(advised, constant(0)), self._tasks(rule)),
        ]

    def _end(self) -> list[ast.stmt]:
        """Nothing more is advised."""
        nothing = self._constant(self._choice(None, ()))
        return [*when(self._has_escalated(), [self._go_ahead(nothing)]), self._wait()]

    def _go_ahead(self, advised: ast.expr) -> ast.stmt:
        beside = element(element(element(advised, constant(1)), load("escalation")), load("permitted"))
        return self._conclude(beside, load("tasks"))

    def _advised(self, rule: Rule) -> ast.expr:
        """What the rule refers to, from a table with two branches for each referral on a condition."""
        tests: dict[Pair, ast.expr] = {}
        for each in rule.referrals:
            pair = (each.service, each.priority)
            tests[pair] = some([tests.get(pair, NO), self._holds(each.when)])
        on_condition = [pair for pair, test in tests.items() if test is not YES]
        always = [pair for pair, test in tests.items() if test is YES]
        chosen = self._constant(self._table(rule, always, on_condition))
        for pair in on_condition:
            chosen = element(chosen, tests[pair])
        return chosen

    def _table(self, rule: Rule, advised: Sequence[Pair], on_condition: Sequence[Pair]) -> object:
        if not on_condition:
            return self._choice(rule, advised)
        pair, *rest = on_condition
        return self._table(rule, advised, rest), self._table(rule, [*advised, pair], rest)

    def _choice(self, rule: Rule | None, advised: Sequence[Pair]) -> object:
        """What the rule itself says, and each escalation beside it for each set of services permitted."""
        listed = referrals([Recommendation(service=service, priority=priority) for service, priority in advised])
        goes_out = () if rule is None or rule.disposition is Disposition.OUT_OF_SCOPE else listed
        own = _head(rule, goes_out) if rule else None
        return own, [[_head(each, go_ahead(each, listed, some)) for some in _SETS] for each in self.permitting]


def _permits(rule: Rule) -> bool:
    return bool(rule.permits) and rule.disposition not in NO_REFERRAL


def _head(rule: Rule, going_out: Sequence[Referral]) -> Head:
    pairs = tuple((each.service, each.priority) for each in going_out)
    return rule.id, rule.disposition, urgency(rule, going_out), pairs


def _bits(services: Iterable[Service]) -> int:
    return sum(1 << tuple(Service).index(service) for service in services)


# Every set of services, at the place that its bits give.
_SETS = [[each for each in Service if bits & _bits([each])] for bits in range(1 << len(Service))]
