"""Which of the stops that were ticked and not saved still stand. Nothing is stored here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clinic.models import Assessment, RaisedStop
from triage.changes import more_urgent

if TYPE_CHECKING:
    from clinic.models import Intake


def standing(intake: Intake) -> list[RaisedStop]:
    """Those that nobody took back, and of which no later assessment has every reason; the oldest first."""
    rows = list(RaisedStop.objects.not_taken_back().filter(intake=intake).select_related("by"))
    return [each for each in rows if _is_unsaved(each)]


def _is_unsaved(raised: RaisedStop) -> bool:
    later = Assessment.objects.filter(intake=raised.intake_id, version__gt=raised.version).order_by()
    saved: list[Any] = []
    for outcome in later.values_list("outcome", flat=True):
        saved += outcome["because"]
    return bool(more_urgent({"because": saved}, raised.outcome))
