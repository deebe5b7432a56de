"""The form in which a clinician accepts, changes or rejects a suggestion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.actions import decisions
from clinic.models import DecisionKind, ReasonCode
from clinic.web import referral_story
from clinic.web.choices import Choice, choices
from clinic.web.wording import DISPOSITIONS
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import QueryDict

    from clinic.models import Assessment, Referral
    from clinic.web.wording import Words
    from triage.protocol import Protocol

_STATUSES = (Disposition.INCOMPLETE, Disposition.OUT_OF_SCOPE)
LABELS = {
    "kind": gettext_lazy("Your decision"),
    "reason": gettext_lazy("Reason"),
    "disposition": gettext_lazy("Next step instead"),
    "services": gettext_lazy("Refer to"),
    "note": gettext_lazy("Note"),
    "again": gettext_lazy("Referred already"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A service to which the patient is referred already, and whether another referral is made."""

    service: str
    title: str
    sentence: str
    url: str
    is_again: bool


class DecisionForm:
    """What can be decided on an assessment, filled in as far as it has been."""

    def __init__(
        self, assessment: Assessment, protocol: Protocol, data: QueryDict, *, live: Mapping[str, Referral]
    ) -> None:
        self._assessment, self._protocol, self._data, self._live = assessment, protocol, data, live

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
        options = [(service.value, wording.title) for service, wording in self._protocol.services.items()]
        return choices(options, self._services)

    @property
    def _services(self) -> Sequence[str]:
        return self._data.getlist("services") if self._data else self._advised

    @property
    def _advised(self) -> list[str]:
        return [each["service"] for each in self._assessment.outcome["referrals"]]

    @property
    def live(self) -> list[Live]:
        """Referrals that are followed instead of being made twice, unless the clinician says otherwise."""
        titles = {service.value: wording.title for service, wording in self._protocol.services.items()}
        return [self._of(referral, titles[service]) for service, referral in self._live.items()]

    def _of(self, referral: Referral, title: str) -> Live:
        return Live(
            service=referral.service,
            title=title,
            sentence=referral_story.sentence(
                sorted(referral.statuses.all(), key=lambda each: each.seq), self._assessment.site
            ),
            url=reverse("referral", args=[referral.pk]),
            is_again=referral.service in self._data.getlist("again"),
        )

    @property
    def advised(self) -> Words:
        return DISPOSITIONS[Disposition(self._assessment.disposition)]

    @property
    def marks_lowering(self) -> bool:
        """Whether not following the advice leaves a mark."""
        advised = self._assessment.disposition
        return decisions.lowers_urgency(advised, DecisionKind.REJECTED, advised)

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
            "again": self._data.getlist("again"),
        }
