"""The file of the patients' keys, beside a copy of all else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.core.management import CommandError

from clinic.actions import key_copies
from clinic.actions.errors import Conflict
from clinic.sealing import Unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from clinic.actions.key_copies import Keys


def write(file: Path) -> None:
    file.write_text(json.dumps(key_copies.read()))


def bring_back(file: Path) -> None:
    """Give a restored copy its keys; refused, and nothing done, where they are not all there or not to be read."""
    try:
        key_copies.bring_back(_read(file))
    except (Conflict, Unreadable) as error:
        raise CommandError(f"{file}: {error}") from error


def _read(file: Path) -> Keys:
    try:
        held = json.loads(file.read_text())
        keys = {str(patient): [str(patient), str(ring_key), str(sealed)] for patient, ring_key, sealed in held["keys"]}
        return {"keys": [*keys.values()], "erased": [*map(str, held["erased"])]}
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{file} is no file of keys that `backup` wrote.") from error
