"""Put what happened into the outbox, in the transaction of the action that did it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinic.models import Delivery, OutboxMessage, Webhook

if TYPE_CHECKING:
    from clinic.models import MessageKind, Site
    from clinic.models.base import Record


def announce(*, kind: MessageKind, site: Site, obj: Record) -> None:
    """To be told to every webhook of the site that wants the kind; nothing is sent here."""
    rows = Webhook.objects.filter(site=site, is_active=True).order_by().values_list("pk", "events")
    wanted = [pk for pk, events in rows if kind in events]
    if wanted:
        message = OutboxMessage.objects.create(kind=kind, site=site, object_id=obj.pk)
        Delivery.objects.bulk_create([Delivery(message=message, webhook_id=pk) for pk in wanted])
