"""The mark that an emergency or same-day advice was not followed: by whom, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import DecisionKind
from clinic.web.wording import DISPOSITIONS
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from clinic.models import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What stays visible wherever the patient's way from here is shown."""

    title: str
    reason: str
    note: str
    by: str
    at: datetime
    url: str


def mark(decisions: Iterable[Decision]) -> Mark | None:
    """The newest of an intake's decisions that lowered an urgent advice, if one did."""
    lowering = [each for each in decisions if each.lowers]
    return _mark(max(lowering, key=lambda each: each.at)) if lowering else None


def title(decision: Decision) -> str:
    """What was advised and what was decided instead, in a line."""
    words = {"advised": DISPOSITIONS[Disposition(decision.assessment.disposition)]}
    if decision.kind == DecisionKind.REJECTED:
        return _("Urgent advice rejected: %(advised)s") % words
    words["decided"] = DISPOSITIONS[Disposition(decision.disposition)]
    return _("Urgency lowered: from %(advised)s to %(decided)s") % words


def _mark(decision: Decision) -> Mark:
    return Mark(
        title=title(decision),
        reason=str(decision.get_reason_display()),
        note=decision.note,
        by=decision.by.display_name,
        at=decision.at,
        url=reverse("assessment", args=[decision.assessment_id]),
    )
