"""Letters leave a trace of what was handed to whom, and are refused where something is missing."""

import hashlib

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from clinic.actions import decisions, intakes, letters, people, referrals, stops
from clinic.actions.errors import Conflict, NotAllowed
from clinic.actions.sites import change
from clinic.models import Assessment, AuditEvent, Decision, Letter, Referral, Site, Stage, StopRecord, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.test_web_results import DISTRESS

TO = "St Agnes Physiotherapy"


@pytest.fixture
def completed(here: Site, clinician: User) -> Assessment:
    assessment = factories.assessment(here, clinician, **DISTRESS)
    intakes.complete(intake=assessment.intake, by=clinician)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    return assessment


@pytest.fixture
def referral(completed: Assessment) -> Referral:
    return Referral.objects.get(assessment=completed, service="physiotherapy")


@pytest.fixture
def emergency(here: Site, clinician: User) -> Assessment:
    return factories.assessment(here, clinician, ces_saddle="yes")


def test_a_sent_referral_has_its_letter(referral: Referral, clinician: User):
    referrals.advance(referral=referral, verb="send", destination=TO, by=clinician)
    letter = Letter.objects.get()
    assert (letter.kind, letter.destination, letter.referral, letter.by) == ("physiotherapy", TO, referral, clinician)
    made = letters.again(letter=letter, by=clinician)
    assert made.startswith(b"%PDF-")
    assert hashlib.sha256(made).hexdigest() == letter.sha256
    actions = AuditEvent.objects.order_by("-seq").values_list("action", flat=True)
    assert list(actions[:2]) == ["referral.send", "letter.issue"]


def test_what_the_letter_lacks_is_named_and_nothing_is_sent(
    referral: Referral, clinician: User, here: Site, admin: User
):
    change(site=here, changes={"phone": ""}, by=admin)
    referral.refresh_from_db()
    with pytest.raises(ValidationError) as refusal:
        referrals.advance(referral=referral, verb="send", destination=TO, by=clinician)
    assert refusal.value.message_dict == {"letter": ["The letter lacks: the telephone number of the site."]}
    assert referral.status == Stage.ACCEPTED
    assert not Letter.objects.exists()


def test_a_preview_stores_nothing(referral: Referral, completed: Assessment, clinician: User):
    made = letters.preview(assessment=completed, kind="physiotherapy", referral=referral, by=clinician)
    assert made.startswith(b"%PDF-")
    assert not Letter.objects.exists()


def test_whoever_stands_beside_the_patient_may_hand_out_the_emergency_letter(emergency: Assessment, clerk: User):
    letter, _ = letters.issue(assessment=emergency, kind="emergency", destination="County Hospital", by=clerk)
    assert letter.by == clerk


def test_a_clerk_hands_out_the_emergency_letter_whoever_completed_the_intake(
    emergency: Assessment, clerk: User, clinician: User
):
    newest = intakes.complete(intake=emergency.intake, by=clinician)
    assert not Assessment.objects.visible_to(clerk).filter(pk=newest.pk).exists()
    letter, _ = letters.issue(assessment=newest, kind="emergency", destination="County Hospital", by=clerk)
    assert letter.by == clerk


def test_whoever_handed_out_an_emergency_letter_makes_it_again_and_no_other(
    emergency: Assessment, clerk: User, clinician: User, here: Site
):
    mine, made = letters.issue(assessment=emergency, kind="emergency", by=clerk)
    theirs, _ = letters.issue(assessment=emergency, kind="emergency", by=clinician)
    assert letters.again(letter=mine, by=clerk) == made
    for other in (theirs, letters.issue(assessment=emergency, kind="gp", by=clinician)[0]):
        with pytest.raises(NotAllowed):
            letters.again(letter=other, by=clerk)
    with pytest.raises(NotAllowed):
        letters.again(letter=mine, by=factories.user(Role.CLERK, here))


def test_who_is_a_clinician_no_more_reads_of_their_letters_the_emergency_letter_only(
    emergency: Assessment, clinician: User, here: Site
):
    ours = {kind: letters.issue(assessment=emergency, kind=kind, by=clinician)[0] for kind in ("emergency", "gp")}
    people.grant(user=clinician, site=here, role=Role.CLERK, by=people.system())
    people.end(membership=clinician.memberships.get(role="clinician"), by=people.system())
    now = User.objects.get(pk=clinician.pk)
    assert list(Letter.objects.visible_to(now)) == [ours["emergency"]]
    people.end(membership=now.memberships.get(role="clerk"), by=people.system())
    assert not Letter.objects.visible_to(User.objects.get(pk=clinician.pk)).exists()


