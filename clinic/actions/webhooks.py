"""Say which programs are told what happens at a site, and stop telling them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic import clock, permissions, posting
from clinic.actions import audit
from clinic.actions.errors import Conflict
from clinic.models import Delivery, Site, User, Webhook, WebhookSecret
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Sequence


@transaction.atomic
def add(*, site: Site, url: str, events: Sequence[str], by: User) -> Webhook:
    """A program is told from now on; its `secret` is to be shown this once."""
    permissions.require(by, Capability.MANAGE_WEBHOOKS, site)
    webhook = Webhook(site=site, url=url, events=sorted(events))
    _check(webhook)
    webhook.save_as(by=by, reason="added")
    secret = WebhookSecret(webhook=webhook)
    secret.put(f"yfh_{secrets.token_urlsafe(32)}".encode())
    secret.save()
    audit.record(action="webhook.add", by=by, site=site, obj=webhook, detail={"events": webhook.events})
    return webhook


@transaction.atomic
def change(*, webhook: Webhook, url: str, events: Sequence[str], by: User) -> None:
    """Another address, or other kinds; a change of nothing leaves no trace."""
    _hold(webhook, by)
    wanted = {"url": url, "events": sorted(events)}
    fields = [name for name, value in wanted.items() if getattr(webhook, name) != value]
    for name in fields:
        setattr(webhook, name, wanted[name])
    _check(webhook)
    if fields:
        webhook.save_as(by=by, reason=f"changed: {', '.join(fields)}")
        audit.record(action="webhook.change", by=by, site=webhook.site, obj=webhook, detail={"fields": fields})


@transaction.atomic
def stop(*, webhook: Webhook, by: User) -> None:
    """The program is told nothing any more, not even what waits for it. This is for good."""
    _hold(webhook, by)
    webhook.is_active = False
    webhook.save_as(by=by, reason="stopped")
    left = webhook.deliveries.waiting().update(gave_up_at=clock.now(), last_error="The webhook was stopped.")
    audit.record(action="webhook.stop", by=by, site=webhook.site, obj=webhook, detail={"left": left})


@transaction.atomic
def try_again(*, delivery: Delivery, by: User) -> None:
    """A message that has not arrived is sent as if it were new; its receiver is no longer left alone."""
    _hold(delivery.webhook, by)
    again = Delivery.objects.filter(pk=delivery.pk, delivered_at__isnull=True)
    now = clock.now()
    if not again.update(asked_at=now, next_at=now, attempts=0, gave_up_at=None, leased_until=None):
        raise Conflict(_("This message has arrived."))
    delivery.webhook.deliveries.resting().update(next_at=now)
    delivery.refresh_from_db()
    webhook = delivery.webhook
    detail = {"message": str(delivery.message_id)}
    audit.record(action="webhook.try_again", by=by, site=webhook.site, obj=webhook, detail=detail)


def _hold(webhook: Webhook, by: User) -> None:
    permissions.require(by, Capability.MANAGE_WEBHOOKS, webhook.site)
    webhook.refresh_from_db(from_queryset=Webhook.objects.select_for_update())
    if not webhook.is_active:
        raise Conflict(_("This webhook has been stopped."))


def _check(webhook: Webhook) -> None:
    """Refuse at once what would never be sent; a name is looked up when it is, each time."""
    webhook.check_columns()
    if posting.is_forbidden(webhook.url):
        raise ValidationError({"url": _("This address is not a public one.")})
