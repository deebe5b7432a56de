"""Plots as SVG, drawn on the server and shown as images; the same numbers always stand beside them as a table."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

# Okabe and Ito's colours, which colour-blind people tell apart; each line has a marker of its own too.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#7f7f7f")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_INK = "#14242d"
_SOFT = "#485b67"
_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "yellowflag",  # the same figures give the same bytes
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _SOFT,
    "axes.labelcolor": _INK,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def percentages(labels: Sequence[str], series: Mapping[str, Sequence[float | None]], *, title: str) -> bytes:
    """One line for each series over the same labels, from 0 to 100; where a value is None the line has a gap."""
    return _drawn(title, lambda axes: _lines(axes, labels, series), named=len(series) > 1, top=100)


def bars(labels: Sequence[str], series: Mapping[str, Sequence[float | None]], *, title: str) -> bytes:
    """Bars stacked from the series, one stack for each label from the top; None is left out, not drawn as zero."""
    height = 1.2 + 0.3 * len(labels)
    return _drawn(title, lambda axes: _bars(axes, labels, series), named=len(series) > 1, height=height, across=True)


def _drawn(
    title: str, draw: Any, *, named: bool, height: float = 3.2, across: bool = False, top: int | None = None
) -> bytes:
    with rc_context(_STYLE):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        draw(axes)
        axes.set_title(title, loc="left", fontsize=11)
        measured = axes.xaxis if across else axes.yaxis
        measured.grid(visible=True, color="#d5dee2", linewidth=0.6)
        measured.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlim=(0, top)) if across else axes.set(ylim=(0, top))
        axes.set_axisbelow(True)
        if named and axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Title": title})
        return out.getvalue()


def _lines(axes: Axes, labels: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> None:
    for number, (name, values) in enumerate(series.items()):
        style: dict[str, Any] = {
            "color": _COLOURS[number % 8],
            "marker": _MARKERS[number % 8],
            "linewidth": 1.8,
            "markersize": 6,
        }
        axes.plot(range(len(labels)), [float("nan") if each is None else each for each in values], label=name, **style)
    # At most a dozen labels, evenly spaced: more would overlap.
    step = max(1, -(-len(labels) // 12))
    axes.set_xticks(range(0, len(labels), step), list(labels)[::step])
    axes.margins(x=0.03)


def _bars(axes: Axes, labels: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> None:
    places, before = range(len(labels)), [0.0] * len(labels)
    for number, (name, values) in enumerate(series.items()):
        heights = [each or 0.0 for each in values]
        if not any(heights):
            continue  # what is not drawn needs no name beside it
        axes.barh(places, heights, left=before, label=name, color=_COLOURS[number % 8], height=0.7)
        before = [one + other for one, other in zip(before, heights, strict=True)]
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
