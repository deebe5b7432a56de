"""A protocol as a document that a clinician reads: what is asked, looked for and advised, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import spoken
from clinic.sentences import BY_WHEN, Said, Sentences
from triage.checking import unreliable_citations
from triage.questions import QuestionType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.utils.functional import _StrPromise

    from clinic.models import ProtocolRelease
    from triage.conditions import Condition
    from triage.protocol import Flag, Level, Protocol, Rule, Section, Source, Text
    from triage.questions import Question

STATUSES: Mapping[str, _StrPromise] = {
    "current": gettext_lazy("current"),
    "withdrawn": gettext_lazy("withdrawn"),
    "expired": gettext_lazy("expired"),
    "background": gettext_lazy("background"),
    "assumption": gettext_lazy("assumption, not signed"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, what it takes for an answer, and when it is asked."""

    question: Question
    answers: str
    when: Said | None


@dataclass(frozen=True, slots=True)
class Advised:
    """Something that is done or may be done, and where not always, when."""

    text: str
    when: Said | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """One flag: what raises it, by when somebody acts, and what they do."""

    flag: Flag
    when: Said
    by_when: str
    not_sure_by_when: str
    actions: tuple[str, ...]
    not_sure_actions: tuple[str, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """One rule: when it decides, and for what."""

    rule: Rule
    outcome: str
    by_when: str
    when: Said
    referrals: tuple[Advised, ...]
    permits: tuple[Advised, ...]
    actions: tuple[Advised, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A name that conditions use: what it means, and exactly when it is so."""

    means: str
    when: tuple[Said, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Cited:
    """A source with its status in words, and where it is relied on though it may not be."""

    source: Source
    status: str
    in_vain: tuple[str, ...]


class ProtocolDocument:
    """What the page shows of one release, in the reader's language."""

    def __init__(self, release: ProtocolRelease) -> None:
        self.protocol: Protocol = spoken.protocol(release)
        self._sentences = Sentences(self.protocol)

    @property
    def sections(self) -> Iterator[tuple[Section, Sequence[Asked]]]:
        for section in self.protocol.sections:
            mine = (each for each in self.protocol.questions.values() if each.section == section.id)
            yield section, [Asked(each, answers_of(each), self._when(each.ask_when)) for each in mine]

    @property
    def levels(self) -> Iterator[tuple[str, Sequence[Looked]]]:
        """The flags, the most urgent level first."""
        for level, flags in groupby(self.protocol.flags_by_urgency, key=lambda flag: flag.level):
            yield str(BY_WHEN[level]), [self._flag(each) for each in flags]

    @property
    def rules(self) -> Iterator[Decided]:
        for rule in self.protocol.rules:
            yield Decided(
                rule=rule,
                outcome=self.protocol.dispositions[rule.disposition].title,
                by_when=str(BY_WHEN[rule.urgency]),
                when=self._sentences.say(rule.when),
                referrals=tuple(
                    Advised(
                        f"{self.protocol.services[each.service].title}: {BY_WHEN[each.priority]}", self._when(each.when)
                    )
                    for each in rule.referrals
                ),
                permits=tuple(
                    Advised(self.protocol.services[each.service].title, self._when(each.when)) for each in rule.permits
                ),
                actions=tuple(Advised(self._action(each.action), self._when(each.when)) for each in rule.actions),
                sources=self._sources(rule.cites),
            )

    @property
    def incomplete(self) -> tuple[str, ...]:
        """What is done while no rule may decide."""
        return self._actions(self.protocol.incomplete.actions)

    @property
    def names(self) -> Iterator[Named]:
        for fact in self.protocol.facts.values():
            yield Named(fact.means, (self._sentences.say(fact.when),), self._sources(fact.cites))
        for level in self.protocol.levels.values():
            yield Named(level.means, tuple(self._steps(level)), self._sources(level.cites))

    @property
    def exclusions(self) -> Iterator[tuple[str, str, Said | None]]:
        for each in self.protocol.exclusions:
            yield each.level, each.means, self._when(each.when)

    @property
    def texts(self) -> Iterator[tuple[Text, str, Said | None]]:
        """What the patient is told, with the outcomes that it goes with."""
        for text in self.protocol.texts:
            outcomes = ", ".join(self.protocol.dispositions[each].title for each in text.dispositions)
            yield text, outcomes, self._when(text.when)

    @property
    def sources(self) -> Iterator[Cited]:
        unreliable = unreliable_citations(self.protocol)
        for source in self.protocol.sources.values():
            yield Cited(source, str(STATUSES[source.status]), tuple(unreliable.get(source.id, ())))

    def _flag(self, flag: Flag) -> Looked:
        return Looked(
            flag=flag,
            when=self._sentences.say(flag.when),
            by_when=str(BY_WHEN[flag.level]),
            not_sure_by_when=str(BY_WHEN[flag.not_sure]),
            actions=self._actions(flag.actions),
            not_sure_actions=self._actions(flag.not_sure_actions),
            sources=self._sources(flag.cites),
        )

    def _steps(self, level: Level) -> Iterator[Said]:
        for number, step in enumerate(level.steps, start=1):
            yield Said(f"{number} ({step.means})", (self._sentences.say(step.when),))

    def _when(self, condition: Condition | None) -> Said | None:
        return self._sentences.say(condition) if condition else None

    def _actions(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._action(name) for name in names)

    def _action(self, name: str) -> str:
        action = self.protocol.actions[name]
        return f"{action.text} ({action.who})"

    def _sources(self, cites: Sequence[str]) -> tuple[Source, ...]:
        return tuple(self.protocol.sources[cite] for cite in cites)


def answers_of(question: Question) -> str:
    """What the question takes; every one also takes "not sure"."""
    match question.type:
        case QuestionType.TRI:
            return " / ".join((_("Yes"), _("No"), _("Not sure")))
        case QuestionType.INTEGER:
            limits = {"low": question.low, "high": question.high}
            return f"{_('%(low)s to %(high)s') % limits} {question.unit}".strip()
        case QuestionType.DATE:
            return _("A day in the past")
        case QuestionType.STUDIES:
            return _("Every study, with its kind, region, state, reason and report")
    return " / ".join(option.label for option in question.options)
