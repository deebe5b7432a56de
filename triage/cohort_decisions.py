"""What a protocol decides for many patients at once, as arrays: for each of them what `triage.engine` would.

Where questions are open, it depends on whether one of them can still change the outcome. That is
told at once where all is settled, or where two ways to answer what is open lead to different
outcomes. The few others are `unclear`: the engine has to look at each of them alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.advice import Advice
from triage.cohort import Cohort
from triage.cohort_walk import NO_RULE, Asked, Walk, is_decided, is_excluded, is_present_or_excluded, is_unsure, permits
from triage.facts import NOT_SURE_ANSWER
from triage.packing import NOT_ASKED, NOT_SURE, NUMBER_NOT_ASKED, NUMBER_NOT_SURE, Columns
from triage.protocol import PRIORITIES, PSYCHOLOGICAL, Disposition, Protocol, Service, Urgency
from triage.questions import Question, QuestionType

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from triage.arrays import Where
    from triage.protocol import Rule

    Places = NDArray[np.intp]

NOT_REFERRED = len(PRIORITIES)
DISPOSITIONS, URGENCIES, SERVICES = tuple(Disposition), tuple(Urgency), tuple(Service)


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decision on each patient.

    `rules` holds the places of the rules that decide, NO_RULE where none may. `advice` has a row
    for each patient: the place of the disposition, that of the urgency, for each service that of
    its priority or NOT_REFERRED, then a bit for each action of the protocol.
    """

    rules: NDArray[np.int16]
    advice: NDArray[np.uint8]
    unclear: Where

    def distinct(self) -> tuple[list[bytes], NDArray[np.intp]]:
        """The different rows of the advice, and for each patient the place of theirs among them."""
        rows = np.ascontiguousarray(self.advice).view(f"V{self.advice.shape[1]}").ravel().tolist()
        places: dict[bytes, int] = {}
        which = np.array([places.setdefault(row, len(places)) for row in rows], np.intp)
        return list(places), which


def read_advice(protocol: Protocol, row: bytes) -> Advice:
    """What a row of the advice says."""
    disposition, urgency, *rest = row
    priorities, asked = rest[: len(SERVICES)], np.unpackbits(np.array(rest[len(SERVICES) :], np.uint8))
    referrals = [
        (service.value, PRIORITIES[priority].value)
        for service, priority in zip(SERVICES, priorities, strict=True)
        if priority != NOT_REFERRED
    ]
    actions = [action for action, is_asked in zip(protocol.actions, asked, strict=False) if is_asked]
    return Advice(
        DISPOSITIONS[disposition].value, URGENCIES[urgency].value, tuple(sorted(referrals)), tuple(sorted(actions))
    )


def decide(protocol: Protocol, columns: Columns) -> Decisions:
    """Decide for everybody in the columns."""
    # What is decided once nothing open matters: any answer to the rest decides alike, so "not sure" does.
    rules, advice = _Decided(Cohort(protocol, _filled(protocol, columns, _not_sure)), is_final=True).decided()
    decisions = Decisions(rules, advice, np.zeros(len(columns), np.bool_))
    begun = np.flatnonzero(_is_begun(Cohort(protocol, columns)))
    if begun.size:
        _decide_begun(protocol, columns.some(begun), begun, decisions)
    return decisions


def _decide_begun(protocol: Protocol, columns: Columns, places: Places, decisions: Decisions) -> None:
    """Correct what was decided of those of whom not everything was asked."""
    now = _Decided(Cohort(protocol, columns), is_final=False)
    is_open = np.flatnonzero(~now.is_settled())
    if not is_open.size:
        return
    rules, advice = (each[is_open] for each in now.decided())
    left, left_columns = places[is_open], columns.some(is_open)
    # Whether anything open matters need not be known where the outcome is the same in either case.
    unclear = (rules != decisions.rules[left]) | (advice != decisions.advice[left]).any(axis=1)
    for answer in (_highest, _lowest):
        filled = Cohort(protocol, _filled(protocol, left_columns, answer))
        _rules, otherwise = _Decided(filled, is_final=True).decided()
        unclear &= (otherwise == decisions.advice[left]).all(axis=1)
    decisions.unclear[left], decisions.rules[left], decisions.advice[left] = unclear, rules, advice


def _is_begun(cohort: Cohort) -> Where:
    """Of whom something is still open that flags or rules read."""
    begun = np.zeros(len(cohort.columns), np.bool_)
    for name in cohort.protocol.most_decisive_first:
        begun |= cohort.is_open(cohort.protocol.questions[name])
    return begun


def _filled(protocol: Protocol, columns: Columns, answer: Callable[[Question], int]) -> Columns:
    """The same patients, everything not asked so far answered in one way."""
    words, numbers = dict(columns.words), dict(columns.numbers)
    for question in protocol.questions.values():
        if question.type.is_number:
            row = columns.numbers.get(question.id, np.full(len(columns), NUMBER_NOT_ASKED, np.uint16))
            numbers[question.id] = np.where(row == NUMBER_NOT_ASKED, np.uint16(answer(question)), row)
        elif question.type not in (QuestionType.DATE, QuestionType.CHOICES):
            rows = columns.words.get(question.id, np.full(len(columns), NOT_ASKED, np.uint8))
            words[question.id] = np.where(rows == NOT_ASKED, np.uint8(answer(question)), rows)
    return Columns(words, numbers, columns.kinds, columns.ages, columns.marks)


