"""A replay, or a shadow, as a page: how many would be advised what, and who they are, for those who may know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.utils.translation import gettext as _

from clinic import protocols, spoken
from clinic.actions import origin
from clinic.actions.shadowing import FAILED
from clinic.models import Assessment, Replay, ReplayCase
from clinic.reports.tables import in_words
from triage.protocol import Disposition, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.core.paginator import Page

    from clinic.models import User
    from triage.protocol import Protocol

PER_PAGE = 50
_ORDER = [*(each.value for each in sorted(Disposition, key=lambda each: -each.rank)), FAILED]


@dataclass(frozen=True, slots=True)
class Cell:
    """How many were one thing and would be another; `tone` marks those for whom it is not the same."""

    number: int
    tone: str


@dataclass(frozen=True, slots=True)
class Side:
    """What was advised, or would be."""

    disposition: str
    title: str
    rule: str
    referrals: str


@dataclass(frozen=True, slots=True)
class Line:
    """One patient who would be advised otherwise."""

    case: ReplayCase
    old: Side
    new: Side
    added: tuple[str, ...]
    removed: tuple[str, ...]


class Shown:
    """What is known of a replay, to one reader."""

    def __init__(self, replay: Replay, user: User, page: str = "1") -> None:
        self.replay, self._user, self._page = replay, user, page

    @cached_property
    def columns(self) -> list[str]:
        """What some would be, the most urgent first."""
        return [each for each in _ORDER if any(each in row for row in self._table.values())]

    @property
    def titles(self) -> list[str]:
        return [title(each) for each in self.columns]

    @property
    def rows(self) -> list[tuple[str, list[Cell]]]:
        """What they were, the most urgent first, each with how many would be what."""
        return [(title(old), self._cells(old)) for old in _ORDER if old in self._table]

    @property
    def unfit(self) -> int:
        return self._total("unfit")

    @property
    def is_current(self) -> bool:
        """Whether it is about the text that the release has now."""
        release = self.replay.release
        return release is not None and release.sha256 == self.replay.sha256

    @cached_property
    def whole(self) -> int:
        """How many intakes there are to be replayed."""
        return Assessment.objects.newest().count()

    @cached_property
    def page(self) -> Page[ReplayCase]:
        """The cases at the reader's sites; nobody else sees who they are."""
        rows = ReplayCase.objects.visible_to(self._user).filter(replay=self.replay).order_by("-assessment")
        whole = rows.select_related("assessment__intake__patient__kept_key", "assessment__release")
        without = ("assessment__answers", "assessment__outcome", "assessment__intake__answers")
        page = Paginator(whole.defer(*without, "assessment__release__source"), PER_PAGE).get_page(self._page)
        origin.note_found(page)
        return page

    @property
    def elsewhere(self) -> int:
        """How many there are besides."""
        return self.replay.differing - self.page.paginator.count

    @property
    def lines(self) -> Iterator[Line]:
        for case in self.page:
            yield self._line(case)

    @property
    def _table(self) -> dict[str, dict[str, int]]:
        table: dict[str, dict[str, int]] = self.replay.totals.get("table", {})
        return table

    def _total(self, name: str) -> int:
        return int(self.replay.totals.get(name, 0))

    def _cells(self, old: str) -> list[Cell]:
        return [Cell(self._table[old].get(new, 0), _tone(old, new)) for new in self.columns]

    def _line(self, case: ReplayCase) -> Line:
        before, after = spoken.protocol(case.assessment.release), self._protocol
        asked = case.old["actions"]
        now_asked = case.new.get("actions", asked)  # whoever failed says nothing of actions
        return Line(
            case,
            _side(case.old, before),
            _side(case.new, after),
            _actions(after, [each for each in now_asked if each not in asked]),
            _actions(before, [each for each in asked if each not in now_asked]),
        )

    @cached_property
    def _protocol(self) -> Protocol | None:
        """What was replayed, where it can be read; a text that was changed since has other words."""
        release = self.replay.release
        try:
            return spoken.protocol(release) if release is not None and self.is_current else None
        except protocols.DamagedRelease:
            return None


def title(disposition: str) -> str:
    """A disposition in words, and what stands in its place where a shadow failed."""
    return _("Failed") if disposition == FAILED else in_words(Disposition(disposition))


def _tone(old: str, new: str) -> str:
    """None for what is the same; less urgent than before is what has to be looked at first."""
    if old == new:
        return ""
    if new == FAILED or Disposition(new).rank < Disposition(old).rank:
        return "caution"
    return "information"


def _side(told: dict[str, Any], protocol: Protocol | None) -> Side:
    titles = {rule.id: rule.title for rule in protocol.rules} if protocol else {}
    rule = told.get("rule", "")
    referrals = "; ".join(_referral(protocol, *each) for each in told.get("referrals", ()))
    return Side(told["disposition"], title(told["disposition"]), told.get("error") or titles.get(rule, rule), referrals)


def _referral(protocol: Protocol | None, service: str, priority: str) -> str:
    titles = {each.value: words.title for each, words in protocol.services.items()} if protocol else {}
    when = _("soon (within 14 days)") if priority == Urgency.SOON else _("routine (within 6 weeks)")
    return f"{titles.get(service, service)}, {when}"


def _actions(protocol: Protocol | None, ids: Sequence[str]) -> tuple[str, ...]:
    known = protocol.actions if protocol else {}
    return tuple(known[each].text if each in known else each for each in ids)
