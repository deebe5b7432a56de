"""Whatever is changed past the guard is found, and the first entry that it falsifies is named."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test import override_settings
from django.utils import timezone

from clinic import clock, guard
from clinic.actions import checkpoints, patients, verifying
from clinic.management import anchors
from clinic.models import AuditEvent, AuditHead, Checkpoint, Intake, Patient, Site, User
from clinic.models.audit import START
from clinic.models.base import uuid7
from tests import factories

PLACES = int(os.environ.get("YELLOWFLAG_PLACES", "3"))  # `make soak` tries a hundred of each


@pytest.fixture
def trail(here: Site, clinician: User) -> list[AuditEvent]:
    """A site at work: three patients assessed, one of them corrected."""
    for number in range(3):
        assessment = factories.assessment(here, clinician)
        patients.correct(patient=assessment.intake.patient, changes={"phone": f"01632 96000{number}"}, by=clinician)
    return list(AuditEvent.objects.filter(site=here).order_by("seq"))


def plain(model: type[models.Model], **wanted: Any) -> "models.QuerySet[Any]":
    """Rows without our own refusals."""
    return models.QuerySet(model).filter(**wanted)


def edited(**values: Any) -> Callable[[AuditEvent], int]:
    def edit(event: AuditEvent) -> int:
        plain(AuditEvent, pk=event.pk).update(**values)
        return event.seq

    return edit


def removed(event: AuditEvent) -> int:
    plain(AuditEvent, pk=event.pk)._raw_delete(connection.alias)
    return event.seq


def swapped(event: AuditEvent) -> int:
    """Two neighbours change places; the last one has none and changes with the one before."""
    first = AuditEvent.objects.filter(site=event.site, seq__gte=event.seq).order_by("seq")[:2]
    one, other = first if len(first) == 2 else reversed(AuditEvent.objects.filter(site=event.site).order_by("-seq")[:2])
    plain(AuditEvent, pk=one.pk).update(seq=10**6)
    plain(AuditEvent, pk=other.pk).update(seq=one.seq)
    plain(AuditEvent, pk=one.pk).update(seq=other.seq)
    return one.seq


def doubled(event: AuditEvent) -> int:
    later = AuditEvent.objects.filter(site=event.site, seq__gt=event.seq).order_by("-seq")
    for each in later:
        plain(AuditEvent, pk=each.pk).update(seq=each.seq + 1)
    seq = event.seq + 1
    event.pk, event.seq, event._state.adding = uuid7(), seq, True
    event.save()
    return seq


def telling_of(event: AuditEvent, kind: str) -> AuditEvent:
    """The entry, or the nearest to it, that tells of a row of the kind."""
    telling = [
        each for each in AuditEvent.objects.filter(site=event.site) if any(row[0].startswith(kind) for row in each.rows)
    ]
    return min(telling, key=lambda each: abs(each.seq - event.seq))


def rows_of(event: AuditEvent, *, history: bool) -> "models.QuerySet[Any]":
    """The row of history, or the record, that an entry tells of."""
    found = [plain(verifying._model(name), pk=pk) for name, pk, _ in event.rows]
    return next(each for each in found if hasattr(each.model, "history_id") is history)


def history_changed(event: AuditEvent) -> int:
    told = telling_of(event, "historical")
    rows_of(told, history=True).update(history_change_reason="because")
    return told.seq


def history_removed(event: AuditEvent) -> int:
    told = telling_of(event, "historical")
    rows_of(told, history=True)._raw_delete(connection.alias)
    return told.seq


def assessment_changed(event: AuditEvent) -> int:
    told = telling_of(event, "assessment")
    rows_of(told, history=False).update(outcome={"disposition": "self_manage"})
    return told.seq


KINDS: dict[str, Callable[[AuditEvent], int]] = {
    "action": edited(action="nothing.happened"),
    "actor's name": edited(actor_label="Somebody Else"),
    "role": edited(role="auditor"),
    "time": edited(at="2020-01-01T00:00:00Z"),
    "subject": edited(subject=uuid7()),
    "object": edited(object_id=uuid7()),
    "detail": edited(detail={"fields": ["other"]}),
    "door": edited(door="api"),
    "rows": edited(rows=[["patient", str(uuid7()), START]]),
    "hash": edited(hash="f" * 64),
    "what was before": edited(prev="f" * 64),
    "removed": removed,
    "swapped": swapped,
    "doubled": doubled,
    "history changed": history_changed,
    "history removed": history_removed,
    "an assessment changed": assessment_changed,
}


@contextmanager
def undone() -> Iterator[None]:
    """Past the guard, and as if it had never been."""
    with transaction.atomic():
        guard.lower_guard()
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_touched_is_found_with_its_first_entry(here: Site, trail: list[AuditEvent], kind: str) -> None:
    chance = random.Random(kind)  # noqa: S311 -- the same places every time
    for event in chance.choices(trail, k=PLACES):
        with undone():
            assert verifying.first_broken(here) is None
            seq = KINDS[kind](AuditEvent.objects.get(pk=event.pk))
            assert verifying.first_broken(here) == seq


def verify(*receipts: str) -> None:
    call_command("verify_audit", *(f"--receipt={each}" for each in receipts))


def test_an_honest_trail_is_borne_out_by_its_receipts_and_checkpoints(
    here: Site, trail: list[AuditEvent], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("checkpoint")
    patients.correct(patient=Patient.objects.all()[0], changes={"phone": "1"}, by=trail[-1].actor)
    checkpoints.sign()
    verify(*(each.receipt for each in trail))
    shown = capsys.readouterr().out
    assert f"{AuditEvent.objects.count()} entries are as they were written" in shown
    assert str(anchors.newest()[-1]) in shown


def cut_short(site: Site) -> None:
    last = AuditEvent.objects.filter(site=site).order_by("-seq")[0]
    plain(AuditEvent, pk=last.pk)._raw_delete(connection.alias)
    plain(AuditHead, site=site).update(seq=last.seq - 1, hash=last.prev)


def written_anew(site: Site) -> None:
    """Every hash made again, as only somebody with the code and the database can."""
    prev = START
    for event in AuditEvent.objects.filter(site=site).order_by("seq"):
        event.actor_label, event.prev = "Somebody Else", prev
        prev = event.hash = event.compute_hash()
        plain(AuditEvent, pk=event.pk).update(actor_label=event.actor_label, prev=event.prev, hash=event.hash)
    plain(AuditHead, site=site).update(hash=prev)


@pytest.mark.parametrize("forge", [cut_short, written_anew])
@pytest.mark.parametrize("witness", ["receipt", "checkpoint"])
def test_a_past_that_was_rewritten_whole_is_found_by_what_was_kept_elsewhere(
    here: Site, trail: list[AuditEvent], forge: Callable[[Site], None], witness: str
) -> None:
    receipts = [trail[-1].receipt] if witness == "receipt" else []
    with undone():
        if witness == "checkpoint":
            checkpoints.sign()
        forge(here)
        assert verifying.first_broken(here) is None
        with pytest.raises(CommandError, match="not as they were written"):
            verify(*receipts)


def another_key(checkpoint: Checkpoint) -> None:
    with override_settings(AUDIT_KEY=b"k" * 32):
        checkpoints.sign()


def forged_text(checkpoint: Checkpoint) -> None:
    plain(Checkpoint, pk=checkpoint.pk).update(text=checkpoint.text.replace("system", "sistem"))


def first_removed(checkpoint: Checkpoint) -> None:
    plain(Checkpoint, pk=checkpoint.pk)._raw_delete(connection.alias)


@pytest.mark.parametrize("forge", [another_key, forged_text, first_removed])
def test_a_checkpoint_that_is_not_ours_or_not_in_its_place_is_found(
    trail: list[AuditEvent], forge: Callable[[Checkpoint], None]
) -> None:
    with undone():
        first = checkpoints.sign()
        checkpoints.sign()
        assert not list(checkpoints.faults())
        forge(first)
        assert list(checkpoints.faults())


def test_a_row_that_was_put_in_past_the_trail_is_counted(here: Site, trail: list[AuditEvent]) -> None:
    with undone():
        assert not list(verifying.untold())
        history = Intake.objects.all()[0].history.earliest("history_id")
        history.pk = None
        models.Model.save(history, force_insert=True)
        assert list(verifying.untold()) == ["clinic_historicalintake: 1 rows more than the trails tell of"]


def test_a_row_that_is_not_as_its_history_says_is_named(here: Site, trail: list[AuditEvent]) -> None:
    with undone():
        assert not list(verifying.differs_from_history())
        patient = Patient.objects.all()[0]
        plain(Patient, pk=patient.pk).update(sex="other")
        assert list(verifying.differs_from_history()) == [
            f"clinic_patient: {patient.pk} is not as its newest history says"
        ]


@pytest.mark.parametrize("witness", ["", "practice:one:0123456789abcdef", "practice:1", "practice:1:01"])
def test_what_is_no_receipt_is_refused(db: None, witness: str) -> None:
    with pytest.raises(CommandError, match="is no anchor"):
        verify(witness)


def test_a_clock_set_back_is_told_and_changes_no_order(
    here: Site, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.patient(here, by=clerk)
    monkeypatch.setattr(clock, "now", lambda: timezone.now() - timedelta(days=1))
    factories.patient(here, by=clerk)
    entries = list(AuditEvent.objects.filter(site=here).order_by("seq"))
    assert [each.detail.get("clock") for each in entries[-2:]] == [None, "set back"]
    assert verifying.first_broken(here) is None
