"""Bring the database back from a copy."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from clinic.management import anchors, copies

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from clinic.management.anchors import Anchor


class Command(BaseCommand):
    """Into a database that holds nothing; accepted only with its guard whole, its chains unbroken and every anchor in it."""

    help = "Bring the database back from a copy into an empty one, and check that nothing is missing or forged."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="what `backup` wrote")
        parser.add_argument(
            "--expect", metavar="SITE:SEQ:HASH", type=_anchor, nargs="+", default=[], help="what `backup` printed then"
        )

        parser.add_argument(
            "--keys", metavar="FILE", type=Path, help="the newest file of keys; the one beside the copy if not named"
        )

    def handle(self, *, file: Path, expect: list[Anchor], keys: Path | None, **options: Any) -> None:
        keys = keys or copies.keys_beside(file)
        for each in (file, keys):
            if not each.is_file():
                raise CommandError(f"There is no file {each}.")
        with copies.file_faults_told():
            copies.bring_back(file, keys, expect)
        for anchor in anchors.newest():
            self.stdout.write(str(anchor))
        self.stdout.write(f"Accepted: the guard is whole, every chain verifies, {len(expect)} anchors found.")


def _anchor(text: str) -> Anchor:
    try:
        return anchors.read(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
