"""What another protocol would have said of a share of the stored intakes. Nothing is stored here.

Most are judged at once, from packed answers. Whoever would be advised otherwise is looked at again
by the engine, and so is a sample of the rest: what is listed is never the word of arrays alone.
"""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import OuterRef, Subquery

from clinic import protocols
from clinic.models import Assessment, Intake, PackedAnswers, ProtocolRelease
from triage.advice import Advice, advice_of
from triage.cohort_decisions import decide, read_advice
from triage.engine import evaluate
from triage.facts import check_fitting
from triage.packing import Packing, TooMuch, asked_otherwise
from triage.reading import read_protocol
from triage.relevance import relevance

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

    from django.db.models import QuerySet

    from clinic.shares import Share
    from triage.facts import Value
    from triage.protocol import Protocol

Id: TypeAlias = UUID | str  # as the database gives it
_AT_ONCE = 200  # whole assessments in memory; each is some tens of kilobytes
_ONE_IN = 5000  # of those who are advised alike is looked at by the engine too


class Found(NamedTuple):
    """Somebody who would be advised otherwise; `old` and `new` say what."""

    assessment: UUID
    site: UUID
    old: dict[str, Any]
    new: dict[str, Any]


@dataclass(slots=True)
class Judged:
    """What came of a share of the stored intakes.

    `table` counts them by old and new disposition. `unfit` counts those with an answer that the
    protocol does not take, `looked_at` those that the engine was asked about, `contradicted` those
    of whom it said otherwise than the arrays did: there must be none. `packed` holds what was packed
    on the way: the assessment, the digest of its protocol, the record.
    """

    share: Share
    number: int = 0
    table: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)
    unfit: int = 0
    looked_at: int = 0
    contradicted: int = 0
    packed: list[tuple[UUID, str, bytes]] = field(default_factory=list)


class _Stored(NamedTuple):
    """The newest assessment of an intake."""

    pk: UUID
    site: UUID
    answers: dict[str, Any]
    on: date
    outcome: dict[str, Any]


def judge(source: bytes, share: Share) -> Judged:
    """Judge a share by the protocol whose text this is."""
    judged, protocol = Judged(share), _read(source)
    with _nothing_in_circles():
        packed = {pk: (schema, record) for pk, schema, record in _raw(_packed(share))}
        by_release: dict[Id, list[Id]] = {}
        for pk, release in _raw(_newest(share)):
            by_release.setdefault(release, []).append(pk)
        for release, ids in by_release.items():
            own = protocols.get(ProtocolRelease.objects.defer("source").get(pk=release))
            _Judging(judged, protocol, own).judge(ids, packed)
    return judged


