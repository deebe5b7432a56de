"""The decision: one protocol, the facts of one patient, one evaluation. Pure and deterministic.

Flags are judged first, each for itself. Then the rules are walked from the top: a rule decides
when it is true and nothing above it can still become so; an `at_once` rule decides when it is
true, whatever is open above it. `docs/protocol-format.md` states the whole procedure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from triage.contradictions import Contradiction, contradictions, gravity, readings
from triage.facts import NOT_SURE_ANSWER, Conflict, Facts
from triage.logic import VERDICTS, Truth, Verdict
from triage.openness import Openings
from triage.patient_view import PatientView
from triage.protocol import LEVELS, Disposition, Flag, Protocol, Rule, Service, Text, Urgency
from triage.referring import Referral, go_ahead, referrals, urgency
from triage.relevance import relevance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from triage.conditions import Condition
    from triage.instruments import Score

ENGINE_VERSION = "1.3.0"


class State(StrEnum):
    """What is known of a flag."""

    PRESENT = "present"
    UNSURE = "unsure"
    NOT_ASKED = "not_asked"
    EXCLUDED = "excluded"


class Finding(NamedTuple):
    """A flag and what is known of it."""

    flag: Flag
    state: State

    @property
    def counts(self) -> bool:
        """Present, or asked and not answered no: it acts."""
        return self.state in (State.PRESENT, State.UNSURE)

    @property
    def actions(self) -> tuple[str, ...]:
        present = self.state is State.PRESENT
        return self.flag.actions if present else self.flag.not_sure_actions

    @property
    def urgency(self) -> Urgency:
        return self.flag.level if self.state is State.PRESENT else self.flag.not_sure


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the protocol says of one patient, and why.

    `rule` decided; it is None while the outcome is incomplete. `floor` and `ceiling` are the
    least and the most urgent disposition that open answers can still lead to. Of contradictory facts
    `facts` are those that the gravest outcome rests on.
    """

    protocol: Protocol
    facts: Facts
    disposition: Disposition
    urgency: Urgency
    floor: Disposition
    ceiling: Disposition
    rule: Rule | None
    findings: tuple[Finding, ...]
    referrals: tuple[Referral, ...]
    deferred: tuple[Referral, ...]
    actions: tuple[str, ...]
    review_days: int
    exclusion: str
    outstanding: tuple[str, ...]
    texts: tuple[Text, ...]
    scores: tuple[Score, ...]
    conflicts: tuple[Conflict, ...]
    ignored: tuple[str, ...]
    contradictions: tuple[Contradiction, ...] = ()


def evaluate(protocol: Protocol, facts: Facts) -> Evaluation:
    """Decide for one patient; the same protocol and facts always give the same evaluation.

    Of contradictory facts, every way in which one of them is right, or none, is decided, and the
    gravest counts.
    """
    found = [_Decision(protocol, each).evaluation() for each in readings(protocol, facts)]
    return found[0] if len(found) == 1 else _gravest(protocol, facts, found)


def _gravest(protocol: Protocol, facts: Facts, found: list[Evaluation]) -> Evaluation:
    """The gravest outcome, with all that is open in any of them."""
    gravest = max(found, key=lambda each: gravity(each.disposition, each.urgency))
    is_open = {name for each in found for name in each.outstanding}
    contradictory = tuple(contradictions(protocol, facts))
    return replace(
        gravest,
        floor=max((each.floor for each in found), key=_rank_of(gravest)),
        ceiling=max((each.ceiling for each in found), key=_rank_of(gravest)),
        outstanding=tuple(name for name in protocol.most_decisive_first if name in is_open),
        conflicts=(*gravest.conflicts, *(each.conflict for each in contradictory)),
        contradictions=contradictory,
    )


def _rank_of(evaluation: Evaluation) -> Callable[[Disposition], tuple[int, bool]]:
    """Of several that are as urgent, the outcome itself is named."""
    return lambda each: (each.rank, each is evaluation.disposition)


def asked_questions(protocol: Protocol, facts: Facts) -> tuple[str, ...]:
    """The questions that apply, or may yet apply, to this patient, in the protocol's order."""
    view = PatientView(protocol, facts)
    return tuple(q.id for q in protocol.questions.values() if view.applies(q))


