"""A protocol: everything clinical, as one immutable value read from one file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from triage.instruments import Instrument
from triage.questions import Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from triage.conditions import Condition


class Disposition(StrEnum):
    """Where the patient goes next; `incomplete` and `out_of_scope` are statuses, not advice."""

    SELF_MANAGE = "self_manage"
    REFER = "refer"
    HOLD_IMAGING = "hold_imaging"
    INCOMPLETE = "incomplete"
    OUT_OF_SCOPE = "out_of_scope"
    MEDICAL_REVIEW = "medical_review"
    URGENT_MEDICAL = "urgent_medical"
    EMERGENCY = "emergency"

    @property
    def rank(self) -> int:
        """How urgent it is; equal ranks are equally urgent (evidence: invariants of section F)."""
        return _RANKS[self]


_RANKS = {
    Disposition.SELF_MANAGE: 0,
    Disposition.REFER: 1,
    Disposition.HOLD_IMAGING: 1,
    Disposition.INCOMPLETE: 1,
    Disposition.OUT_OF_SCOPE: 2,
    Disposition.MEDICAL_REVIEW: 2,
    Disposition.URGENT_MEDICAL: 3,
    Disposition.EMERGENCY: 4,
}


class Urgency(StrEnum):
    """By when something is to happen, most urgent first."""

    NOW = "now"
    SAME_DAY = "24h"
    SEVEN_DAYS = "7d"
    FOURTEEN_DAYS = "14d"
    SOON = "soon"
    ROUTINE = "routine"
    NONE = "none"


LEVELS = (Urgency.NOW, Urgency.SAME_DAY, Urgency.SEVEN_DAYS, Urgency.FOURTEEN_DAYS)
PRIORITIES = (Urgency.SOON, Urgency.ROUTINE)


class Service(StrEnum):
    """Whom a referral goes to."""

    PHYSIOTHERAPY = "physiotherapy"
    CBT = "cbt"
    PSYCHOLOGY = "psychology"


PSYCHOLOGICAL = (Service.CBT, Service.PSYCHOLOGY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something that may be cited: a publication with its status, or an assumption to be signed."""

    id: str
    citation: str
    status: str
    use: str = ""
    checked_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One page of the form."""

    id: str
    title: str
    intro: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A named truth; about one imaging study where `per_study`, true if any study makes it so."""

    id: str
    when: Condition
    means: str
    per_study: bool = False
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a level, and what reaching it means."""

    when: Condition
    means: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A named whole number: the highest step that is true, counted from 1; 0 if none is."""

    id: str
    means: str
    steps: tuple[Step, ...]
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What somebody does next, and who."""

    id: str
    text: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something that is looked for, and what to do where it is found or cannot be told.

    `allows` names the services whose referral may go ahead beside this flag.
    """

    id: str
    title: str
    group: str
    when: Condition
    level: Urgency
    not_sure: Urgency
    because: str
    cites: tuple[str, ...]
    actions: tuple[str, ...] = ()
    not_sure_actions: tuple[str, ...] = ()
    allows: tuple[Service, ...] = ()
    hazards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A referral that a rule advises, on a condition of its own if it has one."""

    service: Service
    priority: Urgency
    when: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A service whose referral may go ahead under an escalation."""

    service: Service
    when: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An action that a rule asks for, on a condition of its own if it has one."""

    action: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the precedence: when it holds and nothing above it can, this is the outcome."""

    id: str
    title: str
    when: Condition
    disposition: Disposition
    urgency: Urgency
    review_days: int
    because: str
    cites: tuple[str, ...]
    at_once: bool = False
    referrals: tuple[Recommendation, ...] = ()
    permits: tuple[Permit, ...] = ()
    actions: tuple[Task, ...] = ()

    @property
    def own_conditions(self) -> tuple[Condition, ...]:
        """The conditions on its referrals, permits and actions: they too shape the outcome."""
        parts: tuple[Recommendation | Permit | Task, ...] = (*self.referrals, *self.permits, *self.actions)
        return tuple(part.when for part in parts if part.when is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """The outcome while no rule may decide."""

    because: str
    review_days: int
    actions: tuple[str, ...]
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """How far a serious cause has been looked for: X1, X2, X3."""

    level: str
    means: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Advice or safety net for the patient, with the dispositions it goes with."""

    id: str
    kind: str
    text: str
    dispositions: tuple[Disposition, ...]
    when: Condition | None = None
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MustHold:
    """What must hold between the answers to two questions: where it does not, one of them is wrong.

    Either a condition on both, or, without one, that the time which the second answer tells is not
    before the birth of a patient of the age that the first one tells.
    """

    id: str
    questions: tuple[str, str]
    says: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words for an outcome or a service."""

    title: str
    means: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Protocol:
    """One version of one protocol; `digest` is the SHA-256 of the bytes it was read from.

    Each is equal to itself alone, so that what is made of it once can be remembered under it.
    """

    id: str
    version: str
    title: str
    summary: str
    signed_off: bool
    review_due: date
    fresh_days: int
    cites: tuple[str, ...]
    digest: str
    sources: Mapping[str, Source]
    sections: tuple[Section, ...]
    questions: Mapping[str, Question]
    instruments: Mapping[str, Instrument]
    facts: Mapping[str, Fact]
    levels: Mapping[str, Level]
    imaging_question: str
    actions: Mapping[str, Action]
    flags: tuple[Flag, ...]
    rules: tuple[Rule, ...]
    incomplete: Incomplete
    exclusions: tuple[Exclusion, ...]
    texts: tuple[Text, ...]
    dispositions: Mapping[Disposition, Wording]
    services: Mapping[Service, Wording]
    must_hold: tuple[MustHold, ...] = ()

    @cached_property
    def names(self) -> Mapping[str, Question | Fact | Level | Instrument]:
        """What each name in a condition stands for."""
        return {**self.questions, **self.facts, **self.levels, **self.instruments}

    @cached_property
    def flags_by_urgency(self) -> tuple[Flag, ...]:
        return tuple(sorted(self.flags, key=lambda flag: LEVELS.index(flag.level)))

    @cached_property
    def most_decisive_first(self) -> tuple[str, ...]:
        """The ids of all questions that flags and rules read: those that can make it most urgent first."""
        conditions = [flag.when for flag in self.flags_by_urgency]
        for rule in self.rules:
            conditions += [rule.when, *rule.own_conditions]
        return tuple(dict.fromkeys(name for condition in conditions for name in self._asked_for(condition)))

    def _asked_for(self, condition: Condition) -> Iterator[str]:
        """The questions that a condition reads, each after those on which it hangs whether it is asked."""
        for name in self.reads(condition):
            gate = self.questions[name].ask_when
            if gate is not None:
                yield from self.reads(gate)
            yield name

    @cached_property
    def read_by(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of the questions that each flag and each rule reads, by `flag:id` or `rule:id`."""
        flags = {f"flag:{flag.id}": self.reads(flag.when) for flag in self.flags}
        return flags | {f"rule:{rule.id}": self.reads(rule.when) for rule in self.rules}

    def reads(self, condition: Condition) -> tuple[str, ...]:
        """The ids of all questions that a condition reads, in the order in which it reads them."""
        return tuple(dict.fromkeys(self._questions_of(condition, set())))

    def _questions_of(self, condition: Condition, seen: set[str]) -> Iterator[str]:
        """Each name is followed once: facts that read others twice would take twice as long each."""
        for part in condition.walk():
            for name in part.names:
                if name not in seen:
                    seen.add(name)
                    yield from self._questions_behind(name, seen)

    def _questions_behind(self, name: str, seen: set[str]) -> Iterator[str]:
        match self.names.get(name):
            case Question():
                yield name
            case Instrument(items=items):
                yield from items
            case Level(steps=steps):
                for step in steps:
                    yield from self._questions_of(step.when, seen)
            case Fact(when=when, per_study=per_study):
                if per_study:
                    yield self.imaging_question
                yield from self._questions_of(when, seen)
