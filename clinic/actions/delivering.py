"""Take messages from the outbox to the webhooks: at least once, by any number of workers, each of which may be killed.

A delivery is leased before it is tried. The lease outlasts an attempt; where its worker is gone,
the delivery is due again when the lease ends.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.urls import reverse

from clinic import clock, posting
from clinic.models import Delivery, MessageKind, OutboxMessage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LEASE = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)
_RESOURCES = {
    MessageKind.ASSESSMENT_CREATED: "api:assessment",
    MessageKind.INTAKE_COMPLETED: "api:intake",
    MessageKind.REFERRAL_CHANGED: "api:referral",
    MessageKind.BREAK_GLASS_STARTED: "admin:clinic_breakglass_change",
}


def deliver(is_enough: Callable[[], bool] = lambda: False) -> Counter[str]:
    """Try what is due until nothing is, or it is enough, and count what became of it."""
    results = Counter({"given up": _give_up()})
    while not is_enough() and (delivery := claim()):
        results["delivered" if attempt(delivery) else "failed"] += 1
    return +results


def claim() -> Delivery | None:
    """The delivery that is longest due, leased; None where nothing is due."""
    with transaction.atomic():
        due = Delivery.objects.due().select_for_update(skip_locked=True, of=("self",))
        found = due.select_related("message__site", "webhook__kept_secret").first()
        if found is None:
            return None
        found.leased_until, found.attempts = clock.now() + LEASE, found.attempts + 1
        free = Delivery.objects.due().filter(pk=found.pk)
        return found if free.update(leased_until=found.leased_until, attempts=F("attempts") + 1) else None


def attempt(delivery: Delivery) -> bool:
    """Send the message and store what became of it; whether it has arrived."""
    body = body_of(delivery.message)
    headers = _headers(delivery, body, clock.now())
    try:
        status = posting.post(delivery.webhook.url, body, headers)
    except posting.Unreachable as error:
        return _failed(delivery, None, str(error))
    if not 200 <= status < 300:
        return _failed(delivery, status, f"The receiver answered {status}.")
    waiting = Delivery.objects.filter(pk=delivery.pk, delivered_at__isnull=True)
    waiting.update(delivered_at=clock.now(), last_status=status, last_error="", leased_until=None, gave_up_at=None)
    return True


def body_of(message: OutboxMessage) -> bytes:
    """The message as it is sent: the same bytes with every attempt."""
    document = {
        "id": str(message.pk),
        "kind": message.kind,
        "site": message.site.slug,
        "object": str(message.object_id),
        "at": message.created_at.isoformat(),
        "link": reverse(_RESOURCES[MessageKind(message.kind)], args=[message.object_id]),
    }
    return json.dumps(document).encode()


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """What proves to the receiver who sent the body, and when."""
    signed = f"{timestamp}.".encode() + body
    return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def _headers(delivery: Delivery, body: bytes, at: datetime) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "Yellowflag",
        "X-Yellowflag-Event": delivery.message.kind,
        "X-Yellowflag-Delivery": str(delivery.message_id),
        "X-Yellowflag-Timestamp": timestamp,
        "X-Yellowflag-Signature": sign(delivery.webhook.secret, timestamp, body),
    }


def _failed(delivery: Delivery, status: int | None, error: str) -> bool:
    """Let go of it for a while; unless the lease has ended and somebody else is trying by now."""
    held = Delivery.objects.waiting().filter(pk=delivery.pk, leased_until=delivery.leased_until)
    next_at = clock.now() + _pause(delivery.attempts)
    held.update(next_at=next_at, last_status=status, last_error=error, leased_until=None)
    return False


def _pause(attempts: int) -> timedelta:
    doublings = min(attempts - 1, 20)  # beyond that no calendar reaches
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _give_up() -> int:
    """What has been asked for too long ago is not tried any more; whoever is trying right now may end it."""
    now = clock.now()
    late = Delivery.objects.waiting().filter(asked_at__lt=now - GIVE_UP_AFTER, next_at__lte=now)
    return late.exclude(leased_until__gt=now).update(gave_up_at=now)
