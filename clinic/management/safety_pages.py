"""The pages of a safety case, made of its file, the protocol and what is proved of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.safety import hazards_of_flags, proved
from triage.structure import LATEST_REVIEW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from triage.obligations import Obligations
    from triage.proofs import Certificate
    from triage.protocol import Protocol
    from triage.safety import Hazard, SafetyCase

_MADE = "<!-- Made by `manage.py safety_case`: change fixtures/safety or the protocol, not this page. -->\n"
_WARNING = (
    "**Demonstration. Not a certified medical device. The protocol has not been signed off by a clinician. "
    "Not for clinical use.**"
)


def pages(case: SafetyCase, protocol: Protocol, owed: Obligations, certificate: Certificate) -> dict[str, str]:
    """Every page by the name of its file."""
    return {
        "hazard-log.md": _page(_hazard_log(case, protocol, owed)),
        "intended-use.md": _page(["# Intended use", "", _WARNING, "", case.intended_use]),
        "sources.md": _page(_sources(protocol)),
        f"{protocol.id}-{protocol.version}.md": _page(_card(case, protocol, certificate)),
    }


def _page(lines: Iterable[str]) -> str:
    first, *rest = lines
    return "\n".join([first, "", _MADE.rstrip(), *rest]) + "\n"


def _hazard_log(case: SafetyCase, protocol: Protocol, owed: Obligations) -> Iterator[str]:
    yield f"# Hazard log of protocol {protocol.id} {protocol.version}"
    yield ""
    yield "Severity and likelihood are initial estimates (assumption A27), in the words of DCB0129. Every control names what"
    yield "fails when it is broken: properties that are proved over all intakes, vignettes, tests. *Later* is not built yet."
    flags = hazards_of_flags(protocol)
    for hazard in case.hazards:
        yield ""
        yield f"## {hazard.id}. {hazard.hazard}"
        yield ""
        yield f"Effect: {hazard.effect}. Severity: {hazard.severity}; likelihood: {hazard.likelihood}."
        yield ""
        yield from (f"- {control}" for control in hazard.controls)
        yield from _listed("Flags", [f"`{name}`" for name in flags.get(hazard.id, [])])
        yield from _proofs(hazard, owed)
        yield from _listed("Vignettes", [f"`{name}`" for name in hazard.vignettes])
        yield from _listed("Tests", [f"`{name}`" for name in hazard.tests])
        yield from (f"- *Later*: {each}" for each in hazard.later)


def _proofs(hazard: Hazard, owed: Obligations) -> Iterator[str]:
    held = proved(hazard, owed)
    if held:
        yield "- Proved over every intake:"
        yield from (f"  - `{name}`: {says}" for name, says in held.items())


def _listed(title: str, names: list[str]) -> Iterator[str]:
    if names:
        yield f"- {title}: {', '.join(names)}"


def _sources(protocol: Protocol) -> Iterator[str]:
    yield f"# Sources of protocol {protocol.id} {protocol.version}"
    yield ""
    yield "| id | source | used for | status | checked on |"
    yield "|---|---|---|---|---|"
    for source in protocol.sources.values():
        if source.status != "assumption":
            checked = source.checked_on.isoformat() if source.checked_on else ""
            yield f"| {source.id} | {source.citation.strip()} | {source.use} | {source.status} | {checked} |"


def _card(case: SafetyCase, protocol: Protocol, certificate: Certificate) -> Iterator[str]:
    yield f"# Protocol card: {protocol.title}, {protocol.id} {protocol.version}"
    yield ""
    yield _WARNING if not protocol.signed_off else "Signed off by a clinician."
    yield ""
    yield " ".join(protocol.summary.split())
    yield ""
    yield from _figures(case, protocol, certificate)
    yield ""
    yield from ("## Flags by level", "", "| level | flags |", "|---|---|")
    for level in dict.fromkeys(flag.level for flag in protocol.flags_by_urgency):
        yield f"| {level} | {', '.join(flag.title for flag in protocol.flags if flag.level is level)} |"
    yield ""
    yield from ("## Outcomes", "", "| outcome | meaning | reviewed at the latest after |", "|---|---|---|")
    for disposition, wording in protocol.dispositions.items():
        yield f"| {wording.title} | {wording.means} | {LATEST_REVIEW[disposition]} days |"
    yield ""
    yield from ("## Proved over every intake", "")
    yield from (
        f"- {'holds' if each.holds else '**refuted**'}: {each.says} (`{each.name}`)" for each in certificate.proofs
    )
    yield ""
    yield from ("## Assumptions to be signed", "")
    yield from (f"- {each.id}: {each.citation}" for each in protocol.sources.values() if each.status == "assumption")


def _figures(case: SafetyCase, protocol: Protocol, certificate: Certificate) -> Iterator[str]:
    safety = sum(question.safety for question in protocol.questions.values())
    yield f"- Questions: {len(protocol.questions)}, {safety} of them safety questions that are always asked"
    yield f"- Flags: {len(protocol.flags)}; rules: {len(protocol.rules)}; hazards: {len(case.hazards)}"
    yield f"- A safety answer stays fresh for {protocol.fresh_days} days; next review of the protocol: {protocol.review_due.isoformat()}"
    yield f"- Told apart: {certificate.space:.1e} intakes, complete and half-filled; engine {certificate.engine}"
    yield f"- SHA-256 of the protocol: `{protocol.digest}`"
    yield f"- SHA-256 of what it owes: `{certificate.obligations}`"
