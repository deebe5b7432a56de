"""The dashboard's tables: the same for the page, its plots and its export, small groups kept out of all three."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import spoken
from clinic.models import LIVE, Stage, Work
from clinic.reports.counting import TIMED
from clinic.reports.figures import percentile
from clinic.reports.suppression import SMALLEST, share, shown, shown_total
from triage.protocol import Disposition, Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clinic.models import ProtocolRelease
    from clinic.reports.figures import Figures
    from triage.protocol import Protocol

Cell = int | str | None
_MOST_ROWS = 15
_DECISIONS = ("accepted", "changed", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of a label and its cells; a cell that is None is a group too small to be shown."""

    name: str
    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    plotted: int = 0  # how many of the columns, from the first, are drawn as well

    @property
    def can_be_drawn(self) -> bool:
        """Whether any group is large enough: an empty plot would look like an empty clinic."""
        return any(cell for _label, cells in self.rows for cell in cells[: self.plotted])


def cell_text(cell: Cell) -> str:
    return f"< {SMALLEST}" if cell is None else str(cell)


def tables(figures: Figures, release: ProtocolRelease | None) -> list[Table]:
    """Every table of the dashboard, in the order of the page; titles of flags and questions are the protocol's."""
    protocol = spoken.protocol(release) if release else None
    return [
        _overdue(figures),
        _weekly(figures),
        _outcomes(figures),
        _referrals(figures),
        _times(figures),
        _flags(figures, protocol),
        _unknown(figures, protocol),
        _rules(figures, protocol),
    ]


def _overdue(figures: Figures) -> Table:
    work = figures.work
    rows: list[tuple[str, Sequence[Cell]]] = [
        (str(kind.label), (work.waiting.get(kind.value, 0), work.overdue.get(kind.value, 0))) for kind in Work
    ]
    rows.append((_("All"), (sum(work.waiting.values()), sum(work.overdue.values()))))
    return Table(
        name="overdue",
        title=_("Waiting now, and overdue"),
        note=_("As it is at this moment. Escalated: %(number)s.") % {"number": work.escalated},
        columns=(_("Waiting"), _("Overdue")),
        rows=rows,
    )


def _dispositions() -> list[Disposition]:
    return sorted(Disposition, key=lambda each: -each.rank)


def in_words(disposition: Disposition) -> str:
    """A disposition as managers read it."""
    return {
        Disposition.EMERGENCY: _("Emergency"),
        Disposition.URGENT_MEDICAL: _("Urgent medical"),
        Disposition.MEDICAL_REVIEW: _("Medical review"),
        Disposition.HOLD_IMAGING: _("Hold for imaging"),
        Disposition.REFER: _("Refer"),
        Disposition.SELF_MANAGE: _("Self-manage"),
        Disposition.INCOMPLETE: _("Incomplete"),
        Disposition.OUT_OF_SCOPE: _("Out of scope"),
    }[disposition]


def _weekly(figures: Figures) -> Table:
    rows = []
    for week, counts in figures.weekly.items():
        parts = [counts.get(each.value, 0) for each in _dispositions()]
        rows.append((date_format(week, "j M Y"), (*map(shown, parts), shown_total(parts))))
    return Table(
        name="weekly",
        title=_("Intakes completed, by week and outcome"),
        note=_("By the day of completion, with the outcome as it stood then."),
        columns=(*map(in_words, _dispositions()), _("All")),
        rows=rows,
        plotted=len(Disposition),
    )


def _outcomes(figures: Figures) -> Table:
    counts = figures.of("completed")
    parts = [counts.get(each.value, 0) for each in _dispositions()]
    rows: list[tuple[str, Sequence[Cell]]] = [
        (in_words(each), (shown(number),)) for each, number in zip(_dispositions(), parts, strict=True)
    ]
    return Table(
        name="outcomes",
        title=_("Outcomes of completed intakes"),
        note=_("All: %(number)s.") % {"number": cell_text(shown_total(parts))},
        columns=(_("Intakes"),),
        rows=rows,
        plotted=1,
    )


def _services() -> Mapping[str, str]:
    return {
        Service.PHYSIOTHERAPY.value: _("Physiotherapy"),
        Service.CBT.value: _("Cognitive behavioural therapy"),
        Service.PSYCHOLOGY.value: _("Psychology"),
    }


