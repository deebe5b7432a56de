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
    """Publishes in the names of two who may, and names every fault where it cannot."""

    help = "Publish a protocol file in the names of its author and of whoever approves it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--author", required=True, metavar="USERNAME", help="who answers for the text")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="who approves it: somebody else")

    def handle(self, *, file: str, author: str, by: str, **options: Any) -> None:
        writer, approver = _user(author), _user(by)
        try:
            release = protocols.publish(source=read_source(file), author=writer, by=approver)
        except ProtocolError as error:
            raise CommandError("\n".join(f"{file}: {fault}" for fault in error.faults)) from error
        except ValidationError as error:
            raise CommandError("\n".join(f"{file}: {message}" for message in error.messages)) from error
        except (Conflict, NotAllowed) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{release} is published: new intakes follow it.")


def _user(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no user {username!a}.")
    return user
