"""Stored assessments are evaluated again under their own protocol and engine, and every difference is told."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models

from clinic import guard
from clinic.actions import intakes, reassessing
from clinic.models import Assessment, AuditEvent, Intake, Site, User
from clinic.permissions import Role
from clinic.shares import on_all_cores, shares
from tests import factories

pytestmark = pytest.mark.django_db
LONG = {"value": "yes", "source": "patient", "at": "2026-11-01T09:00:00+00:00"}


def run(*options: str) -> str:
    out = io.StringIO()
    call_command("reassess", "--all", "--processes", "1", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def assessed(here: Site, clinician: User) -> Assessment:
    """With a date, studies, what two sources said otherwise, and answers to what does not apply."""
    studies = [{"modality": "mri", "region": "lumbar", "status": "reported", "performed_on": "2026-10-01"}]
    intake = factories.open_intake(here)
    for answers in ({"onset_date": "2026-09-01", "imaging": studies}, {"fever": LONG}, {"fever": "no"}):
        intakes.answer(intake=intake, answers=answers, by=clinician)
    rest = {name: answer for name, answer in factories.answers().items() if name not in intake.answers}
    return intakes.answer(intake=intake, answers=rest, by=clinician)


def tampered(assessment: Assessment, **values: Any) -> None:
    """As only somebody at the database could."""
    with guard.lowered():
        models.QuerySet(Assessment).filter(pk=assessment.pk).update(**values)


def test_every_assessment_comes_out_as_it_is_stored(assessed: Assessment) -> None:
    assert run("--check").splitlines()[-1] == "5 of 5 assessments come out as they are stored."
    assert assessed.outcome["conflicts"]


def test_nothing_is_stored(assessed: Assessment) -> None:
    def rows() -> list[int]:
        return [model.objects.count() for model in (Intake, Assessment, AuditEvent)]

    before = rows()
    run()
    assert rows() == before


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"outcome": {"disposition": "refer"}}, "another outcome than was stored: actions, advice, because"),
        ({"answers": {"fever": "yes"}}, "another outcome than was stored:"),
        ({"answers": {"fever": "perhaps"}}, "cannot be evaluated: fever is not an answer"),
        ({"protocol_digest": "0" * 64}, "the text that it was made by is no longer that of back-pain/1.0.0"),
        ({"urgency": "now"}, 'the column urgency says "now", the outcome "24h"'),
        ({"exclusion": "X3"}, 'the column exclusion says "X3"'),
    ],
    ids=["outcome", "answers", "unfit answers", "protocol", "column", "exclusion"],
)
def test_an_assessment_that_comes_out_otherwise_is_named(assessed: Assessment, values: dict, told: str) -> None:
    tampered(assessed, **values)
    with pytest.raises(CommandError, match="Not every assessment"):
        run("--check")
    said = run().splitlines()
    assert said[0].startswith(f"assessment {assessed.pk}: ")
    assert told in said[0]
    assert said[1:] == ["4 of 5 assessments come out as they are stored."]


def test_what_an_earlier_engine_made_counts_where_this_one_makes_the_same(assessed: Assessment) -> None:
    tampered(assessed, engine_version="1.2.0", outcome={**assessed.outcome, "engine": "1.2.0"})
    assert run("--check").splitlines() == ["5 of 5 assessments come out as they are stored."]


def test_what_an_earlier_engine_made_otherwise_is_named_and_fails_the_check(assessed: Assessment) -> None:
    other = {**assessed.outcome, "engine": "1.0.0", "review_days": 3}
    tampered(assessed, engine_version="1.0.0", outcome=other)
    assert run().splitlines() == [
        f"assessment {assessed.pk}, of engine 1.0.0: another outcome than was stored: review_days",
        "4 of 5 assessments come out as they are stored.",
    ]
    with pytest.raises(CommandError, match="Not every assessment"):
        run("--check")


def test_an_assessment_that_names_two_engines_is_named(assessed: Assessment) -> None:
    tampered(assessed, engine_version="1.2.0")
    assert 'the column engine_version says "1.2.0"' in run()


def test_without_any_assessment_all_is_well() -> None:
    assert run("--check") == "0 of 0 assessments come out as they are stored.\n"


@pytest.mark.parametrize("options", [[], ["--all", "--processes", "0"], ["--all", "--processes", "two"]])
def test_bad_arguments_are_refused(options: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("reassess", *options)


def test_a_table_is_shared_out_without_a_gap(assessed: Assessment) -> None:
    ids = list(Assessment.objects.order_by("pk").values_list("pk", flat=True))
    for size in (1, 2, 5, 9):
        listed = list(shares(Assessment.objects.all(), size=size))
        found = [Assessment.objects.filter(pk__gt=each.after, pk__lte=each.until).count() for each in listed]
        assert sum(found) == len(ids)
        assert set(found[:-1]) <= {size}
        assert listed[-1].until == ids[-1]
    assert list(shares(Assessment.objects.all(), size=2, after=ids[-1])) == []


@pytest.mark.django_db(transaction=True)
def test_several_processes_find_what_one_finds() -> None:
    here = factories.site()
    clinician = factories.user(Role.CLINICIAN, here)
    for _ in range(2):
        tampered(factories.assessment(here, clinician), urgency="now")
    listed = list(shares(Assessment.objects.all(), size=1))
    connection.close()
    alone, together = (list(on_all_cores(reassessing.reassess, listed, processes=number)) for number in (1, 2))
    assert alone == together
    assert sum(len(each.faults) for each in together) == 2
