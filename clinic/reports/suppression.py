"""Keep small groups from being told apart: a count from 1 to 9 of clinical content is not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST = 10


def shown(number: int) -> int | None:
    """The count, or None where the group is too small to be shown; none is shown as none."""
    return None if 0 < number < SMALLEST else number


def shown_total(parts: Sequence[int]) -> int | None:
    """Their sum, or None where it would give away the one part that is not shown."""
    hidden = sum(1 for part in parts if shown(part) is None)
    return None if hidden == 1 else shown(sum(parts))


def share(part: int, whole: int) -> int | None:
    """Whole percent; None where either group, or the rest of it, is too small."""
    parts_are_shown = all(shown(each) is not None for each in (part, whole - part, whole))
    return round(100 * part / whole) if whole and parts_are_shown else None
