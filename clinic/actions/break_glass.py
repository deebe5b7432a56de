"""Emergency access: a clinician reads one patient of another site for half an hour, in the sight of that site.

An access is found again with every request that asks for a record by its id and that no role lets
the person see; it counts for that request only. Lists, searches and programs never ask for one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import clock, permissions
from clinic.actions import audit, outbox, people
from clinic.actions.errors import Conflict, NotAllowed, NotFound, conflict_on_duplicate
from clinic.models import BreakGlass, Ending, Finding, MessageKind, Patient, Site, User
from clinic.models.birth import SealedBirth
from clinic.permissions import Capability

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from clinic.actions.audit import Detail
    from clinic.models.base import SiteQuerySet
    from clinic.models.birth import Birth

LASTS = timedelta(minutes=30)


@transaction.atomic
def start(
    *, site: Site, reference: str, date_of_birth: Birth | date | str, reason: str, note: str, by: User
) -> BreakGlass | None:
    """Open the records of one patient of another site; None, and an entry of that site, where there is no such patient.

    Whoever has the access already is given that one again.
    """
    _require(by, site)
    now = clock.now()
    access = BreakGlass(site=site, by=by, reason=reason, note=note, started_at=now, ends_at=now + LASTS)
    access.check_columns()
    birth = SealedBirth().to_python(date_of_birth)
    patient = Patient.objects.filter(site=site).known_as(reference).first()
    if patient is None or not patient.date_of_birth.covers(birth):
        detail = {**audit.BTG, "reason": reason}
        audit.record(action="break_glass.refused", by=by, site=site, obj=site, detail=detail)
        return None
    access.patient = patient
    return _held_already(patient, by) or _begin(access)


def _require(by: User, site: Site) -> None:
    permissions.require_somewhere(by, Capability.BREAK_GLASS)
    if permissions.may(by, Capability.READ_PATIENT, site):
        raise Conflict(_("You see patients at this site: look for them there."))


def _held_already(patient: Patient, by: User) -> BreakGlass | None:
    """The access that still holds; one whose time is up is ended."""
    held = BreakGlass.objects.open().filter(by=by, patient=patient).select_related("site", "patient").first()
    if held and held.is_over:
        _end(held, Ending.EXPIRED, by=people.system())
        return None
    return held


def _begin(access: BreakGlass) -> BreakGlass:
    with conflict_on_duplicate(_("You have just opened these records.")):
        access.save_as(by=access.by, reason=f"started: {access.reason}")
    outbox.announce(kind=MessageKind.BREAK_GLASS_STARTED, site=access.site, obj=access)
    _record("break_glass.start", access, access.by, {"reason": access.reason, "until": access.ends_at.isoformat()})
    return access


def open_record(rows: SiteQuerySet[Any], pk: UUID, *, by: User) -> bool:
    """Whether the person has an access to the patient of this record; if so it counts to the end of the request."""
    patient = rows.model._default_manager.filter(pk=pk).values(rows.patient_path)
    held = BreakGlass.objects.open().filter(by=by, patient__in=patient).select_related("site", "by").first()
    if held is None:
        return False
    if ending := _over(held, by):
        _end(held, ending, by=people.system())
        return False
    by.emergency = held
    return True


@transaction.atomic
def stop(*, access: BreakGlass, by: User) -> None:
    """End an access of one's own before its time; to do it twice changes nothing."""
    if access.by_id != by.pk:
        raise NotFound(_("You have no such access."))
    _end(access, Ending.EXPIRED if access.is_over else Ending.STOPPED, by=by)


def end_what_is_over() -> int:
    """End each access whose time is up or whose person may no longer have it, and say how many; from cron."""
    held = BreakGlass.objects.open().select_related("by", "site", "patient")
    over = [(each, ending) for each in held if (ending := _over(each, each.by))]
    for each, ending in over:
        _end(each, ending, by=people.system())
    return len(over)


@transaction.atomic
def review(*, access: BreakGlass, finding: str, remark: str, by: User) -> None:
    """Say what is to be thought of an access that is over; nobody reviews their own, and none is reviewed twice."""
    permissions.require(by, Capability.REVIEW_BREAK_GLASS, access.site)
    if access.by_id == by.pk:
        raise NotAllowed(Capability.REVIEW_BREAK_GLASS)
    _hold_for_review(access)
    _check(finding, remark)
    access.reviewed_at, access.reviewed_by, access.finding, access.remark = clock.now(), by, finding, remark
    access.save_as(by=by, reason=f"reviewed: {finding}")
    _record("break_glass.review", access, by, {"finding": finding})


def _hold_for_review(access: BreakGlass) -> None:
    if access.is_over:
        _end(access, Ending.EXPIRED, by=people.system())
    _hold(access)
    if access.ended_at is None:
        raise Conflict(_("This access still holds: review it when it is over."))
    if access.reviewed_at is not None:
        raise Conflict(_("This access has been reviewed."))


def _check(finding: str, remark: str) -> None:
    if finding not in Finding.values:
        raise ValidationError({"finding": _("Choose one.")})
    if finding != Finding.JUSTIFIED and not remark.strip():
        raise ValidationError({"remark": _("Say what was found.")})


def _over(access: BreakGlass, by: User) -> Ending | None:
    """Why an access holds no longer, if it does not."""
    if not permissions.may_somewhere(by, Capability.BREAK_GLASS):
        return Ending.WITHDRAWN
    return Ending.EXPIRED if access.is_over else None


@transaction.atomic
def _end(access: BreakGlass, ending: Ending, *, by: User) -> None:
    _hold(access)
    if access.ended_at is not None:
        return
    access.ended_at, access.ending = min(clock.now(), access.ends_at), ending
    access.save_as(by=by, reason=f"ended: {ending}")
    _record("break_glass.stop", access, by, {"ending": ending, "for": str(access.by_id)})


def _hold(access: BreakGlass) -> None:
    """Read it anew and keep it until the transaction ends."""
    rows = BreakGlass.objects.select_related("site", "patient", "by")
    access.refresh_from_db(from_queryset=rows.select_for_update(of=("self",)))


def _record(action: str, access: BreakGlass, by: User, detail: Detail) -> None:
    told = {**audit.BTG, **detail}
    audit.record(action=action, by=by, site=access.site, obj=access, subject=access.patient, detail=told)
