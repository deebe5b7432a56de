"""Find what is late and act on it: once when a deadline has passed, once more well after it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from clinic import clock
from clinic.actions import audit, intakes, people, work
from clinic.models import Escalation, Intake, Lateness, User, Work, WorkItem

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


def chase() -> list[Escalation]:
    """Act on everything that is late now, and tell what was done; what was acted on already is left alone.

    Safe to run at any time and any number of times: each lateness is acted on in a transaction
    of its own, and never twice.
    """
    by, now = people.system(), clock.now()
    late = WorkItem.objects.late(now).filter(chased__lt=Lateness.ESCALATED)
    waiting = late.order_by(F("due").asc(), "id").values_list("pk", flat=True)
    return [made for pk in list(waiting) if (made := _act(pk, by, now))]


@transaction.atomic
def _act(pk: UUID, by: User, now: datetime) -> Escalation | None:
    item = WorkItem.objects.select_related("site").filter(pk=pk).first()
    if item is None:
        return None
    intake = Intake.objects.locked().get(pk=item.intake_id)
    item = WorkItem.objects.select_related("site", "patient", "referral").late(now).filter(pk=pk).first()
    if item is None or (level := _level(item, now)) <= item.chased:
        return None
    made = Escalation.objects.create(
        site=item.site,
        intake=intake,
        referral=item.referral,
        study=item.study,
        kind=item.kind,
        stage=item.stage,
        due=item.due,
        level=level,
        by=by,
        at=now,
    )
    if item.kind == Work.REPORT and level == Lateness.ESCALATED:
        # The protocol has a say in a report that is this late; the answers are the same, the day is not.
        intakes.amend(intake=intake, answers={}, by=by, reason="assessed again: a report is long awaited")
    work.settle(intake)
    audit.record(
        action=f"work.{Lateness(level).name.lower()}",
        by=by,
        site=item.site,
        obj=made,
        subject=item.patient,
        detail={"kind": item.kind, "due": item.due.isoformat()},
    )
    return made


def _level(item: WorkItem, now: datetime) -> Lateness:
    """A pending report is escalated at 6 weeks, everything else by the days of the site."""
    of_report = work.REPORT_ESCALATED - work.REPORT_DAYS
    days = of_report if item.kind == Work.REPORT else item.site.days_to_escalate
    last = clock.last_day(item.due, item.site) + timedelta(days=days)
    return Lateness.ESCALATED if clock.last_day(now, item.site) > last else Lateness.CHASED
