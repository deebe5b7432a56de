"""Who was shown what: every read, search, print and refusal is an entry of the trail before the answer leaves.

`SHOWN` says of every address whose records it shows; an address that shows nobody's is in `NOBODYS`
with the reason, and one that is in neither fails a test. What a list found and what was looked
for is told by the list itself, through `origin.note_found`.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from clinic import permissions
from clinic.actions import audit, origin
from clinic.models import (
    Assessment,
    AuditEvent,
    BreakGlass,
    Decision,
    Escalation,
    Intake,
    Letter,
    Patient,
    RaisedStop,
    Referral,
    ReplayCase,
    Site,
    StopRecord,
    StudyEvent,
    TakenBack,
    User,
    WorkItem,
)
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

_MOST_NAMED = 200  # of what a list found
_REFUSED = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
# What is answered so shows nobody's record, as leading elsewhere does and a fault of ours; all else is a read.
_BARE = (
    *(HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT, HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED),
    *(HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.LENGTH_REQUIRED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    *(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.PRECONDITION_REQUIRED, HTTPStatus.TOO_MANY_REQUESTS),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an address shows: the action for the trail, of which records, and how one of them leads to its patient."""

    action: str
    model: type[Model]
    patient: str = ""  # no path: a list


_PATIENT = Shown("patient.read", Patient, "pk")
_INTAKE = Shown("intake.read", Intake, "patient")
_ASSESSMENT = Shown("assessment.read", Assessment, "intake__patient")
_REFERRAL = Shown("referral.read", Referral, "patient")
_LETTER = Shown("letter.print", Letter, "assessment__intake__patient")
_WORK = Shown("work.list", WorkItem)

_PAGES = {
    _PATIENT: ("patient", "correct_patient", "trend", "start_intake", "api:patient"),
    Shown("break_glass.list", BreakGlass): ("break_glass",),
    _INTAKE: (
        *("intake", "section", "draft", "stop", "raised", "check", "complete", "cancel"),
        *("imaging", "reopen", "result", "timeline"),
        *("api:intake", "api:intake-answers", "api:intake-complete", "api:intake-reopen", "api:intake-cancel"),
        *("api:intake-imaging", "api:imaging-performed", "api:imaging-reported", "api:imaging-unavailable"),
        *("api:imaging-class", "api:imaging-cancel", "api:intake-assessments", "api:intake-history"),
    ),
    _ASSESSMENT: (
        *("assessment", "decide", "api:assessment", "api:assessment-changes", "api:assessment-stop"),
        *("api:assessment-letters", "api:assessment-decision"),
    ),
    Shown("assessment.print", Assessment, "intake__patient"): ("assessment_letter", "stop_letter"),
    _REFERRAL: (
        *("referral", "referral_step", "api:referral", "api:referral-accept", "api:referral-send"),
        *("api:referral-receive", "api:referral-book", "api:referral-see", "api:referral-close"),
        *("api:referral-decline", "api:referral-cancel"),
    ),
    Shown("referral.print", Referral, "patient"): ("referral_letter",),
    _LETTER: ("letter", "api:letter-pdf"),
    _WORK: ("worklist", "api:worklist"),
    Shown("work.list_late", Escalation): ("api:escalations",),
    Shown("patient.search", Patient): ("find_patient", "api:patients", "api:patient-search"),
    Shown("intake.list", Intake): ("api:intakes",),
    Shown("referral.list", Referral): ("api:referrals",),
    Shown("protocol.list_cases", ReplayCase): ("admin:protocol_replay",),
}
_ADMINISTERED = (
    _PATIENT,
    _INTAKE,
    _ASSESSMENT,
    Shown("decision.read", Decision, "assessment__intake__patient"),
    Shown("stop.read", StopRecord, "assessment__intake__patient"),
    Shown("raised.read", RaisedStop, "intake__patient"),
    Shown("taken_back.read", TakenBack, "raised__intake__patient"),
    _REFERRAL,
    Shown("letter.read", Letter, "assessment__intake__patient"),
    Shown("imaging.read", StudyEvent, "intake__patient"),
    Shown("work.read", Escalation, "intake__patient"),
    Shown("audit.read", AuditEvent, "subject"),
    Shown("break_glass.read", BreakGlass, "patient"),
)


def _administered(one: Shown) -> Mapping[str, Shown]:
    start = f"admin:clinic_{one.model._meta.model_name}"
    some = Shown(one.action.replace(".read", ".list"), one.model)
    return {f"{start}_changelist": some, f"{start}_change": one, f"{start}_history": one}


_ONE = {each.model: each for each in _ADMINISTERED}
SHOWN: dict[str, Shown] = {name: shown for shown, names in _PAGES.items() for name in names}
for _each in _ADMINISTERED:
    SHOWN |= _administered(_each)
# Addresses that show no record of a patient, and why; what they are about begins their names.
NOBODYS = {
    ("switch_site", "set_language", "register_patient", "break_glass_stop"): "takes in and shows nothing of a record",
    ("login", "logout", "second_factor", "password", "tokens", "admin:login", "admin:logout"): "about whoever asks",
    ("api:evaluate", "api:protocol", "api:schema", "api:nowhere"): "answers given in the request, or no patient at all",
    ("admin:clinic_protocolrelease", "admin:protocol_"): "protocols, and counts of what they would change",
    ("admin:clinic_site", "admin:clinic_user", "admin:clinic_membership", "admin:clinic_apitoken"): "who works where",
    ("admin:clinic_webhook", "admin:clinic_delivery", "admin:webhook"): "which program is told, by ids",
    ("livez", "readyz"): "about the server",
    (
        "admin:index",
        "admin:app_list",
        "admin:dashboard",
        "admin:jsi18n",
        "admin:autocomplete",
        "admin:view_on_site",
    ): "counts",
    ("admin:None",): "leads elsewhere",
}
# The administration adds and removes none of these: such an address is refused.
_NEVER = ("_add", "_delete")


