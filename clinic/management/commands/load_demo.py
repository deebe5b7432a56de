"""A clinic of invented people to try the product on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import transaction

from clinic import clock
from clinic.actions import chasing, counting
from clinic.actions.errors import Conflict
from clinic.management import demo
from clinic.models import Assessment, Patient

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping


_OPENED = 90  # days before the story ends; longer than its longest course

_CHASED_EVERY = 7  # days; the last time on the last evening


class Command(BaseCommand):
    """Loads the demo clinic once; a second run changes nothing and says so."""

    help = "Load the demo clinic: two sites, a user of every role, synthetic patients with their history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--today", type=date.fromisoformat, help="the day the story ends, YYYY-MM-DD")

    def handle(self, *, today: date | None, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo has known passwords: it is loaded only where YELLOWFLAG_ENV is demo.")
        story = demo.read_story()
        if demo.is_loaded(story):
            self.stdout.write("The demo clinic is loaded already; nothing has been changed.")
        else:
            self._load(story, today or clock.today(None))
        self._tell_logins(story)

    @transaction.atomic
    def _load(self, story: Mapping[str, Any], today: date) -> None:
        try:
            with demo.day(today, days_ago=_OPENED):
                clinic = demo.open_clinic(story)
        except Conflict as error:
            raise CommandError(str(error)) from error
        steps = demo.steps_of(story, clinic, today=today)
        for days_ago in range(_OPENED, 0, -1):
            for minute, step in enumerate(each for each in steps if each.days_ago == days_ago):
                step.take(today=today, minute=minute)
            if days_ago % _CHASED_EVERY == 1:
                with demo.evening(today, days_ago=days_ago):
                    chasing.chase()
        counting.summarise()
        self._tell_patients()
        self.stdout.write(f"Token of the integrator, shown this once: {clinic.token}")

    def _tell_patients(self) -> None:
        newest = Assessment.objects.newest().order_by("disposition").values_list("disposition", flat=True)
        counts: dict[str, int] = {}
        for disposition in newest:
            counts[disposition] = counts.get(disposition, 0) + 1
        self.stdout.write(f"Loaded {Patient.objects.count()} synthetic patients.")
        self.stdout.write(", ".join(f"{disposition} {number}" for disposition, number in counts.items()))

    def _tell_logins(self, story: Mapping[str, Any]) -> None:
        self.stdout.write(f"Log in with the password {story['password']} as one of:")
        for each in story["people"]:
            self.stdout.write(f"  {each['username']:<11} {each['role']} at {', '.join(each['sites'])}")
