"""Copy the whole database to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand

from clinic.actions import audit, people
from clinic.management import copies

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Safe while the clinic works. What it prints, and FILE.keys, belong to other places than the copy: see `restore`."""

    help = "Copy the database to FILE and the keys of the patients to FILE.keys, and print the ends of its chains as anchors."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="a file that is not there yet")

    def handle(self, *, file: Path, **options: Any) -> None:
        keys = copies.keys_beside(file)
        with (
            copies.ended_in_order(),
            copies.file_faults_told(),
            copies.unfinished(file) as part,
            copies.unfinished(keys) as keys_part,
        ):
            anchors = copies.write(part, keys_part)
        system = people.system()
        audit.record(action="audit.backup", by=system, site=None, obj=system)
        for anchor in anchors:
            self.stdout.write(str(anchor))