@pytest.mark.parametrize("kind", ["gp", "patient", "emergency"])
def test_nobody_hands_out_letters_about_another_sites_patients(emergency: Assessment, elsewhere: Site, kind: str):
    with pytest.raises(NotAllowed):
        letters.issue(assessment=emergency, kind=kind, by=factories.user(Role.CLINICIAN, elsewhere))


@pytest.mark.parametrize("kind", ["gp", "patient"])
def test_only_a_clinician_hands_out_the_other_letters(emergency: Assessment, clerk: User, kind: str):
    with pytest.raises(NotAllowed):
        letters.issue(assessment=emergency, kind=kind, by=clerk)
    assert not Letter.objects.exists()


def test_no_emergency_letter_is_handed_out_about_what_can_wait(completed: Assessment, clinician: User):
    with pytest.raises(Conflict):
        letters.issue(assessment=completed, kind="emergency", by=clinician)


def test_a_letter_tells_of_the_newest_result(emergency: Assessment, clinician: User):
    intakes.answer(intake=emergency.intake, answers={"peg_pain": 9}, by=clinician)
    with pytest.raises(Conflict, match="assessed anew"):
        letters.issue(assessment=emergency, kind="gp", by=clinician)


@pytest.mark.parametrize(
    "wrong", [{"kind": "horoscope"}, {"kind": "gp", "language": "tlh"}, {"kind": "physiotherapy"}, {"kind": "cbt"}]
)
def test_a_letter_that_there_is_not_is_refused(completed: Assessment, clinician: User, wrong: dict[str, str]):
    with pytest.raises(ValidationError):
        letters.issue(assessment=completed, by=clinician, **wrong)
    assert not Letter.objects.exists()


def test_a_letter_to_one_service_does_not_belong_to_a_referral_to_another(
    completed: Assessment, referral: Referral, clinician: User
):
    with pytest.raises(ValidationError):
        letters.issue(assessment=completed, kind="cbt", referral=referral, destination=TO, by=clinician)


def test_a_letter_that_would_not_be_the_same_is_not_passed_off_as_it(
    completed: Assessment, clinician: User, here: Site, admin: User
):
    letter, _ = letters.issue(assessment=completed, kind="gp", by=clinician)
    change(site=here, changes={"phone": "01632 960111"}, by=admin)
    letter = Letter.objects.get(pk=letter.pk)
    with pytest.raises(Conflict, match="cannot be made again"):
        letters.again(letter=letter, by=clinician)


@pytest.mark.parametrize("kind", ["emergency", "gp"])
def test_a_letter_is_made_again_to_the_byte_after_what_was_done_decided_and_answered_since(
    emergency: Assessment, clinician: User, kind: str
):
    def made_again() -> bytes:
        return letters.again(letter=Letter.objects.get(pk=letter.pk), by=clinician)

    stops.record(assessment=emergency, text="Ambulance called.", by=clinician)
    letter, made = letters.issue(assessment=emergency, kind=kind, by=clinician)
    stops.record(assessment=emergency, text="Hospital told.", by=clinician)
    assert made_again() == made
    lowered = {"kind": "changed", "disposition": "medical_review", "reason": "new_information", "note": "Old."}
    decisions.decide(assessment=emergency, by=clinician, **lowered)
    assert made_again() == made
    newest = intakes.answer(intake=emergency.intake, answers={"peg_pain": 9}, by=clinician)
    stops.record(assessment=newest, text="Seen there.", by=clinician)
    decisions.decide(assessment=newest, kind="accepted", by=clinician)
    assert made_again() == made
    _, made_now = letters.issue(assessment=newest, kind=kind, by=clinician)
    assert made_now != made


def test_a_letter_on_the_decision_of_an_earlier_result_is_made_again_after_another_decision(
    emergency: Assessment, clinician: User
):
    decisions.decide(assessment=emergency, kind="rejected", reason="other", note="Old.", by=clinician)
    newest = intakes.answer(intake=emergency.intake, answers={"peg_pain": 3}, by=clinician)
    assert Decision.objects.standing(newest) is not None
    letter, made = letters.issue(assessment=newest, kind="gp", by=clinician)
    decisions.decide(assessment=newest, kind="accepted", by=clinician)
    assert letters.again(letter=Letter.objects.get(pk=letter.pk), by=clinician) == made


