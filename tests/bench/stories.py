"""How patients fare, told through the actions of the product itself: what the large clinic is copied from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import models, transaction

from clinic import clock
from clinic.actions import decisions, imaging, intakes, referrals, stops
from clinic.models import (
    Assessment,
    AuditEvent,
    Decision,
    Intake,
    Letter,
    Patient,
    Referral,
    ReferralStatus,
    Site,
    StopRecord,
    StudyEvent,
    User,
    WorkItem,
)
from clinic.permissions import Role
from tests import factories

# In the order in which rows refer to each other.
COPIED: tuple[type[models.Model], ...] = (
    *(Patient, Intake, Assessment, Decision, StopRecord, StudyEvent, Referral, ReferralStatus, Letter),
    *(WorkItem, AuditEvent),
)
# Without what belongs to no patient, and without the assessment of an intake that was only opened.
_KEPT: dict[type[models.Model], dict[str, Any]] = {
    AuditEvent: {"subject__isnull": False},
    Assessment: {"version__gt": 1},
}
BEGAN = datetime.combine(date.today() - timedelta(days=60), datetime.min.time(), tzinfo=UTC) + timedelta(hours=8)  # noqa: DTZ011 -- only a day to count from

Rows = dict[type[models.Model], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Who works at a site, in the same order everywhere, so that one can stand for another."""

    site: Site
    clerk: User
    clinicians: tuple[User, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Story:
    """Every row that one patient leaves behind; `days` is how long it takes, `weight` how often it happens."""

    weight: int
    days: int
    rows: Rows

    @property
    def is_waiting(self) -> bool:
        return bool(self.rows[WorkItem])

    @cache  # noqa: B019 -- as many as there are stories
    def moving(self, model: type[models.Model]) -> list[str]:
        """The columns that are not the same in every copy: ids and moments, also those that stand in a detail."""
        return [name for name, value in self.rows[model][0].items() if _moves(model, name, value)]


def _moves(model: type[models.Model], name: str, value: Any) -> bool:
    return isinstance(value, UUID | date) or value is None or (model is AuditEvent and name == "detail")


def staff(site: Site) -> Staff:
    clinicians = tuple(factories.user(Role.CLINICIAN, site) for _ in range(4))
    return Staff(site=site, clerk=factories.user(Role.CLERK, site), clinicians=clinicians)


def stories(team: Staff) -> list[Story]:
    """Each told in a transaction that is taken back: only its rows are kept."""
    return [_told(team, weight, days, tell) for weight, days, tell in _STORIES]


def _told(team: Staff, weight: int, days: int, tell: Callable[[Staff], Any]) -> Story:
    with transaction.atomic():
        with _day(0):
            tell(team)
        rows = {model: list(_plain(model)) for model in COPIED}
        transaction.set_rollback(True)
    return Story(weight=weight, days=days, rows=rows)


def _plain(model: type[models.Model]) -> Iterator[dict[str, Any]]:
    rows = models.QuerySet(model).filter(**_KEPT.get(model, {})).order_by("pk")
    for row in rows:
        yield {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}


@contextmanager
def _day(number: int, hour: int = 1) -> Iterator[None]:
    with clock.at(BEGAN + timedelta(days=number, hours=hour)):
        yield


def _opened(team: Staff) -> Intake:
    return intakes.open(patient=factories.patient(team.site, by=team.clerk), by=team.clerk)


def _answered(team: Staff, baseline: str = "clear_adult", **changed: object) -> Assessment:
    """An intake as the web takes it: the clerk opens it, everything is answered, the clinician completes it."""
    intake = _opened(team)
    answers = factories.answers(baseline, **changed)
    with _day(0, 2):
        intakes.answer(intake=intake, answers=answers, by=team.clinicians[0])
    with _day(0, 3):
        return intakes.complete(intake=intake, by=team.clinicians[0])


def _decided(team: Staff, baseline: str = "clear_adult", **changed: object) -> Assessment:
    assessment = _answered(team, baseline, **changed)
    with _day(1):
        decisions.decide(assessment=assessment, kind="accepted", by=team.clinicians[0])
    return assessment


def _overruled(team: Staff) -> None:
    assessment = _answered(team)
    with _day(2):
        decisions.decide(assessment=assessment, kind="rejected", reason="patient_preference", by=team.clinicians[0])


def _referred(team: Staff, *, until: str) -> None:
    assessment = _decided(team, "distressed_after_treatment")
    for referral in Referral.objects.filter(assessment=assessment):
        for number, (verb, said) in enumerate(_STEPS, start=2):
            with _day(number * 2):
                referrals.advance(referral=referral, verb=verb, by=team.clinicians[0], **said())
            if verb == until:
                break


_STEPS: tuple[tuple[str, Callable[[], dict[str, Any]]], ...] = (
    ("send", lambda: {"destination": "Riverside"}),
    ("receive", dict),
    ("book", lambda: {"appointment": clock.today(None) + timedelta(days=3)}),
    ("see", dict),
    ("close", lambda: {"reason": "Treated, better."}),
)


def _declined(team: Staff) -> None:
    _referred(team, until="send")
    for referral in Referral.objects.all():
        with _day(6):
            referrals.advance(referral=referral, verb="decline", reason="No room.", by=team.clinicians[0])


def _stopped(team: Staff, *, is_recorded: bool, **changed: object) -> None:
    assessment = _answered(team, **changed)
    if is_recorded:
        with _day(0, 4):
            stops.record(assessment=assessment, text="Rang the emergency number.", by=team.clinicians[0])
        with _day(0, 5):
            decisions.decide(assessment=assessment, kind="accepted", by=team.clinicians[0])


def _scanned(team: Staff) -> None:
    assessment = _decided(team)
    study = {"modality": "mri", "region": "lumbar", "status": "requested"}
    with _day(2):
        imaging.record(intake=assessment.intake, study=study, by=team.clinicians[0])


def _begun(team: Staff) -> None:
    intake = _opened(team)
    half = dict(list(factories.answers().items())[:20])
    with _day(0, 2):
        intakes.answer(intake=intake, answers=half, by=team.clinicians[0])


def _given_up(team: Staff) -> None:
    _begun(team)
    with _day(2):
        intakes.cancel(intake=Intake.objects.get(), reason="Did not come back.", by=team.clerk)


# How often of a thousand, how many days it takes, and what happens. One in ten is still waited for.
_STORIES: tuple[tuple[int, int, Callable[[Staff], Any]], ...] = (
    (330, 2, _decided),
    (110, 2, lambda team: _decided(team, "persistent_adult")),
    (60, 1, lambda team: _stopped(team, is_recorded=True, fever="yes")),
    (60, 2, _overruled),
    (240, 14, lambda team: _referred(team, until="close")),
    (60, 3, _given_up),
    (40, 1, lambda team: _stopped(team, is_recorded=True, ces_saddle="yes")),
    (4, 1, lambda team: _stopped(team, is_recorded=False, ces_saddle="yes")),
    (20, 1, _begun),
    (24, 1, _answered),
    (16, 3, _scanned),
    (12, 2, lambda team: _decided(team, "distressed_after_treatment")),
    (10, 6, lambda team: _referred(team, until="send")),
    (8, 10, lambda team: _referred(team, until="book")),
    (6, 8, _declined),
)
