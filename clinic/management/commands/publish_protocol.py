"""Make a protocol the one that new intakes follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand

from clinic.actions import protocols
from clinic.management.files import read_source
from clinic.management.writing import faults_told, user_named

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Publishes in the names of two who may, with every check, and says why where it cannot."""

    help = "Prove a protocol file and publish it in the names of its author and of whoever approves it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--author", required=True, metavar="USERNAME", help="who answers for the text")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="who approves it: somebody else")

    def handle(self, *, file: str, author: str, by: str, **options: Any) -> None:
        source, writer, approver = read_source(file), user_named(author), user_named(by)
        with faults_told(file):
            release = protocols.publish(source=source, author=writer, by=approver)
        self.stdout.write(f"{release} is published: new intakes follow it where the site has chosen no other.")
