"""Take the answers of an intake, section by section."""

from __future__ import annotations

import re
import secrets
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import clock
from clinic.actions import drafts, intakes, raising
from clinic.actions.errors import Stale
from clinic.models import Draft, Intake
from clinic.permissions import Capability
from clinic.web import answers, faults, fields, stale, stop_notices, studies
from clinic.web.progress import AnswersPage
from triage.facts import AnswerErrors
from triage.protocol import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.http.response import HttpResponseBase

    from clinic.models import Assessment
    from clinic.web.faults import Fault
    from triage.protocol import Section
    from triage.questions import Question


_PAGE, _MOST_PAGES = re.compile(r"[A-Za-z0-9_-]{16,32}"), 10
_VERSION, _GROUP = re.compile(r"[0-9]{1,9}"), re.compile(r"part-[0-9]{1,3}")


def _new_page() -> str:
    return secrets.token_urlsafe(16)


def _as_form(typed: Iterable[Mapping[str, list[str]]]) -> QueryDict:
    """What was typed, as a form that comes in."""
    form = QueryDict(mutable=True)
    for each in typed:
        for name, values in each.items():
            form.setlist(name, values)
    return form


class ContinueIntake(AnswersPage):
    """The way back in: the first section with an open question, or the answers to check."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not self.may_ask:
            return redirect("check", self.intake.pk)
        return redirect(self.url_after(None))


class SectionPage(AnswersPage):
    """Ask the questions of one section: one view for every question of every protocol."""

    @cached_property
    def section(self) -> Section:
        for section in self.protocol.sections:
            if section.id == self.kwargs["section"]:
                return section
        raise Http404

    @cached_property
    def drafts(self) -> Sequence[Draft]:
        """What the person typed here before and did not save; a form that is sent brings its own."""
        return [] if self.request.method == "POST" else drafts.live(self.intake, self.section.id, self.user)

    @cached_property
    def _typed(self) -> dict[str, Mapping[str, list[str]]]:
        """Of each question what was typed last."""
        return {name: typed for draft in self.drafts for name, typed in draft.typed.items()}

    @cached_property
    def form(self) -> QueryDict:
        """What is filled in: the form as it was sent, or what was typed before."""
        if self.request.method == "POST":
            return self.request.POST
        return _as_form(self._typed.values())

    @cached_property
    def pages(self) -> list[str]:
        """The renderings of this form whose fields a form that was sent holds, the last one first."""
        return [page for page in self.request.POST.getlist("page")[:_MOST_PAGES] if _PAGE.fullmatch(page)]

    @cached_property
    def questions(self) -> Sequence[Question]:
        """Those that apply, and any other that was filled in: nothing typed is ever dropped."""
        asked = {question.id for question in self.asked(self.section)}
        return [
            question
            for question in self.protocol.questions.values()
            if question.section == self.section.id and (question.id in asked or answers.filled_in(question, self.form))
        ]

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not self.may_ask:
            return redirect("check", self.intake.pk)
        if self.drafts:
            return self._ask_again()
        return self._ask({question.id: self.stored(question) for question in self.questions})

    def _ask_again(self) -> HttpResponseBase:
        """With what was typed before, and beside it what was saved of it since."""
        seen = stale.answers_at(self.intake, self.since)
        typed = self._filled_in()
        states = {
            question.id: stale.beside(question, typed[question.id], seen, self.intake.answers, on=self.on)
            if question.id in self._typed
            else self.stored(question)
            for question in self.questions
        }
        return self._ask(states, draft=self.drafts[-1])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if "add_study" in request.POST:
            return self._ask(self._filled_in(one_more=request.POST["add_study"]))
        is_now = "now" in self.request.POST
        given = self._changed_answers()
        blanks = self._emptied()
        if blanks and not is_now and self.intake.is_open and self.version == self.intake.version:
            return self._refuse(blanks)
        try:
            save = self._save_now if is_now else self._save_and_go_on
            return self.once(lambda: save(given), is_guarded=True)
        except AnswerErrors as errors:
            return self._refuse([faults.of_answer(self.protocol.questions, fault) for fault in errors.faults])
        except Stale:
            return self._show_what_changed()

    def _save_and_go_on(self, given: Mapping[str, Any]) -> str:
        before, shown = self.newest, {question.id for question in self.questions}
        return self._go_on(before, self._save(given), shown)

    def _save(self, given: Mapping[str, Any]) -> Assessment:
        with transaction.atomic():
            assessment = intakes.answer(
                intake=self.intake,
                answers=given,
                by=self.user,
                expected_version=self.version,
                settled=[name for name in self._settled if name in given],
            )
            drafts.end(intake=self.intake, section=self.section.id, pages=self.pages, by=self.user)
        return assessment

    def _save_now(self, given: Mapping[str, Any]) -> str:
        """Save what is answered so far, whatever else on the page is no answer yet; that stays typed."""
        before = self.newest
        touched = [question for question in self.questions if self.is_touched(question)]
        while True:
            try:
                assessment = self._save(given)
                break
            except AnswerErrors as errors:
                unfit = {faults.question_of(fault) for fault in errors.faults}
                if unfit.isdisjoint(given):
                    raise
                given = {name: value for name, value in given.items() if name not in unfit}
        left = {question.id: self.fields_of(question) for question in touched if question.id not in given}
        self._keep(left)
        return self._go_back(before, assessment, is_whole=not left)

    def _keep(self, left: dict[str, dict[str, list[str]]]) -> None:
        """What could not be saved, to be filled in again."""
        if left:
            drafts.keep(
                intake=self.intake,
                section=self.section.id,
                pages=[_new_page()],
                version=self.intake.version,
                typed=left,
                answers=self.unsaved_answers(),
                by=self.user,
            )

    def _go_back(self, before: Assessment | None, after: Assessment, *, is_whole: bool) -> str:
        """To the stop card if something new stops the intake; else to where the person was."""
        self.forget_answers()
        if stop_notices.reasons(after) - stop_notices.reasons(before):
            return reverse("stop", args=[self.intake.pk])
        told = _("Saved.") if is_whole else _("Saved. What is no answer yet is not: it is still on this page.")
        messages.success(self.request, told)
        group = self.request.POST["now"]
        return self.url_of_section(self.section.id) + (f"#{group}" if _GROUP.fullmatch(group) else "")

    @cached_property
    def version(self) -> int:
        """The version of the answers that the person saw while filling in."""
        return self.version_sent()

    @property
    def since(self) -> int:
        """The version of the answers that were there when the first of what is in the form was typed."""
        if self.request.method != "POST":
            return min([self.intake.version, *(draft.version for draft in self.drafts)])
        since = self.request.POST.get("since", "")
        return min(self.version, int(since)) if _VERSION.fullmatch(since) else self.version

    @property
    def _settled(self) -> list[str]:
        shown = {question.id for question in self.questions}
        return [name for name in self.form.getlist("settle") if name in shown]

    def _changed_answers(self) -> dict[str, Any]:
        """What was filled in and is not what is stored: an answer only looked at is not given anew."""
        read = {question.id: answers.read(question, self.form) for question in self.questions}
        again = self.to_ask_again
        return {
            name: value
            for name, value in read.items()
            if value is not None
            and (name in self._settled or value != self.value_of(name) or self.protocol.questions[name] in again)
        }

    def _emptied(self) -> list[Fault]:
        clinical = self.may(Capability.EXAMINE)
        return [
            faults.of_blank(question, self.in_words(question))
            for question in self.questions
            if (clinical or question.asked_by != "clinician")
            and self.value_of(question.id) is not None
            and question not in self.to_ask_again
            and answers.read(question, self.form) is None
        ]

    def stored(self, question: Question) -> fields.State:
        """The field with the answer that counts; an answer too old to act upon is not chosen for anybody."""
        is_asked = question in self.to_ask_again and not self.is_locked(question)
        words, rows = fields.state_stored(question, None if is_asked else self.value_of(question.id))
        return self._state(question, words, rows)

    def _state(self, question: Question, words: list[str], rows: list[dict[str, str]], **more: Any) -> fields.State:
        found = {"faults": {}} | more
        return fields.State(
            words=words, rows=rows, disputes=self.disputes(question), remark=self.remark(question), **found
        )

    def _filled_in(self, found: Sequence[Fault] = (), *, one_more: str = "") -> dict[str, fields.State]:
        said = faults.by_anchor(found)
        states = {}
        for question in self.questions:
            if self.is_locked(question):
                states[question.id] = self.stored(question)
                continue
            words, rows = fields.state_filled_in(question, self.form)
            if question.id == one_more:
                words, rows = [studies.LISTED], [*rows, {}]
            states[question.id] = self._state(question, words, rows, faults=said)
        return states

    def is_locked(self, question: Question) -> bool:
        return question.asked_by == "clinician" and not self.may(Capability.EXAMINE)

    def is_touched(self, question: Question) -> bool:
        """Whether it says something else than was shown; what is ticked to settle a conflict is ticked anew."""
        filled: Any = fields.state_filled_in(question, self.form)
        if self.is_locked(question) or filled == ([], []):  # a blank takes the place of no answer
            return False
        is_newest = self.version == self.intake.version
        seen = self.intake.answers if is_newest else stale.answers_at(self.intake, self.version)
        return bool(filled != stale.shown(question, seen, fresh_days=self.protocol.fresh_days, site=self.intake.site))

    def fields_of(self, question: Question) -> dict[str, list[str]]:
        return {name: values for name, values in self.form.lists() if answers.belongs(name, question)}

    def unsaved_answers(self) -> dict[str, Any]:
        """What the person has typed and not saved, on this page and on others of the intake, as it is read."""
        found: dict[str, Any] = {}
        for draft in drafts.elsewhere(self.intake, self.section.id, self.pages, self.user):
            form = _as_form(draft.typed.values())
            asked = (self.protocol.questions[name] for name in draft.typed if name in self.protocol.questions)
            found |= {question.id: answers.read(question, form) for question in asked}
        touched = filter(self.is_touched, self.questions)
        found |= {question.id: answers.read(question, self.form) for question in touched}
        return {name: value for name, value in found.items() if value is not None}

    def _refuse(self, found: Sequence[Fault]) -> HttpResponseBase:
        return self._ask(self._filled_in(found), status=422, faults=found)

    def _show_what_changed(self) -> HttpResponseBase:
        """The same form with what was typed, and what somebody else has saved meanwhile."""
        self.forget_answers()
        seen, typed = stale.answers_at(self.intake, self.version), self._filled_in()
        states = {
            question.id: stale.merge(
                question,
                typed[question.id],
                seen,
                self.intake.answers,
                on=self.on,
                fresh_days=self.protocol.fresh_days,
                site=self.site,
            )
            for question in self.questions
        }
        changes = stale.changes(self.protocol.questions, seen, self.intake.answers, on=self.on)
        return self._ask(states, status=409, stale=changes)

    def _ask(self, states: dict[str, fields.State], *, status: int = 200, **context: Any) -> HttpResponseBase:
        self._raise_what_came_in()
        clinical = self.may(Capability.EXAMINE)
        built = {
            question.id: fields.build(question, states[question.id], is_clinician=clinical, on=clock.today(self.site))
            for question in self.questions
        }
        return self.show(
            "clinic/section.html",
            status=status,
            section=self.section,
            position=self.protocol.sections.index(self.section) + 1,
            groups=fields.in_groups(self.questions, built, urgent=self._can_raise_now),
            may_save=True,
            version=self.intake.version,
            attributions=self._attributions(),
            is_sent_back=self.request.method == "POST",
            pages=[_new_page(), *(self.pages or [draft.page for draft in reversed(self.drafts)])],
            since=self.since,
            draft_url=reverse("draft", args=[self.intake.pk, self.section.id]),
            **self.progress(here=self.section.id),
            **context,
        )

    @property
    def _can_raise_now(self) -> set[str]:
        """The questions that a flag reads which does not wait for an hour."""
        flags = [each for each in self.protocol.flags if Urgency.NOW in (each.level, each.not_sure)]
        return {name for each in flags for name in self.protocol.read_by[f"flag:{each.id}"]}

    def _raise_what_came_in(self) -> None:
        """A form that is not saved does not make wait what cannot."""
        if self.request.method == "POST" and self.may_ask:
            intake = Intake(pk=self.intake.pk)  # what the page shows stays as it was read
            raising.raise_typed(intake=intake, answers=self.unsaved_answers(), by=self.user)

    def _attributions(self) -> list[str]:
        """Whose questions these are, where a questionnaire wants it said."""
        here = {question.id for question in self.questions}
        used = [each for each in self.protocol.instruments.values() if here.intersection(each.items)]
        return [f"{each.name}: {each.attribution}" for each in used if each.attribution]

    def _go_on(self, before: Assessment | None, after: Assessment, shown: set[str]) -> str:
        """To the stop card if something new stops the intake; else to what was asked for."""
        self.forget_answers()
        if stop_notices.reasons(after) - stop_notices.reasons(before):
            return reverse("stop", args=[self.intake.pk])
        if self.request.POST.get("then") == "leave":
            messages.success(self.request, _("Saved. You can come back to this intake at any point."))
            return reverse("worklist")
        fresh = [each for each in self.asked(self.section) if each.id not in shown]
        if fresh:
            messages.success(self.request, _("Saved. More questions of this section now apply."))
            return self.url_of(fresh[0])
        messages.success(self.request, _("Saved."))
        return self.url_after(self.section)
