"""Append to the chained trail."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from django.db import transaction

from clinic import clock
from clinic.actions import origin
from clinic.models import AuditEvent, AuditHead, Site, User
from clinic.models.audit import EMERGENCY
from clinic.models.rows import VERSION, untold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import Model

    from clinic.models.base import Record
    from clinic.models.patient import Patient

Detail: TypeAlias = "Mapping[str, str | int | Sequence[str]]"
BTG: Detail = {"purpose": EMERGENCY}


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
    about = {"object_type": obj._meta.model_name or "", "object_id": obj.pk, "subject": subject.pk if subject else None}
    return _append(site, by, action=action, detail=dict(detail or {}), **about)


def record_seen(
    *,
    action: str,
    by: User,
    site: Site | None,
    seen: type[Model],
    pk: UUID,
    subject: UUID | None,
    detail: Detail,
) -> AuditEvent:
    """Append that somebody was shown, or refused, a record or a list; nothing of it is loaded."""
    about = {"object_type": seen._meta.model_name or "", "object_id": pk, "subject": subject}
    return _append(site, by, action=action, detail=dict(detail), **about)


def record_stranger(*, action: str, detail: Detail) -> AuditEvent:
    """Append an action by an unknown user to the trail that belongs to no site."""
    return _append(
        None, None, action=action, detail=dict(detail), object_type="user", object_id=UUID(int=0), subject=None
    )


@transaction.atomic(savepoint=False)
def _append(site: Site | None, by: User | None, *, detail: dict[str, Any], **about: Any) -> AuditEvent:
    head, _ = AuditHead.objects.select_for_update().get_or_create(site=site)
    now = clock.now()
    if head.at and now < head.at:  # the order of the trail is that of its numbers, whatever the clock says
        detail["clock"] = "set back"
    if tokens := origin.current().tokens:  # a program did it, in somebody's name
        detail["by_token"] = tokens[-1]
    event = AuditEvent(
        site=site,
        seq=head.seq + 1,
        at=now,
        actor=by,
        actor_label=f"{by.display_name} ({by.username})" if by else "nobody known",
        role=_role(by, site) if by else "",
        door=origin.current().door,
        request_id=origin.current().request_id,
        detail=detail,
        rows=[each.tell(VERSION) for each in untold()],
        prev=head.hash,
        **about,
    )
    event.hash = event.compute_hash()
    event.save()
    head.seq, head.hash, head.at = event.seq, event.hash, event.at
    head.save(update_fields=("seq", "hash", "at"))
    origin.note_entry(event.action)
    transaction.on_commit(partial(origin.keep_receipt, event.receipt))
    return event


def end_of(site: Site) -> str:
    """Where the trail of a site ends, as it is given out as a witness."""
    return str(AuditHead.objects.select_related("site").get(site=site))


def _role(by: User, site: Site | None) -> str:
    """What the person was there at the time, in words that outlive the membership."""
    held = by.roles.get(site.pk, frozenset()) if site else frozenset(chain(*by.roles.values()))
    return ",".join(sorted(held))
