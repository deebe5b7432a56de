"""What every version of a protocol owes its patients: stated beside the protocol, not in it.

An obligation speaks of the raw answers alone. Stated over a fact that the protocol derives, it
would hold of a protocol that had forgotten a red flag in that fact. The file is TOML,
`fixtures/obligations/<protocol>.toml`; `docs/protocol-format.md` describes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from triage.checking import condition_faults
from triage.facts import AnswerErrors, check_answers
from triage.imaging import STUDY_WORDS
from triage.protocol import Disposition, Protocol, Service
from triage.tables import Table
from triage.toml import NotToml, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.conditions import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What follows for a patient: the least urgent outcome, what may not be, what is to be done.

    `when` is true of the patients it speaks of; `study` describes a study that they have, by the
    words of its fields. A `psychology_alone` that is forbidden is CBT or psychology without
    physiotherapy.
    """

    id: str
    invariant: str
    says: str
    when: Condition | None
    study: Mapping[str, str]
    at_least: Disposition | None
    never: tuple[Disposition, ...]
    forbids: tuple[Service, ...]
    forbids_psychology_alone: bool
    actions: tuple[str, ...]
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligations:
    """All that is owed under protocols of one name.

    `clear` are the answers of an adult with nothing remarkable, where "no", 0 or the first option
    is not meant. `distress` names the questions of which a higher answer is more distress, `kept`
    the actions that more distress never removes, the most urgent first, `recheck` the one that must
    stand where more of it makes the outcome less urgent. `descriptive` questions never decide.
    """

    digest: str
    clear: Mapping[str, object]
    distress: tuple[str, ...]
    kept: tuple[str, ...]
    recheck: str
    descriptive: tuple[str, ...]
    obligations: tuple[Obligation, ...]


NOTHING_OWED = Obligations(
    digest="", clear={}, distress=(), kept=(), recheck="", descriptive=(), obligations=()
)  # beyond what every protocol owes (`triage.properties`)


class ObligationError(ValueError):
    """A file of obligations that cannot be used; `faults` names all that is wrong with it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def read_obligations(source: bytes, protocol: Protocol) -> Obligations:
    """What a protocol owes, from the bytes of a TOML file; raises ObligationError."""
    faults: list[str] = []
    try:
        root = Table(read_toml(source), "", faults)
    except NotToml as error:
        raise ObligationError([str(error)]) from error
    owed = _obligations(root, hashlib.sha256(source).hexdigest(), protocol)
    root.note_unread()
    faults += _misfits(owed, protocol)
    if faults:
        raise ObligationError(faults)
    return owed


def _obligations(root: Table, digest: str, protocol: Protocol) -> Obligations:
    asked, done = tuple(protocol.questions), tuple(protocol.actions)
    return Obligations(
        digest=digest,
        clear=root.values("clear"),
        distress=root.known_words("distress", asked),
        kept=root.known_words("kept", done),
        recheck=root.word("recheck", ("", *done), ""),
        descriptive=root.known_words("descriptive", asked),
        obligations=tuple(_obligation(each, done) for each in root.tables("obligations")),
    )


def _obligation(table: Table, actions: tuple[str, ...]) -> Obligation:
    at_least = table.word("at_least", ("", *Disposition), "")
    return Obligation(
        id=table.text("id"),
        invariant=table.text("invariant"),
        says=table.text("says"),
        when=table.condition("when", required=False),
        study=table.strings("study"),
        at_least=Disposition(at_least) if at_least else None,
        never=tuple(map(Disposition, table.known_words("never", tuple(Disposition)))),
        forbids=tuple(map(Service, table.known_words("forbids", tuple(Service)))),
        forbids_psychology_alone=table.truth("forbids_psychology_alone", default=False),
        actions=table.known_words("actions", actions),
        cites=table.words("cites"),
    )


def _misfits(owed: Obligations, protocol: Protocol) -> Iterator[str]:
    """What cannot be said of this protocol's patients, or is no raw answer: a derived fact would prove nothing."""
    raw = protocol.questions.keys() | protocol.instruments.keys()
    for each in owed.obligations:
        for part in each.when.walk() if each.when else ():
            for name in part.names:
                if name not in raw:
                    yield f'obligations[{each.id}].when: "{name}" is not a question or an instrument'
        for fault in condition_faults(protocol, each.when) if each.when else ():
            yield f"obligations[{each.id}].when: {fault}"
        for field, word in each.study.items():
            if word not in STUDY_WORDS.get(field, ()) and word != "":
                yield f'obligations[{each.id}].study: "{field}" is never "{word}"'
    try:
        check_answers(protocol.questions, owed.clear, on=date.max)
    except AnswerErrors as error:
        yield from (f"clear: {fault}" for fault in error.faults)
