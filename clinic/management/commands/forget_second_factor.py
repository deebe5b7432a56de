"""Help somebody in whom nobody looks after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand

from clinic.actions import people, second_factor
from clinic.management.writing import faults_told, user_named

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """For an administrator without another one; everybody else is helped on the administration pages."""

    help = (
        "Take away the second factor of a user who lost app and recovery codes; they set up another at the next log-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")

    def handle(self, *, username: str, **options: Any) -> None:
        user = user_named(username)
        with faults_told(username):
            second_factor.forget(user=user, by=people.system())
        self.stdout.write(f"{user.username} has no second factor now.")
