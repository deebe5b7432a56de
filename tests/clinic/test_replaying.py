"""A protocol is tried on every intake there is: what would be otherwise is listed, and no intake is touched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from clinic.actions import intakes, judging, replaying
from clinic.actions import protocols as releases
from clinic.actions.errors import Conflict
from clinic.models import AuditEvent, Intake, ProtocolRelease, Replay, ReplayCase, Site, User
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic import small_protocol as small
from tests.triage.small import CLEAR, ON
from triage.outcome import decide
from triage.reading import read_protocol

CHANGES = ('when = "pain_days > 42"', 'when = "pain_days > 60"')
LATER = small.version("0.2.0", CHANGES)
BURDENED = {"pain_days": 50, "limits": "yes", "mood_1": 1}
STUDY = {"modality": "mri", "region": "lumbar", "status": "reported", "class": "age_related", "age_days": 9}


@pytest.fixture(autouse=True)
def proofs_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)


@pytest.fixture
def author(here: Site) -> User:
    return factories.user(Role.AUTHOR, here)


def taken_in(at: Site, **answers: Any) -> Intake:
    """A patient by the small protocol, everything answered but what is given as None; two assessments."""
    clinician = factories.user(Role.CLINICIAN, at)
    intake = intakes.open(patient=factories.patient(at), by=clinician, protocol="small")
    known = {name: answer for name, answer in {**CLEAR, **answers}.items() if answer is not None and name != "age"}
    intakes.answer(intake=intake, answers=known, by=clinician)
    return intake


@pytest.fixture
def clinic(here: Site, elsewhere: Site) -> list[Intake]:
    """One who would be advised otherwise, and four who would not: one escalated at once, one not yet asked all."""
    factories.publish(small.SMALL)
    return [
        taken_in(here),
        taken_in(here, **BURDENED),
        taken_in(elsewhere, fever="yes", stiff=None),
        taken_in(elsewhere, fever=None),
        taken_in(elsewhere, imaging=[STUDY] * 5),
    ]


def replayed(by: User, source: bytes = LATER, **options: Any) -> Replay:
    return list(running(by, source, **options))[-1]


def running(by: User, source: bytes = LATER, **options: Any) -> Iterator[Replay]:
    protocol = read_protocol(source)
    release = ProtocolRelease.objects.filter(sha256=protocol.digest).first()
    replay = replaying.begin(protocol=protocol, release=release, by=by)
    return replaying.run(replay=replay, source=source, by=by, **{"processes": 1, **options})


def command(*arguments: object) -> str:
    out = io.StringIO()
    call_command("replay_protocol", *map(str, arguments), "--processes", "1", stdout=out)
    return out.getvalue()


def rows() -> dict[str, int]:
    """How many rows there are of everything that is about patients, history included."""
    own = {"replay", "replaycase", "auditevent", "audithead"}
    models = [each for each in apps.get_app_config("clinic").get_models() if each._meta.model_name not in own]
    assert len(models) > 25
    return {str(model._meta.model_name): model._base_manager.count() for model in models}


def test_who_would_be_advised_otherwise_is_listed(clinic: list[Intake], author: User) -> None:
    replay = replayed(author)
    assert replay.totals["table"] == {
        "refer": {"self_manage": 1},
        "self_manage": {"self_manage": 2},
        "urgent_medical": {"urgent_medical": 1},
        "incomplete": {"incomplete": 1},
    }
    assert (replay.done, replay.differing) == (5, 1)
    case = ReplayCase.objects.get()
    assert (case.replay, case.assessment.intake, case.site) == (replay, clinic[1], clinic[1].site)
    assert (case.old_disposition, case.new_disposition) == ("refer", "self_manage")
    assert case.old == {
        "rule": "both",
        "disposition": "refer",
        "urgency": "routine",
        "referrals": [["cbt", "routine"], ["physiotherapy", "routine"]],
        "actions": ["tell_gp"],
    }
    assert case.new["rule"] == "steady"


def test_no_intake_is_touched(clinic: list[Intake], author: User) -> None:
    before = rows()
    stored = list(Intake.objects.order_by("pk").values())
    replayed(author)
    assert rows() == before
    assert list(Intake.objects.order_by("pk").values()) == stored


def test_its_own_protocol_says_of_everybody_what_was_said(clinic: list[Intake], author: User) -> None:
    replay = replayed(author, small.SMALL)
    assert (replay.done, replay.differing, replay.release) == (5, 0, ProtocolRelease.objects.get())
    event = AuditEvent.objects.get(action="protocol.replay")
    assert (event.actor, event.object_id, event.detail["done"]) == (author, replay.pk, 5)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ('priority = "routine" },\n  { service = "physio', 'priority = "soon" },\n  { service = "physio', "referrals"),
        ('actions = ["tell_gp", { action = "book', 'actions = ["ask", { action = "book', "actions"),
    ],
)
def test_the_same_disposition_with_another_referral_or_action_is_another_advice(
    clinic: list[Intake], author: User, old: str, new: str, name: str
) -> None:
    replay = replayed(author, small.version("0.2.0", (old, new)))
    case = ReplayCase.objects.get()
    assert (case.assessment.intake, case.old_disposition, case.new_disposition) == (clinic[1], "refer", "refer")
    assert case.old[name] != case.new[name]
    assert replay.totals["table"]["refer"] == {"refer": 1}


def test_a_replay_that_was_stopped_is_taken_up_where_it_was(clinic: list[Intake], author: User) -> None:
    run = running(author, size=3)
    reached = [next(run).done, next(run).done]
    run.close()
    stopped = Replay.objects.get()
    assert stopped.finished_at is None
    assert 0 < stopped.done == reached[-1] < 5
    again = replayed(author, size=3)
    assert (again.pk, again.done, again.differing) == (stopped.pk, 5, 1)
    assert again.finished_at is not None
    assert ReplayCase.objects.count() == 1
    anew = replayed(author)
    assert anew.pk != again.pk
    assert anew.totals == again.totals


def test_a_share_that_fails_leaves_what_was_kept_before(
    clinic: list[Intake], author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = running(author, size=3)
    next(run)
    kept = Replay.objects.get()
    cases = ReplayCase.objects.count()
    with monkeypatch.context() as broken:
        broken.setattr(replaying, "count", lambda replay, judged: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            list(run)
    now = Replay.objects.get()
    assert (now.cursor, now.done, now.totals) == (kept.cursor, kept.done, kept.totals)
    assert ReplayCase.objects.count() == cases
    assert replayed(author).done == 5


def test_two_people_at_the_same_replay_do_nothing_twice(clinic: list[Intake], author: User) -> None:
    one, other = running(author, size=2), running(author, size=2)
    next(one)
    with pytest.raises(Conflict, match="somebody else"):
        list(other)
    assert list(one)[-1].done == 5
    assert Replay.objects.count() == 1
    assert ReplayCase.objects.count() == 1


def test_two_protocols_are_replayed_side_by_side(clinic: list[Intake], author: User) -> None:
    one, other = running(author, size=2), running(author, small.SMALL, size=3)
    while next(one, None) or next(other, None):
        pass
    assert sorted(Replay.objects.values_list("name", "done", "differing")) == [
        ("small/0.1.0", 5, 0),
        ("small/0.2.0", 5, 1),
    ]


def test_another_engine_begins_anew(clinic: list[Intake], author: User) -> None:
    next(running(author, size=2))
    begun = Replay.objects.get()
    begun.engine_version = "0.9.0"
    begun.save()
    assert replayed(author).done == 5
    assert Replay.objects.count() == 2


def test_a_release_that_is_retired_meanwhile_is_replayed_to_the_end(clinic: list[Intake], author: User) -> None:
    release = ProtocolRelease.objects.get()
    run = running(author, small.SMALL, size=3)
    next(run)
    releases.advance(release=release, verb="retire", by=release.approved_by, reason="A better one is there.")
    replay = list(run)[-1]
    assert (replay.done, replay.differing, replay.release) == (5, 0, release)


def test_an_answer_that_comes_meanwhile_stops_nothing(clinic: list[Intake], author: User) -> None:
    run = running(author, size=1)
    next(run)
    intakes.answer(intake=clinic[3], answers={"fever": "no"}, by=factories.user(Role.CLINICIAN, clinic[3].site))
    replay = list(run)[-1]
    assert replay.done == 4  # the assessment that is new came after those that are replayed
    assert replayed(author).totals["table"]["self_manage"] == {"self_manage": 3}


def test_an_answer_that_is_no_longer_taken_counts_as_not_asked(clinic: list[Intake], author: User) -> None:
    narrower = small.version("0.2.0", ("max = 3650\n", "max = 45\n"), ("max = 365\n", "max = 45\n"))
    replay = replayed(author, narrower)
    assert replay.totals["unfit"] == 1
    assert replay.totals["table"]["refer"] == {"incomplete": 1}
    assert (replay.done, replay.differing) == (5, 1)


def test_only_who_writes_protocols_replays_them(clinic: list[Intake]) -> None:
    for role in (Role.APPROVER, Role.CLINICIAN, Role.ADMIN):
        with pytest.raises(NotAllowed):
            running(factories.user(role, clinic[0].site))
    assert not Replay.objects.exists()


def test_who_may_not_begin_a_replay_does_not_go_on_with_one(clinic: list[Intake], author: User) -> None:
    begun = replaying.begin(protocol=read_protocol(small.SMALL), release=None, by=author)
    approver = factories.user(Role.APPROVER, clinic[0].site)
    with pytest.raises(NotAllowed):
        next(replaying.run(replay=begun, source=small.SMALL, by=approver, processes=1))


def test_the_command_says_what_would_be_otherwise(clinic: list[Intake], author: User, tmp_path: Path) -> None:
    file = tmp_path / "later.toml"
    file.write_bytes(LATER)
    said = command(file, "--by", author.username, "--share", "4")
    assert "The replay of small/0.2.0 begins; there are 5 intakes." in said
    assert "So far: 5 intakes, 1 advised otherwise" in said
    assert "Finished: 5 intakes, 1 advised otherwise" in said
    assert "refer           self_manage             1" in said
    assert (
        f"intake {clinic[1].pk}: refer routine by both (cbt routine, physiotherapy routine) -> "
        "self_manage none by steady; no longer: tell_gp" in said
    )
    replay = Replay.objects.get()
    assert (replay.name, replay.release) == ("small/0.2.0", None)


def test_the_command_goes_on_with_what_was_left(clinic: list[Intake], author: User) -> None:
    draft = releases.draft(source=LATER, by=author)
    next(running(author, size=4))
    said = command("small/0.2.0", "--by", author.username)
    assert "goes on after" in said
    assert Replay.objects.get().release == draft


def test_without_any_intake_there_is_nothing_to_say(here: Site, author: User) -> None:
    factories.publish(small.SMALL)
    one, other = running(author, small.SMALL), running(author, small.SMALL)
    assert [len(list(each)) for each in (one, other)] == [1, 1]
    assert AuditEvent.objects.filter(action="protocol.replay").count() == 1
    assert command("small/0.1.0", "--by", author.username).splitlines() == [
        "The replay of small/0.1.0 begins; there are 0 intakes.",
        "Finished: 0 intakes, 0 advised otherwise",
    ]


@pytest.mark.parametrize(
    ("protocol", "options", "refusal"),
    [
        ("small/9.9.9", [], "There is no release small/9.9.9"),
        ("absent.toml", [], "absent.toml: No such file"),
        ("small/0.1.0", ["--by", "nobody"], "There is no user 'nobody'"),
        ("small/0.1.0", ["--processes", "0"], "not a whole number above 0"),
        ("small/0.1.0", ["--share", "many"], "not a whole number above 0"),
    ],
)
def test_bad_arguments_are_refused(
    clinic: list[Intake], author: User, protocol: str, options: list[str], refusal: str
) -> None:
    with pytest.raises(CommandError, match=refusal):
        call_command("replay_protocol", protocol, "--by", author.username, *options)
    assert not Replay.objects.exists()


def test_every_fault_of_a_file_is_named_and_nothing_is_begun(author: User, tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(
        small.version("0.2.0", ('level = "now"', 'level = "soonish"'), ('cites = ["A1"]', 'cites = ["A9"]'))
    )
    with pytest.raises(CommandError) as refusal:
        command(file, "--by", author.username)
    assert len(str(refusal.value).splitlines()) > 1
    assert not Replay.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_processes_find_what_one_finds() -> None:
    here = factories.site()
    author = factories.user(Role.AUTHOR, here)
    factories.publish(small.SMALL)
    for _ in range(3):
        taken_in(here, **BURDENED)
        taken_in(here)
    connection.close()
    alone, together = replayed(author, size=2), replayed(author, size=2, processes=2)
    assert (together.done, together.differing) == (6, 3)
    assert together.totals == alone.totals
    assert alone.cases.count() == together.cases.count() == 3


@pytest.mark.parametrize(
    "answers", [CLEAR, {**CLEAR, **BURDENED}, {"fever": "yes"}, {}, {**CLEAR, "stiff": "yes", **BURDENED}]
)
def test_what_the_engine_says_is_kept_as_what_is_stored(answers: dict[str, Any]) -> None:
    protocol = read_protocol(small.SMALL)
    assert judging.said(protocol, answers, on=ON) == judging.told(decide(protocol, answers, on=ON))
