"""Copy the whole database to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand

from clinic.management import copies

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Safe while the clinic works. What it prints belongs to another place than the copy: see `restore`."""

    help = "Copy the whole database to a new file, and print the ends of its chains as anchors for a restore."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="a file that is not there yet")

    def handle(self, *, file: Path, **options: Any) -> None:
        with copies.file_faults_told(), copies.unfinished(file) as part:
            anchors = copies.write(part)
        for anchor in anchors:
            self.stdout.write(str(anchor))
