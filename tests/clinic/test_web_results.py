"""Check, stop card, result and decision in the web door."""

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from clinic import guard
from clinic.actions import decisions, intakes, referrals
from clinic.models import Assessment, Decision, Referral, Site, Stage, StopRecord, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import caller
from tests.clinic.sending import close

DISTRESS = {
    "duration_days": 70,
    "interferes_function": "yes",
    "phq9_1": 3,
    "phq9_2": 3,
    "phq9_3": 3,
    "phq9_4": 3,
    "treatment_weeks": 8,
    "treatment_advice": "yes",
    "treatment_active": "yes",
    "treatment_response": "none",
}


@pytest.fixture
def refer(here: Site, clinician: User) -> Assessment:
    assessment = factories.assessment(here, clinician, **DISTRESS)
    assert assessment.disposition == "refer"
    return assessment


@pytest.fixture
def emergency(here: Site, clinician: User) -> Assessment:
    return factories.assessment(here, clinician, ces_saddle="yes")


def page(client: Client, name: str, pk: object) -> str:
    response = client.get(reverse(name, args=[pk]))
    assert response.status_code == 200
    return response.content.decode()


def decide(client: Client, assessment: Assessment, **form: object) -> int:
    return client.post(reverse("decide", args=[assessment.pk]), form).status_code


