"""What a letter has to hold before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clinic.models import Assessment


def missing(*, assessment: Assessment, kind: str, destination: str) -> list[str]:
    """The items that the letter lacks, each in words; none where it may be sent."""
    return [] if destination else ["whom it goes to"]
