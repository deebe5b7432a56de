"""What a record says of a patient cannot contradict itself unseen: typed it is refused, later it counts as not known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clinic import clock
from clinic.actions import imaging, intakes
from clinic.actions.answers import carried
from clinic.models import Assessment, Intake, Site, User
from tests import factories
from tests.triage.small import SOURCE
from tests.triage.test_proofs import BACK_PAIN
from triage.facts import AnswerErrors
from triage.reading import ProtocolError, read_protocol

pytestmark = pytest.mark.django_db
SIGNS = dict.fromkeys(("spa_night_waking", "spa_buttock_pain", "spa_better_moving", "spa_nsaid_response"), "yes")
SCAN = {"modality": "mri", "region": "lumbar", "status": "reported"}


def paths(refused: pytest.ExceptionInfo[AnswerErrors]) -> list[str]:
    return [fault.path for fault in refused.value.faults]


def corrected(intake: Intake, *, age: int) -> Assessment:
    """The newest assessment, once the date of birth has been put right."""
    intake.patient.date_of_birth = factories.born(years=age)
    return intakes.amend(intake=intake, answers={}, by=intake.opened_by, reason="corrected")


@pytest.mark.parametrize(
    ("answers", "named"),
    [
        ({"first_onset_age": 70}, ["age", "first_onset_age"]),
        ({"onset_date": "1950-01-01"}, ["age", "onset_date"]),
        ({"fever": "no", "duration_days": 30_000}, ["age", "duration_days"]),
        ({"imaging": [{**SCAN, "performed_on": "1960-01-01"}]}, ["age", "imaging[0]"]),
    ],
)
def test_an_answer_that_contradicts_the_record_is_refused_and_nothing_is_stored(
    here: Site, clinician: User, answers: dict[str, Any], named: list[str]
) -> None:
    intake = factories.open_intake(here, clinician)
    with pytest.raises(AnswerErrors) as refused:
        intakes.answer(intake=intake, answers=answers, by=clinician)
    assert paths(refused) == named
    assert Intake.objects.get(pk=intake.pk).answers == {}


def test_a_study_from_before_birth_is_refused_where_it_is_recorded(here: Site, clinician: User) -> None:
    intake = factories.open_intake(here, clinician)
    with pytest.raises(AnswerErrors) as refused:
        imaging.record(intake=intake, study={**SCAN, "performed_on": "1960-01-01"}, by=clinician)
    assert paths(refused) == ["age", "imaging[0]"]


@pytest.mark.untold
def test_what_contradicts_a_corrected_birth_date_counts_as_not_known_and_is_told(here: Site, clinician: User) -> None:
    intake = factories.assessment(here, clinician, first_onset_age=30, duration_days=200, **SIGNS).intake
    assessment = corrected(intake, age=25)
    assert assessment.disposition == "medical_review"
    assert [each["question"] for each in assessment.outcome["conflicts"]] == ["first_onset_age"]


@pytest.mark.untold
def test_a_contradiction_that_stands_there_is_in_nobodys_way(here: Site, clinician: User) -> None:
    intake = factories.assessment(here, clinician, first_onset_age=30).intake
    corrected(intake, age=25)
    with clock.at(clock.now() + timedelta(hours=1)):
        after = intakes.answer(intake=intake, answers={"ces_saddle": "yes", "first_onset_age": 30}, by=clinician)
    assert after.disposition == "emergency"


def test_onset_of_an_earlier_spell_is_asked_again() -> None:
    earlier = {"onset_date": {"value": "2026-01-05", "source": "staff", "at": "2026-02-01T09:00:00+00:00", "by": "x"}}
    assert carried(BACK_PAIN.questions, {**earlier, "imaging": earlier["onset_date"]}) == {}


def test_what_a_protocol_calls_lasting_is_brought_along() -> None:
    protocol = read_protocol(SOURCE.replace('unit = "years"\n', 'unit = "years"\nlasting = true\n').encode())
    earlier = {name: {"value": 40, "source": "staff"} for name in ("age", "pain_days")}
    assert carried(protocol.questions, earlier) == {"age": {"value": 40, "source": "record"}}


@pytest.mark.parametrize("name", ["fever", "stiff", "limits", "site", "pain_days", "numb_since", "numb_days", "mood_1"])
def test_what_tells_how_somebody_is_today_is_never_lasting(name: str) -> None:
    with pytest.raises(ProtocolError, match=rf"questions\[{name}\].lasting: a safety question, a symptom"):
        read_protocol(SOURCE.replace(f'id = "{name}"\n', f'id = "{name}"\nlasting = true\n', 1).encode())


@pytest.mark.untold
def test_a_day_that_is_yet_to_come_is_no_error_of_a_stored_intake(here: Site, clinician: User) -> None:
    """The clock of a site is set back over midnight."""
    today = clock.today(None)
    intake = factories.assessment(here, clinician, imaging=[{**SCAN, "performed_on": today.isoformat()}]).intake
    with clock.at(clock.now() - timedelta(days=1)):
        assessment = intakes.amend(intake=intake, answers={}, by=clinician, reason="another day")
    assert assessment.on < today
    assert not assessment.outcome["conflicts"], "it reads as the present day"
