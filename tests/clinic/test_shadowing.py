"""A release in the making is tried beside the live one: its disagreements are listed, and nobody is disturbed by it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import transaction

from clinic.actions import judging, replaying, shadowing
from clinic.actions import protocols as releases
from clinic.actions.errors import Conflict
from clinic.models import Assessment, AuditEvent, Intake, ProtocolRelease, Replay, ReplayCase, Site, User
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic import small_protocol as small
from tests.clinic.test_replaying import BURDENED, LATER, taken_in
from triage.reading import read_protocol

Committed = Callable[[], AbstractContextManager[Any]]


@pytest.fixture(autouse=True)
def proofs_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[Any]]) -> Committed:
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def approver(here: Site) -> User:
    return factories.user(Role.APPROVER, here)


@pytest.fixture
def draft(here: Site) -> ProtocolRelease:
    factories.publish(small.SMALL)
    return small.draft(LATER)


@pytest.fixture
def shadow(draft: ProtocolRelease, here: Site, approver: User) -> Replay:
    return shadowing.start(release=draft, site=here, by=approver)


def test_where_it_disagrees_is_listed(shadow: Replay, here: Site, committed: Committed) -> None:
    with committed():
        agreed, burdened = taken_in(here), taken_in(here, **BURDENED)
    case = ReplayCase.objects.get()
    assert (case.replay, case.assessment.intake, case.site) == (shadow, burdened, here)
    assert (case.old_disposition, case.new_disposition) == ("refer", "self_manage")
    assert (case.old["rule"], case.new["rule"]) == ("both", "steady")
    shadow.refresh_from_db()
    assert (shadow.done, shadow.differing) == (4, 1)
    assert shadow.totals["table"] == {
        "incomplete": {"incomplete": 2},
        "self_manage": {"self_manage": 1},
        "refer": {"self_manage": 1},
    }
    assert agreed.assessments.count() == 2


def test_it_shadows_only_at_its_site(shadow: Replay, elsewhere: Site, committed: Committed) -> None:
    with committed():
        taken_in(elsewhere, **BURDENED)
    shadow.refresh_from_db()
    assert shadow.done == 0


def test_it_shadows_only_its_own_protocol(here: Site, approver: User, committed: Committed) -> None:
    factories.publish(small.SMALL)
    other = small.draft(small.version("0.2.0", ('id = "small"', 'id = "other"')))
    shadow = shadowing.start(release=other, site=here, by=approver)
    with committed():
        taken_in(here, **BURDENED)
    shadow.refresh_from_db()
    assert shadow.done == 0


def test_a_text_that_was_changed_says_nothing(
    shadow: Replay, draft: ProtocolRelease, here: Site, committed: Committed
) -> None:
    releases.edit(release=draft, source=LATER + b"# another text\n", by=draft.authored_by)
    with committed():
        taken_in(here, **BURDENED)
    shadow.refresh_from_db()
    assert shadow.done == 0


def test_what_is_not_stored_has_no_shadow(shadow: Replay, here: Site, committed: Committed) -> None:
    with committed(), transaction.atomic():
        taken_in(here, **BURDENED)
        transaction.set_rollback(True)
    shadow.refresh_from_db()
    assert shadow.done == 0


def test_once_stopped_it_says_nothing_and_keeps_what_it_found(
    shadow: Replay, here: Site, approver: User, committed: Committed
) -> None:
    with committed():
        taken_in(here, **BURDENED)
    shadowing.stop(shadow=shadow, by=approver)
    with committed():
        taken_in(here, **BURDENED)
    shadow.refresh_from_db()
    assert (shadow.done, shadow.cases.count()) == (2, 1)
    assert shadow.finished_at is not None
    with pytest.raises(Conflict, match="stopped already"):
        shadowing.stop(shadow=shadow, by=approver)


def test_a_failure_is_kept_as_what_it_said(
    shadow: Replay, here: Site, committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(judging, "evaluate", fail)
    with committed():
        intake = taken_in(here)
    assert intake.assessments.newest().get().disposition == "self_manage"
    case = ReplayCase.objects.get(old_disposition="self_manage")
    assert (case.new_disposition, case.new["error"]) == ("failed", "RecursionError: too deep")
    shadow.refresh_from_db()
    assert shadow.totals["table"]["self_manage"] == {"failed": 1}


@pytest.mark.django_db(transaction=True)
def test_even_a_shadow_that_cannot_be_counted_disturbs_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here = factories.site()
    factories.publish(small.SMALL)
    approver = factories.user(Role.APPROVER, here)
    shadow = shadowing.start(release=small.draft(LATER), site=here, by=approver)
    counted = taken_in(here, **BURDENED)
    monkeypatch.setattr(shadowing, "hold", lambda shadow: 1 / 0)
    intake = taken_in(here, **BURDENED)
    assert [each.assessments.newest().get().disposition for each in (counted, intake)] == ["refer", "refer"]
    shadow.refresh_from_db()
    assert (shadow.done, ReplayCase.objects.get().assessment.intake) == (2, counted)
    assert "division by zero" in caplog.text


def test_answers_that_the_shadow_does_not_take_count_as_not_asked(
    here: Site, approver: User, committed: Committed
) -> None:
    factories.publish(small.SMALL)
    narrower = small.version("0.3.0", ("max = 3650\n", "max = 45\n"), ("max = 365\n", "max = 45\n"))
    shadowing.start(release=small.draft(narrower), site=here, by=approver)
    with committed():
        taken_in(here, **BURDENED)
    assert ReplayCase.objects.get().new_disposition == "incomplete"


def test_who_starts_and_stops_it_is_in_the_trail(shadow: Replay, here: Site, approver: User) -> None:
    shadowing.stop(shadow=shadow, by=approver)
    trail = AuditEvent.objects.filter(site=here, object_id=shadow.pk).order_by("seq")
    assert list(trail.values_list("action", "actor")) == [
        ("protocol.shadow", approver.pk),
        ("protocol.unshadow", approver.pk),
    ]


def test_one_release_at_a_time_shadows_at_a_site(
    shadow: Replay, here: Site, approver: User, draft: ProtocolRelease
) -> None:
    other = small.draft(small.version("0.4.0"))
    with pytest.raises(Conflict, match="stop that one first"):
        shadowing.start(release=other, site=here, by=approver)
    shadowing.stop(shadow=shadow, by=approver)
    shadowing.start(release=other, site=here, by=approver)
    assert Replay.objects.shadows().running().get().release == other


def test_a_published_release_shadows_nothing(here: Site, approver: User) -> None:
    release = factories.publish(small.SMALL)
    with pytest.raises(Conflict, match="Published"):
        shadowing.start(release=release, site=here, by=approver)
    assert not Replay.objects.exists()


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.CLINICIAN, Role.ADMIN])
def test_who_may_not_choose_for_the_site_starts_and_stops_none(shadow: Replay, here: Site, role: Role) -> None:
    with pytest.raises(NotAllowed):
        shadowing.stop(shadow=shadow, by=factories.user(role, here))
    with pytest.raises(NotAllowed):
        shadowing.start(release=small.draft(small.version("0.4.0")), site=here, by=factories.user(role, here))


def test_an_approver_of_another_site_starts_none_here(here: Site, elsewhere: Site, draft: ProtocolRelease) -> None:
    with pytest.raises(NotAllowed):
        shadowing.start(release=draft, site=here, by=factories.user(Role.APPROVER, elsewhere))


def test_a_replay_of_the_past_is_no_shadow(here: Site, approver: User, draft: ProtocolRelease) -> None:
    author = factories.user(Role.AUTHOR, here)
    replay = replaying.begin(protocol=read_protocol(LATER), release=draft, by=author)
    with pytest.raises(Conflict, match="no shadow"):
        shadowing.stop(shadow=replay, by=approver)


def test_a_shadow_is_never_taken_for_a_replay_to_go_on_with(shadow: Replay, here: Site) -> None:
    author = factories.user(Role.AUTHOR, here)
    assert replaying.begin(protocol=read_protocol(LATER), release=shadow.release, by=author) != shadow


def test_the_intake_that_was_compared_is_not_changed(shadow: Replay, here: Site, committed: Committed) -> None:
    with committed():
        intake = taken_in(here, **BURDENED)
        before = (Intake.history.count(), Assessment.objects.count(), AuditEvent.objects.count())
        stored = Intake.objects.filter(pk=intake.pk).values().get()
    assert (Intake.history.count(), Assessment.objects.count(), AuditEvent.objects.count()) == before
    assert Intake.objects.filter(pk=intake.pk).values().get() == stored
