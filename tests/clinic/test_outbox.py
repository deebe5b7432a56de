"""What happens is put into the outbox with it, for those who want to know, and holds nothing about a patient."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from clinic import clock
from clinic.actions import decisions, delivering, intakes, outbox, referrals, tidying, verifying, webhooks
from clinic.actions.errors import Conflict
from clinic.models import AuditEvent, Delivery, MessageKind, OutboxMessage, Referral, Site, User, Webhook
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic.callers import caller
from tests.clinic.test_web_results import DISTRESS

URL = "https://ehr.example/yellowflag"


@pytest.fixture
def webhook(here: Site, admin: User) -> Webhook:
    return webhooks.add(site=here, url=URL, events=MessageKind.values, by=admin)


def announced() -> list[tuple[str, Any]]:
    return list(OutboxMessage.objects.order_by("id").values_list("kind", "object_id"))


def test_an_intake_and_its_referrals_are_announced_step_by_step(webhook: Webhook, here: Site, clinician: User):
    assessment = factories.assessment(here, clinician, **DISTRESS)
    first = assessment.intake.assessments.get(version=1)
    intakes.complete(intake=assessment.intake, by=clinician)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    made = Referral.objects.order_by("id")
    assert made
    referrals.advance(referral=made[0], verb="cancel", reason="Moved away.", by=clinician)
    told = announced()
    assert told[:3] == [
        ("assessment.created", first.pk),
        ("assessment.created", assessment.pk),
        ("intake.completed", assessment.intake_id),
    ]
    steps = [each.pk for each in made for _ in each.statuses.all()]
    assert sorted(told[3:]) == sorted(("referral.changed", pk) for pk in steps)
    assert Delivery.objects.filter(webhook=webhook).count() == len(told)


def test_a_webhook_is_told_only_what_it_wants_and_of_its_own_site(here: Site, elsewhere: Site, admin: User):
    webhooks.add(site=here, url=URL, events=[MessageKind.INTAKE_COMPLETED], by=admin)
    for site in (here, elsewhere):
        clinician = factories.user(Role.CLINICIAN, site)
        intakes.complete(intake=factories.assessment(site, clinician).intake, by=clinician)
    assert [kind for kind, _ in announced()] == ["intake.completed"]
    assert OutboxMessage.objects.get().site == here


def test_a_message_goes_to_everybody_who_wants_it(webhook: Webhook, here: Site, admin: User):
    other = webhooks.add(site=here, url=URL, events=[MessageKind.ASSESSMENT_CREATED], by=admin)
    factories.open_intake(here)
    assert {each.webhook for each in OutboxMessage.objects.get().deliveries.all()} == {webhook, other}


def test_nothing_is_announced_of_what_is_rolled_back(webhook: Webhook, here: Site, clinician: User):
    intake = factories.open_intake(here)
    before = announced()
    with transaction.atomic():
        intakes.answer(intake=intake, answers=factories.answers(), by=clinician)
        assert len(announced()) > len(before)
        transaction.set_rollback(True)
    assert announced() == before
    assert Delivery.objects.count() == len(before)


def test_where_nobody_wants_to_know_it_costs_one_query(here: Site, clinician: User):
    with CaptureQueriesContext(transaction.get_connection()) as asked:
        outbox.announce(kind=MessageKind.INTAKE_COMPLETED, site=here, obj=here)
    assert len(asked) == 1
    assert not OutboxMessage.objects.exists()


def test_a_message_holds_ids_and_a_link_that_the_receiver_can_follow(webhook: Webhook, here: Site, clinician: User):
    assessment = factories.assessment(here, clinician, **DISTRESS)
    intakes.complete(intake=assessment.intake, by=clinician)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    program = caller(Role.INTEGRATOR, here)
    for message in OutboxMessage.objects.all():
        said = json.loads(delivering.body_of(message))
        assert set(said) == {"id", "kind", "site", "object", "at", "link"}
        assert program.get(said["link"]).json()["id"] == said["object"] == str(message.object_id)
    assert {kind for kind, _ in announced()} == set(MessageKind.values) - {MessageKind.BREAK_GLASS_STARTED}


def test_a_webhook_is_added_changed_and_stopped_in_history_and_trail_without_its_secret(
    webhook: Webhook, here: Site, admin: User
):
    webhooks.change(webhook=webhook, url=URL + "/2", events=[MessageKind.INTAKE_COMPLETED], by=admin)
    webhooks.change(webhook=webhook, url=URL + "/2", events=[MessageKind.INTAKE_COMPLETED], by=admin)
    webhooks.stop(webhook=webhook, by=admin)
    kept = list(webhook.history.values())
    assert [each["history_change_reason"] for each in kept] == ["stopped", "changed: url, events", "added"]
    trail = list(AuditEvent.objects.filter(object_id=webhook.pk).order_by("seq"))
    assert [each.action for each in trail] == ["webhook.add", "webhook.change", "webhook.stop"]
    assert len(webhook.secret) > 40
    assert webhook.secret not in f"{kept}{[each.__dict__ for each in trail]}{webhook!r}"
    assert verifying.first_broken(here) is None


def test_what_is_stopped_is_told_nothing_more_and_stays_so(webhook: Webhook, here: Site, admin: User):
    factories.open_intake(here)
    webhooks.stop(webhook=webhook, by=admin)
    factories.open_intake(here)
    left = Delivery.objects.get()
    assert left.gave_up_at
    Delivery.objects.update(gave_up_at=None)  # as if it had been announced in the same moment
    assert not Delivery.objects.due().exists()
    with pytest.raises(Conflict, match="has been stopped"):
        webhooks.change(webhook=webhook, url=URL, events=MessageKind.values, by=admin)
    with pytest.raises(Conflict, match="has been stopped"):
        webhooks.try_again(delivery=left, by=admin)


def test_messages_are_forgotten_a_month_after_they_arrived_and_not_while_they_wait(
    webhook: Webhook, here: Site, clinician: User
):
    factories.assessment(here, clinician)
    first = Delivery.objects.earliest("id")
    Delivery.objects.filter(pk=first.pk).update(delivered_at=clock.now())
    waiting = Delivery.objects.waiting().count()
    with clock.at(clock.now() + timedelta(days=29)):
        tidying.tidy()
    assert Delivery.objects.count() == waiting + 1
    with clock.at(clock.now() + timedelta(days=31)):
        tidying.tidy()
    assert Delivery.objects.count() == OutboxMessage.objects.count() == waiting > 0


BAD_URLS = [
    *("", "ehr.example", "http://ehr.example/", "ftp://ehr.example/", "https://", "https://ehr.example:99999/"),
    *(
        "https://me:secret@ehr.example/",
        "https://ehr.example/#x",
        "https://ehr.example/a b",
        "https://ehr.example/\x00",
    ),
    *("https://ehr.example/\r\nHost: x", "https://ümlaut.example/", "https://ehr.example/" + "x" * 300, "javascript:x"),
    *("https://10.0.0.1/", "https://[::1]/", "https://127.0.0.1:8443/", "https://169.254.169.254/latest"),
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_an_address_that_will_never_do_is_refused_at_once(url: str, here: Site, admin: User):
    with pytest.raises(ValidationError) as refusal:
        webhooks.add(site=here, url=url, events=MessageKind.values, by=admin)
    assert set(refusal.value.message_dict) == {"url"}
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("events", [[], ["patient.sneezed"], ["intake.completed", "x"]])
def test_what_cannot_be_told_is_refused(events: list[str], here: Site, admin: User):
    with pytest.raises(ValidationError) as refusal:
        webhooks.add(site=here, url=URL, events=events, by=admin)
    assert set(refusal.value.message_dict) == {"events"}


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMIN])
def test_only_an_administrator_of_the_site_looks_after_its_webhooks(
    role: Role, webhook: Webhook, here: Site, elsewhere: Site
):
    factories.open_intake(here)
    for somebody in (factories.user(role, here), factories.user(Role.ADMIN, elsewhere)):
        for act in (
            lambda by: webhooks.add(site=here, url=URL, events=MessageKind.values, by=by),
            lambda by: webhooks.change(webhook=webhook, url=URL, events=MessageKind.values, by=by),
            lambda by: webhooks.stop(webhook=webhook, by=by),
            lambda by: webhooks.try_again(delivery=Delivery.objects.get(), by=by),
        ):
            with pytest.raises(NotAllowed):
                act(somebody)
    assert Webhook.objects.visible_to(factories.user(role, here)).count() == 0
