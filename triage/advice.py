"""What a patient is advised, without the reasons: what has to be the same for two outcomes to be alike."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

DIGEST = 8  # bytes


class Advice(NamedTuple):
    """Where the patient goes and by when, to whom they are referred, and what is done; in no order of its own."""

    disposition: str
    urgency: str
    referrals: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]

    @property
    def digest(self) -> bytes:
        """A short name, the same for the same advice in every process and version."""
        said = json.dumps(self, separators=(",", ":"))
        return hashlib.sha256(said.encode()).digest()[:DIGEST]


def advice_of(document: Mapping[str, Any]) -> Advice:
    """The advice of an outcome as `triage.explanation` tells it."""
    return Advice(
        document["disposition"],
        document["urgency"],
        tuple(sorted((each["service"], each["priority"]) for each in document["referrals"])),
        tuple(sorted(each["id"] for each in document["actions"])),
    )
