"""Sections of an intake in the web door: what is asked, what is refused, what is never lost."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinic.actions import intakes
from clinic.models import Intake, Site, User
from tests import factories


@pytest.fixture
def intake(here: Site) -> Intake:
    return factories.open_intake(here)


def path(intake: Intake, section: str) -> str:
    return reverse("section", args=[intake.pk, section])


def save(client: Client, intake: Intake, section: str, **fields: object) -> HttpResponse:
    """Send a section as a browser would that was shown the intake as it is in `intake`."""
    answers = {f"answer-{name}": value for name, value in fields.items()}
    form = {"version": intake.version, "then": "continue"} | answers
    return client.post(path(intake, section), form)


def stored(intake: Intake) -> dict[str, object]:
    intake.refresh_from_db()
    return {name: entry["value"] for name, entry in intake.answers.items()}


def field(response: HttpResponse, name: str) -> str:
    """The part of a page that asks one question."""
    found = re.search(rf'<fieldset[^>]*id="q-{name}".*?</fieldset>', response.content.decode(), re.DOTALL)
    assert found, f"{name} is not asked"
    return found[0]


def test_no_answer_is_chosen_beforehand(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    for section in ("pain", "red_flags", "imaging", "treatment", "feelings"):
        assert " checked" not in client.get(path(intake, section)).content.decode()


def test_a_saved_section_leads_to_the_next(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    response = save(client, intake, "pain", pain_site="lumbar", duration_days="21")
    assert response.url == path(intake, "red_flags")
    assert stored(intake) == {"pain_site": "lumbar", "duration_days": 21}


def test_one_can_leave_and_come_back(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    form = {"version": intake.version, "then": "leave", "answer-ces_saddle": "no"}
    assert client.post(path(intake, "red_flags"), form).url == reverse("worklist")
    page = client.get(path(intake, "red_flags"))
    assert re.search(r'name="answer-ces_saddle" value="no" checked', field(page, "ces_saddle"))


def test_not_sure_is_an_answer_to_every_kind_of_question(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    given = {
        "pain": ("duration_days", "onset_date", "pain_site", "peg_pain"),
        "red_flags": ("ces_saddle",),
        "imaging": ("imaging",),
        "treatment": ("treatments",),
        "feelings": ("phq9_1",),
    }
    for section, names in given.items():
        answers = dict.fromkeys(names, "not_sure")
        assert save(client, intake, section, **answers).status_code == 302
        assert stored(intake).items() >= answers.items()


def test_none_of_these_is_kept_apart_from_not_asked(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    save(client, intake, "treatment", treatment_weeks="0")
    assert "treatments" not in stored(intake)
    save(client, intake, "treatment", treatment_weeks="0", treatments="none")
    assert stored(intake)["treatments"] == []


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("pain", "duration_days", "three weeks"),
        ("pain", "duration_days", "-3"),
        ("pain", "duration_days", "1.5"),
        ("pain", "duration_days", "99999999"),
        ("pain", "duration_days", ["21", "not_sure"]),
        ("pain", "onset_date", "2999-01-01"),
        ("pain", "onset_date", "yesterday"),
        ("pain", "pain_site", "elbow"),
        ("pain", "pain_site", ["lumbar", "buttock"]),
        ("pain", "peg_pain", "11"),
        ("pain", "pain_site", "lum\x00bar"),
        ("red_flags", "ces_saddle", "perhaps"),
        ("treatment", "treatments", ["none", "opioid"]),
        ("treatment", "treatments", ["not_sure", "opioid"]),
        ("imaging", "imaging", "listed"),
    ],
)
def test_a_refused_answer_is_named_and_nothing_is_stored(
    client: Client, intake: Intake, clinician: User, section: str, name: str, value: object
):
    client.force_login(clinician)
    response = save(client, intake, section, **{name: value})
    assert response.status_code == 422
    assert f'href="#q-{name}"' in response.content.decode()
    assert "fault" in field(response, name)
    assert stored(intake) == {}


def test_what_was_typed_beside_a_refused_answer_stays_in_the_form(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    response = save(client, intake, "pain", duration_days="long", course="worse")
    assert 'value="long"' in field(response, "duration_days")
    assert re.search(r'value="worse" checked', field(response, "course"))


def test_an_answer_is_not_withdrawn_by_emptying_its_field(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    save(client, intake, "pain", duration_days="21")
    intake.refresh_from_db()
    response = save(client, intake, "pain", duration_days="")
    assert response.status_code == 422
    assert "This was answered: 21 days" in field(response, "duration_days")
    assert stored(intake) == {"duration_days": 21}


def test_saving_what_is_there_already_changes_nothing(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    save(client, intake, "pain", duration_days="21")
    intake.refresh_from_db()
    before = intake.version
    save(client, intake, "pain", duration_days="21")
    intake.refresh_from_db()
    assert intake.version == before


def test_a_stale_page_shows_what_changed_and_keeps_what_was_typed(
    client: Client, intake: Intake, clinician: User, clerk: User
):
    seen = Intake.objects.get(pk=intake.pk)
    intakes.answer(intake=intake, answers={"fever": "yes", "ces_saddle": "no", "unwell": "no"}, by=clerk)
    client.force_login(clinician)
    response = save(client, seen, "red_flags", fever="no", weight_loss="no", ces_saddle="no")
    assert response.status_code == 409
    assert re.search(r'value="no" checked', field(response, "fever"))
    assert "Saved by somebody else while you were typing: Yes" in field(response, "fever")
    assert re.search(r'value="no" checked', field(response, "weight_loss"))
    assert re.search(r'value="no" checked', field(response, "unwell"))
    assert "Changed meanwhile" not in field(response, "ces_saddle")
    assert stored(intake) == {"fever": "yes", "ces_saddle": "no", "unwell": "no"}
    again = save(client, intake, "red_flags", fever="no", weight_loss="no", ces_saddle="no", unwell="no")
    assert again.status_code == 302
    assert stored(intake)["weight_loss"] == "no"


@pytest.mark.parametrize("version", ["", "one", "-1", "9" * 30, "1\x00"])
def test_a_form_without_a_version_is_refused(client: Client, intake: Intake, clinician: User, version: str):
    client.force_login(clinician)
    response = client.post(path(intake, "pain"), {"version": version, "answer-course": "same"})
    assert response.status_code == 400
    assert stored(intake) == {}


def test_questions_for_clinicians_are_shown_to_a_clerk_and_locked(client: Client, intake: Intake, clerk: User):
    client.force_login(clerk)
    examined = field(client.get(path(intake, "pain")), "examined")
    assert "For a clinician" in examined
    assert " disabled" in examined


def test_a_clerk_who_answers_for_a_clinician_is_refused(client: Client, intake: Intake, clerk: User):
    client.force_login(clerk)
    assert save(client, intake, "pain", examined="clinician").status_code == 403
    assert stored(intake) == {}


def test_a_clerk_can_save_beside_what_a_clinician_answered(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    intakes.answer(intake=intake, answers={"examined": "clinician"}, by=clinician)
    client.force_login(clerk)
    assert save(client, intake, "pain", course="same").status_code == 302
    assert stored(intake) == {"examined": "clinician", "course": "same"}


def test_a_question_that_does_not_apply_is_not_asked(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    assert field(client.get(path(intake, "red_flags")), "ces_onset_days")
    ces = ("ces_saddle", "ces_bladder", "ces_bowel", "ces_legs", "ces_sexual", "bilateral_leg_pain_new")
    save(client, intake, "red_flags", **dict.fromkeys(ces, "no"))
    assert b'id="q-ces_onset_days"' not in client.get(path(intake, "red_flags")).content
    assert b'id="q-ces_saddle"' in client.get(path(intake, "red_flags")).content


def test_a_question_that_comes_to_apply_is_asked_before_going_on(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    save(client, intake, "pain", examined="none")
    intake.refresh_from_db()
    response = save(client, intake, "pain", examined="clinician")
    assert response.url == path(intake, "pain") + "#q-neuro_exam"


def test_what_can_no_longer_matter_is_not_asked_but_every_safety_question_is(
    client: Client, intake: Intake, clinician: User
):
    client.force_login(clinician)
    assert field(client.get(path(intake, "feelings")), "phq9_1")
    save(client, intake, "red_flags", collapse="yes")
    feelings = client.get(path(intake, "feelings")).content
    assert b'id="q-phq9_1"' not in feelings
    assert b'id="q-phq9_9"' in feelings


def test_the_record_says_what_was_not_asked_because_it_could_not_matter(
    client: Client, intake: Intake, clinician: User
):
    client.force_login(clinician)
    left_out = "Not asked: no answer could change the outcome"
    assert left_out not in client.get(reverse("check", args=[intake.pk])).content.decode()
    save(client, intake, "red_flags", collapse="yes")
    before, after = client.get(reverse("check", args=[intake.pk])).content.decode().split(left_out)
    question = "Little interest or pleasure in doing things"
    assert question in after
    assert question not in before


def test_an_answer_once_given_stays_on_the_form(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    save(client, intake, "feelings", phq9_1=2)
    intake.refresh_from_db()
    save(client, intake, "red_flags", collapse="yes")
    assert field(client.get(path(intake, "feelings")), "phq9_1")


def test_a_stop_is_shown_at_once_and_once(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    assert save(client, intake, "red_flags", ces_saddle="yes").url == reverse("stop", args=[intake.pk])
    intake.refresh_from_db()
    assert save(client, intake, "pain", course="same").url == path(intake, "red_flags")
    intake.refresh_from_db()
    again = save(client, intake, "red_flags", ces_saddle="yes", chest_pain="yes")
    assert again.url == reverse("stop", args=[intake.pk])


def test_a_study_is_added_without_losing_what_was_typed(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    form = {"version": intake.version, "answer-imaging_indicated": "no", "add_study": "imaging"}
    response = client.post(path(intake, "imaging"), form)
    assert response.status_code == 200
    assert 'name="study-imaging-0-modality"' in response.content.decode()
    assert re.search(r'value="no" checked', field(response, "imaging_indicated"))
    assert stored(intake) == {}


def study(position: int, **fields: str) -> dict[str, str]:
    return {f"study-imaging-{position}-{name}": value for name, value in fields.items()}


def test_studies_are_stored_as_a_list_and_shown_again(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    mri = {"modality": "mri", "region": "lumbar", "status": "reported", "age_days": "30"}
    form = {"version": intake.version, "answer-imaging": "listed", **study(0, **mri), **study(1, modality="")}
    assert client.post(path(intake, "imaging"), form).status_code == 302
    assert stored(intake)["imaging"] == [mri | {"age_days": 30}]
    shown = client.get(path(intake, "imaging")).content.decode()
    assert '<option value="mri" selected>' in shown
    form = {"version": intake.version, "answer-imaging": "none", **study(0, remove="yes", **mri)}
    assert client.post(path(intake, "imaging"), form).status_code == 302
    assert stored(intake)["imaging"] == []


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({"modality": "mri"}, "region"),
        ({"modality": "mri", "region": "lumbar", "status": "lost"}, "status"),
        ({"modality": "mri", "region": "lumbar", "status": "reported", "performed_on": "soon"}, "performed_on"),
        ({"modality": "mri", "region": "lumbar", "status": "reported", "age_days": "old"}, "age_days"),
        ({"modality": "mri", "region": "lumbar", "status": "reported", "finding": "x" * 3000}, "finding"),
    ],
)
def test_a_fault_in_a_study_is_shown_at_its_field(
    client: Client, intake: Intake, clinician: User, fields: dict[str, str], faulty: str
):
    client.force_login(clinician)
    form = {"version": intake.version, "answer-imaging": "listed", **study(0, **fields)}
    response = client.post(path(intake, "imaging"), form)
    assert response.status_code == 422
    assert f'href="#study-imaging-0-{faulty}"' in response.content.decode()
    assert stored(intake) == {}


@pytest.mark.parametrize("answer", ["none", "not_sure"])
def test_a_list_of_studies_and_its_denial_are_not_both_taken(
    client: Client, intake: Intake, clinician: User, answer: str
):
    client.force_login(clinician)
    form = {"version": intake.version, "answer-imaging": answer, **study(0, modality="mri")}
    assert client.post(path(intake, "imaging"), form).status_code == 422
    assert stored(intake) == {}


def test_answers_that_disagree_are_shown_and_a_clinician_settles_them(
    client: Client, intake: Intake, clinician: User, clerk: User
):
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=clerk, source="patient")
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clinician, source="record")
    client.force_login(clerk)
    assert 'name="settle"' not in field(client.get(path(intake, "red_flags")), "fever")
    client.force_login(clinician)
    shown = field(client.get(path(intake, "red_flags")), "fever")
    assert "The record said No, the patient said Yes" in shown
    form = {"version": intake.version, "answer-fever": "no", "settle": "fever"}
    assert client.post(path(intake, "red_flags"), form).status_code == 302
    intake.refresh_from_db()
    assert "disputes" not in intake.answers["fever"]


def test_a_closed_intake_takes_no_answers(client: Client, here: Site, clinician: User):
    closed = factories.assessment(here, clinician).intake
    intakes.complete(intake=closed, by=clinician)
    client.force_login(clinician)
    assert client.get(path(closed, "pain")).url == reverse("check", args=[closed.pk])
    response = save(client, closed, "pain", course="worse")
    assert response.status_code == 409
    assert stored(closed)["course"] == "improving"


@pytest.mark.parametrize("section", ["nowhere", "Pain", "pain-2"])
def test_a_section_that_the_protocol_does_not_have_is_not_found(
    client: Client, intake: Intake, clinician: User, section: str
):
    client.force_login(clinician)
    assert client.get(f"/intakes/{intake.pk}/sections/{section}/").status_code == 404


def test_the_attribution_of_a_questionnaire_stands_under_it(client: Client, intake: Intake, clinician: User):
    client.force_login(clinician)
    assert b"Kurt Kroenke and colleagues" in client.get(path(intake, "feelings")).content
