"""A row of the worklist in words: what is waited for, since when, until when, and the way there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic import clock
from clinic.models import GONE_OUT, Lateness, Stage, Work
from clinic.web.pages import name_of
from clinic.web.wording import SERVICES, Tag, disposition_tag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from clinic.models import Site, WorkItem
    from clinic.models.birth import Birth
    from clinic.web.wording import Words

_STAGES: Mapping[str, Words] = {
    Stage.PROPOSED: gettext_lazy("A clinician to accept the referral"),
    Stage.ACCEPTED: gettext_lazy("The referral to be sent"),
    Stage.SENT: gettext_lazy("The service to confirm the referral"),
    Stage.RECEIVED: gettext_lazy("The service to give an appointment"),
    Stage.BOOKED: gettext_lazy("Word of whether the patient was seen"),
    Stage.SEEN: gettext_lazy("What came of the appointment"),
    Stage.DECLINED: gettext_lazy("The service declined: to be sent elsewhere"),
}
_GONE_OUT = gettext_lazy("The advice has changed since this was sent: decide, and tell the service")
_HELD = gettext_lazy("Held, because the advice has changed: decide on the newest result")
_KINDS: Mapping[str, Words] = {
    Work.STOP: gettext_lazy("A record of what was done"),
    Work.RAISED: gettext_lazy("Ticked and not saved: to be saved, or taken back"),
    Work.DECISION: gettext_lazy("A clinician's decision"),
    Work.REPORT: gettext_lazy("The report of a scan"),
    Work.CLASS: gettext_lazy("A clinician to class a report"),
}
_STEPS: Mapping[str, Words] = {
    Work.STOP: gettext_lazy("What to do"),
    Work.RAISED: gettext_lazy("What to do"),
    Work.DECISION: gettext_lazy("Decide"),
    Work.REPORT: gettext_lazy("Imaging"),
    Work.CLASS: gettext_lazy("Imaging"),
    Work.REFERRAL: gettext_lazy("Referral"),
    Work.OVERTAKEN: gettext_lazy("Referral"),
}
_LATE: Mapping[int, Words] = {
    Lateness.CHASED: gettext_lazy("chased"),
    Lateness.ESCALATED: gettext_lazy("escalated"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that is waited for."""

    patient: str
    patient_url: str
    reference: str
    born: Birth | None
    tag: Tag
    waiting_for: Words
    detail: Words
    since: datetime
    due: datetime
    overdue: str
    lateness: Words
    owner: str
    step: Words
    url: str
    is_urgent: bool
    is_now: bool


def describe(item: WorkItem, *, at: datetime, site: Site, sees_results: bool, decides: bool) -> Row:
    """The row as it reads at a moment; without a way on for whoever would not be shown where it leads."""
    patient = item.patient
    step, url = _way(item) if sees_results or item.kind != Work.DECISION else ("", "")
    if url and item.kind == Work.DECISION and not decides:
        step = _("Result")
    return Row(
        patient=name_of(patient),
        patient_url=reverse("patient", args=[patient.pk]),
        reference=patient.reference,
        born=patient.date_of_birth,
        tag=disposition_tag(item.disposition),
        waiting_for=_waiting_for(item),
        detail=SERVICES[item.service] if item.service else "",
        since=item.since,
        due=item.due,
        overdue=_overdue(item, at, site),
        lateness=_LATE.get(item.chased, ""),
        owner=item.owner.display_name,
        step=step,
        url=url,
        is_urgent=item.kind in (Work.STOP, Work.RAISED),
        is_now=item.is_now,
    )


def _waiting_for(item: WorkItem) -> Words:
    if item.kind == Work.REFERRAL:
        return _STAGES[item.stage]
    if item.kind == Work.OVERTAKEN:
        return _GONE_OUT if item.stage in GONE_OUT else _HELD
    if item.kind != Work.ANSWERS:
        return _KINDS[item.kind]
    number = item.open_questions
    if not number:
        return _("Check and complete")
    return ngettext("%(number)s open question", "%(number)s open questions", number) % {"number": number}


def _overdue(item: WorkItem, at: datetime, site: Site) -> str:
    """By how many days of the site it is late; empty while there is time."""
    if not item.is_late(at):
        return ""
    days = (clock.day(at, site) - clock.last_day(item.due, site)).days
    if not days:
        return _("overdue today")
    return ngettext("%(number)s day overdue", "%(number)s days overdue", days) % {"number": days}


def _way(item: WorkItem) -> tuple[Words, str]:
    """What the way on is called, and where it leads."""
    if item.referral_id:
        return _STEPS[item.kind], reverse("referral", args=[item.referral_id])
    if item.kind == Work.ANSWERS:
        name, step = ("intake", _("Continue")) if item.open_questions else ("check", _("Check"))
        return step, reverse(name, args=[item.intake_id])
    names = {
        Work.STOP: "stop",
        Work.RAISED: "raised",
        Work.DECISION: "result",
        Work.REPORT: "imaging",
        Work.CLASS: "imaging",
    }
    return _STEPS[item.kind], reverse(names[Work(item.kind)], args=[item.intake_id])
