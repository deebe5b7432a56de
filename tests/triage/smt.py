"""Back pain for an SMT solver: an independent prover, which has to agree with the decision diagrams.

Conditions are the very same objects; here they are judged on a view whose verdicts are pairs of
formulas. How Kleene logic, scores, levels, the walk down the rules and what follows from it work is
stated here once more, from `docs/protocol-format.md` and not from the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, reduce
from itertools import pairwise
from operator import and_, or_
from typing import Any, NamedTuple

import z3

from triage.conditions import Condition
from triage.instruments import Instrument
from triage.logic import NO, NOT_SURE, YES
from triage.obligations import Obligation
from triage.protocol import Disposition, Fact, Flag, Level, Protocol, Rule, Service
from triage.questions import Question
from triage.study_lists import is_about_studies_alone, said_by_one

Formula = z3.BoolRef
Number = z3.ArithRef
NOT_SURE_KIND, NOT_ASKED_KIND = -1, -2
PSYCHOLOGICAL = {Service.CBT, Service.PSYCHOLOGY}
WITHOUT_REFERRALS = {Disposition.EMERGENCY, Disposition.URGENT_MEDICAL, Disposition.OUT_OF_SCOPE}


class Truth(NamedTuple):
    """True, false, or neither: unknown."""

    yes: Formula
    no: Formula

    def __and__(self, other: Truth) -> Truth:
        return Truth(z3.And(self.yes, other.yes), z3.Or(self.no, other.no))

    def __or__(self, other: Truth) -> Truth:
        return Truth(z3.Or(self.yes, other.yes), z3.And(self.no, other.no))

    def __invert__(self) -> Truth:
        return Truth(self.no, self.yes)

    @property
    def unknown(self) -> Formula:
        return z3.Not(z3.Or(self.yes, self.no))


class Verdict(NamedTuple):
    """The truth now, and the least and the most true it may become."""

    now: Truth
    least: Truth
    most: Truth

    def __and__(self, other: Verdict) -> Verdict:
        return Verdict(*map(and_, self, other))

    def __or__(self, other: Verdict) -> Verdict:
        return Verdict(*map(or_, self, other))

    def __invert__(self) -> Verdict:
        return Verdict(~self.now, ~self.most, ~self.least)

    def certain(self) -> Verdict:
        return self._read(lambda truth: truth.yes)

    def possible(self) -> Verdict:
        return self._read(lambda truth: z3.Not(truth.no))

    def _read(self, counts: Callable[[Truth], Formula]) -> Verdict:
        """What is left unknown for good is read one way; what is open stays so."""
        least, most = counts(self.least), counts(self.most)
        settled = z3.And(self.now.unknown, least == most)
        now = Truth(z3.Or(self.now.yes, z3.And(settled, least)), z3.Or(self.now.no, z3.And(settled, z3.Not(least))))
        return Verdict(now, _plain(least), _plain(most))

    def presumed(self) -> Verdict:
        return Verdict(*(_plain(z3.Not(truth.no)) for truth in self))

    @property
    def decided(self) -> Formula:
        return z3.Or(z3.And(self.least.yes, self.most.yes), z3.And(self.least.no, self.most.no))


class Range(NamedTuple):
    low: Number
    high: Number

    def at_least(self, number: int) -> Truth:
        return Truth(self.low >= number, self.high < number)


class Quantity(NamedTuple):
    now: Range
    least: Range
    most: Range

    def at_least(self, number: int) -> Verdict:
        return Verdict(*(each.at_least(number) for each in self))


def _plain(formula: Formula) -> Truth:
    return Truth(formula, z3.Not(formula))


def _either(condition: Formula, one: Truth, other: Truth) -> Truth:
    return Truth(z3.If(condition, one.yes, other.yes), z3.If(condition, one.no, other.no))


def _compared(at_least: Callable[[int], Verdict], operator: str, number: int) -> Verdict:
    return {
        ">=": lambda: at_least(number),
        ">": lambda: at_least(number + 1),
        "<": lambda: ~at_least(number),
        "<=": lambda: ~at_least(number + 1),
        "==": lambda: at_least(number) & ~at_least(number + 1),
    }[operator]()


YES_, NO_ = z3.BoolVal(val=True), z3.BoolVal(val=False)
UNKNOWN = Truth(NO_, NO_)
TRUE, FALSE = _plain(YES_), _plain(NO_)
ALWAYS, NEVER = Verdict(TRUE, TRUE, TRUE), Verdict(FALSE, FALSE, FALSE)


class Patients:
    """All patients of a protocol, or with `partial` also the half-filled ones, as unknowns of a solver."""

    def __init__(self, protocol: Protocol, *, partial: bool) -> None:
        self.protocol, self.partial = protocol, partial
        self.constraints: list[Formula] = []
        self._unknowns: dict[str, Number] = {}
        self._judged: dict[object, Any] = {}
        self._facts = [fact for fact in protocol.facts.values() if fact.per_study]
        self.flags = {flag.id: self.judge(flag.when) for flag in protocol.flags}

    def judge(self, condition: Condition) -> Verdict:
        judged: Any = condition.verdict(self)  # type: ignore[arg-type]  # formulas in place of truths
        return ALWAYS if judged is YES else NEVER if judged is NO else judged

    def once(self, name: object, make: Callable[[], Any]) -> Any:
        if name not in self._judged:
            self._judged[name] = make()
        return self._judged[name]

    def unknown(self, name: str, low: int, high: int) -> Number:
        """A whole number from low to high; below it "not sure" and "not asked"."""
        if name not in self._unknowns:
            number = self._unknowns[name] = z3.Int(name)
            least = NOT_ASKED_KIND if self.partial else NOT_SURE_KIND
            self.constraints.append(z3.Or(z3.And(number >= low, number <= high), z3.And(number >= least, number < 0)))
        return self._unknowns[name]

    def answered(self, number: Number, is_true: Formula) -> Verdict:
        """The verdict on an answer that makes it true or false, unless nobody knows or nobody asked."""
        known, open_ = number >= 0, number == NOT_ASKED_KIND
        yes, no = z3.And(known, is_true), z3.And(known, z3.Not(is_true))
        return Verdict(Truth(yes, no), Truth(yes, z3.Or(no, open_)), Truth(z3.Or(yes, open_), no))

    def truth(self, name: str) -> Verdict:
        return self.once(name, lambda: self._truth(self.protocol.names[name]))

    def _truth(self, named: Any) -> Verdict:
        if isinstance(named, Fact) and not named.per_study:
            return self.judge(named.when)
        if isinstance(named, Fact):
            studies = self.protocol.questions[self.protocol.imaging_question]
            return self._where_asked(studies, self._said(named))
        number = self.unknown(named.id, 0, 1)
        return self._where_asked(named, self.answered(number, number == 1))

    def _said(self, fact: Fact) -> Verdict:
        number = self.unknown(fact.id, 0, 1)
        return self.answered(number, number == 1)

    def is_one_of(self, name: str, words: tuple[str, ...]) -> Verdict:
        return self.once((name, words), lambda: self._is_one_of(self.protocol.questions[name], words))

    def _is_one_of(self, question: Question, words: tuple[str, ...]) -> Verdict:
        options = [option.value for option in question.options]
        number = self.unknown(question.id, 0, len(options) - 1)
        if "not_sure" in options:
            self.constraints.append(number != options.index("not_sure"))
        chosen = z3.Or(*(number == options.index(word) for word in words))
        return self._where_asked(question, self.answered(number, chosen))

    def _where_asked(self, question: Question, answered: Verdict) -> Verdict:
        """Where a question does not apply its answer is unknown for good; where it may not, it may be lost."""
        if question.ask_when is None:
            return answered
        gate = self.judge(question.ask_when)
        now, least, most = answered
        return Verdict(
            _either(gate.most.no, UNKNOWN, now),
            _either(gate.most.no, UNKNOWN, _either(gate.least.no, least & UNKNOWN, least)),
            _either(gate.most.no, UNKNOWN, _either(gate.least.no, most | UNKNOWN, most)),
        )

    def quantity(self, name: str) -> Quantity:
        return self.once(("quantity", name), lambda: self._quantity(self.protocol.names[name]))

    def _quantity(self, named: Any) -> Quantity:
        if isinstance(named, Instrument):
            parts = [self.quantity(item) for item in named.items]
            return Quantity(
                *(Range(z3.Sum([r.low for r in rs]), z3.Sum([r.high for r in rs])) for rs in zip(*parts, strict=True))
            )
        if isinstance(named, Level):
            steps = [self.judge(step.when) for step in named.steps]
            return Quantity(*(_highest(truths) for truths in zip(*steps, strict=True)))
        return self._number(named)

    def _number(self, question: Question) -> Quantity:
        number, low, high = self.unknown(question.id, question.low, question.high), question.low, question.high
        known, unsure = number >= 0, number == NOT_SURE_KIND
        now = Range(z3.If(known, number, low), z3.If(known, number, high))
        least = Range(now.low, z3.If(z3.Or(known, unsure), now.high, low))
        most = Range(z3.If(z3.Or(known, unsure), now.low, high), now.high)
        if question.ask_when is None:
            return Quantity(now, least, most)
        gate = self.judge(question.ask_when)
        never, may_not = gate.most.no, z3.And(gate.least.no, known)
        anything = Range(z3.IntVal(low), z3.IntVal(high))
        return Quantity(
            _if(never, anything, now),
            _if(never, anything, _if(may_not, Range(anything.low, number), least)),
            _if(never, anything, _if(may_not, Range(number, anything.high), most)),
        )

    def compare(self, name: str, operator: str, number: int) -> Verdict:
        return self.once((name, operator, number), lambda: _compared(self.quantity(name).at_least, operator, number))

    def differ(self, name: str, operator: str, other: str) -> Verdict:
        one, two = self.quantity(name), self.quantity(other)
        pairs = ((one.now, two.now), (one.least, two.most), (one.most, two.least))
        return _compared(Quantity(*(Range(a.low - b.high, a.high - b.low) for a, b in pairs)).at_least, operator, 0)

    def count(self, statements: Sequence[Any], operator: str, number: int) -> Verdict:
        listed = [ALWAYS if each is YES else NEVER if each is NO else each for each in statements]
        counted = Quantity(*(_count(truths) for truths in zip(*listed, strict=True)))
        return _compared(counted.at_least, operator, number)

    def flagged(self, levels: tuple[str, ...]) -> Verdict:
        return self._any(self.flags[flag.id] for flag in self.protocol.flags if flag.level in levels)

    def unsure(self, levels: tuple[str, ...]) -> Verdict:
        return self._any(self.flags[flag.id].possible() for flag in self.protocol.flags if flag.not_sure in levels)

    def _any(self, verdicts: Iterator[Verdict]) -> Verdict:
        return reduce(or_, verdicts, NEVER)

    @cached_property
    def lists_of_studies(self) -> Formula:
        """What lists can say: for each thing said of one there is a study that says it and no more than is said."""
        alone = [fact for fact in self._facts if is_about_studies_alone(fact)]
        studies = said_by_one(self.protocol, alone, {})
        numbers = [self.unknown(fact.id, 0, 1) for fact in self._facts]
        fits = [z3.And(*(self._says(fact, study[fact.id]) for fact in alone)) for study in studies]
        listed = [
            z3.Implies(
                self._is(fact, verdict),
                z3.Or(*(fit for fit, s in zip(fits, studies, strict=True) if s[fact.id] is verdict)),
            )
            for fact in alone
            for verdict in (YES, NOT_SURE)
        ]
        by_list = z3.And(*listed, *(number != NOT_ASKED_KIND for number in numbers))
        return z3.Or(
            by_list, *(z3.And(*(number == kind for number in numbers)) for kind in (NOT_SURE_KIND, NOT_ASKED_KIND))
        )

    def _is(self, fact: Fact, verdict: object) -> Formula:
        return self.unknown(fact.id, 0, 1) == {YES: 1, NO: 0, NOT_SURE: NOT_SURE_KIND}[verdict]  # type: ignore[index,return-value]

    def _says(self, fact: Fact, least: object) -> Formula:
        """Something is said of a fact that is at least so certain."""
        number = self.unknown(fact.id, 0, 1)
        return {YES: number == 1, NOT_SURE: z3.Or(number == 1, number == NOT_SURE_KIND), NO: number != NOT_ASKED_KIND}[
            least
        ]  # type: ignore[index,return-value]

    def containing(self, study: Mapping[str, str]) -> Formula:
        said = said_by_one(self.protocol, self._facts, study)
        return z3.Or(*(z3.And(*(self._says(self.protocol.facts[f], v) for f, v in each.items())) for each in said))


def _if(condition: Formula, one: Range, other: Range) -> Range:
    return Range(z3.If(condition, one.low, other.low), z3.If(condition, one.high, other.high))


def _highest(truths: Sequence[Truth]) -> Range:
    def highest(statements: list[Formula]) -> Number:
        return reduce(lambda below, each: z3.If(each[1], each[0], below), enumerate(statements, 1), z3.IntVal(0))

    return Range(highest([t.yes for t in truths]), highest([z3.Not(t.no) for t in truths]))


def _count(truths: Sequence[Truth]) -> Range:
    return Range(z3.Sum([z3.If(t.yes, 1, 0) for t in truths]), z3.Sum([z3.If(t.no, 0, 1) for t in truths]))


class Outcomes:
    """What the protocol decides of each patient: formulas for every rule, service and action."""

    def __init__(self, protocol: Protocol, *, partial: bool) -> None:
        self.protocol, self.patients = protocol, Patients(protocol, partial=partial)
        self.decides: dict[str, Formula] = {}
        self._advises: dict[str, Formula] = {}
        self._walk()
        self.undecided = z3.Not(z3.Or(*self.decides.values()))
        self._solver = z3.Solver()
        self._solver.add(self.patients.lists_of_studies)

    def _walk(self) -> None:
        escalated = ended = unclear = NO_
        for rule in self.protocol.rules:
            judged = self.patients.judge(rule.when)
            if rule.at_once:
                self.decides[rule.id] = z3.And(judged.now.yes, z3.Not(escalated), z3.Not(ended))
                escalated = z3.Or(escalated, self.decides[rule.id])
            else:
                self._advises[rule.id] = z3.And(judged.least.yes, z3.Not(ended), z3.Not(unclear))
                unclear = z3.Or(unclear, z3.And(z3.Not(ended), z3.Not(judged.most.no), z3.Not(judged.least.yes)))
                ended = z3.Or(ended, judged.least.yes)
        for rule in self.protocol.rules:
            if not rule.at_once:
                settled = [self.patients.judge(each).decided for each in rule.own_conditions]
                final = z3.BoolVal(not self.patients.partial)
                self.decides[rule.id] = z3.And(final, self._advises[rule.id], z3.Not(escalated), *settled)

    def ends_in(self, dispositions: set[Disposition]) -> Formula:
        deciding = [self.decides[rule.id] for rule in self.protocol.rules if rule.disposition in dispositions]
        return z3.Or(*deciding, *([self.undecided] if Disposition.INCOMPLETE in dispositions else []))

    def _holds(self, condition: Condition | None) -> Formula:
        return YES_ if condition is None else self.patients.judge(condition).now.yes

    def _advised(self, rule: Rule, service: Service) -> Formula:
        return z3.Or(*(self._holds(each.when) for each in rule.referrals if each.service is service))

    def refers_to(self, service: Service) -> Formula:
        beside = [
            z3.And(self.decides[rule.id], self._goes_ahead(rule, service))
            for rule in self.protocol.rules
            if rule.at_once and rule.disposition not in WITHOUT_REFERRALS
        ]
        advised = [z3.And(self.decides[r.id], self._advised(r, service)) for r in self.protocol.rules if not r.at_once]
        return z3.Or(*beside, *advised)

    def _goes_ahead(self, rule: Rule, service: Service) -> Formula:
        """Beside an escalation: permitted, let through by every flag, advised below; psychology beside physiotherapy alone."""
        permitted = z3.Or(*(self._holds(each.when) for each in rule.permits if each.service is service))
        through = [self._lets_through(flag, service) for flag in self.protocol.flags]
        advised = [z3.And(self._advises[r.id], self._advised(r, service)) for r in self.protocol.rules if not r.at_once]
        ahead = z3.And(permitted, *through, z3.Or(*advised))
        if service in PSYCHOLOGICAL:
            return z3.And(ahead, self._goes_ahead(rule, Service.PHYSIOTHERAPY))
        return ahead

    def _lets_through(self, flag: Flag, service: Service) -> Formula:
        found = self.patients.flags[flag.id]
        return z3.Or(
            z3.And(found.now.yes, z3.BoolVal(service in flag.allows)), z3.And(z3.Not(found.now.yes), found.most.no)
        )

    @property
    def psychology_alone(self) -> Formula:
        return z3.And(z3.Or(*map(self.refers_to, PSYCHOLOGICAL)), z3.Not(self.refers_to(Service.PHYSIOTHERAPY)))

    def asks_for(self, action: str) -> Formula:
        by_flags = [self._asks(flag, action) for flag in self.protocol.flags]
        by_rules = [
            z3.And(self.decides[rule.id], self._holds(task.when))
            for rule in self.protocol.rules
            for task in rule.actions
            if task.action == action
        ]
        return z3.Or(*by_flags, *by_rules, *([self.undecided] if action in self.protocol.incomplete.actions else []))

    def _asks(self, flag: Flag, action: str) -> Formula:
        found = self.patients.flags[flag.id]
        doubted = z3.And(z3.Not(found.now.yes), z3.Not(found.least.no))
        return z3.Or(
            z3.And(found.now.yes, z3.BoolVal(action in flag.actions)),
            z3.And(doubted, z3.BoolVal(action in flag.not_sure_actions)),
        )

    def is_refuted(self, *breaking: Formula) -> bool:
        """Whether there is a patient for whom all of this holds."""
        formula = z3.And(*breaking)  # which may name unknowns for the first time
        self._solver.add(*self.patients.constraints)
        self.patients.constraints.clear()
        self._solver.push()
        self._solver.add(formula)
        found = self._solver.check()
        self._solver.pop()
        assert found != z3.unknown, self._solver.reason_unknown()
        return found == z3.sat

    def breaks(self, owed: Obligation) -> Formula:
        """Where the outcome is not what is owed."""
        too_low = {each for each in Disposition if owed.at_least is not None and each.rank < owed.at_least.rank}
        return z3.Or(
            self.ends_in(too_low | set(owed.never)),
            *map(self.refers_to, owed.forbids),
            *([self.psychology_alone] if owed.forbids_psychology_alone else []),
            *(z3.Not(self.asks_for(action)) for action in owed.actions),
        )

    def about(self, owed: Obligation) -> Formula:
        when = self._holds(owed.when)
        return z3.And(when, self.patients.containing(owed.study)) if owed.study else when

    def remarkable(self, question: Question) -> Formula:
        return self._answer(question) != 0

    def _answer(self, question: Question) -> Number:
        return self.patients.unknown(question.id, question.low, question.high if question.type.is_number else 1)

    @property
    def safety(self) -> list[Question]:
        return [each for each in self.protocol.questions.values() if each.safety]

    @property
    def open_flag(self) -> Formula:
        return z3.Or(*map(self.remarkable, self.safety))

    @property
    def rank(self) -> Number:
        """How urgent the outcome is."""
        deciding = [(self.decides[rule.id], rule.disposition.rank) for rule in self.protocol.rules]
        return reduce(
            lambda below, each: z3.If(each[0], each[1], below), deciding, z3.IntVal(Disposition.INCOMPLETE.rank)
        )

    def falls(self, question: Question) -> Formula:
        """Where a worse answer to a safety question makes the outcome less urgent."""
        answer, rank = self._answer(question), self.rank
        worst = question.high if question.type.is_number else 1
        kinds = [0, NOT_SURE_KIND, *range(1, worst + 1)]
        ranks = [z3.substitute(rank, (answer, z3.IntVal(kind))) for kind in kinds]
        return z3.Or(*(after < before for before, after in pairwise(ranks)))

    def generic(self) -> dict[str, Formula]:
        """Properties that every protocol owes, by name: where they are broken."""
        calm = self.ends_in({Disposition.REFER, Disposition.SELF_MANAGE, Disposition.HOLD_IMAGING})
        asked = z3.Or(*(z3.And(self.remarkable(q), self._answer(q) != NOT_ASKED_KIND) for q in self.safety))
        urgent = self.ends_in({Disposition.EMERGENCY, Disposition.URGENT_MEDICAL})
        broken = {
            "no_psychology_alone_over_an_open_flag": z3.And(self.open_flag, self.psychology_alone),
            "unknown_is_never_absent": z3.And(self.open_flag, calm),
            "a_remarkable_safety_answer_acts_at_once": z3.And(asked, self.ends_in({Disposition.INCOMPLETE})),
            "an_emergency_defers_referrals": z3.And(
                self.ends_in(WITHOUT_REFERRALS), z3.Or(*map(self.refers_to, Service))
            ),
            "an_emergency_names_what_to_do": z3.And(urgent, z3.Not(z3.Or(*map(self.asks_for, self.protocol.actions)))),
        }
        return broken if self.patients.partial else {**broken, "every_complete_intake_is_decided": self.undecided}
