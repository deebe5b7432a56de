"""The stop card: an outcome that cannot wait, what to do about it, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import clock, spoken
from clinic.actions import stops
from clinic.actions.errors import Conflict
from clinic.models import AT_ONCE, Assessment, StopRecord, Work, WorkItem
from clinic.permissions import Capability
from clinic.web import faults, letter_forms, stop_notices
from clinic.web.outcomes import each_symptom_once, reasons_of, to_do
from clinic.web.pages import IntakePage
from triage.changes import urgent_reasons
from triage.protocol import Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.models import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was recorded, and the reasons that were known when it was."""

    record: StopRecord
    about: Sequence[str]


@dataclass(frozen=True, slots=True)
class Number:
    """A number or a place of the site's own."""

    label: str
    text: str
    url: str = ""


def numbers(site: Site) -> list[Number]:
    """What the site has given for when it is urgent."""
    given = [
        Number(_("Emergency services"), site.emergency_number, _telephone(site.emergency_number)),
        Number(_("Emergency department"), site.emergency_department),
        Number(_("Crisis line, at any hour"), site.crisis_line, _telephone(site.crisis_line)),
        Number(_("Call back: this practice"), site.phone, _telephone(site.phone)),
    ]
    return [number for number in given if number.text]


def _telephone(number: str) -> str:
    """The address that dials a number, if it is one."""
    digits = "".join(character for character in number if character.isdigit() or character == "+")
    dialled = digits and not any(character.isalpha() for character in number)
    return f"tel:{digits}" if dialled else ""


class StopPage(IntakePage):
    """What to do, by whom, by when and why; and a place to record that it was done."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self.show_card()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        text, seen = request.POST.get("text", ""), self._seen
        if seen is None or not text.strip():
            return self.show_card(status=422, is_unsaid=True, typed=text, faults=[_unsaid(_("Say what was done."))])
        try:
            return self.once(lambda: self._record(seen, text), said=_("Recorded."))
        except Conflict as conflict:
            return self.show_refusal(conflict, "text", typed=text)
        except ValidationError as error:
            return self.show_card(
                status=422, is_unsaid=True, typed=text, faults=[_unsaid(each) for each in error.messages]
            )

    def _record(self, seen: Assessment, text: str) -> str:
        stops.record(assessment=seen, text=text, by=self.user)
        return reverse("stop", args=[self.intake.pk])

    @property
    def _seen(self) -> Assessment | None:
        """The assessment on the page that was filled in: what came up since is still to be recorded."""
        version = self.request.POST.get("version", "")
        if not (version.isascii() and version.isdecimal() and len(version) < 6):
            return self.urgent
        rows = Assessment.objects.to_act_on(self.user).filter(intake=self.intake)
        return rows.filter(version=int(version)).first() or self.urgent

    def show_refusal(self, conflict: Conflict, anchor: str, **context: Any) -> HttpResponseBase:
        """The card as it stands now, and why it was not done; where there is no card, that alone."""
        if stop_notices.notice(self.urgent) is None:
            raise conflict
        fault = faults.Fault(anchor=anchor, about="", text=str(conflict))
        return self.show_card(status=409, faults=[fault], **context)

    def show_card(self, *, status: int = 200, **context: Any) -> HttpResponseBase:
        newest, stop = self.urgent, stop_notices.notice(self.urgent)
        if newest is None or stop is None:
            other = "result" if self.newest else "check"
            return redirect("raised" if self.raised else other, self.intake.pk)
        outcome, done = spoken.outcome(newest.outcome), self._done()
        urgent = [each for each in outcome["because"] if each["level"] in AT_ONCE]
        unrecorded = self._unrecorded(urgent)
        return self.show(
            "clinic/stop.html",
            status=status,
            stop=stop,
            version=newest.version,
            found_at=self._item.since if self._item else newest.at,
            waits_until=self._item.due if self._item else None,
            is_recorded=bool(done) and not unrecorded,
            is_late=self._item is not None and self._item.is_late(clock.now()),
            is_now=newest.urgency == Urgency.NOW,
            to_do=to_do(outcome["actions"], outcome["because"], self.protocol),
            reasons=reasons_of(each_symptom_once(urgent)),
            numbers=numbers(self.site),
            done=done,
            unrecorded=unrecorded if done else (),
            may_record=self.may(Capability.RECORD_STOP) and not self.intake.patient.is_erased,
            letter=letter_forms.emergency(newest, self.user, self.request.POST),
            is_open=self.intake.is_open,
            continue_url=reverse("intake", args=[self.intake.pk]),
            result_url=reverse("result", args=[self.intake.pk]) if self.newest else "",
            **context,
        )

    @cached_property
    def _item(self) -> WorkItem | None:
        """What the worklist waits for; nothing once something was recorded about every reason."""
        return WorkItem.objects.visible_to(self.user).filter(intake=self.intake, kind=Work.STOP).first()

    @cached_property
    def _records(self) -> list[StopRecord]:
        rows = StopRecord.objects.visible_to(self.user).filter(assessment__intake=self.intake)
        return list(rows.select_related("by", "assessment"))

    def _done(self) -> list[Done]:
        return [
            Done(record=each, about=_titles(spoken.outcome(each.assessment.outcome)["because"]))
            for each in self._records
        ]

    def _unrecorded(self, urgent: Sequence[Mapping[str, Any]]) -> list[str]:
        """What came up after the last record."""
        covered = frozenset[str]().union(*(urgent_reasons(each.assessment.outcome) for each in self._records))
        return _titles([each for each in urgent if f"{each['kind']}:{each['id']}" not in covered])


def _titles(because: Sequence[Mapping[str, Any]]) -> list[str]:
    """The flags for which it cannot wait, or else the rule."""
    urgent = [each for each in because if each["level"] in AT_ONCE]
    return [each["title"] for each in urgent if each["kind"] == "flag"] or [each["title"] for each in urgent]


def _unsaid(text: str) -> faults.Fault:
    return faults.Fault(anchor="text", about=_("What was done, and who was told"), text=text)
