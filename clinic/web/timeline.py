"""Everything that happened to an intake: what, when, by whom, from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import clock, spoken
from clinic.models import (
    Assessment,
    AuditEvent,
    Decision,
    Door,
    Escalation,
    Letter,
    RaisedStop,
    ReasonCode,
    ReferralStatus,
    Stage,
    StopRecord,
    TakenBack,
)
from clinic.models.sealed import open_alike
from clinic.web import lowering, referral_story, stale
from clinic.web.pages import IntakePage
from clinic.web.wording import Tag, disposition_tag
from triage.protocol import Service

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.web.stale import Change
    from clinic.web.wording import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened."""

    at: datetime
    by: str
    title: Words
    tone: str = "quiet"
    text: str = ""
    door: str = ""
    tag: Tag | None = None
    tag_before: Tag | None = None
    mark: str = ""
    changes: Sequence[Change] = ()
    url: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day."""

    date: date
    events: Sequence[Event]


class Timeline(IntakePage):
    """Every change of one intake, newest first, read from what each change left behind."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        sources = (
            self._changes(),
            self._decisions(),
            self._referrals(),
            self._stops(),
            self._raised(),
            self._taken_back(),
            self._escalations(),
            self._letters(),
        )
        events = sorted((each for source in sources for each in source), key=attrgetter("at"))[::-1]
        by_day = groupby(events, key=lambda event: clock.day(event.at, self.site))
        days = [Day(day, list(each)) for day, each in by_day]
        return self.show(
            "clinic/timeline.html",
            days=days,
            protocol=self.protocol,
            check_url=reverse("check", args=[self.intake.pk]),
            sees_decisions=self.sees_decisions,
            looks=AuditEvent.objects.filter(site=self.intake.site_id).looks(self.intake.patient),
        )

    def _changes(self) -> Iterator[Event]:
        """Each row of the intake's history against the one before it."""
        rows = list(self.intake.history.select_related("history_user").order_by("history_id"))
        open_alike(self.intake, rows)
        assessed, doors = self._assessments(), self._doors()
        for before, row in pairwise([None, *rows]):
            is_new = before is None or before.version != row.version
            assessment = assessed.get(row.version) if is_new else None
            changes = self._answers_changed(before, row)
            yield Event(
                at=row.history_date,
                by=row.history_user.display_name,
                title=_title(row),
                text=_text(row) or ("" if changes else _unchanged(row)),
                door=doors.get(str(assessment.pk), "") if assessment else "",
                changes=changes,
                **_outcome(assessment, assessed.get(row.version - 1)),
            )

    def _answers_changed(self, before: Any, row: Any) -> list[Change]:
        earlier = before.answers if before else {}
        return stale.changes(self.protocol.questions, earlier, row.answers, on=clock.day(row.history_date, self.site))

    def _assessments(self) -> Mapping[int, Assessment]:
        rows = Assessment.objects.visible_to(self.user).filter(intake=self.intake)
        return {each.version: each for each in rows.defer("outcome", "answers")}

    def _doors(self) -> Mapping[str, str]:
        """Through which door each assessment came about, where it was not this one."""
        trail = AuditEvent.objects.filter(object_type="intake", object_id=self.intake.pk).exclude(door=Door.WEB)
        return {
            detail.get("assessment", ""): str(Door(door).label) for door, detail in trail.values_list("door", "detail")
        }

    def _decisions(self) -> Iterator[Event]:
        rows = Decision.objects.visible_to(self.user).filter(assessment__intake=self.intake)
        for each in rows.with_patient():
            reason = str(ReasonCode(each.reason).label) if each.reason else ""
            yield Event(
                at=each.at,
                by=each.by.display_name,
                title=_("Decided: %(kind)s") % {"kind": each.get_kind_display()},
                tone="urgent_medical" if each.lowers else "done",
                mark=lowering.title(each) if each.lowers else "",
                text=". ".join(filter(None, (reason, each.note))),
                tag=disposition_tag(each.disposition),
                url=reverse("assessment", args=[each.assessment_id]),
                step=_("See this result"),
            )

    def _referrals(self) -> Iterator[Event]:
        rows = ReferralStatus.objects.visible_to(self.user).filter(referral__assessment__intake=self.intake)
        for each in rows.select_related("by", "referral__patient__kept_key"):
            words = {"service": self.protocol.services[Service(each.referral.service)].title}
            yield Event(
                at=each.at,
                by=each.by.display_name,
                title=_("Referral: %(service)s") % words,
                text="\n".join(filter(None, (*_where_and_when(each), each.reason))),
                tag=referral_story.tag(Stage(each.status)),
                url=reverse("referral", args=[each.referral_id]),
                step=_("See the referral"),
            )

    def _stops(self) -> Iterator[Event]:
        rows = StopRecord.objects.visible_to(self.user).filter(assessment__intake=self.intake)
        for each in rows.with_patient():
            yield Event(
                at=each.at,
                by=each.by.display_name,
                title=_("Recorded what was done"),
                tone="emergency",
                text=each.text,
            )

    def _raised(self) -> Iterator[Event]:
        rows = RaisedStop.objects.visible_to(self.user).filter(intake=self.intake)
        for each in rows.select_related("by"):
            reasons = spoken.outcome(each.outcome)["because"]
            yield Event(
                at=each.at,
                by=each.by.display_name,
                title=_("Ticked, not saved yet"),
                tone=each.disposition,
                text="\n".join(reason["title"] for reason in reasons),
                tag=disposition_tag(each.disposition),
            )

    def _taken_back(self) -> Iterator[Event]:
        rows = TakenBack.objects.visible_to(self.user).filter(raised__intake=self.intake)
        for each in rows.select_related("by", "raised__intake__patient__kept_key"):
            yield Event(
                at=each.at,
                by=each.by.display_name,
                title=_("Taken back: what was ticked and not saved"),
                tone="caution",
                text=each.reason,
            )

    def _escalations(self) -> Iterator[Event]:
        rows = Escalation.objects.visible_to(self.user).filter(intake=self.intake)
        for each in rows.select_related("by", "referral"):
            due = {"day": date_format(clock.last_day(each.due, self.site), "j F Y")}
            yield Event(
                at=each.at,
                by=each.by.display_name,
                title=referral_story.LATE[each.level],
                tone="caution",
                text="\n".join((self._waited_for(each), _("It was due on %(day)s.") % due)),
            )

    def _waited_for(self, escalation: Escalation) -> str:
        """Of a referral, which and its next step: there may be two, late on the same day."""
        if escalation.referral is None:
            return str(escalation.get_kind_display())
        service = self.protocol.services[Service(escalation.referral.service)].title
        return f"{service}: {referral_story.WAITS_FOR[Stage(escalation.stage)]}"

    def _letters(self) -> Iterator[Event]:
        rows = Letter.objects.visible_to(self.user).filter(assessment__intake=self.intake)
        for each in rows.select_related("by"):
            yield Event(
                at=each.at,
                by=each.by.display_name,
                title=_("Letter: %(kind)s") % {"kind": each.get_kind_display()},
                tone="information",
                text=each.destination,
            )


