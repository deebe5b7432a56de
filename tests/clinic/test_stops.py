"""What cannot wait is open until something was recorded about every reason."""

from datetime import timedelta

import pytest
from django.utils import timezone

from clinic import clock
from clinic.actions import intakes, stops
from clinic.models import Assessment, Site, User, Work, WorkItem
from tests import factories


@pytest.fixture
def yesterday(here: Site, clinician: User) -> Assessment:
    """A same-day finding of yesterday."""
    with clock.at(timezone.now() - timedelta(days=1)):
        return factories.assessment(here, clinician, fever="yes")


def waiting(assessment: Assessment) -> WorkItem | None:
    return WorkItem.objects.filter(intake=assessment.intake, kind=Work.STOP).first()


def test_a_stop_is_waited_for_since_its_reason_was_found(yesterday: Assessment):
    item = waiting(yesterday)
    assert item is not None
    assert (item.since, item.due) == (yesterday.at, yesterday.at + timedelta(hours=24))


def test_a_new_reason_after_a_record_opens_the_stop_again_from_when_it_was_found(
    yesterday: Assessment, clinician: User
):
    stops.record(assessment=yesterday, text="Seen by the duty doctor.", by=clinician)
    assert waiting(yesterday) is None
    newer = intakes.answer(intake=yesterday.intake, answers={"ces_saddle": "yes"}, by=clinician)
    item = waiting(newer)
    assert item is not None
    assert item.since == newer.at


def test_a_new_reason_does_not_put_off_one_of_which_nothing_is_recorded(yesterday: Assessment, clinician: User):
    intakes.answer(intake=yesterday.intake, answers={"ces_saddle": "yes"}, by=clinician)
    item = waiting(yesterday)
    assert item is not None
    assert item.since == yesterday.at


def test_what_was_recorded_on_an_earlier_card_says_nothing_of_what_came_up_since(
    yesterday: Assessment, clinician: User
):
    newer = intakes.answer(intake=yesterday.intake, answers={"ces_saddle": "yes"}, by=clinician)
    stops.record(assessment=yesterday, text="Seen by the duty doctor.", by=clinician)
    assert waiting(newer) is not None
    stops.record(assessment=newer, text="Ambulance called.", by=clinician)
    assert waiting(newer) is None
