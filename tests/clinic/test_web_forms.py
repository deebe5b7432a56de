"""Every page knows what it shows: two people with the same form, and one person with two tabs."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.actions import decisions, intakes, patients, people, referrals
from clinic.models import Assessment, Intake, IntakeStatus, Patient, Site, User
from clinic.models.birth import Birth
from clinic.permissions import Role
from tests import factories
from tests.clinic.sending import Form, close, forms, given_out, send

BORN, TYPING_ERROR = date(1946, 3, 4), date(1986, 3, 4)
ADA = {
    "reference": "A-1",
    "family_name": "Lovelace",
    "given_name": "Ada",
    "date_of_birth": "1980-12-10",
    "sex": "female",
}


@pytest.fixture
def clerk_there(here: Site, clerk: User, client: Client) -> Client:
    client.force_login(clerk)
    return client


@pytest.fixture
def patient(here: Site) -> Patient:
    return factories.patient(here, date_of_birth=TYPING_ERROR, phone="")


def correction(client: Client, patient: Patient) -> Form:
    return given_out(client, reverse("correct_patient", args=[patient.pk]))


def corrected(patient: Patient, by: User, **changes: object) -> None:
    patients.correct(patient=Patient.objects.get(pk=patient.pk), changes=changes, by=by)


def test_a_birth_date_that_was_put_right_is_not_put_back_by_an_older_form(
    clerk_there: Client, patient: Patient, clinician: User
):
    older = correction(clerk_there, patient)
    corrected(patient, clinician, date_of_birth=BORN)
    assert send(clerk_there, older, phone="01632 960001").status_code == 302
    after = Patient.objects.get(pk=patient.pk)
    assert (after.date_of_birth, after.phone) == (Birth.of(BORN), "01632 960001")
    assert after.history.first().history_change_reason == "corrected: phone"


def test_what_two_people_corrected_otherwise_is_shown_with_both_values_and_nothing_is_lost(
    clerk_there: Client, patient: Patient, clinician: User
):
    older = correction(clerk_there, patient)
    corrected(patient, clinician, date_of_birth=BORN, given_name="Grace")
    answer = send(clerk_there, older, date_of_birth="1956-03-04", phone="01632 960001")
    page = answer.content.decode()
    assert answer.status_code == 409
    for words in ("it was 4 March 1986", "is now <strong>4 March 1946</strong>", "you typed 4 March 1956"):
        assert words in page
    assert Patient.objects.get(pk=patient.pk).date_of_birth == Birth.of(BORN)
    (again,) = [each for each in forms(page) if "date_of_birth" in each.fields]
    assert (again.fields["date_of_birth"], again.fields["phone"]) == ("1956-03-04", "01632 960001")
    assert again.fields["given_name"] == "Grace", "what was only looked at is as it stands now"
    again.action = older.action
    assert send(clerk_there, again).status_code == 302
    after = Patient.objects.get(pk=patient.pk)
    assert (after.date_of_birth, after.given_name) == (Birth("1956-03-04"), "Grace")


def test_two_people_who_correct_the_same_alike_do_not_stand_in_each_others_way(
    clerk_there: Client, patient: Patient, clinician: User
):
    older = correction(clerk_there, patient)
    corrected(patient, clinician, date_of_birth=BORN)
    assert send(clerk_there, older, date_of_birth=BORN.isoformat()).status_code == 302


def test_a_form_that_was_refused_is_still_one_of_the_older_page(clerk_there: Client, patient: Patient, clinician: User):
    older = correction(clerk_there, patient)
    corrected(patient, clinician, date_of_birth=BORN)
    refused = send(clerk_there, older, family_name="", given_name="")
    assert refused.status_code == 422
    (again,) = [each for each in forms(refused.content.decode()) if "family_name" in each.fields]
    again.action = older.action
    assert send(clerk_there, again, family_name="Lovelace").status_code == 302
    assert Patient.objects.get(pk=patient.pk).date_of_birth == Birth.of(BORN)


@pytest.mark.parametrize("version", ["", "x", "-1", "999999999", "1e3", "9" * 30])
def test_a_correction_that_was_made_from_nothing_is_refused(clerk_there: Client, patient: Patient, version: str):
    older = correction(clerk_there, patient)
    assert send(clerk_there, older, version=version, phone="1").status_code == 400
    assert Patient.objects.get(pk=patient.pk).phone == ""


def test_the_version_of_another_patient_is_none(clerk_there: Client, patient: Patient, here: Site):
    other = correction(clerk_there, factories.patient(here))
    assert send(clerk_there, correction(clerk_there, patient), version=other.fields["version"]).status_code == 400


@pytest.fixture
def at_two_sites(clerk: User, elsewhere: Site, client: Client) -> Client:
    people.grant(user=clerk, site=elsewhere, role=Role.CLERK, by=people.system())
    client.force_login(clerk)
    return client


def switch(client: Client, site: Site) -> None:
    assert client.post(reverse("switch_site"), {"site": str(site.pk)}).status_code == 302


def test_a_patient_is_registered_at_the_site_of_the_form_whatever_was_chosen_in_another_tab(
    at_two_sites: Client, here: Site, elsewhere: Site
):
    switch(at_two_sites, here)
    form = given_out(at_two_sites, reverse("register_patient"))
    switch(at_two_sites, elsewhere)
    assert send(at_two_sites, form, **ADA).status_code == 302
    assert Patient.objects.get().site == here


def test_a_form_of_a_site_where_the_person_works_no_more_registers_nobody_and_keeps_what_was_typed(
    at_two_sites: Client, here: Site, elsewhere: Site, clerk: User
):
    switch(at_two_sites, here)
    form = given_out(at_two_sites, reverse("register_patient"))
    people.end(membership=clerk.memberships.get(site=here), by=people.system())
    at_two_sites.force_login(clerk)  # the end of a role ends the session
    answer = send(at_two_sites, form, **ADA)
    assert answer.status_code == 409
    assert f"This form was not for {elsewhere.name}" in answer.content.decode()
    assert not Patient.objects.exists()
    (again,) = [each for each in forms(answer.content.decode()) if "reference" in each.fields]
    again.action = form.action
    assert ADA.items() <= again.fields.items()
    assert send(at_two_sites, again).status_code == 302
    assert Patient.objects.get().site == elsewhere


@pytest.mark.parametrize("named", ["", "x", "01890000-0000-7000-8000-000000000000", "\x00"])
def test_a_form_that_names_none_of_several_sites_registers_nobody(at_two_sites: Client, here: Site, named: str):
    form = given_out(at_two_sites, reverse("register_patient"))
    assert send(at_two_sites, form, **ADA, at=named).status_code == 409
    assert not Patient.objects.exists()


def test_a_search_looks_at_the_site_that_the_page_names_and_leads_to_registering_there(
    at_two_sites: Client, here: Site, elsewhere: Site
):
    known = factories.patient(here, family_name="Quillfeather")
    switch(at_two_sites, here)
    form = given_out(at_two_sites, reverse("find_patient"))
    switch(at_two_sites, elsewhere)
    answer = send(at_two_sites, form, words="quill")
    assert [patient for _, patient in answer.context["found"]] == [known]
    link = f"{reverse('register_patient')}?at={here.pk}"
    assert link in answer.content.decode()
    assert given_out(at_two_sites, link).fields["at"] == str(here.pk)


def test_the_filters_of_a_worklist_are_of_the_site_that_it_shows(at_two_sites: Client, here: Site, elsewhere: Site):
    factories.open_intake(here)
    switch(at_two_sites, here)
    page = at_two_sites.get(reverse("worklist")).content.decode()
    (filters,) = [each for each in forms(page) if each.method == "get"]
    switch(at_two_sites, elsewhere)
    shown = at_two_sites.get(reverse("worklist"), filters.fields)
    assert shown.context["site"] == here
    assert len(shown.context["rows"]) == 1
    assert at_two_sites.get(reverse("worklist")).context["site"] == elsewhere


def test_another_language_shows_the_same_page_of_the_same_site(at_two_sites: Client, here: Site, elsewhere: Site):
    switch(at_two_sites, here)
    form = given_out(at_two_sites, reverse("register_patient"))
    switch(at_two_sites, elsewhere)
    refused = send(at_two_sites, form, family_name="Lovelace")
    (language,) = [each for each in forms(refused.content.decode()) if each.action == reverse("set_language")]
    shown = at_two_sites.get(send(at_two_sites, language, language="de").url)
    assert shown.context["site"] == here
    assert '<html lang="de">' in shown.content.decode()


def test_another_language_leads_from_a_refused_end_to_the_page_of_the_answers(
    doctor: Client, whole: Assessment, clinician: User
):
    older = page_of(doctor, whole.intake, "complete")
    saddle_numb(whole.intake, clinician)
    page = send(doctor, older).content.decode()
    (language,) = [each for each in forms(page) if each.action == reverse("set_language")]
    assert doctor.get(send(doctor, language, language="de").url).status_code == 200


@pytest.mark.parametrize("page", ["worklist", "find_patient", "register_patient"])
@pytest.mark.parametrize("named", ["x", "01890000-0000-7000-8000-000000000000"])
def test_a_page_of_a_site_that_is_none_of_theirs_is_not_there(clerk_there: Client, page: str, named: str):
    assert clerk_there.get(reverse(page), {"at": named}).status_code == 404


@pytest.fixture
def whole(here: Site, clinician: User) -> Assessment:
    return factories.assessment(here, clinician)


@pytest.fixture
def doctor(client: Client, clinician: User) -> Client:
    client.force_login(clinician)
    return client


def page_of(client: Client, intake: Intake, how: str) -> Form:
    return given_out(client, reverse("check", args=[intake.pk]), reverse(how, args=[intake.pk]))


def saddle_numb(intake: Intake, by: User) -> None:
    intakes.answer(intake=Intake.objects.get(pk=intake.pk), answers={"ces_saddle": "yes"}, by=by)


@pytest.mark.parametrize("how", ["complete", "cancel"])
def test_nobody_ends_an_intake_over_answers_that_they_did_not_see(
    doctor: Client, whole: Assessment, clinician: User, how: str
):
    older = page_of(doctor, whole.intake, how)
    saddle_numb(whole.intake, clinician)
    answer = send(doctor, older, reason="Opened by mistake.")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "This intake has changed since you saw it" in page
    assert "It was No, and is now <strong>Yes</strong>." in page
    assert Intake.objects.get().is_open
    (again,) = [each for each in forms(page) if each.action == older.action]
    assert how == "complete" or again.fields["reason"] == "Opened by mistake."
    assert send(doctor, again).status_code == 302
    assert not Intake.objects.get().is_open


@pytest.mark.parametrize("how", ["complete", "cancel"])
def test_who_ends_an_intake_that_is_ended_already_sees_what_became_of_it(
    doctor: Client, whole: Assessment, clerk: User, how: str
):
    older = page_of(doctor, whole.intake, how)
    intakes.complete(intake=Intake.objects.get(), by=clerk)
    answer = send(doctor, older, reason="Opened by mistake.")
    assert answer.status_code == 409
    assert "This intake is completed." in answer.content.decode()
    assert reverse("result", args=[whole.intake_id]) in answer.content.decode()


@pytest.mark.parametrize("how", ["complete", "cancel"])
@pytest.mark.parametrize("version", ["", "x", "9" * 30])
def test_an_end_that_says_not_of_which_answers_is_refused(doctor: Client, whole: Assessment, how: str, version: str):
    assert close(doctor, whole.intake, how, reason="Twice.", version=version).status_code == 400
    assert Intake.objects.get().status == IntakeStatus.OPEN


def test_an_intake_is_not_taken_up_again_from_a_page_of_other_answers(doctor: Client, whole: Assessment):
    intakes.complete(intake=Intake.objects.get(), by=whole.by)
    about = {"reason": "Too old.", "version": whole.version - 1}
    assert doctor.post(reverse("reopen", args=[whole.intake_id]), about).status_code == 409
    assert Intake.objects.get().status == IntakeStatus.COMPLETED


def test_a_decision_on_a_result_that_was_overtaken_is_refused_and_its_note_is_kept(
    doctor: Client, whole: Assessment, clinician: User
):
    result = reverse("assessment", args=[whole.pk])
    older = given_out(doctor, result, reverse("decide", args=[whole.pk]))
    saddle_numb(whole.intake, clinician)
    answer = send(doctor, older, kind="accepted", note="Knows the exercises.")
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "The answers have been assessed anew since" in page
    assert "Knows the exercises." in page
    assert not any(each.action == older.action for each in forms(page))


def test_who_decides_second_sees_the_first_decision_and_keeps_their_note(doctor: Client, whole: Assessment, here: Site):
    older = given_out(doctor, reverse("assessment", args=[whole.pk]), reverse("decide", args=[whole.pk]))
    other = factories.user(Role.CLINICIAN, here)
    decisions.decide(assessment=whole, kind="accepted", by=other)
    answer = send(doctor, older, kind="rejected", reason="patient_preference", note="Wants to wait.")
    assert answer.status_code == 409
    assert other.display_name in answer.content.decode()
    assert "Wants to wait." in answer.content.decode()


def test_a_letter_of_a_result_that_was_overtaken_is_not_handed_out(doctor: Client, whole: Assessment, clinician: User):
    path = reverse("assessment_letter", args=[whole.pk, "gp"])
    older = given_out(doctor, reverse("assessment", args=[whole.pk]), path)
    saddle_numb(whole.intake, clinician)
    answer = send(doctor, older, destination="Dr Holt, Harbour Street")
    assert answer.status_code == 409
    assert "Dr Holt, Harbour Street" in answer.content.decode()


def test_a_study_is_not_recorded_on_a_page_that_says_not_what_it_shows(doctor: Client, whole: Assessment):
    page = reverse("imaging", args=[whole.intake_id])
    form = given_out(doctor, page, step="recorded")
    said = {"modality": "mri", "region": "lumbar", "status": "requested"}
    assert send(doctor, form, **said, version="").status_code == 400
    assert send(doctor, form, **said).status_code == 302


def test_a_site_whose_crisis_line_was_put_right_keeps_it_under_an_older_form(client: Client, here: Site, admin: User):
    client.force_login(admin)
    page = reverse("admin:clinic_site_change", args=[here.pk])
    older, second = given_out(client, page), given_out(client, page)
    assert send(client, older, crisis_line="116 123").status_code == 302
    assert send(client, second, address="2 New Road").status_code == 302
    here.refresh_from_db()
    assert (here.crisis_line, here.address) == ("116 123", "2 New Road")


def test_what_two_administrators_changed_otherwise_is_shown_with_both_values(client: Client, here: Site, admin: User):
    client.force_login(admin)
    page = reverse("admin:clinic_site_change", args=[here.pk])
    older, second = given_out(client, page), given_out(client, page)
    assert send(client, older, crisis_line="116 123", phone="01632 960111").status_code == 302
    answer = send(client, second, crisis_line="116 117")
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "It was 111, and is now 116 123." in shown
    (again,) = [each for each in forms(shown) if "crisis_line" in each.fields]
    assert (again.fields["crisis_line"], again.fields["phone"]) == ("116 117", "01632 960111")
    again.action = page
    assert send(client, again).status_code == 302
    here.refresh_from_db()
    assert (here.crisis_line, here.phone) == ("116 117", "01632 960111")


def test_somebody_who_was_let_out_is_not_let_in_by_an_older_form(client: Client, here: Site, admin: User, clerk: User):
    client.force_login(admin)
    page = reverse("admin:clinic_user_change", args=[clerk.pk])
    older = given_out(client, page)
    people.change(user=User.objects.get(pk=clerk.pk), changes={"is_active": False}, by=admin)
    assert send(client, older, email="clerk@example.org").status_code == 302
    after = User.objects.get(pk=clerk.pk)
    assert (after.is_active, after.email) == (False, "clerk@example.org")


@pytest.mark.parametrize("version", ["", "x", "999999999"])
def test_an_edit_in_the_administration_that_says_not_of_what_is_refused(
    client: Client, here: Site, admin: User, version: str
):
    client.force_login(admin)
    form = given_out(client, reverse("admin:clinic_site_change", args=[here.pk]))
    assert send(client, form, crisis_line="1", version=version).status_code == 400
    here.refresh_from_db()
    assert here.crisis_line == "111"


def test_a_referral_is_not_moved_by_a_page_of_an_earlier_step(doctor: Client, here: Site, clinician: User):
    assessment = factories.assessment(here, clinician, "distressed_after_treatment")
    referral, *_others = referrals.propose(assessment=assessment, by=clinician)
    cancel: Any = reverse("referral_step", args=[referral.pk, "cancel"])
    older = given_out(doctor, reverse("referral", args=[referral.pk]), cancel)
    referrals.advance(referral=referral, verb="accept", by=clinician)
    assert send(doctor, older, reason="Not wanted.").status_code == 409