def file_name(response: object) -> str:
    headers = response.headers  # type: ignore[attr-defined]  # of Django's test client, untyped
    assert headers["Content-Type"] == "application/pdf"
    assert "no-store" in headers["Cache-Control"]
    name: str = headers["Content-Disposition"]
    return name


def test_a_letter_is_a_file_whose_name_names_nobody(client: Client, completed: Assessment, clinician: User):
    client.force_login(clinician)
    path = reverse("assessment_letter", args=[completed.pk, "gp"])
    preview = client.post(path, {"preview": "1"})
    assert 'filename="preview-letter-gp-' in file_name(preview)
    assert not Letter.objects.exists()
    issued = client.post(path, {"destination": "Dr Example"})
    assert completed.intake.patient.family_name.lower() not in file_name(issued).lower()
    letter = Letter.objects.get()
    assert letter.destination == "Dr Example"
    once_more = client.get(reverse("letter", args=[letter.pk]))
    assert once_more.content == issued.content
    shown = client.get(reverse("assessment", args=[completed.pk])).content.decode()
    assert reverse("letter", args=[letter.pk]) in shown


def test_the_patients_copy_comes_in_the_language_chosen(client: Client, completed: Assessment, clinician: User):
    client.force_login(clinician)
    path = reverse("assessment_letter", args=[completed.pk, "patient"])
    english = client.post(path, {"preview": "1", "language": "en"}).content
    german = client.post(path, {"preview": "1", "language": "de"}).content
    assert english != german
    assert client.post(path, {"language": "tlh"}).status_code == 422


def test_a_referrals_letter_is_looked_at_before_it_is_sent(
    client: Client, referral: Referral, clinician: User, clerk: User
):
    client.force_login(clinician)
    path = reverse("referral_letter", args=[referral.pk])
    assert path in client.get(reverse("referral", args=[referral.pk])).content.decode()
    assert 'filename="preview-letter-physiotherapy-' in file_name(client.post(path, {"destination": TO}))
    assert 'filename="preview-' in file_name(client.get(path))
    client.force_login(clerk)
    assert client.get(path).status_code == 403
    assert path not in client.get(reverse("referral", args=[referral.pk])).content.decode()


def test_what_a_letter_lacks_is_said_on_the_page(
    client: Client, completed: Assessment, clinician: User, here: Site, admin: User
):
    change(site=here, changes={"address": ""}, by=admin)
    client.force_login(clinician)
    response = client.post(reverse("assessment_letter", args=[completed.pk, "gp"]))
    assert response.status_code == 422
    assert "The letter lacks: the address of the site." in response.content.decode()
    assert 'href="#letter-gp"' in response.content.decode()


def test_what_was_typed_for_a_letter_that_lacks_something_is_kept(
    client: Client, emergency: Assessment, clinician: User, clerk: User, here: Site, admin: User
):
    newest = intakes.complete(intake=emergency.intake, by=clinician)
    change(site=here, changes={"address": "", "phone": "", "emergency_department": "St Agnes"}, by=admin)
    client.force_login(clinician)
    address = reverse("assessment_letter", args=[newest.pk, "gp"])
    on_result = client.post(address, {"destination": "Dr Example, Hill Road"}).content.decode()
    assert on_result.count('value="Dr Example, Hill Road"') == 1
    assert on_result.count('value="St Agnes"') == 1
    on_result = client.post(reverse("assessment_letter", args=[newest.pk, "patient"]), {"language": "de"})
    assert 'value="de" lang="de" selected' in on_result.content.decode()
    client.force_login(clerk)
    on_card = client.post(reverse("stop_letter", args=[newest.pk]), {"destination": "County Hospital"})
    assert 'value="County Hospital"' in on_card.content.decode()


@pytest.mark.parametrize("kind", ["physiotherapy", "horoscope"])
def test_no_other_letters_are_handed_out_from_a_result(
    client: Client, completed: Assessment, clinician: User, kind: str
):
    client.force_login(clinician)
    assert client.post(reverse("assessment_letter", args=[completed.pk, kind])).status_code == 404


def test_another_sites_letters_are_not_found(client: Client, completed: Assessment, clinician: User, elsewhere: Site):
    letter, _ = letters.issue(assessment=completed, kind="gp", by=clinician)
    client.force_login(factories.user(Role.CLINICIAN, elsewhere))
    assert client.get(reverse("letter", args=[letter.pk])).status_code == 404
    assert client.post(reverse("assessment_letter", args=[completed.pk, "gp"])).status_code == 404


