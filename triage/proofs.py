"""Proofs: every property of a protocol shown over all its intakes, or refuted by a patient in words.

The intakes are those that the protocol can tell apart (`triage.domains`), so there are finitely
many, and a diagram holds them all. A property is proved where the diagram of the intakes that
would break it is empty. Otherwise the intake nearest to a clear adult is the counterexample.

Half-filled intakes are proved apart. There an escalation is compared with the property, and an
intake without one is incomplete, unless nothing open matters any more: then its outcome is that of
the same intake with "not sure" for the rest, of which all is known and which is proved as such.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from triage.counterexamples import in_words, nearest
from triage.engine import ENGINE_VERSION
from triage.obligations import NOTHING_OWED, Obligations
from triage.properties import Property, properties
from triage.spaces import Space
from triage.structure import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.diagram import Node
    from triage.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Proof:
    """One property, and whether it holds; if not, the patient that refutes it, a line an answer."""

    name: str
    says: str
    invariant: str
    holds: bool
    counterexample: tuple[str, ...] = ()
    answers: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proved of one version of a protocol, over how many intakes, by which engine."""

    protocol: str
    version: str
    digest: str
    obligations: str
    engine: str
    space: int
    nodes: int
    milliseconds: int
    proofs: tuple[Proof, ...]

    @property
    def holds(self) -> bool:
        return all(proof.holds for proof in self.proofs)

    def as_document(self) -> dict[str, Any]:
        """As JSON: strings, whole numbers, truths, lists and tables; the size of the space as text."""
        document = asdict(self)
        proofs = [{**each, "counterexample": list(each["counterexample"])} for each in document["proofs"]]
        return {**document, "space": str(self.space), "proofs": proofs}


def prove(protocol: Protocol, owed: Obligations = NOTHING_OWED) -> Certificate:
    """Prove or refute everything that a protocol owes; raises `triage.diagram.TooLarge`."""
    started = perf_counter()
    spaces = [Space(protocol, partial=partial) for partial in (False, True)]
    proofs = [*_proofs(spaces, owed), *_checks(spaces[0], owed)]
    complete, half_filled = spaces
    return Certificate(
        protocol=protocol.id,
        version=protocol.version,
        digest=protocol.digest,
        obligations=owed.digest,
        engine=ENGINE_VERSION,
        space=half_filled.size,
        nodes=len(complete.diagrams) + len(half_filled.diagrams),
        milliseconds=round((perf_counter() - started) * 1000),
        proofs=tuple(proofs),
    )


def _proofs(spaces: list[Space], owed: Obligations) -> Iterator[Proof]:
    for each in properties(owed):
        refuted = [(space, node) for space in spaces for node in _refuted(space, each)]
        if refuted:
            yield _disproof(each, *refuted[0], owed)
        else:
            yield Proof(each.name, each.says, each.invariant, holds=True)


def _refuted(space: Space, each: Property) -> Iterator[Node]:
    """The first of the possible intakes that break a property, if there are any."""
    if space.partial and not each.of_half_filled:
        return
    for breaking in each.refuting(space):
        found = space.all_of(space.everybody.possible, breaking)
        if found != space.nowhere:
            yield found
            return


def _disproof(each: Property, space: Space, found: Node, owed: Obligations) -> Proof:
    answers = nearest(space, found, owed)
    words = tuple(in_words(space.protocol, answers, owed, partial=space.partial))
    return Proof(each.name, each.says, each.invariant, holds=False, counterexample=words, answers=answers)


def _checks(space: Space, owed: Obligations) -> Iterator[Proof]:
    for check, invariant, says in CHECKS:
        faults = tuple(check(space, owed))
        yield Proof(f"no_{check.__name__}", says, invariant, holds=not faults, counterexample=faults)
