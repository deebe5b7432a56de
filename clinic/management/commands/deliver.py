"""Take what has happened to the webhooks that want to know."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand
from django.db import close_old_connections

from clinic.actions import delivering

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections import Counter

PAUSE = 1.0  # seconds between two looks into the outbox


class Command(BaseCommand):
    """A worker of the outbox; there may be several, and each may be killed at any moment."""

    is_stopped = False
    help = "Deliver to webhooks what is due. Safe to run any number of times, and several at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how_long = parser.add_mutually_exclusive_group()
        how_long.add_argument("--once", action="store_true", help="end when nothing is due (the default)")
        how_long.add_argument("--forever", action="store_true", help="go on until stopped")

    def handle(self, **options: Any) -> None:
        if not options["forever"]:
            self._tell(delivering.deliver())
            return
        signal.signal(signal.SIGTERM, self._stop)
        while not self.is_stopped:
            close_old_connections()
            if results := delivering.deliver(lambda: self.is_stopped):
                self._tell(results)
            time.sleep(PAUSE)

    def _stop(self, *_: object) -> None:
        """After the delivery in hand, which nobody else has to wait for then."""
        self.is_stopped = True

    def _tell(self, results: Counter[str]) -> None:
        said = ", ".join(f"{number} {what}" for what, number in sorted(results.items()))
        self.stdout.write(f"{said or 'Nothing is due'}.")
        self.stdout.flush()