def test_the_result_says_what_would_change_it(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    shown = page(client, "assessment", refer.pk)
    assert "What would change this" in shown
    for way in refer.outcome["would_change"]:
        assert f"It would be: {way['title']}" in shown
        assert all(f"{each['to']} (answered: {each['from']})" in shown for each in way["answers"])


def test_a_result_of_an_engine_that_did_not_say_what_would_change_it_is_shown(
    client: Client, clinician: User, refer: Assessment
):
    client.force_login(clinician)
    as_then = {name: said for name, said in refer.outcome.items() if name != "would_change"}
    with guard.lowered():  # as it was stored by engine 1.1.0
        models.QuerySet(Assessment).filter(pk=refer.pk).update(outcome=as_then)
    assert "What would change this" not in page(client, "assessment", refer.pk)
    shown = caller(Role.CLINICIAN, refer.site).get(f"assessments/{refer.pk}/")
    assert (shown.status_code, "would_change" in shown.json()["outcome"]) == (200, False)


def test_an_intake_with_open_questions_is_not_completed(client: Client, here: Site, clinician: User):
    intake = factories.open_intake(here)
    client.force_login(clinician)
    response = close(client, intake, "complete")
    assert response.status_code == 409
    assert "Still open." in response.content.decode()
    intake.refresh_from_db()
    assert intake.is_open


def test_completing_leads_to_the_result_and_proposes_its_referrals(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    response = client.get(close(client, refer.intake, "complete").url, follow=True)
    assert response.redirect_chain[-1] == (reverse("assessment", args=[refer.pk]), 302)
    assert {each.service for each in Referral.objects.all()} == {"physiotherapy", "cbt"}
    assert all(each.status == Stage.PROPOSED for each in Referral.objects.all())


def test_an_intake_is_cancelled_with_a_reason(client: Client, here: Site, clinician: User):
    intake = factories.open_intake(here)
    client.force_login(clinician)
    assert close(client, intake, "cancel", reason=" ").status_code == 422
    assert close(client, intake, "cancel", reason="Opened twice.").status_code == 302
    intake.refresh_from_db()
    assert intake.cancel_reason == "Opened twice."


def test_the_stop_card_says_what_to_do_with_the_sites_own_numbers(
    client: Client, clinician: User, emergency: Assessment
):
    client.force_login(clinician)
    card = page(client, "stop", emergency.intake_id)
    for action in emergency.outcome["actions"]:
        assert action["text"] in card
    assert "Emergency: act now" in card
    assert 'href="tel:999"' in card
    assert "County Hospital" in card


def test_where_nothing_is_urgent_there_is_no_stop_card(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    response = client.get(reverse("stop", args=[refer.intake_id]))
    assert response.url == reverse("result", args=[refer.intake_id])
    refused = client.post(reverse("stop", args=[refer.intake_id]), {"text": "Nothing."})
    assert refused.status_code == 409


def test_what_was_done_is_recorded_and_shown(client: Client, clerk: User, emergency: Assessment):
    client.force_login(clerk)
    path = reverse("stop", args=[emergency.intake_id])
    assert client.post(path, {"text": "Ambulance called at 9:40."}).url == path
    assert "Ambulance called at 9:40." in client.get(path).content.decode()


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001, "a\x00b"])
def test_what_cannot_be_recorded_stays_in_the_form(client: Client, clinician: User, emergency: Assessment, text: str):
    client.force_login(clinician)
    response = client.post(reverse("stop", args=[emergency.intake_id]), {"text": text})
    assert response.status_code == 422
    assert 'href="#text"' in response.content.decode()
    assert not StopRecord.objects.exists()


def test_the_result_says_why_and_who_decides(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    shown = page(client, "assessment", refer.pk)
    outcome = refer.outcome
    said = [outcome["headline"], outcome["exclusion"]["means"], outcome["protocol"]["digest"], "A clinician decides"]
    said += [reason["title"] for reason in outcome["because"]]
    said += [cite["citation"] for reason in outcome["because"] for cite in reason["cites"]]
    said += ["Not signed off", "Answered no", "9 of 9"]
    assert [words for words in said if words not in shown] == []


def test_the_texts_for_the_patient_hold_the_sites_numbers_and_a_day(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    shown = page(client, "assessment", refer.pk)
    assert "{" not in shown.partition("Tell the patient")[2]
    assert "call 999; to talk at any hour call 111" in shown


def test_no_page_calls_a_cause_excluded(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    for name, pk in (("assessment", refer.pk), ("check", refer.intake_id), ("timeline", refer.intake_id)):
        assert "excluded" not in page(client, name, pk).lower()


def test_an_earlier_result_says_that_it_is_one_and_takes_no_decision(
    client: Client, clinician: User, refer: Assessment
):
    intakes.answer(intake=refer.intake, answers={"phq9_1": 0}, by=clinician)
    client.force_login(clinician)
    shown = page(client, "assessment", refer.pk)
    assert "This is an earlier result" in shown
    assert "Record the decision" not in shown
    assert decide(client, refer, kind="rejected", reason="patient_preference") == 409


def test_accepting_makes_the_referrals(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    assert decide(client, refer, kind="accepted") == 302
    assert {each.service for each in Referral.objects.all()} == {"physiotherapy", "cbt"}
    assert all(each.status == Stage.ACCEPTED for each in Referral.objects.all())
    shown = page(client, "assessment", refer.pk)
    assert "Record the decision" not in shown
    assert clinician.display_name in shown.partition("A clinician decides")[2]
    assert decide(client, refer, kind="rejected", reason="patient_preference") == 409


def test_a_change_names_what_is_done_instead_and_why(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    form = {"kind": "changed", "services": ["physiotherapy", "cbt"], "disposition": "medical_review"}
    assert decide(client, refer, **form) == 422
    assert decide(client, refer, **form, reason="new_information") == 302
    decision = Decision.objects.get()
    assert (decision.disposition, decision.reason) == ("medical_review", "new_information")


def test_a_service_of_ones_own_choice_is_shown_beside_the_advice(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    form = {"kind": "changed", "services": ["psychology"], "reason": "patient_preference"}
    assert decide(client, refer, **form) == 302
    assert "Psychology" in page(client, "assessment", refer.pk)
    assert [each.service for each in Referral.objects.all()] == ["psychology"]


@pytest.mark.parametrize(
    ("form", "faulty"),
    [
        ({}, "kind"),
        ({"kind": "postponed"}, "kind"),
        ({"kind": "rejected"}, "reason"),
        ({"kind": "rejected", "reason": "because"}, "reason"),
        ({"kind": "rejected", "reason": "other"}, "note"),
        ({"kind": "changed", "reason": "new_information"}, "services"),
        ({"kind": "changed", "reason": "new_information", "disposition": "nowhere"}, "disposition"),
        ({"kind": "changed", "reason": "new_information", "services": ["surgery"]}, "services"),
        ({"kind": "accepted", "note": "x" * 2001}, "note"),
    ],
)
def test_a_refused_decision_is_explained_at_its_field(
    client: Client, clinician: User, refer: Assessment, form: dict[str, object], faulty: str
):
    client.force_login(clinician)
    form = {"services": ["physiotherapy", "cbt"]} | form
    response = client.post(reverse("decide", args=[refer.pk]), form)
    assert response.status_code == 422
    assert not Decision.objects.exists()
    page = response.content.decode()
    assert f'href="#id_{faulty}"' in page or (faulty == "services" and 'href="#id_' in page)


def test_what_is_incomplete_is_only_made_more_urgent(client: Client, here: Site, clinician: User):
    incomplete = factories.open_intake(here).assessments.get()
    client.force_login(clinician)
    shown = page(client, "assessment", incomplete.pk)
    assert "Accept the suggestion" not in shown
    assert decide(client, incomplete, kind="accepted") == 409


def test_a_proposed_referral_is_accepted_once(client: Client, clinician: User, refer: Assessment):
    proposed, _ = referrals.propose(assessment=refer, by=clinician)
    client.force_login(clinician)
    path = reverse("referral_step", args=[proposed.pk, "accept"])
    assert path in page(client, "assessment", refer.pk)
    assert client.post(path, {"seq": 1}).status_code == 302
    assert proposed.status == Stage.ACCEPTED
    assert client.post(path, {"seq": 1, "reason": "Seen."}).status_code == 409
    assert path not in page(client, "assessment", refer.pk)


@pytest.fixture
def sent(refer: Assessment, clinician: User) -> Referral:
    """A referral that the patient's last intake led to, and that has been sent."""
    intakes.complete(intake=refer.intake, by=clinician)
    decisions.decide(assessment=refer, kind="accepted", by=clinician)
    referral = Referral.objects.get(assessment=refer, service="cbt")
    referrals.advance(referral=referral, verb="send", destination="St Agnes", by=clinician)
    return referral


@pytest.fixture
def next_time(refer: Assessment, sent: Referral, clinician: User) -> Assessment:
    """The result of the patient's next intake, with the same advice."""
    intake = intakes.open(patient=refer.intake.patient, by=clinician)
    return intakes.answer(intake=intake, answers=factories.answers(**DISTRESS), by=clinician)


def test_a_live_referral_is_shown_and_followed_instead_of_made_twice(
    client: Client, clinician: User, sent: Referral, next_time: Assessment
):
    client.force_login(clinician)
    shown = page(client, "assessment", next_time.pk)
    assert "Sent to St Agnes on" in shown
    assert "It will be followed, not made twice." in shown
    assert decide(client, next_time, kind="accepted") == 302
    assert not next_time.referrals.exists()
    assert reverse("referral", args=[sent.pk]) in page(client, "assessment", next_time.pk)


def test_a_second_referral_is_made_where_the_clinician_asks_for_it(
    client: Client, clinician: User, next_time: Assessment
):
    client.force_login(clinician)
    assert decide(client, next_time, kind="accepted", again=["cbt"]) == 302
    assert [each.service for each in next_time.referrals.all()] == ["cbt"]


def test_a_second_referral_to_a_service_that_is_not_chosen_is_refused(
    client: Client, clinician: User, next_time: Assessment
):
    client.force_login(clinician)
    form = {"kind": "rejected", "reason": "patient_preference", "again": ["cbt"]}
    response = client.post(reverse("decide", args=[next_time.pk]), form)
    assert response.status_code == 422
    assert 'href="#id_again"' in response.content.decode()
    assert not Decision.objects.filter(assessment=next_time).exists()


def test_an_urgent_advice_says_beforehand_that_lowering_it_leaves_a_mark(
    client: Client, clinician: User, emergency: Assessment, refer: Assessment
):
    client.force_login(clinician)
    assert "leaves a mark that stays visible" in page(client, "assessment", emergency.pk)
    assert "leaves a mark that stays visible" not in page(client, "assessment", refer.pk)


LOWERED = {"kind": "changed", "disposition": "medical_review", "reason": "new_information"}


def test_a_lowered_urgency_is_marked_wherever_the_intake_is_shown(
    client: Client, clinician: User, emergency: Assessment
):
    client.force_login(clinician)
    assert decide(client, emergency, **LOWERED) == 422
    assert decide(client, emergency, **LOWERED, note="Examined again: sensation is normal.") == 302
    newer = intakes.answer(intake=emergency.intake, answers={"peg_pain": 7}, by=clinician)
    for name, pk in (("assessment", emergency.pk), ("assessment", newer.pk), ("timeline", emergency.intake_id)):
        shown = page(client, name, pk)
        assert "Urgency lowered: from Emergency to Medical review" in shown
        assert "Examined again: sensation is normal." in shown


def test_a_rejected_emergency_is_marked(client: Client, clinician: User, emergency: Assessment):
    client.force_login(clinician)
    form = {"kind": "rejected", "reason": "information_incorrect", "note": "Entered for the wrong patient."}
    assert decide(client, emergency, **form) == 302
    assert "Urgent advice rejected: Emergency" in page(client, "assessment", emergency.pk)


def test_a_decision_stands_for_a_newer_result_of_the_same_advice(client: Client, clinician: User, refer: Assessment):
    client.force_login(clinician)
    assert decide(client, refer, kind="accepted") == 302
    newer = intakes.answer(intake=refer.intake, answers={"peg_pain": 7}, by=clinician)
    shown = page(client, "assessment", newer.pk)
    assert "the decision on it stands" in shown
    assert "Nobody has decided on this suggestion yet" not in shown


def test_a_stop_is_open_until_something_is_recorded_about_every_reason(
    client: Client, clinician: User, emergency: Assessment
):
    client.force_login(clinician)
    path = reverse("stop", args=[emergency.intake_id])
    assert "Open until somebody records what was done" in page(client, "stop", emergency.intake_id)
    client.post(path, {"text": "Ambulance called.", "version": emergency.version})
    assert "What was done is recorded for every reason on this card." in page(client, "stop", emergency.intake_id)
    intakes.answer(intake=emergency.intake, answers={"fever": "yes"}, by=clinician)
    shown = page(client, "stop", emergency.intake_id)
    assert "Open until somebody records what was done" in shown
    assert "Fever with the pain" in shown.partition("New since the last record")[2].partition("</ul>")[0]


def test_a_record_is_about_the_reasons_that_were_on_the_card(client: Client, clinician: User, emergency: Assessment):
    intakes.answer(intake=emergency.intake, answers={"fever": "yes"}, by=clinician)
    client.force_login(clinician)
    path = reverse("stop", args=[emergency.intake_id])
    client.post(path, {"text": "Ambulance called.", "version": emergency.version})
    assert StopRecord.objects.get().assessment == emergency
    assert "New since the last record" in page(client, "stop", emergency.intake_id)


@pytest.mark.parametrize("version", ["", "0", "-1", "two", "9" * 40])
def test_a_card_that_does_not_say_what_it_showed_is_taken_for_the_newest(
    client: Client, clinician: User, emergency: Assessment, version: str
):
    client.force_login(clinician)
    path = reverse("stop", args=[emergency.intake_id])
    assert client.post(path, {"text": "Ambulance called.", "version": version}).status_code == 302
    assert StopRecord.objects.get().assessment == emergency
