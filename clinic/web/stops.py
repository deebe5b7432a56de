"""The stop card: an outcome that cannot wait, what to do about it, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actions import stops
from clinic.models import StopRecord
from clinic.permissions import Capability
from clinic.web import faults
from clinic.web.outcomes import reasons_of
from clinic.web.pages import IntakePage
from clinic.web.wording import DISPOSITIONS
from triage.protocol import Disposition, Urgency

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.models import Assessment, Site

AT_ONCE = (Urgency.NOW, Urgency.SAME_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What cannot wait, in the words of its heading."""

    tone: str
    title: str
    headline: str
    by_when: str
    url: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number or a place of the site's own."""

    label: str
    text: str
    url: str = ""


def notice(assessment: Assessment | None) -> Stop | None:
    """The stop that an assessment asks for, if it asks for one."""
    if assessment is None or assessment.urgency not in AT_ONCE:
        return None
    return Stop(
        tone=assessment.disposition,
        title=str(DISPOSITIONS[Disposition(assessment.disposition)]),
        headline=assessment.outcome["because"][0]["text"],
        by_when=_("act now") if assessment.urgency == Urgency.NOW else _("act today"),
        url=reverse("stop", args=[assessment.intake_id]),
    )


def reasons(assessment: Assessment | None) -> set[str]:
    """The flags for which an assessment stops the intake."""
    if assessment is None:
        return set()
    return {each["id"] for each in assessment.outcome["because"] if each["level"] in AT_ONCE}


def numbers(site: Site) -> list[Number]:
    """What the site has given for when it is urgent."""
    given = [
        Number(_("Emergency services"), site.emergency_number, _telephone(site.emergency_number)),
        Number(_("Emergency department"), site.emergency_department),
        Number(_("Crisis line, at any hour"), site.crisis_line, _telephone(site.crisis_line)),
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
        return self._show()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        text = request.POST.get("text", "")
        if self.newest is None or not text.strip():
            return self._show(status=422, typed=text, faults=[_unsaid(_("Say what was done."))])
        try:
            stops.record(assessment=self.newest, text=text, by=self.user)
        except ValidationError as error:
            return self._show(status=422, typed=text, faults=[_unsaid(each) for each in error.messages])
        messages.success(request, _("Recorded."))
        return redirect("stop", self.intake.pk)

    def _show(self, *, status: int = 200, **context: Any) -> HttpResponseBase:
        stop = notice(self.newest)
        if self.newest is None or stop is None:
            return redirect("result", self.intake.pk)
        outcome = self.newest.outcome
        urgent = [each for each in outcome["because"] if each["kind"] == "flag" and each["level"] in AT_ONCE]
        return self.show(
            "clinic/stop.html",
            status=status,
            stop=stop,
            actions=outcome["actions"],
            reasons=reasons_of(urgent or outcome["because"]),
            numbers=numbers(self.site),
            records=self._records(),
            may_record=self.may(Capability.RECORD_STOP),
            is_open=self.intake.is_open,
            continue_url=reverse("intake", args=[self.intake.pk]),
            result_url=reverse("result", args=[self.intake.pk]),
            **context,
        )

    def _records(self) -> QuerySet[StopRecord]:
        rows = StopRecord.objects.visible_to(self.user).filter(assessment__intake=self.intake)
        return rows.select_related("by")


def _unsaid(text: str) -> faults.Fault:
    return faults.Fault(anchor="text", about=_("What was done, and who was told"), text=text)
