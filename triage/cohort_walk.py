"""Many patients walked down the rules at once: who is escalated, who is advised what, and for whom that is plain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.logic import Truth, Verdict
from triage.referring import NO_REFERRAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from triage.arrays import Where
    from triage.cohort import Cohort
    from triage.conditions import Condition
    from triage.protocol import Protocol, Rule, Service

NO_RULE = -1


class Asked:
    """Which actions are asked for: a row for each, a place in it for each patient."""

    def __init__(self, protocol: Protocol, number: int) -> None:
        self._places = {action: place for place, action in enumerate(protocol.actions)}
        self.rows = np.zeros((len(self._places), number), np.bool_)

    def add(self, actions: Iterable[str], of: Where) -> None:
        for action in actions:
            self.rows[self._places[action]] |= of


class Walk:
    """For each patient of a cohort the first rule that escalates, and the one that advises below it.

    Both are places among the protocol's rules, or NO_RULE.
    """

    def __init__(self, cohort: Cohort) -> None:
        self.cohort, self.protocol = cohort, cohort.protocol
        self.number = len(cohort.columns)
        self.escalation = np.full(self.number, NO_RULE, np.int16)
        self.advice = np.full(self.number, NO_RULE, np.int16)
        self._settled = self.everybody()
        self._held_back: dict[Service, Where] = {}
        self._walk()

    def _walk(self) -> None:
        walking, advice_is_open = self.everybody(), ~self.everybody()
        for place, rule in enumerate(self.protocol.rules):
            judged = self.cohort.judge(rule.when)
            self._settled &= ~walking | judged.where(is_settled)
            if rule.at_once:
                acts = walking & judged.is_true & (self.escalation == NO_RULE)
                self.escalation[acts] = place
                walking &= ~acts | self._may_refer(rule)
                continue
            certain = walking & judged.where(_is_certain)
            self.advice[certain & ~advice_is_open] = place
            walking &= ~certain
            advice_is_open |= walking & judged.where(_may_be)

    def _may_refer(self, rule: Rule) -> Where:
        """Beside an escalation; elsewhere it does not matter what would be advised below it."""
        may = ~self.everybody()
        for each in rule.permits if permits(rule) else ():
            may |= ~self._is_held_back(each.service)
        return may

    def _is_held_back(self, service: Service) -> Where:
        """Whether some flag holds the referral back, whatever is answered yet."""
        if service not in self._held_back:
            held = self._held_back[service] = ~self.everybody()
            for flag in self.protocol.flags:
                if service not in flag.allows:
                    held |= self.cohort.flags[flag.id].where(_is_doubted)
        return self._held_back[service]

    def is_settled(self) -> Where:
        """Of whom it is plain that no open answer can change anything of the decision."""
        settled = self._settled & self._are_actions_settled()
        for place, rule in enumerate(self.protocol.rules):
            acting = (self.escalation == place) | (self.advice == place)
            for condition in rule.own_conditions if acting.any() else ():
                settled &= ~acting | self.cohort.judge(condition).where(is_settled)
            if rule.at_once and acting.any():
                settled &= ~(acting & self._may_refer(rule)) | self._is_passage_settled()
        return settled

    def _are_actions_settled(self) -> Where:
        """Whether each action that a flag may yet ask for is asked for in any case."""
        certain, possible = Asked(self.protocol, self.number), Asked(self.protocol, self.number)
        for flag in self.protocol.flags:
            judged = self.cohort.flags[flag.id]
            always = set(flag.actions) & set(flag.not_sure_actions)
            certain.add(flag.actions, judged.where(_is_certain))
            certain.add(always, judged.where(_is_doubted))
            certain.add(flag.not_sure_actions, judged.where(_is_unsure_for_good))
            possible.add((*flag.actions, *flag.not_sure_actions), judged.where(_may_change))
        settled: Where = np.logical_and.reduce(certain.rows | ~possible.rows)
        return settled

    def _is_passage_settled(self) -> Where:
        """Whether it is known of every flag if it holds a referral back."""
        settled = self.everybody()
        for judged in self.cohort.flags.values():
            settled &= judged.where(is_settled)
        return settled

    def acting(self, rules: NDArray[np.int16]) -> list[tuple[int, Rule]]:
        """The rules that act on anybody, with their places."""
        return [(place, self.protocol.rules[place]) for place in np.unique(rules) if place != NO_RULE]

    def holds(self, condition: Condition | None) -> Where:
        if condition is None:
            return self.everybody()
        return self.cohort.judge(condition).is_true

    def everybody(self) -> Where:
        return np.ones(self.number, np.bool_)


def permits(rule: Rule) -> bool:
    return bool(rule.permits) and rule.disposition not in NO_REFERRAL


def is_settled(verdict: Verdict) -> bool:
    return verdict.is_settled


def is_decided(verdict: Verdict) -> bool:
    return verdict.is_decided


def _is_certain(verdict: Verdict) -> bool:
    return verdict.least is Truth.TRUE


def _may_be(verdict: Verdict) -> bool:
    return verdict.most is not Truth.FALSE


def _may_change(verdict: Verdict) -> bool:
    return not verdict.is_settled


def _is_doubted(verdict: Verdict) -> bool:
    return verdict.is_doubted


def _is_unsure_for_good(verdict: Verdict) -> bool:
    return verdict.is_settled and not verdict.is_decided


def is_unsure(verdict: Verdict) -> bool:
    return verdict.now is not Truth.TRUE and verdict.is_doubted


def is_excluded(verdict: Verdict) -> bool:
    return verdict.now is not Truth.TRUE and not verdict.is_doubted and verdict.most is Truth.FALSE


def is_present_or_excluded(verdict: Verdict) -> bool:
    return verdict.now is Truth.TRUE or is_excluded(verdict)
