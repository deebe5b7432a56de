"""The imaging page: what is known of each study, and what can become of it next."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.actions import imaging, intakes
from clinic.models import Assessment, Intake, Site, StudyEvent, User
from clinic.permissions import Role
from tests import factories

STUDY = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine"}
NOBODY_READS = "A clinician reads a report and chooses its class."


@pytest.fixture
def intake(here: Site, clinician: User) -> Intake:
    """A completed one, without any study."""
    assessment = factories.assessment(here, clinician)
    intakes.complete(intake=assessment.intake, by=clinician)
    return assessment.intake


@pytest.fixture
def scanned(intake: Intake, clinician: User) -> Intake:
    """One whose scan was asked for."""
    imaging.record(intake=intake, study=STUDY, by=clinician)
    return intake


def look(client: Client, intake: Intake, by: User) -> str:
    client.force_login(by)
    response = client.get(reverse("imaging", args=[intake.pk]))
    assert response.status_code == 200
    return response.content.decode()


def take(client: Client, intake: Intake, step: str, number: int = 1, **form: object) -> Any:
    intake.refresh_from_db()
    sent = {"step": step, "number": number, "version": intake.version} | form
    return client.post(reverse("imaging", args=[intake.pk]), sent)


def outcome(intake: Intake) -> str:
    return Assessment.objects.newest().get(intake=intake).disposition


def test_without_a_study_the_page_says_so_and_who_reads_reports(client: Client, clerk: User, intake: Intake):
    shown = look(client, intake, clerk)
    assert NOBODY_READS in shown
    assert "No study is recorded" in shown


def test_whoever_may_see_the_result_is_shown_the_way_back_to_it(
    client: Client, clerk: User, clinician: User, intake: Intake
):
    way = reverse("result", args=[intake.pk])
    assert way in look(client, intake, clinician)
    assert way not in look(client, intake, clerk)


def test_a_study_is_followed_from_the_request_to_its_class(
    client: Client, clerk: User, clinician: User, intake: Intake
):
    client.force_login(clerk)
    assert take(client, intake, "recorded", 0, **STUDY).status_code == 302
    assert "chased from" in look(client, intake, clerk)
    assert take(client, intake, "performed", on=timezone.localdate().isoformat()).status_code == 302
    assert take(client, intake, "reported", finding="Fracture of L1.").status_code == 302
    assert "Reported since" in look(client, intake, clerk)
    assert outcome(intake) == "hold_imaging"
    client.force_login(clinician)
    classed = take(client, intake, "classed", study_class="serious_pathology", concordance="concordant")
    assert classed.status_code == 302
    assert outcome(intake) == "urgent_medical"
    assert list(StudyEvent.objects.order_by("at").values_list("step", flat=True)) == [
        *("recorded", "performed", "reported", "classed")
    ]


def test_no_class_is_chosen_beforehand(client: Client, clinician: User, scanned: Intake):
    imaging.reported(intake=scanned, number=1, finding="See text.", by=clinician)
    shown = look(client, scanned, clinician)
    assert "Age-related: changes that many people without pain have too" in shown
    form = shown.partition("Class the report")[2].partition("</form>")[0]
    assert re.findall('value="(.*?)" selected', form) == ["", "", ""]


def test_only_a_clinician_is_offered_a_class_and_no_other_is_taken(
    client: Client, clerk: User, clinician: User, scanned: Intake
):
    imaging.reported(intake=scanned, number=1, finding="See text.", by=clinician)
    assert "Class the report" not in look(client, scanned, clerk)
    refused = take(client, scanned, "classed", study_class="age_related", concordance="concordant")
    assert refused.status_code == 403
    assert outcome(scanned) == "hold_imaging"


@pytest.mark.parametrize(
    ("step", "form", "status", "said"),
    [
        ("reported", {}, 422, "This field is required."),
        ("reported", {"finding": "x", "on": "3000-01-01"}, 422, "Give a day that is not in the future."),
        ("reported", {"finding": "x", "on": "soon"}, 422, "Enter a valid date."),
        ("cancelled", {"reason": " "}, 422, "This field is required."),
        ("classed", {"study_class": "fine", "concordance": "unclear"}, 422, "Select a valid choice."),
        ("classed", {"study_class": "age_related", "concordance": "unclear"}, 409, "This study is requested."),
        ("reported", {"finding": "x", "version": 1}, 409, "look at what has changed"),
    ],
)
def test_what_does_not_fit_is_refused_and_stays_typed(
    client: Client, clinician: User, scanned: Intake, step: str, form: dict[str, object], status: int, said: str
):
    client.force_login(clinician)
    before = Intake.objects.get(pk=scanned.pk).version
    response = take(client, scanned, step, **form)
    assert response.status_code == status
    shown = response.content.decode()
    assert said in shown
    assert Intake.objects.get(pk=scanned.pk).version == before
    if form.get("finding"):
        assert ">\nx</textarea>" in shown


def test_a_report_for_a_cancelled_study_is_refused(client: Client, clinician: User, scanned: Intake):
    imaging.cancel(intake=scanned, number=1, reason="Not wanted.", by=clinician)
    client.force_login(clinician)
    response = take(client, scanned, "reported", finding="Nothing found.")
    assert response.status_code == 409
    assert "This study is cancelled." in response.content.decode()


@pytest.mark.parametrize(("step", "number"), [("shred", 1), ("reported", "one"), ("reported", 2), ("reported", 0)])
def test_a_step_or_study_that_is_not_there_is_not_found(
    client: Client, clinician: User, scanned: Intake, step: str, number: object
):
    client.force_login(clinician)
    assert take(client, scanned, step, number, finding="x").status_code == 404  # type: ignore[arg-type]


def test_the_studies_of_another_site_are_not_there(client: Client, elsewhere: Site, scanned: Intake):
    client.force_login(factories.user(Role.CLINICIAN, elsewhere))
    assert client.get(reverse("imaging", args=[scanned.pk])).status_code == 404


def test_a_late_report_says_on_the_result_what_it_changed(client: Client, clinician: User, scanned: Intake):
    imaging.reported(intake=scanned, number=1, finding="See text.", by=clinician)
    old = Assessment.objects.newest().get(intake=scanned)
    imaging.classify(intake=scanned, number=1, study_class="serious_pathology", concordance="concordant", by=clinician)
    client.force_login(clinician)
    newest = client.get(reverse("result", args=[scanned.pk]), follow=True).content.decode()
    assert "Outcome: Urgent medical, before: Hold for imaging" in newest
    earlier = client.get(reverse("assessment", args=[old.pk])).content.decode()
    assert "Outcome: Urgent medical, before: Hold for imaging" in earlier
    assert earlier != newest
