"""Keep everything that lies under the ring under its newest key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from clinic import sealing
from clinic.actions import audit, people
from clinic.models.sealed import UnderRing

if TYPE_CHECKING:
    from django.db.models import QuerySet

_AT_ONCE = 2000


def tables() -> list[type[UnderRing]]:
    """The tables of what lies under the ring."""
    return [model for model in apps.get_app_config("clinic").get_models() if issubclass(model, UnderRing)]


def require() -> None:
    """Refuse to serve where something lies under a key that is not in the ring; one query."""
    first, *others = (_under(model, ["", *sealing.ring()]).order_by().values_list("ring_key") for model in tables())
    for (missing,) in first.union(*others)[:1]:
        raise ImproperlyConfigured(f"YELLOWFLAG_PATIENT_KEYS lacks the key {missing}, under which something lies.")


def rotate() -> int:
    """Wrap anew what lies under an older key, some rows at a time; how many there were."""
    system, number = people.system(), 0
    for model in tables():
        while some := _rotate_some(model):
            number += some
    audit.record(action="ring.rotate", by=system, site=None, obj=system, detail={"number": number})
    return number


@transaction.atomic
def _rotate_some(model: type[UnderRing]) -> int:
    """Held until they are stored, so that a key which is destroyed meanwhile does not come back."""
    stored = _stored(model)
    rows = list(_under(model, ["", sealing.newest_of_ring()]).select_for_update()[:_AT_ONCE])
    for row in rows:
        row.put(row.content)
    stored.bulk_create(rows, update_conflicts=True, unique_fields=["pk"], update_fields=["ring_key", "sealed"])
    return len(rows)


def _under(model: type[UnderRing], known: list[str]) -> QuerySet[UnderRing]:
    """The rows that lie under other keys than these."""
    rows: QuerySet[UnderRing] = _stored(model).exclude(ring_key__in=known).order_by("pk")
    return rows


def _stored(model: type[UnderRing]) -> Any:
    return model._base_manager
