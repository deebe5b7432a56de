"""What a patient is advised, without the reasons: what has to be the same for two outcomes to be alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Advice(NamedTuple):
    """Where the patient goes and by when, to whom they are referred, and what is done; in no order of its own."""

    disposition: str
    urgency: str
    referrals: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]


def advice_of(document: Mapping[str, Any]) -> Advice:
    """The advice of an outcome as `triage.explanation` tells it."""
    return Advice(
        document["disposition"],
        document["urgency"],
        tuple(sorted((each["service"], each["priority"]) for each in document["referrals"])),
        tuple(sorted(each["id"] for each in document["actions"])),
    )
