"""What another protocol would have said of a share of the stored intakes. Nothing is stored here."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Subquery

from clinic.models import Assessment, Intake
from triage.advice import Advice, advice_of
from triage.engine import evaluate
from triage.facts import check_fitting
from triage.reading import read_protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from django.db.models import QuerySet

    from clinic.shares import Share
    from triage.facts import Facts
    from triage.protocol import Protocol

_AT_ONCE = 200  # whole assessments in memory; each is some tens of kilobytes


class Found(NamedTuple):
    """Somebody who would be advised otherwise; `old` and `new` say what."""

    assessment: UUID
    site: UUID
    old: dict[str, Any]
    new: dict[str, Any]


@dataclass(slots=True)
class Judged:
    """What came of a share of the stored intakes.

    `table` counts them by old and new disposition, `unfit` those with an answer that the protocol
    does not take.
    """

    share: Share
    number: int = 0
    table: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)
    unfit: int = 0


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
        for stored in _stored(share):
            _judge(judged, protocol, stored)
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
    """The newest assessment of each intake.

    A subquery for each row: joined, PostgreSQL would rather read all intakes for every share.
    """
    version = Intake.objects.filter(pk=OuterRef("intake")).values("version")
    return Assessment.objects.filter(pk__gt=share.after, pk__lte=share.until, version=Subquery(version)).order_by("pk")


def _stored(share: Share) -> Iterator[_Stored]:
    rows = _newest(share).values_list("pk", "site_id", "answers", "on", "outcome")
    yield from map(_Stored._make, rows.iterator(chunk_size=_AT_ONCE))


def _judge(judged: Judged, protocol: Protocol, stored: _Stored) -> None:
    facts, unfit = check_fitting(protocol.questions, stored.answers, on=stored.on)
    old, new = told(stored.outcome), _told_by(protocol, facts)
    judged.number += 1
    judged.unfit += bool(unfit)
    judged.table[old.advice.disposition, new.advice.disposition] += 1
    if old.advice != new.advice:
        judged.found.append(Found(stored.pk, stored.site, old.as_document(), new.as_document()))


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
    return _told_by(protocol, facts)


def _told_by(protocol: Protocol, facts: Facts) -> Told:
    evaluation = evaluate(protocol, facts)
    advice = Advice(
        evaluation.disposition.value,
        evaluation.urgency.value,
        tuple(sorted((each.service.value, each.priority.value) for each in evaluation.referrals)),
        tuple(sorted(evaluation.actions)),
    )
    return Told(evaluation.rule.id if evaluation.rule else "incomplete", advice)
