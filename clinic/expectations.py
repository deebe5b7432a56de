"""What is expected of a protocol, stated beside it: patients in words. It comes with the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from triage.vignettes import read_vignettes

if TYPE_CHECKING:
    from pathlib import Path

    from triage.vignettes import Vignette

VIGNETTES: Path = settings.BASE_DIR / "fixtures" / "vignettes"


def vignettes_of(protocol: str) -> list[Vignette]:
    """The patients that every version of the protocol of this name is tried on."""
    folder = VIGNETTES / protocol
    files = sorted(folder.glob("*.toml"))
    if not files:
        return []
    return read_vignettes((folder / "baselines.toml").read_bytes(), (file.read_bytes() for file in files))
