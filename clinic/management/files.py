"""The protocols that come with the product, as files. No database is needed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError

from triage.protocol import Protocol
from triage.reading import ProtocolError, read_protocol

FIXTURES: Path = settings.BASE_DIR / "fixtures"
REFERENCE = re.compile(r"(?P<id>[a-z0-9-]{1,60})(/(?P<version>\d{1,5}(\.\d{1,5}){2}))?")


def read_source(name: str) -> bytes:
    """The bytes of a file, or of standard input for `-`."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}", returncode=2) from error


def read_named_protocol(reference: str) -> Protocol:
    """The protocol `back-pain`, in its newest version, or `back-pain/1.0.0`, in that one."""
    file = find_file(reference)
    try:
        return read_protocol(file.read_bytes())
    except ProtocolError as error:
        faults = "\n".join(f"{file.name}: {fault}" for fault in error.faults)
        raise CommandError(faults, returncode=2) from error


def find_file(reference: str) -> Path:
    """The file of a protocol, in its newest version or the one that is named."""
    match = REFERENCE.fullmatch(reference)
    files = sorted((FIXTURES / "protocols" / match["id"]).glob("*.toml"), key=_order) if match else []
    version = match["version"] if match else None
    found = [file for file in files if version is None or file.stem == version]
    if not found:
        raise CommandError(f"There is no protocol {reference!a}.", returncode=2)
    return found[-1]


def _order(file: Path) -> list[int]:
    return [int(part) for part in file.stem.split(".")]
