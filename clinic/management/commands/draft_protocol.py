"""Put a protocol file before those who review and approve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand

from clinic.actions import protocols
from clinic.management.files import read_source
from clinic.management.writing import faults_told, user_named
from clinic.models import ProtocolRelease
from triage.reading import read_protocol

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from clinic.models import User


class Command(BaseCommand):
    """Makes a draft of a file, or puts the file in the place of a draft's text."""

    help = "Store a protocol file as a draft; the same version again takes the new text. The rest is done in the pages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="who wrote it")

    def handle(self, *, file: str, by: str, **options: Any) -> None:
        source, author = read_source(file), user_named(by)
        with faults_told(file):
            release = _drafted(source, author)
        self.stdout.write(f"{release} is stored, digest {release.sha256}; its status is {release.status}.")


def _drafted(source: bytes, author: User) -> ProtocolRelease:
    known = read_protocol(source)
    release = ProtocolRelease.objects.filter(protocol=known.id, version=known.version).first()
    if release is None:
        return protocols.draft(source=source, by=author)
    protocols.edit(release=release, source=source, by=author)
    return release
