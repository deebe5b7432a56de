"""Where an intake stands: its sections, what is answered, and what could still change the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import clock, spoken
from clinic.actions.answers import known_of_record
from clinic.actions.freshness import stale_questions
from clinic.models import Assessment
from clinic.permissions import Capability
from clinic.web import answers
from clinic.web.fields import Remark, anchor
from clinic.web.pages import IntakePage
from clinic.web.wording import SOURCES
from triage.facts import check_stored
from triage.patient_view import PatientView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from triage.facts import Facts
    from triage.protocol import Section
    from triage.questions import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One section in the side list."""

    title: str
    url: str
    answered: int
    asked: int
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A question that could still change the outcome, and the way to it."""

    text: str
    url: str
    safety: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A question and its answer in words."""

    text: str
    answer: str
    is_answered: bool
    is_disputed: bool
    is_old: bool


@dataclass(frozen=True, slots=True)
class Part:
    """The answers of one section."""

    title: str
    url: str
    answers: Sequence[Answered]


class AnswersPage(IntakePage):
    """A page that knows which questions apply to the patient and how they were answered."""

    @cached_property
    def on(self) -> date:
        return self._read.on

    @cached_property
    def _assessed(self) -> Mapping[str, Any]:
        """The answers as they read on the day of the newest assessment."""
        return self._read.answers

    @cached_property
    def _read(self) -> Assessment:
        """Whoever sees the intake reads its answers, the age among them; not what came of them."""
        return self.newest or Assessment.objects.newest().only("answers", "on").get(intake=self.intake)

    @cached_property
    def of_record(self) -> Sequence[str]:
        """The questions that the patient's record answers."""
        return known_of_record(self._assessed)

    @cached_property
    def _facts(self) -> Facts:
        return check_stored(self.protocol.questions, self._assessed, on=self.on)

    @cached_property
    def _view(self) -> PatientView:
        return PatientView(self.protocol, self._facts)

    @property
    def may_ask(self) -> bool:
        """Whether there is anything to be asked here, and the person may write down the answers."""
        return self.intake.is_open and self.may(Capability.ANSWER)

    def forget_answers(self) -> None:
        """Read everything anew: the answers have changed."""
        for name in (
            "newest",
            "urgent",
            "_read",
            "on",
            "_assessed",
            "of_record",
            "_facts",
            "_view",
            "questions",
            "to_ask_again",
            "dropped",
        ):
            self.__dict__.pop(name, None)

    def asked(self, section: Section) -> list[Question]:
        """The questions of a section that apply, or may yet apply, and can still matter; not those that the record answers."""
        return [
            question
            for question in self.protocol.questions.values()
            if question.section == section.id
            and question.id not in {*self.of_record, *self.dropped}
            and self._view.applies(question)
        ]

    @cached_property
    def dropped(self) -> Sequence[str]:
        """Left out of the form: not answered, and no answer could change the outcome any more. No safety question ever is."""
        if self.newest is None:
            return []
        matter = {each["question"] for each in self._outstanding}
        read = [self.protocol.questions[name] for name in self.protocol.most_decisive_first]
        left_out = {q.id for q in read if q.id not in matter and not q.safety and self._view.is_open(q)}
        return [name for name in self.protocol.questions if name in left_out]

    def value_of(self, name: str) -> Any:
        return answers.value_of(self.intake.answers, name)

    @cached_property
    def to_ask_again(self) -> Sequence[Question]:
        """The safety questions whose answers are older than the protocol lets them be acted upon."""
        if self.newest is None or not self.intake.is_open:
            return []
        return [self.protocol.questions[name] for name in stale_questions(self.intake, self.newest)]

    def remark(self, question: Question) -> Remark | None:
        """What is to be known of an answer that was not given just now."""
        entry = self.intake.answers.get(question.id)
        if entry is None:
            return None
        at = clock.instant(entry["at"])
        said = {"day": date_format(clock.day(at, self.site), "j M Y"), "answer": self.in_words(question)}
        if question in self.to_ask_again:
            return Remark(_("Ask again"), _("Last answer, %(day)s: %(answer)s. It is too old to act upon.") % said)
        if self.intake.follows_id and at < self.intake.opened_at:
            return Remark(_("From the record"), _("Answered on %(day)s: check that it still holds.") % said)
        return None

    def in_words(self, question: Question) -> str:
        return answers.in_words(question, answers.value_of(self._assessed, question.id), on=self.on)

    def disputes(self, question: Question) -> list[str]:
        """What stands against the answer: another source, or another answer."""
        said = [spoken.reason(each["reason"]) for each in self._conflicts if each["question"] == question.id]
        stored = self.intake.answers.get(question.id, {})
        if "disputes" in stored:
            said = [self._dispute(question, stored)]
        return said

    @property
    def _conflicts(self) -> list[dict[str, str]]:
        conflicts: list[dict[str, str]] = self.newest.outcome["conflicts"] if self.newest else []
        return conflicts

    def _dispute(self, question: Question, stored: Mapping[str, Any]) -> str:
        other = stored["disputes"]
        return _("%(source)s said %(answer)s, %(other_source)s said %(other_answer)s (%(day)s).") % {
            "source": str(SOURCES[stored["source"]]).capitalize(),
            "answer": answers.in_words(question, stored["value"], on=self.on),
            "other_source": SOURCES[other["source"]],
            "other_answer": answers.in_words(question, other["value"], on=self.on),
            "day": date_format(clock.day(clock.instant(other["at"]), self.site), "j M Y"),
        }

    def url_of_section(self, section_id: str) -> str:
        return reverse("section", args=[self.intake.pk, section_id])

    def url_of(self, question: Question) -> str:
        return f"{self.url_of_section(question.section)}#{anchor(question.id)}"

    def url_after(self, section: Section | None) -> str:
        """The next section; from outside, the first with an open question; at the end, the check."""
        sections = self.protocol.sections
        if section is not None:
            following = sections[sections.index(section) + 1 :][:1]
        else:
            waiting = {each["section"] for each in self._outstanding}
            waiting |= {question.section for question in self.to_ask_again}
            following = tuple(each for each in sections if each.id in waiting)[:1]
        return self.url_of_section(following[0].id) if following else reverse("check", args=[self.intake.pk])

    @property
    def _outstanding(self) -> list[dict[str, Any]]:
        outstanding: list[dict[str, Any]] = self.newest.outcome["outstanding"] if self.newest else []
        return outstanding

    def progress(self, *, here: str) -> dict[str, Any]:
        """What the side list and the notices show."""
        return {
            "steps": [self._step(section, here) for section in self.protocol.sections],
            "outstanding": [
                OpenQuestion(text=each.text, safety=each.safety, url=self.url_of(each))
                for each in (self.protocol.questions[each["question"]] for each in self._outstanding)
            ],
            "ask_again": [
                OpenQuestion(text=each.text, safety=each.safety, url=self.url_of(each)) for each in self.to_ask_again
            ],
            "is_assessed": self.newest is not None,
            "is_open": self.intake.is_open,
            "is_check": here == "check",
            "check_url": reverse("check", args=[self.intake.pk]),
            "result_url": reverse("result", args=[self.intake.pk]) if self.newest else "",
            "timeline_url": reverse("timeline", args=[self.intake.pk]),
        }

    def _step(self, section: Section, here: str) -> Step:
        asked = self.asked(section)
        return Step(
            title=section.title,
            url=self.url_of_section(section.id),
            answered=sum(each.id in self._facts.values and each not in self.to_ask_again for each in asked),
            asked=len(asked),
            is_here=section.id == here,
        )

    def answered_parts(self) -> list[Part]:
        """Every question that was asked with its answer; after them what does not apply, and what was left out."""
        parts = [
            Part(
                section.title, self.url_of_section(section.id), [self._answered(each) for each in self._shown(section)]
            )
            for section in self.protocol.sections
        ]
        ignored = self.newest.outcome["ignored"] if self.newest else []
        for title, names in (
            (_("Answered, but does not apply: kept and not used"), ignored),
            (_("Not asked: no answer could change the outcome"), self.dropped),
        ):
            if names:
                parts.append(Part(title, "", [self._answered(self.protocol.questions[name]) for name in names]))
        return parts

    def _shown(self, section: Section) -> list[Question]:
        known = [self.protocol.questions[name] for name in self.of_record]
        return [each for each in known if each.section == section.id] + self.asked(section)

    def _answered(self, question: Question) -> Answered:
        return Answered(
            text=question.text,
            answer=self.in_words(question),
            is_answered=question.id in self._facts.values,
            is_disputed=bool(self.disputes(question)),
            is_old=question in self.to_ask_again,
        )
