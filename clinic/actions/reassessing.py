"""Evaluate stored assessments again: each under its own protocol, to the byte. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clinic import protocols
from clinic.models import Assessment
from triage.engine import ENGINE_VERSION
from triage.facts import AnswerErrors
from triage.outcome import decide_stored
from triage.wire import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinic.shares import Share

_AT_ONCE = 200  # assessments in memory; each is some tens of kilobytes
# The columns that repeat what the outcome says.
_REPEATED = ("disposition", "urgency", "floor", "ceiling")


@dataclass(frozen=True, slots=True)
class Reassessed:
    """How many there are, and a line for each that comes out otherwise.

    One that another engine made and this one would not is no fault of the record; it has a line of its own.
    """

    number: int
    faults: tuple[str, ...]
    other_engines: tuple[str, ...]


def reassess(share: Share) -> Reassessed:
    """Evaluate a share of all assessments again."""
    faults: list[str] = []
    other_engines: list[str] = []
    number = 0
    for assessment in _rows(share):
        number += 1
        found = list(_faults(assessment))
        if found and assessment.engine_version == ENGINE_VERSION:
            faults.append(f"assessment {assessment.pk}: {'; '.join(found)}")
        elif found:
            of = f"assessment {assessment.pk}, of engine {assessment.engine_version}"
            other_engines.append(f"{of}: {'; '.join(found)}")
    return Reassessed(number, tuple(faults), tuple(other_engines))


def _rows(share: Share) -> Iterator[Assessment]:
    rows = Assessment.objects.filter(pk__gt=share.after, pk__lte=share.until).order_by("pk")
    return rows.select_related("release").defer("release__source").iterator(chunk_size=_AT_ONCE)


def _faults(assessment: Assessment) -> Iterator[str]:
    if assessment.protocol_digest != assessment.release.sha256:
        yield f"the text that it was made by is no longer that of {assessment.release}"
        return
    try:
        outcome = decide_stored(protocols.get(assessment.release), assessment.answers, on=assessment.on)
    except (AnswerErrors, protocols.DamagedRelease) as error:
        yield f"cannot be evaluated: {error}"
        return
    yield from _differences(assessment, outcome)


def _differences(assessment: Assessment, outcome: dict[str, Any]) -> Iterator[str]:
    stored = assessment.outcome
    if stored.get("engine") != assessment.engine_version:
        yield f'the column engine_version says "{assessment.engine_version}", the outcome "{stored.get("engine")}"'
    outcome = {**outcome, "engine": stored.get("engine")}
    if write_json(stored) != write_json(outcome):
        names = sorted({*stored, *outcome})
        differing = [name for name in names if write_json(stored.get(name)) != write_json(outcome.get(name))]
        yield f"another outcome than was stored: {', '.join(differing)}"
    repeated = {name: getattr(assessment, name) for name in _REPEATED} | {"exclusion": assessment.exclusion}
    said = {name: outcome[name] for name in _REPEATED} | {"exclusion": outcome["exclusion"]["level"]}
    for name, value in repeated.items():
        if value != said[name]:
            yield f'the column {name} says "{value}", the outcome "{said[name]}"'
