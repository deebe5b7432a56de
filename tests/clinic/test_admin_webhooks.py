"""Administrators look after the webhooks of their own sites; the secret is seen once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.actions import delivering, webhooks
from clinic.models import AuditEvent, Delivery, MessageKind, Site, User, Webhook
from clinic.permissions import Role
from tests import factories
from tests.clinic.sending import unseen
from tests.clinic.test_delivering import NOWHERE, announce

URL = "https://ehr.example/yellowflag"


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def webhook(here: Site, admin: User) -> Webhook:
    return webhooks.add(site=here, url=NOWHERE, events=MessageKind.values, by=admin)


def page(name: str, row: Any = None) -> str:
    return reverse(f"admin:clinic_{name}", args=[row.pk] if row else [])


def said(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_secret_is_shown_once_and_on_no_page_again(client: Client, here: Site):
    form = {"site": here.pk, "url": URL, "events": ["assessment.created", "intake.completed"]}
    shown = client.post(page("webhook_add"), form).content.decode()
    added = Webhook.objects.get()
    assert (added.site, added.url, added.events) == (here, URL, ["assessment.created", "intake.completed"])
    assert f"<code>{added.secret}</code>" in shown
    announce(here)
    delivery = Delivery.objects.get()
    for address in (
        *(page("webhook_changelist"), page("webhook_change", added), page("webhook_history", added)),
        *(page("delivery_changelist"), page("delivery_change", delivery), page("delivery_history", delivery)),
    ):
        assert added.secret not in said(client, address)


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "http://ehr.example/"},
        {"url": "https://10.0.0.1/"},
        {"url": ""},
        {"events": []},
        {"events": ["x"]},
        {"site": "x"},
    ],
)
def test_what_cannot_be_is_refused_with_words(changed: dict[str, Any], client: Client, here: Site):
    form = {"site": here.pk, "url": URL, "events": ["assessment.created"], **changed}
    answer = client.post(page("webhook_add"), form)
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode()
    assert not Webhook.objects.exists()


def test_it_is_changed_and_stopped_from_its_page(client: Client, webhook: Webhook, admin: User):
    form = {"url": URL, "events": ["intake.completed"]}
    assert client.post(page("webhook_change", webhook), form | unseen(webhook)).status_code == 302
    assert client.post(page("webhook_change", webhook), {**form, "stop": "on", **unseen(webhook)}).status_code == 302
    secret = webhook.secret
    webhook.refresh_from_db()
    assert (webhook.url, webhook.events, webhook.is_active) == (URL, ["intake.completed"], False)
    assert webhook.secret == secret
    entries = AuditEvent.objects.filter(object_id=webhook.pk, actor=admin).order_by("seq")
    assert [each.action for each in entries] == ["webhook.add", "webhook.change", "webhook.stop"]
    assert client.post(page("webhook_change", webhook), form | unseen(webhook)).status_code == 403


def test_the_list_shows_what_has_arrived_what_fails_and_what_was_given_up(client: Client, webhook: Webhook, here: Site):
    arrived, given_up, *_others = announce(here, 4)
    Delivery.objects.filter(pk=arrived.pk).update(delivered_at=clock.now() - timedelta(days=400))
    Delivery.objects.filter(pk=given_up.pk).update(gave_up_at=clock.now())
    delivering.deliver()
    row = client.get(page("webhook_changelist")).context["cl"].result_list[0]
    assert (row.arrived_at.date(), row.failing, row.given_up) == (
        (clock.now() - timedelta(days=400)).date(),
        *(1, 1),
    )
    shown = said(client, page("webhook_changelist"))
    assert f"?webhook={webhook.pk}&amp;state=given-up" in shown
    for state, number in {"waiting": 2, "failing": 1, "given-up": 1, "arrived": 1, "nonsense": 4}.items():
        listed = client.get(page("delivery_changelist"), {"webhook": webhook.pk, "state": state})
        assert len(listed.context["cl"].result_list) == number, state


def test_what_was_given_up_is_tried_again_from_its_page(client: Client, webhook: Webhook, here: Site):
    (delivery,) = announce(here)
    delivering.deliver()
    Delivery.objects.update(gave_up_at=clock.now())
    shown = said(client, page("delivery_change", delivery))
    assert "The name leads to an address that is not public." in shown
    assert client.post(page("delivery_change", delivery), {}).status_code == 200
    assert Delivery.objects.get().gave_up_at
    assert client.post(page("delivery_change", delivery), {"again": "on"}).status_code == 302
    assert list(Delivery.objects.due()) == [delivery]
    Delivery.objects.update(delivered_at=clock.now())
    assert client.post(page("delivery_change", delivery), {"again": "on"} | unseen(delivery)).status_code == 403


def test_webhooks_of_another_site_do_not_exist(client: Client, elsewhere: Site):
    by = factories.user(Role.ADMIN, elsewhere)
    theirs = webhooks.add(site=elsewhere, url=URL, events=MessageKind.values, by=by)
    (delivery,) = announce(elsewhere)
    for name, row in (("webhook", theirs), ("delivery", delivery)):
        assert str(row.pk) not in said(client, page(f"{name}_changelist"))
        for kind in ("change", "history"):
            assert client.get(page(f"{name}_{kind}", row)).status_code == 404
        assert client.post(page(f"{name}_change", row), {"again": "on", "stop": "on"}).status_code == 404
    form = {"site": elsewhere.pk, "url": URL, "events": ["intake.completed"]}
    assert client.post(page("webhook_add"), form).status_code == 200
    assert Webhook.objects.get().is_active
