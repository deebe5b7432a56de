"""What commands have in common: who does it, how many at a time, and how a refusal is told."""

from __future__ import annotations

from argparse import ArgumentTypeError
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.management import CommandError

from clinic.actions.errors import Conflict, NotAllowed
from clinic.models import User
from clinic.sealing import Unreadable
from triage.reading import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator


def user_named(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no user {username!a}.")
    return user


@contextmanager
def faults_told(file: str) -> Iterator[None]:
    """Tell every fault of the file, or why what is asked is refused; nothing has been stored then."""
    try:
        yield
    except ProtocolError as error:
        raise CommandError("\n".join(f"{file}: {fault}" for fault in error.faults)) from error
    except ValidationError as error:
        raise CommandError("\n".join(f"{file}: {message}" for message in error.messages)) from error
    except (Conflict, NotAllowed, Unreadable) as error:
        raise CommandError(str(error)) from error


def whole_number(text: str) -> int:
    """A number of processes or rows, at least one."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise ArgumentTypeError(f"{text!a} is not a whole number above 0")
    return number
