"""Append to the chained trail, and find out whether it is intact."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from django.db import transaction

from clinic import clock
from clinic.actions import origin
from clinic.models import AuditEvent, AuditHead, Site, User
from clinic.models.audit import START

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clinic.models.base import Record
    from clinic.models.people import Patient

Detail: TypeAlias = "Mapping[str, str | int | Sequence[str]]"


@transaction.atomic(savepoint=False)
def record(
    *,
    action: str,
    by: User,
    site: Site | None,
    obj: Record,
    subject: Patient | None = None,
    detail: Detail | None = None,
) -> AuditEvent:
    """Append one entry to the trail of the site; `detail` holds identifiers, never clinical content.

    Called last in an action: the end of the chain stays locked until the transaction ends.
    """
    head, _ = AuditHead.objects.select_for_update().get_or_create(site=site)
    event = AuditEvent(
        site=site,
        seq=head.seq + 1,
        at=clock.now(),
        actor=by,
        actor_label=f"{by.display_name} ({by.username})",
        role=_role(by, site),
        door=origin.current().door,
        request_id=origin.current().request_id,
        action=action,
        object_type=obj._meta.model_name or "",
        object_id=obj.pk,
        subject=subject.pk if subject else None,
        detail=dict(detail or {}),
        prev=head.hash,
    )
    event.hash = event.compute_hash()
    event.save()
    head.seq, head.hash = event.seq, event.hash
    head.save(update_fields=("seq", "hash"))
    return event


def _role(by: User, site: Site | None) -> str:
    """What the person was there at the time, in words that outlive the membership."""
    held = by.roles.get(site.pk, frozenset()) if site else frozenset(chain(*by.roles.values()))
    return ",".join(sorted(held))


def verify(*, site: Site | None) -> int | None:
    """The number of the first entry of a trail that is not as it was written; None if all are.

    A trail cut short is told by its head; one rewritten whole only by a copy kept elsewhere.
    """
    seq, prev = 0, START
    for event in AuditEvent.objects.filter(site=site).order_by("seq").iterator():
        seq += 1
        if (event.seq, event.prev, event.hash) != (seq, prev, event.compute_hash()):
            return seq
        prev = event.hash
    head = AuditHead.objects.filter(site=site).values_list("seq", "hash").first()
    return None if (head or (0, START)) == (seq, prev) else seq + 1
