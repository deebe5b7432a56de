"""Forget what has served its time and is no record: ended sessions and tokens, counts, answers kept for repeated requests,
delivered messages, drafts of old, and where people logged in from.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from axes.models import AccessAttempt, AccessLog
from django.conf import settings

from clinic import clock
from clinic.actions.limits import MINUTE
from clinic.actions.lockout import KNOWN_FOR
from clinic.models import ApiToken, Delivery, Draft, IdempotencyKey, OutboxMessage, Use

KEPT_DRAFTS = timedelta(days=14)  # an assumption: an intake that is left so long is begun again
KEPT_MESSAGES = timedelta(days=30)  # so long one can look up what a program was told


def tidy() -> None:
    yesterday = clock.now() - timedelta(days=1)
    Use.objects.filter(minute__lt=int(yesterday.timestamp()) // MINUTE).delete()
    AccessAttempt.objects.filter(attempt_time__lt=yesterday).delete()
    AccessLog.objects.filter(attempt_time__lt=clock.now() - KNOWN_FOR).delete()
    ApiToken.objects.filter(expiry__lt=yesterday).delete()
    IdempotencyKey.objects.filter(at__lt=yesterday).delete()
    Draft.objects.filter(at__lt=clock.now() - KEPT_DRAFTS).delete()
    _forget_messages()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def _forget_messages() -> None:
    """Messages of which every copy has arrived or was given up."""
    old = OutboxMessage.objects.filter(created_at__lt=clock.now() - KEPT_MESSAGES)
    old.exclude(pk__in=Delivery.objects.waiting().values("message")).delete()
