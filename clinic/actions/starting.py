"""What a server does before it takes its first request."""

from __future__ import annotations

import gc
import logging

from clinic import clock, guard, protocols
from clinic.actions import ring
from clinic.models import ProtocolRelease
from triage.outcome import decide

_log = logging.getLogger(__name__)


def ready() -> None:
    """Refuse to serve without the guard or a key; draw the diagrams that the first patient would otherwise wait a second for."""
    guard.require()
    ring.require()
    for release in ProtocolRelease.objects.published():
        try:
            decide(protocols.get(release), {}, on=clock.today(None))
        except protocols.DamagedRelease:
            _log.exception("a published protocol is damaged and is not used")
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no request waits while Python looks through it for garbage