def _not_sure(question: Question) -> int:
    return NUMBER_NOT_SURE if question.type.is_number else NOT_SURE


def _lowest(question: Question) -> int:
    """The first number or word, "no", or no study at all."""
    return 0


def _highest(question: Question) -> int:
    match question.type:
        case QuestionType.TRI:
            return 1
        case QuestionType.CHOICE:
            return max(place for place, each in enumerate(question.options) if each.value != NOT_SURE_ANSWER)
        case QuestionType.STUDIES:
            return NOT_SURE
    return min(question.high - question.low, NUMBER_NOT_SURE - 1)


class _Decided:
    """What is decided of everybody once the rules have been walked."""

    def __init__(self, cohort: Cohort, *, is_final: bool) -> None:
        self._walk, self._protocol, self._is_final = Walk(cohort), cohort.protocol, is_final
        self.is_settled = self._walk.is_settled

    def decided(self) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
        """The rule that decides and what is advised, as in `Decisions`."""
        rules = np.where(self._walk.escalation == NO_RULE, self._deciding_advice(), self._walk.escalation)
        dispositions = _said(self._protocol, lambda rule: DISPOSITIONS.index(rule.disposition), _INCOMPLETE).take(rules)
        issued = self._going_out(dispositions)
        urgencies = _said(self._protocol, lambda rule: URGENCIES.index(rule.urgency), _NO_URGENCY).take(rules)
        soonest = issued.min(axis=0)
        is_referred = (dispositions == DISPOSITIONS.index(Disposition.REFER)) & (soonest < NOT_REFERRED)
        urgencies[is_referred] = _PRIORITIES.take(soonest[is_referred])
        return rules, np.vstack([dispositions, urgencies, issued, self._actions(rules)]).T.copy()

    def _deciding_advice(self) -> NDArray[np.int16]:
        """The rule that advises, where nothing is open and all its own parts can be judged."""
        if not self._is_final:
            return np.full(self._walk.number, NO_RULE, np.int16)
        deciding = self._walk.advice.copy()
        for place, rule in self._walk.acting(self._walk.advice):
            for condition in rule.own_conditions:
                deciding[(self._walk.advice == place) & ~self._walk.cohort.judge(condition).where(is_decided)] = NO_RULE
        return deciding

    def _going_out(self, dispositions: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """For each service, and each patient, the priority of the referral that goes out."""
        advised = self._advised()
        is_escalated = self._walk.escalation != NO_RULE
        held_back = is_escalated & ~self._permitted()
        none = (dispositions == _INCOMPLETE) | (dispositions == DISPOSITIONS.index(Disposition.OUT_OF_SCOPE))
        advised[held_back | none] = NOT_REFERRED
        alone = is_escalated & (advised[SERVICES.index(Service.PHYSIOTHERAPY)] == NOT_REFERRED)
        for service in PSYCHOLOGICAL:
            advised[SERVICES.index(service), alone] = NOT_REFERRED
        return advised

    def _advised(self) -> NDArray[np.uint8]:
        advised = np.full((len(SERVICES), self._walk.number), NOT_REFERRED, np.uint8)
        for place, rule in self._walk.acting(self._walk.advice):
            for each in rule.referrals:
                row = advised[SERVICES.index(each.service)]
                refers = (self._walk.advice == place) & self._walk.holds(each.when)
                row[refers] = np.minimum(row[refers], PRIORITIES.index(each.priority))
        return advised

    def _permitted(self) -> Where:
        """For each service, and each patient, whether it may go ahead beside an escalation."""
        permitted = np.zeros((len(SERVICES), self._walk.number), np.bool_)
        for place, rule in self._walk.acting(self._walk.escalation):
            for each in rule.permits if permits(rule) else ():
                permitted[SERVICES.index(each.service)] |= (self._walk.escalation == place) & self._walk.holds(
                    each.when
                )
        for flag in self._protocol.flags if permitted.any() else ():
            judged = self._walk.cohort.flags[flag.id]
            for place, service in enumerate(SERVICES):
                lets = judged.where(is_present_or_excluded if service in flag.allows else is_excluded)
                permitted[place] &= lets
        return permitted

    def _actions(self, rules: NDArray[np.int16]) -> NDArray[np.uint8]:
        """The actions asked for, eight to a byte."""
        asked = Asked(self._protocol, self._walk.number)
        for flag in self._protocol.flags:
            judged = self._walk.cohort.flags[flag.id]
            asked.add(flag.actions, judged.is_true)
            asked.add(flag.not_sure_actions, judged.where(is_unsure))
        asked.add(self._protocol.incomplete.actions, rules == NO_RULE)
        for place, rule in self._walk.acting(rules):
            for task in rule.actions:
                asked.add([task.action], (rules == place) & self._walk.holds(task.when))
        return np.packbits(asked.rows, axis=0)


_INCOMPLETE = DISPOSITIONS.index(Disposition.INCOMPLETE)
_NO_URGENCY = URGENCIES.index(Urgency.NONE)
_PRIORITIES = np.array([URGENCIES.index(each) for each in PRIORITIES], np.uint8)


def _said(protocol: Protocol, say: Callable[[Rule], int], of_none: int) -> NDArray[np.uint8]:
    """What is said of each rule; of none, at the end, which is also the place of NO_RULE."""
    return np.array([*map(say, protocol.rules), of_none], np.uint8)
