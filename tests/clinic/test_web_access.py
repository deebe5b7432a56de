"""The web door shows people their own sites, and lets each do what their role may do."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.actions import decisions, intakes, letters, people
from clinic.models import Intake, Site, User
from clinic.permissions import Role
from tests import factories


def pages_of(intake: Intake) -> list[str]:
    assessment = intake.assessments.get(version=intake.version)
    names = ("section", "stop", "check", "result", "timeline", "intake")
    paths = [reverse(name, args=[intake.pk, *(["pain"] if name == "section" else [])]) for name in names]
    patient = [reverse(name, args=[intake.patient_id]) for name in ("patient", "correct_patient")]
    return [*paths, *patient, reverse("assessment", args=[assessment.pk])]


@pytest.mark.django_db
def test_a_stranger_is_sent_to_the_log_in_page(client: Client):
    response = client.get(reverse("worklist"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


def test_logging_in_leads_to_the_worklist(client: Client, clinician: User):
    form = {"username": clinician.username, "password": factories.PASSWORD}
    response = client.post(reverse("login"), form, follow=True)
    assert response.redirect_chain == [(reverse("worklist"), 302)]


def test_a_wrong_password_is_answered_without_saying_which_part_was_wrong(client: Client, clinician: User):
    response = client.post(reverse("login"), {"username": clinician.username, "password": "wrong"})
    assert b"do not belong together" in response.content


def test_every_page_of_an_intake_opens_at_its_own_site(client: Client, here: Site, clinician: User):
    client.force_login(clinician)
    intake = factories.open_intake(here)
    newest = intake.assessments.get(version=intake.version)
    leads_on = {  # the intake to where it goes on; the result to its newest; the stop card, where nothing is urgent, there
        reverse("intake", args=[intake.pk]): reverse("section", args=[intake.pk, "pain"]),
        reverse("result", args=[intake.pk]): reverse("assessment", args=[newest.pk]),
        reverse("stop", args=[intake.pk]): reverse("result", args=[intake.pk]),
    }
    for path in pages_of(intake):
        response = client.get(path)
        assert response.headers.get("Location") == leads_on.get(path), path
        assert response.status_code == (302 if path in leads_on else 200), path


def test_no_page_with_a_patient_stays_in_the_browser(client: Client, here: Site, clinician: User):
    client.force_login(clinician)
    for path in ["/", *pages_of(factories.open_intake(here))]:
        assert "no-store" in client.get(path)["Cache-Control"], path


def test_no_page_of_another_site_can_be_told_from_one_that_is_not_there(
    client: Client, here: Site, elsewhere: Site, clinician: User
):
    client.force_login(clinician)
    for path in pages_of(factories.open_intake(elsewhere)):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.AUDITOR, Role.ADMIN, Role.APPROVER])
def test_who_sees_no_patients_is_led_to_the_administration_and_refused_elsewhere(
    client: Client, here: Site, role: Role
):
    client.force_login(factories.user(role, here))
    assert client.get(reverse("worklist")).url == reverse("admin:index")
    assert client.get(reverse("find_patient")).status_code == 403
    for path in pages_of(factories.open_intake(here)):
        assert client.get(path).status_code == 404, path


def test_somebody_with_two_sites_works_at_the_one_they_chose(
    client: Client, here: Site, elsewhere: Site, clinician: User
):
    people.grant(user=clinician, site=elsewhere, role=Role.CLINICIAN, by=people.system())
    client.force_login(User.objects.get(pk=clinician.pk))
    for chosen in (here, elsewhere):
        response = client.post(reverse("switch_site"), {"site": str(chosen.pk)}, follow=True)
        assert response.context["site"] == chosen


def test_nobody_switches_to_a_site_of_others(client: Client, elsewhere: Site, clinician: User):
    client.force_login(clinician)
    assert client.post(reverse("switch_site"), {"site": str(elsewhere.pk)}).status_code == 403


def test_with_one_site_there_is_nothing_to_switch(client: Client, clinician: User):
    client.force_login(clinician)
    assert b"Switch site" not in client.get(reverse("worklist")).content


def test_a_clerk_does_not_see_the_result_of_an_intake_that_others_completed(
    client: Client, here: Site, clerk: User, clinician: User
):
    assessment = factories.assessment(here, clinician)
    intakes.complete(intake=assessment.intake, by=clinician)
    client.force_login(clerk)
    assert client.get(reverse("assessment", args=[assessment.pk])).status_code == 404
    assert client.get(reverse("result", args=[assessment.intake_id])).status_code == 404
    for page in (
        reverse("timeline", args=[assessment.intake_id]),
        reverse("patient", args=[assessment.intake.patient_id]),
    ):
        assert "Self-manage" not in client.get(page).content.decode(), page


def test_a_clerk_is_not_offered_a_decision(client: Client, here: Site, clerk: User, clinician: User):
    assessment = factories.assessment(here, clinician)
    client.force_login(clerk)
    page = client.get(reverse("assessment", args=[assessment.pk]))
    assert b"Record the decision" not in page.content
    refused = client.post(reverse("decide", args=[assessment.pk]), {"kind": "accepted"})
    assert refused.status_code == 403


def test_a_clerk_is_told_of_no_decision_and_no_letter_not_even_of_an_intake_of_their_own(
    client: Client, here: Site, clerk: User, clinician: User
):
    intake, answers = factories.open_intake(here, clerk), factories.answers("distressed_after_treatment")
    urgent = intakes.answer(intake=intake, answers={**answers, "ces_saddle": "yes"}, by=clinician)
    lowered = {"kind": "changed", "disposition": "medical_review", "reason": "new_information", "note": "Zqnote"}
    decisions.decide(assessment=urgent, by=clinician, **lowered)
    intakes.answer(intake=intake, answers={"ces_saddle": "no"}, by=clinician)
    assessment = intakes.complete(intake=intake, by=clinician)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    letters.issue(assessment=assessment, kind="gp", destination="Dr Zqname", by=clinician)
    of_the_intake = [reverse(name, args=[intake.pk]) for name in ("result", "timeline")]
    to_be_hidden = {page: {"Zqnote", "Zqname"} for page in of_the_intake}
    to_be_hidden[reverse("referral", args=[assessment.referrals.all()[0].pk])] = {"Zqnote"}
    for reader, is_told in ((clinician, True), (clerk, False)):
        client.force_login(reader)
        for page, words in to_be_hidden.items():
            response = client.get(page, follow=True)
            assert response.status_code == 200, page
            text = response.content.decode()
            assert {each for each in words if each in text} == (words if is_told else set()), page


def test_a_clerk_cannot_tell_from_what_is_shown_whether_somebody_has_decided(
    client: Client, here: Site, clerk: User, clinician: User
):
    client.force_login(clerk)
    pages = []
    for is_decided in (False, True):
        intake = factories.open_intake(here, clerk)
        first = intakes.answer(intake=intake, answers=factories.answers(ces_saddle="yes"), by=clinician)
        if is_decided:
            decisions.decide(assessment=first, kind="accepted", by=clinician)
        newest = intakes.answer(intake=intake, answers={"ces_saddle": "no"}, by=clinician)
        pages.append(client.get(reverse("assessment", args=[newest.pk])).content.decode())
        assert "left out here" in client.get(reverse("timeline", args=[intake.pk])).content.decode()
    assert ["What has changed" in page for page in pages] == [False, False]


def test_a_clerk_is_not_told_that_nobody_has_decided(client: Client, here: Site, clerk: User, clinician: User):
    assessment = factories.assessment(here, clinician)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    client.force_login(clerk)
    page = client.get(reverse("assessment", args=[assessment.pk])).content.decode()
    assert "Nobody has decided" not in page
    assert "Decisions are shown to clinicians" in page


def test_a_clerk_is_shown_no_trend_that_leaves_intakes_of_others_out(
    client: Client, here: Site, clerk: User, clinician: User
):
    patient = factories.patient(here)
    factories.published_release()
    for by in (clinician, clerk, clerk):
        intake = intakes.open(patient=patient, by=by)
        intakes.answer(intake=intake, answers=factories.answers("distressed_after_treatment"), by=clinician)
        intakes.complete(intake=intake, by=clinician)
    for reader, is_told in ((clinician, True), (clerk, False)):
        client.force_login(reader)
        assert ("PHQ-9" in client.get(reverse("patient", args=[patient.pk])).content.decode()) is is_told


def test_a_clerk_finds_what_to_do_at_once_and_records_it_whoever_completed_the_intake(
    client: Client, here: Site, elsewhere: Site, clerk: User, clinician: User
):
    assessment = factories.assessment(here, clinician, ces_saddle="yes")
    intakes.complete(intake=assessment.intake, by=clinician)
    client.force_login(clerk)
    page = reverse("stop", args=[assessment.intake_id])
    assert page in client.get(reverse("worklist")).content.decode()
    assert "Emergency: act now" in client.get(page).content.decode()
    assert reverse("result", args=[assessment.intake_id]) not in client.get(page).content.decode()
    assert client.post(page, {"text": "Ambulance called at 9:40."}).status_code == 302
    assert "Ambulance called at 9:40." in client.get(page).content.decode()
    client.force_login(factories.user(Role.CLERK, elsewhere))
    assert client.get(page, follow=True).status_code == 404


def test_the_worklist_leads_nobody_to_a_page_that_is_not_shown_to_them(
    client: Client, here: Site, clerk: User, clinician: User
):
    for changed in ({}, {"ces_saddle": "yes"}):
        assessment = factories.assessment(here, clinician, "distressed_after_treatment", **changed)
        intakes.complete(intake=assessment.intake, by=clinician)
    factories.assessment(here, clinician)
    integrator = factories.user(Role.INTEGRATOR, here)
    words = {clinician: {"Decide", "What to do", "Check"}, clerk: {"", "What to do", "Check"}}
    words[integrator] = {"Result", "What to do", "Check"}
    for reader, steps in words.items():
        client.force_login(reader)
        rows = client.get(reverse("worklist")).context["rows"]
        assert {str(each.step) for each in rows} == steps
        led = [each.url for each in rows if each.url]
        assert {client.get(url, follow=True).status_code for url in led} == {200}
