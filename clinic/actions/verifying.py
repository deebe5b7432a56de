"""Find out whether the trails, and the rows that they tell of, are as they were written."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Exists, OuterRef

from clinic.actions.erasing import ERASED
from clinic.guard import guarded
from clinic.models import AuditEvent, AuditHead, Checkpoint, Patient, PatientKey, ReplayCase, Site
from clinic.models.audit import START
from clinic.models.rows import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.db import models

_AT_ONCE = 500
# Written by the thousand as figures, not as records of care; the trail and the checkpoints stand for themselves.
_NOT_TOLD_OF = (AuditEvent, Checkpoint, ReplayCase)


def first_broken(site: Site | None) -> int | None:
    """The number of the first entry of a trail that is not as it was written, or whose rows are not; None if all are.

    A trail cut short is told by its head; one that was written anew as a whole only by a receipt or
    a checkpoint that was kept elsewhere.
    """
    seq, prev, read = 0, START, -1
    trail = AuditEvent.objects.filter(site=site).order_by("seq")
    while some := list(trail.filter(seq__gt=read)[:_AT_ONCE]):
        whole = list(_chained(some, seq, prev))
        if (broken := _first_with_other_rows(whole)) is not None:
            return broken
        if len(whole) < len(some):
            return seq + len(whole) + 1
        seq, prev, read = whole[-1].seq, whole[-1].hash, whole[-1].seq
    end = AuditHead.objects.filter(site=site).values_list("seq", "hash").first() or (0, START)
    if end[0] > seq:  # the clinic may have gone on meanwhile: then the entry is there too
        later = trail.filter(seq=seq + 1).first()
        return None if later and list(_chained([later], seq, prev)) else seq + 1
    return None if end == (seq, prev) else seq + 1


def _chained(entries: Iterable[AuditEvent], seq: int, prev: str) -> Iterator[AuditEvent]:
    """The entries up to the first that does not follow from the one before it."""
    for event in entries:
        seq += 1
        if (event.seq, event.prev, event.hash) != (seq, prev, event.compute_hash()):
            return
        yield event
        prev = event.hash


def _first_with_other_rows(entries: Sequence[AuditEvent]) -> int | None:
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for name, pk, _ in chain.from_iterable(event.rows for event in entries):
        wanted[name].add(pk)
    stored = {
        (name, str(pk)): row
        for name, pks in wanted.items()
        for pk, row in _model(name)._base_manager.in_bulk(pks).items()
    }
    for event in entries:
        for name, pk, told in event.rows:
            row = stored.get((name, pk))
            if row is None or digest(row, event.hash_version) != told:
                return event.seq
    return None


def _model(name: str) -> type[models.Model]:
    return apps.get_model("clinic", name)


def untold() -> Iterator[str]:
    """Each table with rows that no entry of any trail tells of: they were put in past the trail."""
    told: Counter[str] = Counter()
    for rows in AuditEvent.objects.order_by().values_list("rows", flat=True).iterator():
        told.update(name for name, _pk, _digest in rows)
    for table in guarded.kept():
        model = guarded.model_of(table)
        number = model._base_manager.count() - told[model._meta.model_name or ""]
        if model not in _NOT_TOLD_OF and number:
            yield (
                f"{table}: {number} rows more than the trails tell of"
                if number > 0
                else f"{table}: {-number} rows are gone"
            )


def without_key() -> Iterator[str]:
    """How many patients cannot be read any more although no entry tells that they were erased."""
    erased = AuditEvent.objects.filter(action=ERASED, subject=OuterRef("pk"))
    number = Patient.objects.filter(~Exists(erased), kept_key=None).count()
    if number:
        yield f"{PatientKey._meta.db_table}: the keys of {number} patients are gone, and no entry tells of an erasure"


def differs_from_history() -> Iterator[str]:
    """Each table with a row that is not as its newest history says."""
    for each in guarded.edited():
        model, history = guarded.model_of(each.table), guarded.model_of(each.history)
        newest = {}
        for row in history._base_manager.order_by("history_id").values("id", *each.columns).iterator():
            newest[row["id"]] = row
        for row in model._base_manager.values("id", *each.columns).iterator():
            if newest.pop(row["id"], None) != row:
                yield f"{each.table}: {row['id']} is not as its newest history says"
        yield from (f"{each.table}: {pk} is gone, its history is not" for pk in newest)
