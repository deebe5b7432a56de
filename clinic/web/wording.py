"""Words and tones for what is stored as codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from triage.protocol import Disposition, Service, Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrOrPromise

    Words = _StrOrPromise


@dataclass(frozen=True, slots=True)
class Tag:
    """A word with a tone: the colour never stands alone."""

    tone: str
    text: Words


DISPOSITIONS: Mapping[Disposition, Words] = {
    Disposition.EMERGENCY: _("Emergency"),
    Disposition.URGENT_MEDICAL: _("Urgent medical"),
    Disposition.MEDICAL_REVIEW: _("Medical review"),
    Disposition.HOLD_IMAGING: _("Hold for imaging"),
    Disposition.REFER: _("Refer"),
    Disposition.SELF_MANAGE: _("Self-manage"),
    Disposition.INCOMPLETE: _("Incomplete"),
    Disposition.OUT_OF_SCOPE: _("Out of scope"),
}
URGENCIES: Mapping[str, Words] = {
    Urgency.NOW: _("Now"),
    Urgency.SAME_DAY: _("Today, within 24 hours"),
    Urgency.SEVEN_DAYS: _("Within 7 days"),
    Urgency.FOURTEEN_DAYS: _("Within 14 days"),
    Urgency.SOON: _("Soon, within 14 days"),
    Urgency.ROUTINE: _("Routine, within 6 weeks"),
    Urgency.NONE: _("No set time"),
}
SERVICES: Mapping[str, Words] = {
    Service.PHYSIOTHERAPY: _("Physiotherapy"),
    Service.CBT: _("Cognitive behavioural therapy"),
    Service.PSYCHOLOGY: _("Psychology"),
}
_LEVEL_TONES: Mapping[str, str] = {
    Urgency.NOW: Disposition.EMERGENCY,
    Urgency.SAME_DAY: Disposition.URGENT_MEDICAL,
    Urgency.SEVEN_DAYS: Disposition.MEDICAL_REVIEW,
    Urgency.FOURTEEN_DAYS: Disposition.MEDICAL_REVIEW,
}
SOURCES: Mapping[str, Words] = {
    "patient": _("the patient"),
    "staff": _("staff"),
    "record": _("the record"),
}
SOURCE_STATUSES: Mapping[str, Words] = {
    "current": _("current"),
    "withdrawn": _("withdrawn"),
    "expired": _("expired"),
    "background": _("background"),
    "assumption": _("assumption, not signed"),
}


def disposition_tag(disposition: str) -> Tag:
    return Tag(disposition, DISPOSITIONS[Disposition(disposition)])


def level_tag(level: str) -> Tag:
    """How soon a flag wants somebody to act."""
    return Tag(_LEVEL_TONES.get(level, "quiet"), URGENCIES[level])
