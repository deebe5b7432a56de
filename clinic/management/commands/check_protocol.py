"""Whether protocol files can be used, and say of every vignette's patient what they should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from clinic.expectations import vignettes_of
from clinic.management.files import read_source
from triage.checking import unreliable_citations
from triage.reading import ProtocolError, read_protocol
from triage.vignettes import check_vignette

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from triage.protocol import Protocol


class Command(BaseCommand):
    """Names every fault of every file and fails if there is one."""

    help = "Check protocol files: reading faults, then the vignettes of the protocol's name."
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
        vignettes = vignettes_of(protocol.id)
        wrong = [check_vignette(protocol, each) for each in vignettes]
        held = sum(not each for each in wrong)
        self.stdout.write(
            f"{file}: {protocol.id}/{protocol.version}, {len(protocol.questions)} questions, "
            f"{len(protocol.flags)} flags, {len(protocol.rules)} rules; {held} of {len(vignettes)} vignettes hold"
        )
        return [*_unreliable(protocol), *(fault for each in wrong for fault in each)]


def _unreliable(protocol: Protocol) -> list[str]:
    """What nobody can publish without answering for it by name."""
    return [
        f'{place}.cites: "{source}" is {protocol.sources[source].status} and may not be relied on'
        for source, places in unreliable_citations(protocol).items()
        for place in places
    ]
