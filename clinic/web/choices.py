"""Something to tick or to choose in a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from clinic.web.wording import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several, and whether it is chosen."""

    value: str
    label: Words
    is_chosen: bool


def choices(options: Iterable[tuple[str, Words]], chosen: Collection[str]) -> list[Choice]:
    return [Choice(value=value, label=label, is_chosen=value in chosen) for value, label in options]
