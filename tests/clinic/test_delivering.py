"""What is in the outbox arrives at least once, signed, whoever is killed and whatever the receiver does."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from clinic import clock
from clinic.actions import delivering, outbox, webhooks
from clinic.actions.errors import Conflict
from clinic.models import AuditEvent, Delivery, MessageKind, OutboxMessage, Site, User, Webhook
from clinic.settings import BASE_DIR
from tests.clinic.receiver import Receiver, authority
from tests.clinic.test_at_once import together

NOWHERE = "https://localhost/"  # not public: refused when it is to be sent


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    ca, file = authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", file)
    with (
        Receiver().listening(ca.issue_cert("127.0.0.1")) as listening,
        override_settings(WEBHOOK_ALLOW={listening.allowed}),
    ):
        yield listening


@pytest.fixture
def webhook(here: Site, admin: User, receiver: Receiver) -> Webhook:
    return webhooks.add(site=here, url=receiver.url, events=MessageKind.values, by=admin)


def announce(here: Site, number: int = 1) -> list[Delivery]:
    for _ in range(number):
        outbox.announce(kind=MessageKind.INTAKE_COMPLETED, site=here, obj=here)
    return list(Delivery.objects.order_by("id"))


def documented() -> Callable[[dict[str, str], bytes, str], bool]:
    """The check that docs/webhooks.md gives to integrators, as it stands there."""
    page = (BASE_DIR / "docs" / "webhooks.md").read_text(encoding="utf-8")
    example: dict[str, Any] = {}
    exec(dedent(page.partition("```python")[2].partition("```")[0]), example)  # noqa: S102 -- of our own page
    return example["is_genuine"]  # type: ignore[no-any-return]


def test_a_message_arrives_signed_and_a_changed_byte_is_noticed(webhook: Webhook, here: Site, receiver: Receiver):
    announce(here)
    assert delivering.deliver() == {"delivered": 1}
    (request,) = receiver.requests
    message = OutboxMessage.objects.get()
    assert request.headers["X-Yellowflag-Event"] == message.kind == json.loads(request.body)["kind"]
    assert request.message == str(message.pk)
    is_genuine = documented()
    assert is_genuine(request.headers, request.body, webhook.secret)
    for place in range(len(request.body)):
        changed = bytearray(request.body)
        changed[place] ^= 1
        assert not is_genuine(request.headers, bytes(changed), webhook.secret)
    assert not is_genuine(request.headers, request.body, webhook.secret + "x")
    later = {"X-Yellowflag-Timestamp": str(int(request.headers["X-Yellowflag-Timestamp"]) + 1)}
    assert not is_genuine(request.headers | later, request.body, webhook.secret)


def test_a_request_that_is_kept_and_sent_again_later_is_refused(webhook: Webhook, here: Site, receiver: Receiver):
    with clock.at(clock.now() - timedelta(minutes=10)):
        outbox.announce(kind=MessageKind.INTAKE_COMPLETED, site=here, obj=here)
        delivering.deliver()
    (old,) = receiver.requests
    assert not documented()(old.headers, old.body, webhook.secret)


def test_what_has_arrived_is_not_sent_again(webhook: Webhook, here: Site, receiver: Receiver):
    announce(here, 3)
    call_command("deliver", "--once")
    assert delivering.deliver() == {}
    assert len({each.message for each in receiver.requests}) == len(receiver.requests) == 3


@pytest.mark.parametrize("status", [302, 410, 503, None])
def test_what_has_not_arrived_is_tried_again_under_its_id_with_growing_pauses(
    status: int | None, webhook: Webhook, here: Site, receiver: Receiver
):
    receiver.answer = lambda: status
    announce(here)
    began, tried = clock.now(), []
    for minute in range(0, 24 * 60, 20):
        with clock.at(began + timedelta(minutes=minute, seconds=1)):
            if delivering.deliver():
                tried.append(minute)
    assert len(tried) > 20
    assert max(later - earlier for earlier, later in pairwise(tried)) <= 80
    assert len({(each.message, each.body) for each in receiver.requests}) == 1
    waiting = Delivery.objects.get()
    assert (waiting.last_status, waiting.attempts) == (status, len(receiver.requests))
    receiver.answer = lambda: 200
    with clock.at(began + timedelta(hours=26)):
        assert delivering.deliver() == {"delivered": 1}


def test_the_pauses_double_up_to_an_hour():
    assert [delivering._pause(number).total_seconds() for number in (1, 2, 3, 9, 10, 500)] == [
        *(10, 20, 40, 2560, 3600, 3600),
    ]


def test_it_is_given_up_after_three_days_and_tried_again_when_somebody_says_so(
    webhook: Webhook, here: Site, admin: User, receiver: Receiver
):
    receiver.answer = lambda: 500
    (delivery,) = announce(here)
    delivering.deliver()
    with clock.at(clock.now() + timedelta(days=3, seconds=1)):
        assert delivering.deliver() == {"given up": 1}
        assert delivering.deliver() == {}
        receiver.answer = lambda: 200
        webhooks.try_again(delivery=delivery, by=admin)
        assert delivering.deliver() == {"delivered": 1}
        with pytest.raises(Conflict, match="has arrived"):
            webhooks.try_again(delivery=delivery, by=admin)
    entries = AuditEvent.objects.filter(action="webhook.try_again").values_list("object_id", "detail")
    assert list(entries) == [(webhook.pk, {"message": str(delivery.message_id)})]


def test_a_receiver_that_cannot_be_reached_holds_up_nobody_else(
    webhook: Webhook, here: Site, admin: User, receiver: Receiver
):
    gone = webhooks.add(site=here, url=NOWHERE, events=MessageKind.values, by=admin)
    announce(here, 5)
    assert delivering.deliver() == {"delivered": 5, "failed": 1}
    assert gone.deliveries.filter(attempts=0).count() == 4
    webhooks.change(webhook=gone, url=receiver.url, events=MessageKind.values, by=admin)
    assert delivering.deliver() == {}
    webhooks.try_again(delivery=gone.deliveries.filter(attempts=0)[0], by=admin)
    assert delivering.deliver() == {"delivered": 5}


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_hold_the_same_delivery(webhook: Webhook, here: Site):
    announce(here, 8)
    claimed = together(*[lambda: [delivering.claim(), delivering.claim()]] * 4)
    held = [each.pk for pair in claimed for each in pair if each]
    assert len(held) == len(set(held)) == 8
    assert delivering.claim() is None


def test_a_lease_that_has_ended_is_taken_over_and_its_holder_overwrites_nothing(
    webhook: Webhook, here: Site, receiver: Receiver
):
    announce(here)
    slow = delivering.claim()
    assert slow
    assert delivering.claim() is None
    with clock.at(clock.now() + delivering.LEASE + timedelta(seconds=1)):
        quick = delivering.claim()
        assert quick
        receiver.answer = lambda: 500
        assert not delivering.attempt(slow)
        assert Delivery.objects.get().leased_until == quick.leased_until
        receiver.answer = lambda: 200
        assert delivering.attempt(quick)
        receiver.answer = lambda: 500
        assert not delivering.attempt(slow)
    assert Delivery.objects.get().delivered_at