def _referrals(figures: Figures) -> Table:
    ended, live = figures.of("referral"), figures.work.referrals
    rows = []
    for service, name in _services().items():
        now = [shown(live.get((service, stage.value), 0)) for stage in LIVE]
        over = [shown(ended.get(f"{service}|{stage.value}", 0)) for stage in (Stage.CLOSED, Stage.CANCELLED)]
        rows.append((name, (*now, *over)))
    stages = [str(stage.label) for stage in LIVE]
    return Table(
        name="referrals",
        title=_("Referrals by service and state"),
        note=_("Open states as they are now; closed and cancelled within the period."),
        columns=(*stages, str(Stage.CLOSED.label), str(Stage.CANCELLED.label)),
        rows=rows,
        plotted=len(LIVE),
    )


def _times(figures: Figures) -> Table:
    waited: dict[tuple[str, str], Counter[int]] = {}
    for key, number in figures.of("days_to").items():
        service, stage, days = key.split("|")
        waited.setdefault((service, stage), Counter())[int(days)] += number
    rows = []
    for service, name in _services().items():
        cells: list[Cell] = []
        for stage in TIMED:
            cells += _middle_and_late(waited.get((service, stage.value), Counter()))
        rows.append((name, cells))
    columns = [_("%(stage)s, %(share)s") % {"stage": stage.label, "share": each} for stage in TIMED for each in _SHARES]
    return Table(
        name="times",
        title=_("Days from proposal to each state"),
        note=_("Median and 90th percentile of the steps taken within the period."),
        columns=columns,
        rows=rows,
    )


_SHARES = ("50 %", "90 %")


def _middle_and_late(days: Counter[int]) -> list[Cell]:
    total = sum(days.values())
    if not total:
        return ["–", "–"]  # noqa: RUF001 -- a dash stands for no number
    return [percentile(days, 0.5), percentile(days, 0.9)] if shown(total) is not None else [None, None]


def _flags(figures: Figures, protocol: Protocol | None) -> Table:
    titles = {flag.id: flag.title for flag in protocol.flags} if protocol else {}
    present, unsure = figures.of("flag_present"), figures.of("flag_unsure")
    return Table(
        name="flags",
        title=_("Red flags found"),
        note=_("Of completed intakes; the most frequent ones."),
        columns=(_("Present"), _("Not sure")),
        rows=_most_frequent(titles, present, unsure),
    )


def _unknown(figures: Figures, protocol: Protocol | None) -> Table:
    texts = {question.id: question.text for question in protocol.questions.values()} if protocol else {}
    return Table(
        name="unknown",
        title=_("Unknown answers by question"),
        note=_("At completion: answered not sure, or not asked though it could have mattered."),
        columns=(_("Not sure"), _("Not asked")),
        rows=_most_frequent(texts, figures.of("not_sure"), figures.of("not_asked")),
    )


def _most_frequent(
    names: Mapping[str, str], first: Mapping[str, int], second: Mapping[str, int]
) -> list[tuple[str, Sequence[Cell]]]:
    """The rows with the highest counts; the order of those too small to be shown gives nothing away."""
    keys = sorted({*first, *second}, key=lambda key: (-(shown(first.get(key, 0)) or 0), names.get(key, key)))
    return [(names.get(key, key), (shown(first.get(key, 0)), shown(second.get(key, 0)))) for key in keys[:_MOST_ROWS]]


def _rules(figures: Figures, protocol: Protocol | None) -> Table:
    titles = {rule.id: rule.title for rule in protocol.rules} if protocol else {}
    completed, unknown = figures.by_version("rule"), figures.by_version("rule_unknown")
    decided = {kind: figures.by_version(f"decision_{kind}") for kind in _DECISIONS}
    lowered = figures.by_version("decision_lowered")
    keys = sorted({key for counts in (completed, *decided.values()) for key in counts})
    rows = []
    for key in keys:
        rule, release = key
        parts = [decided[kind].get(key, 0) for kind in _DECISIONS]
        cells: list[Cell] = [*map(shown, parts), shown(lowered.get(key, 0))]
        cells += [_percent(parts[0], sum(parts)), _percent(parts[1] + parts[2], sum(parts))]
        cells.append(_percent(unknown.get(key, 0), completed.get(key, 0)))
        rows.append((f"{titles.get(rule, rule)} ({release})", cells))
    return Table(
        name="rules",
        title=_("Agreement, overrides and unknowns by rule and protocol version"),
        note=_("A share is shown where it and the rest are both of %(number)s or more, or none.")
        % {"number": SMALLEST},
        columns=(
            *(_("Accepted"), _("Changed"), _("Rejected"), _("Lowered")),
            *(_("Agreement"), _("Override"), _("With unknowns")),
        ),
        rows=rows,
    )


def _percent(part: int, whole: int) -> Cell:
    if not whole:
        return "–"  # noqa: RUF001 -- a dash stands for no number
    percent = share(part, whole)
    return None if percent is None else f"{percent} %"