@dataclass(slots=True)
class _Walk:
    """What walking the rules found: which act, which might, and what is advised below them."""

    escalation: Rule | None
    advice: Rule | None
    reached: list[tuple[Rule, Verdict]]
    possible: list[Disposition]


class _Decision:
    """The evaluation of one patient in the making."""

    def __init__(self, protocol: Protocol, facts: Facts) -> None:
        self.protocol, self.facts = protocol, facts
        self.view = PatientView(protocol, facts)
        self.view.judge_flags()
        self.findings = tuple(Finding(flag, _STATES[self.view.flag_verdicts[flag.id]]) for flag in protocol.flags)
        self.counting = sorted(
            (finding for finding in self.findings if finding.counts),
            key=lambda finding: LEVELS.index(finding.urgency),
        )
        self.walk = self._walk_rules()

    def evaluation(self) -> Evaluation:
        outstanding = self._outstanding()
        known = self if outstanding else self._completed()
        rule = self.walk.escalation if outstanding else known._deciding_rule()
        if rule is None and not outstanding:
            outstanding = self._undecided()
        disposition = rule.disposition if rule else Disposition.INCOMPLETE
        issued, deferred = known._referrals(rule)
        possible = known.walk.possible or [disposition]
        return Evaluation(
            protocol=self.protocol,
            facts=self.facts,
            disposition=disposition,
            urgency=urgency(rule, issued),
            # Of several that are as urgent, the outcome itself is named.
            floor=min(possible, key=lambda each: (each.rank, each is not disposition)),
            ceiling=max(possible, key=lambda each: (each.rank, each is disposition)),
            rule=rule,
            findings=self.findings,
            referrals=issued,
            deferred=deferred,
            actions=known._actions(rule),
            review_days=rule.review_days if rule else self.protocol.incomplete.review_days,
            exclusion=self._exclusion(rule),
            outstanding=outstanding,
            texts=self._texts(disposition),
            scores=tuple(map(self.view.score, self.protocol.instruments.values())),
            conflicts=self.facts.conflicts + tuple(self._total_conflicts()),
            ignored=tuple(self._ignored()),
        )

    def _completed(self) -> _Decision:
        """The decision once nothing is open that matters: any answer to the rest decides alike, so "not sure" does."""
        asked = {name for names in self.protocol.read_by.values() for name in names}
        rest = [name for name in asked if self.view.is_open(self.protocol.questions[name])]
        if not rest:
            return self
        values = {**self.facts.values, **dict.fromkeys(rest, NOT_SURE_ANSWER)}
        return _Decision(self.protocol, Facts(values=values, on=self.facts.on))

    def _is_true(self, condition: Condition | None) -> bool:
        return condition is None or condition.verdict(self.view).now is Truth.TRUE

    def _walk_rules(self) -> _Walk:
        walk = _Walk(None, None, [], [])
        ended = advice_is_open = False
        for rule in self.protocol.rules:
            verdict = rule.when.verdict(self.view)
            if verdict.most is Truth.FALSE:
                continue
            walk.reached.append((rule, verdict))
            if not ended:
                walk.possible.append(rule.disposition)
            certain = verdict.least is Truth.TRUE
            ended = ended or certain
            if rule.at_once:
                if verdict.now is Truth.TRUE and walk.escalation is None:
                    walk.escalation = rule
            elif certain:
                walk.advice = None if advice_is_open else rule
                break
            else:
                advice_is_open = True
        return walk

    def _deciding_rule(self) -> Rule | None:
        """The rule that decides when nothing is open: one whose own parts nobody can judge does not."""
        advice = self.walk.advice
        if self.walk.escalation or advice is None:
            return self.walk.escalation
        settled = all(condition.verdict(self.view).is_decided for condition in advice.own_conditions)
        return advice if settled else None

    def _referrals(self, rule: Rule | None) -> tuple[tuple[Referral, ...], tuple[Referral, ...]]:
        """The referrals that go out, and those that wait for what is being looked into first."""
        if rule is None or rule.disposition is Disposition.OUT_OF_SCOPE:
            return (), ()
        advised = self._advised()
        if not rule.at_once:
            return advised, ()
        issued = go_ahead(rule, advised, [service for service in Service if self._is_permitted(rule, service)])
        return issued, tuple(each for each in advised if each not in issued)

    def _is_permitted(self, rule: Rule, service: Service) -> bool:
        permitted = any(each.service is service and self._is_true(each.when) for each in rule.permits)
        return permitted and all(_lets_through(each, service) for each in self.findings)

    def _advised(self) -> tuple[Referral, ...]:
        """What the first true rule below any escalation advises."""
        if self.walk.advice is None:
            return ()
        return referrals([each for each in self.walk.advice.referrals if self._is_true(each.when)])

    def _actions(self, rule: Rule | None) -> tuple[str, ...]:
        actions = [action for finding in self.counting for action in finding.actions]
        if rule is None:
            actions += self.protocol.incomplete.actions
        else:
            actions += [task.action for task in rule.actions if self._is_true(task.when)]
        return tuple(dict.fromkeys(actions))

    def _exclusion(self, rule: Rule | None) -> str:
        if rule is None or any(each.state is not State.EXCLUDED for each in self.findings):
            return "X0"
        reached = [each.level for each in self.protocol.exclusions if self._is_true(each.when)]
        return reached[-1] if reached else "X0"

    def _texts(self, disposition: Disposition) -> tuple[Text, ...]:
        return tuple(
            text for text in self.protocol.texts if disposition in text.dispositions and self._is_true(text.when)
        )

    def _outstanding(self) -> tuple[str, ...]:
        """Exactly the open questions that can change the outcome, the most decisive first."""
        read = self.protocol.most_decisive_first
        if not any(self.view.is_open(self.protocol.questions[name]) for name in read):
            return ()  # and a protocol that is tried on complete intakes alone needs no diagrams
        exact = relevance(self.view)
        if exact is None:
            return self._undecided()
        matter = exact.outstanding(self.view)
        return tuple(name for name in read if name in matter)

    def _undecided(self) -> tuple[str, ...]:
        """What Kleene logic leaves open, answers "not sure" on which it hangs among it; never too little."""
        openings = Openings(self.view)
        for flag in self.protocol.flags_by_urgency:
            if not self.view.flag_verdicts[flag.id].is_settled:
                openings.add(flag.when)
        for rule in self._rules_that_matter():
            openings.add(rule.when, settle=not rule.at_once)
            if not rule.at_once or rule is self.walk.escalation:
                for condition in rule.own_conditions:
                    openings.add(condition, settle=not rule.at_once)
        return tuple(openings.questions)

    def _rules_that_matter(self) -> Iterator[Rule]:
        """The rules reached, down to an escalation under which no referral can go out."""
        for rule, _ in self.walk.reached:
            yield rule
            if rule is self.walk.escalation and not self._could_refer(rule):
                return

    def _could_refer(self, escalation: Rule) -> bool:
        return bool(escalation.permits) and not any(
            finding.counts and not finding.flag.allows for finding in self.findings
        )

    def _total_conflicts(self) -> Iterator[Conflict]:
        for instrument in self.protocol.instruments.values():
            total = self.facts.values.get(instrument.total)
            known = self.view.quantity(instrument.id).now
            if isinstance(total, int) and not known.low <= total <= known.high:
                yield Conflict(instrument.total, f"does not agree with the items of {instrument.name}")

    def _ignored(self) -> Iterator[str]:
        for answered in self.facts.values:
            if not self.view.applies(self.protocol.questions[answered]):
                yield answered


def _state(verdict: Verdict) -> State:
    if verdict.now is Truth.TRUE:
        return State.PRESENT
    if verdict.is_doubted:
        return State.UNSURE
    return State.EXCLUDED if verdict.most is Truth.FALSE else State.NOT_ASKED


_STATES = {verdict: _state(verdict) for verdict in VERDICTS}


def _lets_through(finding: Finding, service: Service) -> bool:
    if finding.state is State.PRESENT:
        return service in finding.flag.allows
    return finding.state is State.EXCLUDED
