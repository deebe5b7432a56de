"""The form in which a clinician accepts, changes or rejects a suggestion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import protocols
from clinic.models import DecisionKind, ReasonCode
from clinic.web.choices import Choice, choices
from clinic.web.wording import DISPOSITIONS
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

    from clinic.models import Assessment

_STATUSES = (Disposition.INCOMPLETE, Disposition.OUT_OF_SCOPE)
LABELS = {
    "kind": gettext_lazy("Your decision"),
    "reason": gettext_lazy("Reason"),
    "disposition": gettext_lazy("Next step instead"),
    "services": gettext_lazy("Refer to"),
    "note": gettext_lazy("Note"),
}


class DecisionForm:
    """What can be decided on an assessment, filled in as far as it has been."""

    def __init__(self, assessment: Assessment, data: QueryDict) -> None:
        self._assessment, self._data = assessment, data

    @property
    def kinds(self) -> list[Choice]:
        """Nothing is chosen beforehand; what is not complete can only be made more urgent."""
        options = [
            (DecisionKind.ACCEPTED.value, _("Accept the suggestion")),
            (DecisionKind.CHANGED.value, _("Change it")),
            (DecisionKind.REJECTED.value, _("Reject it")),
        ]
        if self._assessment.disposition == Disposition.INCOMPLETE:
            options = options[1:2]
        return choices(options, [self.kind])

    @property
    def kind(self) -> str:
        return self._data.get("kind", "")

    @property
    def reasons(self) -> list[Choice]:
        return choices(ReasonCode.choices, [self._data.get("reason", "")])

    @property
    def dispositions(self) -> list[Choice]:
        options = [(str(each), words) for each, words in DISPOSITIONS.items() if each not in _STATUSES]
        return choices(options, [self._data.get("disposition", "")])

    @property
    def services(self) -> list[Choice]:
        wordings = protocols.get(self._assessment.release).services
        options = [(service.value, wording.title) for service, wording in wordings.items()]
        return choices(options, self._services)

    @property
    def _services(self) -> Sequence[str]:
        return self._data.getlist("services") if self._data else self._advised

    @property
    def _advised(self) -> list[str]:
        return [each["service"] for each in self._assessment.outcome["referrals"]]

    @property
    def note(self) -> str:
        return self._data.get("note", "")

    @property
    def departs(self) -> bool:
        """Whether the part for a change or a rejection is to stand open."""
        return self.kind in (DecisionKind.CHANGED, DecisionKind.REJECTED)

    def read(self) -> dict[str, Any]:
        """What was decided, as the action takes it; services left as they were are not a change."""
        departs, changes = self.departs, self.kind == DecisionKind.CHANGED
        services = self._services
        return {
            "kind": self.kind,
            "reason": self._data.get("reason", "") if departs else "",
            "note": self.note,
            "disposition": self._data.get("disposition") or None if changes else None,
            "services": services if changes and set(services) != set(self._advised) else None,
        }
