"""Whether protocol files can be used, say of every vignette's patient what they should, and are proved safe for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from clinic.expectations import obligations_of, vignettes_of
from clinic.management.files import read_source
from triage.checking import unreliable_citations
from triage.diagram import TooLarge
from triage.obligations import ObligationError
from triage.proofs import prove
from triage.reading import ProtocolError, read_protocol
from triage.vignettes import check_vignette

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from triage.proofs import Proof
    from triage.protocol import Protocol


class Command(BaseCommand):
    """Names every fault of every file and fails if there is one."""

    help = "Check protocol files: reading faults, then vignettes and proofs of what every protocol of the name owes."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own declaration

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")

    def handle(self, *, files: list[str], **options: Any) -> None:
        faults = [f"{file}: {fault}" for file in files for fault in self._check(file)]
        if faults:
            number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
            raise CommandError("\n".join([f"{number}:", *faults]))

    def _check(self, file: str) -> list[str]:
        try:
            protocol = read_protocol(read_source(file))
        except ProtocolError as error:
            return list(error.faults)
        self.stdout.write(
            f"{file}: {protocol.id}/{protocol.version}, {len(protocol.questions)} questions, "
            f"{len(protocol.flags)} flags, {len(protocol.rules)} rules"
        )
        return [*_unreliable(protocol), *self._try(protocol), *self._prove(protocol)]

    def _try(self, protocol: Protocol) -> list[str]:
        vignettes = vignettes_of(protocol.id)
        wrong = [check_vignette(protocol, each) for each in vignettes]
        held = sum(not each for each in wrong)
        self.stdout.write(f"  {held} of {len(vignettes)} vignettes hold")
        return [fault for each in wrong for fault in each]

    def _prove(self, protocol: Protocol) -> list[str]:
        try:
            certificate = prove(protocol, obligations_of(protocol))
        except TooLarge as error:
            return [f"too large to be proved: {error}"]
        except ObligationError as error:
            return [f"what it owes cannot be said of it: {fault}" for fault in error.faults]
        refuted = [proof for proof in certificate.proofs if not proof.holds]
        self.stdout.write(
            f"  {len(certificate.proofs) - len(refuted)} of {len(certificate.proofs)} properties hold "
            f"for every one of {_about(certificate.space)} possible intakes, in {certificate.milliseconds / 1000:.1f} s"
        )
        return ["\n".join(_refutation(proof)) for proof in refuted]


def _about(number: int) -> str:
    return f"{number:.1e}".replace("e+", " x 10^")


def _refutation(proof: Proof) -> Iterator[str]:
    """The property in words, and below it the patient who refutes it."""
    invariant = f" ({proof.invariant})" if proof.invariant else ""
    yield f"{proof.name}{invariant}: {proof.says} This is refuted:"
    yield from (f"    {line}" for line in proof.counterexample)


def _unreliable(protocol: Protocol) -> list[str]:
    """What nobody can publish without answering for it by name."""
    return [
        f'{place}.cites: "{source}" is {protocol.sources[source].status} and may not be relied on'
        for source, places in unreliable_citations(protocol).items()
        for place in places
    ]
