"""The safety case of one version of a protocol: its hazards, and what stands against each of them."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from triage.properties import properties
from triage.structure import CHECKS
from triage.tables import Table
from triage.toml import NotToml, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.obligations import Obligations
    from triage.protocol import Protocol

SEVERITIES = ("catastrophic", "major", "considerable", "significant", "minor")
LIKELIHOODS = ("very high", "high", "medium", "low", "very low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """Something that could go wrong and harm a patient; `later` is a control that is not there yet."""

    id: str
    hazard: str
    effect: str
    severity: str
    likelihood: str
    controls: tuple[str, ...]
    proofs: tuple[str, ...]
    vignettes: tuple[str, ...]
    tests: tuple[str, ...]
    later: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyCase:
    """The hazards of one version of a protocol, and what it is meant for."""

    protocol: str
    version: str
    intended_use: str
    hazards: tuple[Hazard, ...]


def read_safety_case(source: bytes) -> tuple[SafetyCase, list[str]]:
    """The safety case that a TOML file states, and every fault of the file."""
    faults: list[str] = []
    try:
        root = Table(read_toml(source), "", faults)
    except NotToml as error:
        root = Table({}, "", faults)
        faults.append(str(error))
    case = SafetyCase(
        protocol=root.text("protocol"),
        version=root.text("version"),
        intended_use=root.text("intended_use").strip(),
        hazards=tuple(_hazard(each) for each in root.tables("hazards")),
    )
    root.note_unread()
    return case, faults


def _hazard(table: Table) -> Hazard:
    return Hazard(
        id=table.text("id"),
        hazard=table.text("hazard"),
        effect=table.text("effect"),
        severity=table.word("severity", SEVERITIES),
        likelihood=table.word("likelihood", LIKELIHOODS),
        controls=table.words("controls"),
        proofs=table.words("proofs"),
        vignettes=table.words("vignettes"),
        tests=table.words("tests"),
        later=table.words("later"),
    )


def proved(hazard: Hazard, owed: Obligations) -> dict[str, str]:
    """The properties that a hazard names, each with what it says; a name may end in `*`."""
    known = {each.name: each.says for each in properties(owed)}
    known |= {f"no_{check.__name__}": says for check, _invariant, says in CHECKS}
    return {name: says for name, says in known.items() if any(fnmatchcase(name, each) for each in hazard.proofs)}


def gaps(case: SafetyCase, protocol: Protocol, owed: Obligations) -> Iterator[str]:
    """What a safety case leaves uncontrolled, or names that does not exist."""
    if (case.protocol, case.version) != (protocol.id, protocol.version):
        yield f"it is about {case.protocol}/{case.version}, not {protocol.id}/{protocol.version}"
    raised = hazards_of_flags(protocol)
    known = {hazard.id for hazard in case.hazards}
    for flag in protocol.flags:
        if not flag.hazards:
            yield f"the flag {flag.id} guards against no hazard"
        yield from (
            f"the flag {flag.id} names {name}, which is no hazard here" for name in flag.hazards if name not in known
        )
    for hazard in case.hazards:
        if not (hazard.controls and (hazard.proofs or hazard.tests or raised.get(hazard.id))):
            yield f"{hazard.id} has no control that anything shows"
        for pattern in hazard.proofs:
            if not any(fnmatchcase(name, pattern) for name in proved(hazard, owed)):
                yield f"{hazard.id}: nothing called {pattern} is proved"


def hazards_of_flags(protocol: Protocol) -> Mapping[str, list[str]]:
    """The flags that guard against each hazard."""
    flags: dict[str, list[str]] = {}
    for flag in protocol.flags:
        for hazard in flag.hazards:
            flags.setdefault(hazard, []).append(flag.id)
    return flags
