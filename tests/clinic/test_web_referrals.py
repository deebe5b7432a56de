"""The page on which a referral is followed, by whoever may."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic import clock
from clinic.actions import chasing, decisions, intakes, referrals
from clinic.models import Assessment, Intake, Referral, Site, Stage, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.sending import forms, send
from tests.clinic.test_web_results import DISTRESS

SENT_TO = "St Agnes Physiotherapy"


@pytest.fixture
def completed(here: Site, clinician: User) -> Assessment:
    assessment = factories.assessment(here, clinician, **DISTRESS)
    intakes.complete(intake=assessment.intake, by=clinician)
    return assessment


@pytest.fixture
def referral(completed: Assessment, clinician: User) -> Referral:
    """Accepted, with nothing in the way of sending it."""
    decisions.decide(assessment=completed, kind="accepted", by=clinician)
    return Referral.objects.get(service="physiotherapy")


@pytest.fixture
def sent(referral: Referral, clinician: User) -> Referral:
    referrals.advance(referral=referral, verb="send", destination=SENT_TO, by=clinician)
    return referral


def page(client: Client, referral: Referral, by: User) -> str:
    client.force_login(by)
    response = client.get(reverse("referral", args=[referral.pk]))
    assert response.status_code == 200
    return response.content.decode()


def take(client: Client, referral: Referral, verb: str, **form: object) -> Any:
    seq = {"seq": referral.newest_step.seq}
    return client.post(reverse("referral_step", args=[referral.pk, verb]), seq | form)


def test_the_page_says_where_it_stands_and_until_when_what_is_waited_for(
    client: Client, clinician: User, sent: Referral
):
    shown = page(client, sent, clinician)
    assert f"Sent to {SENT_TO} on " in shown
    assert "The service confirms that it arrived" in shown
    assert "Overdue" not in shown
    assert sent.newest_step.due
    with clock.at(sent.newest_step.due + timedelta(hours=1)):
        assert "Overdue" in page(client, sent, clinician)


def test_a_referral_is_followed_to_its_end_on_its_page(
    client: Client, clinician: User, clerk: User, referral: Referral
):
    client.force_login(clinician)
    assert take(client, referral, "send", destination=SENT_TO).status_code == 302
    client.force_login(clerk)
    day = timezone.localdate() + timedelta(days=9)
    assert take(client, referral, "receive").status_code == 302
    assert take(client, referral, "book", appointment=day.isoformat()).status_code == 302
    assert take(client, referral, "see", reason="Came with her daughter.").status_code == 302
    assert take(client, referral, "close", reason="Six sessions; better.").status_code == 302
    shown = page(client, referral, clerk)
    assert [each.status for each in referral.statuses.order_by("seq")][1:] == [
        *("accepted", "sent", "received", "booked", "seen", "closed")
    ]
    said = [SENT_TO, "Came with her daughter.", "Six sessions; better.", "Closed on"]
    assert [words for words in said if words not in shown] == []
    assert "<form" not in shown.partition("What happens next")[2].partition("<footer")[0]


def test_lateness_that_was_acted_on_is_a_step_of_the_story(client: Client, clinician: User, sent: Referral):
    due = sent.newest_step.due
    assert due
    with clock.at(due + timedelta(hours=1)):
        chasing.chase()
    with clock.at(due + timedelta(days=8)):
        chasing.chase()
    shown = page(client, sent, clinician)
    assert "Late: chased" in shown
    assert "Well past its time: escalated" in shown


def test_a_clerk_sees_service_and_stages_and_nothing_clinical(
    client: Client, clerk: User, completed: Assessment, referral: Referral
):
    shown = page(client, referral, clerk)
    assert "Physiotherapy" in shown
    assert "Accepted" in shown
    assert "The next step is a clinician's." in shown
    outcome = completed.outcome
    clinical = [outcome["headline"], *(each["title"] for each in outcome["because"]), "PHQ-9"]
    assert [words for words in clinical if words in shown] == []
    assert reverse("result", args=[completed.intake_id]) not in shown


@pytest.mark.parametrize("verb", ["accept", "send", "cancel"])
def test_a_clerk_may_not_take_a_clinicians_step(client: Client, clerk: User, referral: Referral, verb: str):
    client.force_login(clerk)
    assert take(client, referral, verb, destination=SENT_TO, reason="Why not.").status_code == 403
    assert referral.status == Stage.ACCEPTED


def test_whoever_comes_second_sees_what_happened_and_keeps_what_was_typed(
    client: Client, clinician: User, clerk: User, sent: Referral
):
    seen = sent.newest_step.seq
    referrals.advance(referral=sent, verb="receive", by=clerk)
    client.force_login(clinician)
    path = reverse("referral_step", args=[sent.pk, "decline"])
    response = client.post(path, {"seq": seen, "reason": "No capacity."})
    shown = response.content.decode()
    assert response.status_code == 409
    assert f"This referral is received: {clerk.display_name} recorded that" in shown
    assert "No capacity.</textarea>" in shown
    assert sent.status == Stage.RECEIVED
    assert client.post(path, {"seq": seen + 1, "reason": "No capacity."}).status_code == 302


def test_what_was_typed_is_not_lost_where_the_step_is_no_longer_possible(
    client: Client, clinician: User, sent: Referral
):
    seen = sent.newest_step.seq
    referrals.advance(referral=sent, verb="see", by=clinician)
    client.force_login(clinician)
    path = reverse("referral_step", args=[sent.pk, "decline"])
    response = client.post(path, {"seq": seen, "reason": "No capacity."})
    assert response.status_code == 409
    assert "<li>No capacity.</li>" in response.content.decode()


@pytest.mark.parametrize(
    ("verb", "form", "anchor"),
    [
        ("book", {}, "id_book_appointment"),
        ("book", {"appointment": "soon"}, "id_book_appointment"),
        ("book", {"appointment": "2001-01-01"}, "id_book_appointment"),
        ("book", {"appointment": "9999-12-31"}, "id_book_appointment"),
        ("decline", {}, "id_decline_reason"),
        ("decline", {"reason": " "}, "id_decline_reason"),
        ("decline", {"reason": "a\x00b"}, "id_decline_reason"),
        ("cancel", {"reason": "x" * 2001}, "id_cancel_reason"),
    ],
)
def test_a_refused_step_says_why_at_its_field(
    client: Client, clinician: User, sent: Referral, verb: str, form: dict[str, str], anchor: str
):
    client.force_login(clinician)
    response = take(client, sent, verb, **form)
    assert response.status_code == 422
    shown = response.content.decode()
    assert f'href="#{anchor}"' in shown
    assert f'id="{anchor}-fault"' in shown
    assert sent.status == Stage.SENT


@pytest.mark.parametrize("destination", ["", "  ", "x" * 201, "a\x00b", "St Agnes\nPhysiotherapy"])
def test_nothing_is_sent_to_nowhere(client: Client, clinician: User, referral: Referral, destination: str):
    client.force_login(clinician)
    response = take(client, referral, "send", destination=destination)
    assert response.status_code == 422
    assert 'href="#id_send_destination"' in response.content.decode()
    assert referral.status == Stage.ACCEPTED


@pytest.mark.parametrize("verb", ["accept", "receive", "close"])
def test_a_step_out_of_order_changes_nothing(client: Client, clinician: User, referral: Referral, verb: str):
    client.force_login(clinician)
    response = take(client, referral, verb, reason="Done.")
    assert response.status_code == 409
    assert "This referral is accepted" in response.content.decode()
    assert referral.status == Stage.ACCEPTED


@pytest.mark.parametrize("seq", ["", "0", "-1", "two", "9" * 40, "²"])
def test_a_form_that_does_not_say_what_was_seen_is_taken_for_an_overtaken_one(
    client: Client, clinician: User, sent: Referral, seq: str
):
    client.force_login(clinician)
    assert take(client, sent, "receive", seq=seq).status_code == 409
    assert sent.status == Stage.SENT


def test_no_other_steps_are_known(client: Client, clinician: User, sent: Referral):
    client.force_login(clinician)
    assert take(client, sent, "forget").status_code == 404
    assert client.get(reverse("referral_step", args=[sent.pk, "receive"])).status_code == 405


def test_a_referral_of_another_site_is_not_found(client: Client, elsewhere: Site, sent: Referral):
    client.force_login(factories.user(Role.CLINICIAN, elsewhere))
    assert client.get(reverse("referral", args=[sent.pk])).status_code == 404
    assert take(client, sent, "receive").status_code == 404


def test_whoever_may_not_see_referrals_does_not(client: Client, here: Site, sent: Referral):
    client.force_login(factories.user(Role.AUDITOR, here))
    assert client.get(reverse("referral", args=[sent.pk])).status_code == 404


def test_nothing_is_sent_on_answers_that_have_grown_old(client: Client, clinician: User, referral: Referral):
    client.force_login(clinician)
    with clock.at(timezone.now() + timedelta(days=15)):
        shown = page(client, referral, clinician)
        assert "some answers are too old" in shown
        assert "New or worse numbness, tingling or an odd feeling between your legs?" in shown
        response = take(client, referral, "send", destination=SENT_TO)
    assert response.status_code == 409
    assert f'value="{SENT_TO}"' in response.content.decode()
    assert referral.status == Stage.ACCEPTED


def test_answers_that_have_grown_old_are_asked_again_from_the_page(client: Client, clinician: User, referral: Referral):
    with clock.at(timezone.now() + timedelta(days=15)):
        shown = page(client, referral, clinician)
        path = reverse("reopen", args=[referral.assessment.intake_id])
        assert f'action="{path}"' in shown
        (form,) = [each for each in forms(shown) if each.action == path]
        assert send(client, form).status_code == 302
    assert Intake.objects.get().is_open
    assert take(client, referral, "send", destination=SENT_TO).status_code == 409


def test_a_declined_referral_is_accepted_again_for_another_destination(client: Client, clinician: User, sent: Referral):
    client.force_login(clinician)
    assert take(client, sent, "decline", reason="No capacity.").status_code == 302
    assert f"{SENT_TO} declined it on" in page(client, sent, clinician)
    assert take(client, sent, "accept").status_code == 302
    assert take(client, sent, "send", destination="Harbour Physiotherapy").status_code == 302
    assert "Sent to Harbour Physiotherapy" in page(client, sent, clinician)


def test_a_past_appointment_of_which_nothing_is_known_is_said_to_be_one(
    client: Client, clinician: User, sent: Referral
):
    day = timezone.localdate() + timedelta(days=3)
    referrals.advance(referral=sent, verb="book", appointment=day, by=clinician)
    assert "The appointment is on" in page(client, sent, clinician)
    with clock.at(timezone.now() + timedelta(days=5)):
        assert "what came of it is not recorded" in page(client, sent, clinician)
