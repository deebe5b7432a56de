"""The difference of a release to the one it would replace, as a page: what it says otherwise, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import permissions, protocols, spoken
from clinic.actions import comparing
from clinic.actions.protocol_steps import WRITABLE
from clinic.admin.certificates import patient_in_words
from clinic.differences import Difference, advised, differences
from clinic.models import LoweringWaiver, ReleaseComparison, Replay, User
from clinic.permissions import Capability
from clinic.sentences import BY_WHEN
from triage.protocol import Service, Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

    from triage.protocol import Protocol

_OTHER: Mapping[str, _StrPromise] = {
    "referrals": gettext_lazy("the same, with other referrals"),
    "actions": gettext_lazy("the same, with other actions"),
}
_LITTLE = 0.01


@dataclass(frozen=True, slots=True)
class Side:
    """What one version says of the example: why, to whom, and what is done."""

    outcome: str
    because: str
    referrals: tuple[str, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One kind of change: how many it is of, an example, and who answers for it where it is less urgent."""

    name: str
    place: int
    was: str
    would_be: str
    is_less_urgent: bool
    number: int
    of_all: str
    of_those: str
    past: int | None
    patient: tuple[str, ...]
    before: Side
    after: Side
    waiver: LoweringWaiver | None


class Shown:
    """What a stored comparison says, in the reader's language.

    Raises DamagedRelease or `triage.reading.ProtocolError` where a release cannot be read any more.
    """

    def __init__(self, comparison: ReleaseComparison, user: User) -> None:
        self.comparison, self._user = comparison, user
        self._document = comparison.document
        self.changes = [self._change(place, each) for place, each in enumerate(self._document["regions"], start=1)]

    @property
    def is_current(self) -> bool:
        """Whether it is of the text that the release has now, and of what it would replace now."""
        release = self.comparison.release
        if release.status not in WRITABLE:
            return release.sha256 == self.comparison.sha256
        return comparing.comparison_of(release) == self.comparison

    @property
    def is_readable(self) -> bool:
        """Whether the text that was compared is still there to be read."""
        return self.comparison.release.sha256 == self.comparison.sha256

    @property
    def space(self) -> tuple[str, int]:
        return power_of_ten(int(self._document["space"]))

    @property
    def milliseconds(self) -> int:
        return int(self._document["milliseconds"])

    @property
    def differences(self) -> list[Difference]:
        """Every other wording."""
        return differences(*self._known)

    @property
    def less_urgent(self) -> list[Change]:
        return [each for each in self.changes if each.is_less_urgent]

    @cached_property
    def may_answer(self) -> bool:
        """Whether this person may answer for what is less urgent."""
        release, allowed = self.comparison.release, Capability.PUBLISH_PROTOCOL
        may = release.status in WRITABLE and permissions.may_somewhere(self._user, allowed)
        return may and self._user.pk not in release.writers and self.is_current

    @cached_property
    def replay(self) -> Replay | None:
        """The newest finished run of this very text over the past."""
        rows = Replay.objects.of_the_past().filter(sha256=self.comparison.sha256, finished_at__isnull=False)
        return rows.first()

    @cached_property
    def _past(self) -> dict[tuple[str, str], int]:
        if self.replay is None:
            return {}
        pairs = self.replay.cases.order_by().values_list("old_disposition", "new_disposition")
        return {(old, new): number for old, new, number in pairs.annotate(Count("id"))}

    @cached_property
    def _known(self) -> tuple[Protocol, Protocol]:
        return protocols.get(self.comparison.against), protocols.get(self.comparison.release)

    @cached_property
    def _told(self) -> tuple[Protocol, Protocol]:
        old, new = self._known
        return spoken.told(old), spoken.told(new)

    @cached_property
    def _questions(self) -> list[str]:
        return [question.text for known in self._known for question in known.questions.values()]

    @cached_property
    def _waivers(self) -> dict[str, LoweringWaiver]:
        return {each.change: each for each in self.comparison.waivers.select_related("by")}

    def _change(self, place: int, region: dict[str, Any]) -> Change:
        was = advised(self._told[0], region["old"], region["old_urgency"])
        would_be = advised(self._told[1], region["new"], region["new_urgency"])
        number, before = int(region["number"]), int(region["advised_so_before"])
        return Change(
            name=region["change"],
            place=place,
            was=was,
            would_be=str(_OTHER.get(region["what"], would_be)),
            is_less_urgent=region["is_less_urgent"],
            number=number,
            of_all=share(number, int(self._document["space"])),
            of_those=share(number, before),
            past=None if self.replay is None else self._past.get((region["old"], region["new"]), 0),
            patient=patient_in_words(region["witness"], self._questions),
            before=_side(region["before"], was, self._told[0]),
            after=_side(region["after"], would_be, self._told[1]),
            waiver=self._waivers.get(region["change"]),
        )


def _side(side: dict[str, Any], outcome: str, told: Protocol) -> Side:
    """In the words of the text as it is now, which may know an action no longer."""
    return Side(
        outcome,
        spoken.text(side["because"]),
        tuple(f"{told.services[Service(to)].title}: {BY_WHEN[Urgency(soon)]}" for to, soon in side["referrals"]),
        tuple(told.actions[each].text if each in told.actions else each for each in side["actions"]),
    )


def power_of_ten(number: int) -> tuple[str, int]:
    """A great number as a short one and a power of ten."""
    short, _e, power = f"{number:.1e}".partition("e")
    return short, int(power)


def share(number: int, of: int) -> str:
    """In per cent; what is very little is said to be so."""
    percent = 100 * number / of
    if percent < _LITTLE:
        return _("under %(percent)s %%") % {"percent": number_format(_LITTLE, 2)}
    return _("%(percent)s %%") % {"percent": number_format(round(percent, 2), 2)}
