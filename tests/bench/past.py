"""Fill an empty database with many past intakes, each with its newest assessment, for a replay to go through.

Four hundred random patients are decided about by the engine and copied with other ids. Of eight, one has been asked only
half of what applies, three as the form asks, until nothing open could change the outcome, and four everything.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

from django.core.management import call_command
from django.db import models, transaction

from clinic import protocols
from clinic.actions import counting
from clinic.models import Assessment, Intake, Patient, ProtocolRelease, Site
from clinic.permissions import Role
from tests import factories
from tests.bench.intakes import ON, complete_intakes
from tests.bench.seeding import _hurry, _id, _insert, _take_stock
from triage.engine import ENGINE_VERSION
from triage.facts import NOT_SURE_ANSWER
from triage.imaging import Study
from triage.outcome import decide
from triage.protocol import Protocol
from triage.wire import write_json

PATIENTS = 400
_AT_ONCE = 5000
_ASKED = 20  # questions at a time
_BY = {"source": "staff", "at": "2026-11-23T09:41:07.123456+00:00", "by": "019d3c5e-7a10-7000-8000-0123456789ab"}

Row = dict[str, Any]


def fill(number: int, *, whole: bool) -> None:
    """Migrate and fill; the same number gives the same clinic."""
    _hurry()
    call_command("migrate", verbosity=0)
    release = factories.published_release()
    site = factories.site()
    factories.user(Role.AUTHOR, site, username="bench-author")
    patient = factories.patient(site)
    told = [_columns(each, whole) for each in _patients(protocols.get(release))]
    with transaction.atomic():
        _write(number, told, release, site, patient)
    counting.take_stock()
    _take_stock()


def _patients(protocol: Protocol) -> Iterator[tuple[Row, Row]]:
    """The answers and the outcome of each."""
    chance = random.Random(11)  # noqa: S311 -- the same clinic every time
    for place, facts in enumerate(complete_intakes(protocol, PATIENTS, seed=3)):
        known = {name: _plain(value) for name, value in facts.values.items()}
        answers = [known, _half(known, chance), _asked(protocol, known)][(0, 1, 0, 2, 0, 2, 0, 2)[place % 8]]
        yield answers, decide(protocol, answers, on=ON)


def _plain(value: Any) -> Any:
    """A checked value as it came over the wire."""
    if isinstance(value, tuple):
        return [{**each.words, "age_days": each.age_days} if isinstance(each, Study) else each for each in value]
    return value


def _half(known: Row, chance: random.Random) -> Row:
    return {name: value for name, value in known.items() if chance.random() < 0.5}


def _asked(protocol: Protocol, known: Row) -> Row:
    """Page after page, what could still change the outcome."""
    answers: Row = {}
    while left := [each["question"] for each in decide(protocol, answers, on=ON)["outstanding"]]:
        answers |= {name: known.get(name, NOT_SURE_ANSWER) for name in left[:_ASKED]}
    return answers


def _columns(patient: tuple[Row, Row], whole: bool) -> Row:  # noqa: FBT001
    """What differs from patient to patient, written down once for all their copies."""
    answers, outcome = patient
    entries = {name: {"value": value, **_BY} if whole else {"value": value} for name, value in answers.items()}
    read = ("disposition", "urgency", "referrals", "actions")
    cut = {name: outcome[name] for name in read} | {"because": [{"id": outcome["because"][-1]["id"]}]}
    return {
        "answers": write_json(entries).decode(),
        "outcome": write_json(outcome if whole else cut).decode(),
        **{name: outcome[name] for name in ("disposition", "urgency", "floor", "ceiling")},
        "exclusion": outcome["exclusion"]["level"],
    }


def _write(number: int, told: list[Row], release: ProtocolRelease, site: Site, patient: Patient) -> None:
    chance, began = random.Random(7), datetime(2026, 1, 1, tzinfo=UTC)  # noqa: S311
    by = release.authored_by_id
    shared = {"site_id": site.pk, "release_id": release.pk}
    intake = shared | {
        "patient_id": patient.pk,
        "status": "completed",
        "version": 2,
        "opened_by_id": by,
        "answers": "{}",
    }
    assessment = shared | {"version": 2, "protocol_digest": release.sha256, "engine_version": ENGINE_VERSION, "on": ON}
    places = iter(zip(range(number), cycle(told)))
    while some := list(islice(places, _AT_ONCE)):
        rows: dict[type[models.Model], list[Row]] = {Intake: [], Assessment: []}
        for place, columns in some:
            at = began + timedelta(seconds=place)
            ids = _id(at, 0, chance), _id(at, 1, chance)
            done = {"opened_at": at, "completed_at": at, "completed_by_id": by}
            rows[Intake].append(_EMPTY[Intake] | intake | done | {"id": ids[0]})
            rows[Assessment].append(
                _EMPTY[Assessment] | assessment | columns | {"id": ids[1], "intake_id": ids[0], "at": at, "by_id": by}
            )
        for model, written in rows.items():
            _insert(model, written)


_EMPTY: dict[type[models.Model], Row] = {
    Intake: {"follows_id": None, "cancelled_at": None, "cancelled_by_id": None, "cancel_reason": ""},
    Assessment: {},
}