def test_the_stop_card_offers_a_clerk_the_emergency_letter_whoever_completed_the_intake(
    client: Client, emergency: Assessment, clerk: User, clinician: User
):
    newest = intakes.complete(intake=emergency.intake, by=clinician)
    client.force_login(clerk)
    path = reverse("stop_letter", args=[newest.pk])
    assert path in client.get(reverse("stop", args=[newest.intake_id])).content.decode()
    assert 'filename="preview-letter-emergency-' in file_name(client.post(path, {"preview": "1"}))
    issued = client.post(path, {"destination": "County Hospital"})
    assert 'filename="letter-emergency-' in file_name(issued)
    assert client.get(reverse("letter", args=[Letter.objects.get().pk])).content == issued.content
    for kind in ("emergency", "gp", "patient"):
        other = reverse("assessment_letter", args=[newest.pk, kind])
        assert client.post(other).status_code == 404


def test_who_may_not_see_the_result_is_told_on_the_stop_card_what_the_letter_lacks(
    client: Client, emergency: Assessment, clerk: User, clinician: User, here: Site, admin: User
):
    newest = intakes.complete(intake=emergency.intake, by=clinician)
    change(site=here, changes={"phone": ""}, by=admin)
    client.force_login(clerk)
    refused = client.post(reverse("stop_letter", args=[newest.pk]))
    assert refused.status_code == 422
    assert 'href="#to-emergency"' in refused.content.decode()
    assert "The letter lacks: the telephone number of the site." in refused.content.decode()
    assert not Letter.objects.exists()


def test_the_stop_card_of_a_cancelled_intake_offers_no_letter_that_would_be_refused(
    client: Client, emergency: Assessment, clinician: User
):
    client.force_login(clinician)
    card = reverse("stop", args=[emergency.intake_id])
    path = reverse("stop_letter", args=[emergency.pk])
    assert path in client.get(card).content.decode()
    intakes.cancel(intake=emergency.intake, reason="Left before the end.", by=clinician)
    assert path not in client.get(card).content.decode()
    assert client.post(path).status_code == 409


def test_the_emergency_letter_of_another_sites_patient_is_not_found(
    client: Client, emergency: Assessment, elsewhere: Site
):
    for role in (Role.CLERK, Role.CLINICIAN):
        client.force_login(factories.user(role, elsewhere))
        assert client.post(reverse("assessment_letter", args=[emergency.pk, "emergency"])).status_code == 404
        assert client.post(reverse("stop_letter", args=[emergency.pk])).status_code == 404


def test_no_emergency_letter_goes_along_with_whoever_has_time(
    client: Client, completed: Assessment, clerk: User, clinician: User
):
    for person, status in ((clerk, 404), (clinician, 409)):
        client.force_login(person)
        assert client.post(reverse("stop_letter", args=[completed.pk])).status_code == status
    assert not Letter.objects.exists()


def test_the_card_hands_out_no_letter_about_another_result_than_it_shows(
    client: Client, emergency: Assessment, clerk: User, clinician: User
):
    client.force_login(clerk)
    path = reverse("stop_letter", args=[emergency.pk])
    assert path in client.get(reverse("stop", args=[emergency.intake_id])).content.decode()
    intakes.answer(intake=emergency.intake, answers={"ces_saddle": "no", "fever": "yes"}, by=clinician)
    assert client.post(path, {"destination": "County Hospital"}).status_code == 409
    assert not Letter.objects.exists()


def test_after_a_letter_was_refused_what_was_done_is_still_recorded(
    client: Client, emergency: Assessment, clerk: User, here: Site, admin: User
):
    change(site=here, changes={"phone": ""}, by=admin)
    client.force_login(clerk)
    path = reverse("stop_letter", args=[emergency.pk])
    card = client.post(path, {"destination": "County Hospital"}).content.decode()
    (form,) = [each for each in card.split("<form")[1:] if '<textarea class="input" id="text"' in each]
    action = form.split('action="')[1].split('"')[0]
    assert "aria-invalid" not in form
    assert client.post(action, {"text": "Ambulance called.", "version": str(emergency.version)}).status_code == 302
    assert StopRecord.objects.get().text == "Ambulance called."
    assert client.get(path).headers["Location"] == reverse("stop", args=[emergency.intake_id])
