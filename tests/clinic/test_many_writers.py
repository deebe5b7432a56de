"""Eight people at once, each with many changes: nobody is turned away by a lock, and nothing is lost."""

import os
from threading import Thread

import pytest
from django.db import DatabaseError, connection

from clinic.actions import intakes, verifying
from clinic.actions.errors import Stale
from clinic.models import Assessment, Intake
from clinic.permissions import Role
from tests import factories

WRITERS, EACH = 8, int(os.environ.get("YELLOWFLAG_WRITES", "5"))  # `make soak` writes a hundred times each


@pytest.mark.django_db(transaction=True)
def test_eight_writers_of_one_intake_are_each_told_and_none_is_locked_out() -> None:
    """Each reads, changes and sends back with the version that was read; whoever read too early reads again."""
    site = factories.site()
    clinician = factories.user(Role.CLINICIAN, site)
    intake = factories.open_intake(site, clinician)
    stale: list[int] = []
    failed: list[DatabaseError] = []

    def write(number: int) -> None:
        done = 0
        try:
            while done < EACH:
                mine = Intake.objects.get(pk=intake.pk)
                pain = (number + done) % 10
                if mine.answers.get("peg_pain", {}).get("value") == pain:
                    pain = (pain + 1) % 10
                try:
                    answers = {"peg_pain": pain}
                    intakes.answer(intake=mine, answers=answers, by=clinician, expected_version=mine.version)
                    done += 1
                except Stale:
                    stale.append(number)
        except DatabaseError as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert failed == []
    assert stale, "nobody met anybody"
    intake.refresh_from_db()
    assert intake.version == 1 + WRITERS * EACH
    assert Assessment.objects.filter(intake=intake).count() == intake.history.count() == intake.version
    assert verifying.first_broken(site) is None
