"""What is expected of a protocol, stated beside it: patients in words, and what is owed to all patients.

It comes with the product: whoever writes a protocol cannot lower what is expected of it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.conf import settings

from triage.obligations import NOTHING_OWED, read_obligations
from triage.properties import properties
from triage.structure import CHECKS
from triage.toml import read_toml
from triage.vignettes import read_vignettes

if TYPE_CHECKING:
    from pathlib import Path

    from triage.obligations import Obligations
    from triage.protocol import Protocol
    from triage.vignettes import Vignette

VIGNETTES: Path = settings.BASE_DIR / "fixtures" / "vignettes"
OBLIGATIONS: Path = settings.BASE_DIR / "fixtures" / "obligations"
SURVIVORS: Path = settings.BASE_DIR / "fixtures" / "survivors"


def vignettes_of(protocol: str) -> list[Vignette]:
    """The patients that every version of the protocol of this name is tried on."""
    folder = VIGNETTES / protocol
    files = sorted(folder.glob("*.toml"))
    if not files:
        return []
    return read_vignettes((folder / "baselines.toml").read_bytes(), (file.read_bytes() for file in files))


def obligations_of(protocol: Protocol) -> Obligations:
    """What every version of the protocol of this name owes; raises `triage.obligations.ObligationError`."""
    source = _obligations(protocol.id)
    return read_obligations(source, protocol) if source else NOTHING_OWED


def survivors_of(protocol: str) -> dict[str, str]:
    """The slips in the protocol of this name that nobody notices, each with the reason why that is as it should be."""
    file = SURVIVORS / f"{protocol}.toml"
    return read_toml(file.read_bytes())["survivors"] if file.is_file() else {}


def digest_of_obligations(protocol: str) -> str:
    """Which text of what is owed a certificate has to be about; empty where nothing is stated."""
    source = _obligations(protocol)
    return hashlib.sha256(source).hexdigest() if source else ""


def _obligations(protocol: str) -> bytes:
    file = OBLIGATIONS / f"{protocol}.toml"
    return file.read_bytes() if file.is_file() else b""


def sentences_of(protocol: Protocol) -> list[str]:
    """What a certificate of the protocol says, each sentence once, whether or not it holds."""
    said = [each.says for each in properties(obligations_of(protocol))]
    return list(dict.fromkeys([*said, *(says for _check, _invariant, says in CHECKS)]))
