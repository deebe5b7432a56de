"""What one did last, from one's own entries in the trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clinic.actions import origin
from clinic.models import AuditEvent, Patient
from clinic.web.pages import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from clinic.models import Site, User
    from clinic.web.wording import Words

_SHOWN = 8
_READ = 120  # entries; one intake leaves a dozen
_WORDS: Mapping[str, Words] = {
    "patient.register": _("registered"),
    "patient.correct": _("details corrected"),
    "intake.open": _("intake opened"),
    "intake.answer": _("answers entered"),
    "intake.raise_stop": _("ticked what cannot wait"),
    "intake.take_back_stop": _("took back what was ticked"),
    "intake.complete": _("intake completed"),
    "intake.cancel": _("intake cancelled"),
    "intake.reopen": _("intake taken up again"),
    "assessment.decide": _("decided"),
    "assessment.stop": _("recorded what was done"),
    "letter.issue": _("letter handed out"),
}
_KINDS: Mapping[str, Words] = {"referral": _("referral followed"), "imaging": _("imaging recorded")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The last thing that one did for a patient."""

    patient: str
    url: str
    what: Words
    at: datetime


def work(user: User, site: Site) -> list[Work]:
    """The patients on whose records the person acted last, newest first. Two queries."""
    entries = AuditEvent.objects.filter(actor=user, site=site, subject__isnull=False).order_by("-at")
    last: dict[object, tuple[str, datetime]] = {}
    for subject, action, at in entries.values_list("subject", "action", "at")[:_READ]:
        last.setdefault(subject, (action, at))
    shown = dict(list(last.items())[:_SHOWN])
    patients = Patient.objects.visible_to(user).select_related("kept_key").in_bulk(list(shown))
    origin.note_found(patients.values())
    return [
        Work(patient=name_of(patients[pk]), url=reverse("patient", args=[pk]), what=_said(action), at=at)
        for pk, (action, at) in shown.items()
        if pk in patients
    ]


def _said(action: str) -> Words:
    return _WORDS.get(action) or _KINDS.get(action.partition(".")[0], action)