def is_nobodys(name: str) -> bool:
    """Whether the address of this name shows no record of a patient."""
    return name.endswith(_NEVER) or any(name.startswith(starts) for starts in NOBODYS)


class SeenMiddleware:
    """Enters what was shown or refused; where it cannot, nothing is shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        shown, pk = _about(request, response)
        if shown and isinstance(request.user, User):
            if response.status_code in _REFUSED:
                _refused(request.user, shown, pk, response.status_code)
            elif _shows(response):
                _saw(request.user, shown, pk, response.status_code)
        return response


def _about(request: HttpRequest, response: HttpResponse) -> tuple[Shown | None, Any]:
    """What the address shows, and of which record; an answer that is given again shows what was made the first time."""
    match = request.resolver_match
    shown = SHOWN.get(match.view_name) if match else None
    if match is None or shown is None:
        return None, None
    pk = next((match.kwargs[name] for name in ("pk", "id", "object_id") if name in match.kwargs), None)
    if pk is None and "Idempotency-Replayed" in response:
        return _ONE[shown.model], response.data["id"]  # type: ignore[attr-defined]  # of the framework's response
    return shown, pk


def _shows(response: HttpResponse) -> bool:
    """Whether something of a record leaves with it that is not entered; what a refusal had entered is undone with it."""
    status = response.status_code
    leads_away = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST and status != HTTPStatus.NOT_MODIFIED
    if status in _BARE or leads_away or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return False
    return status >= HTTPStatus.BAD_REQUEST or not origin.current().entered


@transaction.atomic
def _saw(by: User, shown: Shown, pk: Any, status: int) -> None:
    if pk is None or not shown.patient:
        if (
            status < HTTPStatus.BAD_REQUEST or origin.current().found
        ):  # a refused request that found nobody shows nobody
            _saw_list(by, shown)
        return
    site, patient = _whose(shown, pk)
    if status >= HTTPStatus.BAD_REQUEST and not _may_see(by, site, patient):
        _refused(by, shown, pk, status)
        return
    about: dict[str, Any] = {"site": site, "seen": shown.model, "pk": _id(pk), "subject": patient}
    audit.record_seen(action=shown.action, by=by, detail=_purpose(by), **about)


def _may_see(by: User, site: Site | None, patient: UUID | None) -> bool:
    """Whether more was shown than that the request itself was wrong, which is said before anybody looks who asks."""
    return bool(site and patient and permissions.may_read(by, Capability.READ_PATIENT, site, patient))


def _saw_list(by: User, shown: Shown) -> None:
    """In the trail of each site of which something was found, in the order of their ids."""
    found = origin.current().found
    detail: dict[str, Any] = {"words": _digest(origin.current().words)} if origin.current().words else {}
    sites = Site.objects.in_bulk([site for site in found if site] or list(by.roles)[:1])
    for pk in sorted(found, key=str) if found else list(sites):
        rows = found.get(pk, [])
        told = {**detail, "number": len(rows), "found": rows[:_MOST_NAMED]}
        site = sites.get(pk) if pk else None
        seen_at = pk or UUID(int=0)
        audit.record_seen(
            action=shown.action, by=by, site=site, seen=shown.model, pk=seen_at, subject=None, detail=told
        )


def _refused(by: User, shown: Shown, pk: Any, status: int) -> None:
    """The site of the record is told who was refused it; what is not there is told to nobody, a list to no site."""
    is_list = pk is None or not shown.patient
    site, patient = (None, None) if is_list else _whose(shown, pk)
    if site is not None or (is_list and status == HTTPStatus.FORBIDDEN):
        audit.record_seen(
            action=f"{shown.action.partition('.')[0]}.refused",
            by=by,
            site=site,
            seen=shown.model,
            pk=UUID(int=0) if is_list else _id(pk),
            subject=patient,
            detail={"status": status, **_purpose(by)},
        )


def _purpose(by: User) -> audit.Detail:
    """What is noted where no role but an emergency access let the person in."""
    return {**audit.BTG, "break_glass": str(by.emergency.pk)} if by.emergency else {}


def _whose(shown: Shown, pk: Any) -> tuple[Site | None, UUID | None]:
    """The site and the patient of a record, if there is one."""
    rows = shown.model._base_manager.filter(pk=_id(pk)).annotate(whose=F(shown.patient))
    row = rows.select_related("site").only("site").first()
    return (row.site, row.whose) if row else (None, None)


def _id(pk: Any) -> UUID:
    try:
        return pk if isinstance(pk, UUID) else UUID(str(pk))
    except ValueError:
        return UUID(int=0)


def _digest(words: str) -> str:
    """What was looked for, so that two searches can be told to be alike and neither be read."""
    return salted_hmac("search words", " ".join(words.casefold().split()), algorithm="sha256").hexdigest()[:32]
