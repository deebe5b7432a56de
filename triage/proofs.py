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
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

from triage.counterexamples import in_words, nearest
from triage.diagram import too_deep_is_too_large
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
    with too_deep_is_too_large():
        return _proved(protocol, owed)


def _proved(protocol: Protocol, owed: Obligations) -> Certificate:
    started = perf_counter()
    prover = Prover(protocol, owed)
    proofs = tuple(map(prover.proof, prover.names))
    return Certificate(
        protocol=protocol.id,
        version=protocol.version,
        digest=protocol.digest,
        obligations=owed.digest,
        engine=ENGINE_VERSION,
        space=prover.half_filled.size,
        nodes=len(prover.complete.diagrams) + len(prover.half_filled.diagrams),
        milliseconds=round((perf_counter() - started) * 1000),
        proofs=proofs,
    )


class Prover:
    """Proves or refutes one property after the other; half-filled intakes are drawn when first needed."""

    def __init__(self, protocol: Protocol, owed: Obligations = NOTHING_OWED) -> None:
        self._protocol, self._owed = protocol, owed
        self._properties = {each.name: each for each in properties(owed)}
        self._checks = {f"no_{each[0].__name__}": each for each in CHECKS}
        self.names = (*self._properties, *self._checks)

    @cached_property
    def complete(self) -> Space:
        return Space(self._protocol, self._owed, partial=False)

    @cached_property
    def half_filled(self) -> Space:
        return Space(self._protocol, self._owed, partial=True)

    def proof(self, name: str) -> Proof:
        """Whether a property holds, and if not, the patient that refutes it."""
        if name in self._checks:
            return self._checked(name)
        each = self._properties[name]
        for space in self._spaces():
            found = _refuting(space, each)
            if found != space.nowhere:
                return self._disproof(each, space, found)
        return Proof(each.name, each.says, each.invariant, holds=True)

    def first_refuted(self) -> str:
        """The name of some property that does not hold, if there is one: what is soon seen is looked at first."""
        return next(self._refuted(), "")

    def _refuted(self) -> Iterator[str]:
        yield from self._refuted_in(self.complete)
        yield from (name for name in self._checks if not self._checked(name).holds)
        yield from self._refuted_in(self.half_filled)

    def _refuted_in(self, space: Space) -> Iterator[str]:
        yield from (name for name, each in self._properties.items() if _refuting(space, each) != space.nowhere)

    def _spaces(self) -> Iterator[Space]:
        yield self.complete
        yield self.half_filled

    def _checked(self, name: str) -> Proof:
        check, invariant, says = self._checks[name]
        faults = tuple(check(self.complete, self._owed))
        return Proof(name, says, invariant, holds=not faults, counterexample=faults)

    def _disproof(self, each: Property, space: Space, found: Node) -> Proof:
        answers = nearest(space, found, self._owed)
        words = tuple(in_words(space.protocol, answers, self._owed, partial=space.partial))
        return Proof(each.name, each.says, each.invariant, holds=False, counterexample=words, answers=answers)


def _refuting(space: Space, each: Property) -> Node:
    """The first of the possible intakes that break a property, if there are any."""
    if each.of_half_filled or not space.partial:
        for breaking in each.refuting(space):
            found = space.all_of(space.everybody.possible, breaking)
            if found != space.nowhere:
                return found
    return space.nowhere
