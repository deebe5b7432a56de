"""Make a protocol the one that new intakes follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError

from clinic.actions import protocols
from clinic.actions.errors import Conflict, NotAllowed
from clinic.management.files import read_source
from clinic.models import User
from triage.reading import ProtocolError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Publishes in the name of a user who may, and names every fault where it cannot."""

    help = "Publish a protocol file in the name of a user."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--by", required=True, metavar="USERNAME")

    def handle(self, *, file: str, by: str, **options: Any) -> None:
        user = User.objects.filter(username=by).first()
        if user is None:
            raise CommandError(f"There is no user {by!a}.")
        try:
            release = protocols.publish(source=read_source(file), by=user)
        except ProtocolError as error:
            raise CommandError("\n".join(f"{file}: {fault}" for fault in error.faults)) from error
        except ValidationError as error:
            raise CommandError("\n".join(f"{file}: {message}" for message in error.messages)) from error
        except (Conflict, NotAllowed) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{release} is published: new intakes follow it.")