def _where_and_when(status: ReferralStatus) -> Iterator[str]:
    if status.destination:
        yield _("To %(where)s") % {"where": status.destination}
    if status.appointment:
        yield _("Appointment on %(day)s") % {"day": date_format(status.appointment, "j F Y")}


_TITLES = {
    "opened": gettext_lazy("Intake opened"),
    "answered": gettext_lazy("Answers saved"),
    "assessed again": gettext_lazy("Assessed again"),
    "completed": gettext_lazy("Intake completed"),
    "taken up again": gettext_lazy("Intake taken up again"),
    "cancelled": gettext_lazy("Intake cancelled"),
}


def _title(row: Any) -> Words:
    reason: str = row.history_change_reason
    return _TITLES.get(reason.partition(":")[0], reason)


def _text(row: Any) -> str:
    """What somebody gave as the reason for ending the intake or taking it up again."""
    said: str = row.reopen_reason if row.history_change_reason == "taken up again" else row.cancel_reason
    return said


def _unchanged(row: Any) -> str:
    answered = row.history_change_reason.startswith("answered")
    return _("The same answers, given again.") if answered else ""


def _outcome(assessment: Assessment | None, before: Assessment | None) -> dict[str, Any]:
    """The outcome that a change led to, and the one it replaced."""
    if assessment is None:
        return {}
    replaced = before is not None and before.disposition != assessment.disposition
    return {
        "tone": assessment.disposition,
        "tag": disposition_tag(assessment.disposition),
        "tag_before": disposition_tag(before.disposition) if before and replaced else None,
        "url": reverse("assessment", args=[assessment.pk]),
        "step": _("See this result"),
    }