@contextmanager
def _nothing_in_circles() -> Iterator[None]:
    """Documents are freed as they are done with; Python looks for circles in them for a third of the time, in vain."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@lru_cache(maxsize=2)
def _read(source: bytes) -> Protocol:
    return read_protocol(source)


def _newest(share: Share) -> QuerySet[Assessment, Any]:
    """The newest assessment of each intake, with its release.

    A subquery for each row: joined, PostgreSQL would rather read all intakes for every share.
    """
    version = Intake.objects.filter(pk=OuterRef("intake")).values("version")
    rows = Assessment.objects.filter(pk__gt=share.after, pk__lte=share.until, version=Subquery(version))
    return rows.order_by("pk").values_list("pk", "release_id")


def _packed(share: Share) -> QuerySet[PackedAnswers, Any]:
    rows = PackedAnswers.objects.filter(pk__gt=share.after, pk__lte=share.until)
    return rows.order_by("pk").values_list("pk", "schema", "packed")


def _raw(rows: QuerySet[Any, Any]) -> Iterator[Any]:
    """Straight from the database: Django would take longer to make objects of ids than it takes to judge."""
    with connection.cursor() as cursor:
        cursor.execute(*rows.query.sql_with_params())
        yield from cursor


def _id(given: Id) -> UUID:
    return given if isinstance(given, UUID) else UUID(given)


def _stored(ids: Collection[UUID]) -> Iterator[_Stored]:
    listed = list(ids)
    for start in range(0, len(listed), _AT_ONCE):
        rows = Assessment.objects.filter(pk__in=listed[start : start + _AT_ONCE]).order_by("pk")
        yield from map(_Stored._make, rows.values_list("pk", "site_id", "answers", "on", "outcome"))


class _Judging:
    """The intakes of a share that were taken by one protocol, judged by another."""

    def __init__(self, judged: Judged, protocol: Protocol, own: Protocol) -> None:
        self._judged, self._protocol, self._own = judged, protocol, own
        self._is_packed_for_it = not asked_otherwise(own, protocol)
        self._reader = own if self._is_packed_for_it else protocol
        self._packing = Packing(self._reader)

    def judge(self, ids: list[Id], packed: Mapping[Id, tuple[str, bytes]]) -> None:
        self._judged.number += len(ids)
        records = dict(self._served(ids, packed))
        closer: dict[UUID, Advice | None] = {}
        for stored in _stored([_id(pk) for pk in ids if pk not in records]):
            record = self._pack(stored)
            if record is None:
                closer[stored.pk] = None
            else:
                records[stored.pk] = record
        if records:
            closer.update(self._judge_at_once(records))
        self._look_closer(closer)

    def _served(self, ids: list[Id], packed: Mapping[Id, tuple[str, bytes]]) -> Iterator[tuple[Id, bytes]]:
        """The answers that are packed in a way that serves here."""
        for pk in ids if self._is_packed_for_it else ():
            schema, record = packed.get(pk, ("", b""))
            if schema == self._own.digest and self._packing.fits(record):
                yield pk, record

    def _pack(self, stored: _Stored) -> bytes | None:
        try:
            record = self._packing.pack(self._values(stored), advice_of(stored.outcome).digest)
        except TooMuch:
            return None
        if self._is_packed_for_it:
            self._judged.packed.append((stored.pk, self._own.digest, record))
        return record

    def _values(self, stored: _Stored) -> Mapping[str, Value]:
        if self._is_packed_for_it:
            values = self._packing.stored_values(stored.answers, on=stored.on)
            if values is not None:
                return values
        facts, unfit = check_fitting(self._reader.questions, stored.answers, on=stored.on)
        self._judged.unfit += bool(unfit)
        return facts.values

    def _judge_at_once(self, records: dict[Id, bytes]) -> Iterator[tuple[UUID, Advice | None]]:
        """Count who is advised alike; tell who has to be looked at closer, with what seems to be advised now."""
        columns = self._packing.columns(list(records.values()))
        decisions = decide(self._protocol, columns)
        rows, which = decisions.distinct()
        advice = [read_advice(self._protocol, row) for row in rows]
        marks = np.array([int.from_bytes(each.digest, "little") for each in advice], np.uint64)
        unclear = decisions.unclear | (relevance(self._protocol) is None)
        closer = unclear | (marks[which] != columns.marks) | (np.arange(len(records)) % _ONE_IN == 0)
        for each, number in zip(advice, np.bincount(which[~closer], minlength=len(advice)), strict=True):
            self._count(each.disposition, each.disposition, int(number))
        ids = list(records)
        for place in np.flatnonzero(closer):
            yield _id(ids[place]), None if unclear[place] else advice[which[place]]

    def _count(self, old: str, new: str, number: int) -> None:
        if number:
            self._judged.table[old, new] += number

    def _look_closer(self, ids: Mapping[UUID, Advice | None]) -> None:
        for stored in _stored(ids):
            old, new = told(stored.outcome), said(self._protocol, stored.answers, on=stored.on)
            self._count(old.advice.disposition, new.advice.disposition, 1)
            self._judged.looked_at += 1
            self._judged.contradicted += ids[stored.pk] not in (None, new.advice)
            if old.advice != new.advice:
                self._judged.found.append(Found(stored.pk, stored.site, old.as_document(), new.as_document()))


class Told(NamedTuple):
    """What is kept of an outcome to be compared by a reader."""

    rule: str
    advice: Advice

    def as_document(self) -> dict[str, Any]:
        return {"rule": self.rule, **self.advice._asdict()}


def told(outcome: Mapping[str, Any]) -> Told:
    """What a stored outcome says."""
    return Told(outcome["because"][-1]["id"], advice_of(outcome))


def said(protocol: Protocol, answers: Mapping[str, object], *, on: date) -> Told:
    """What the engine says by this protocol of answers that may have been given to another."""
    facts, _unfit = check_fitting(protocol.questions, answers, on=on)
    evaluation = evaluate(protocol, facts)
    advice = Advice(
        evaluation.disposition.value,
        evaluation.urgency.value,
        tuple(sorted((each.service.value, each.priority.value) for each in evaluation.referrals)),
        tuple(sorted(evaluation.actions)),
    )
    return Told(evaluation.rule.id if evaluation.rule else "incomplete", advice)
