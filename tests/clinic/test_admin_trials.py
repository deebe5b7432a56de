"""What a trial of a release shows: counts to everybody here, and who it is only to those who may see their assessments."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from clinic.actions import protocols as releases
from clinic.actions import shadowing
from clinic.models import Intake, ProtocolRelease, Replay, ReplayCase, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic import small_protocol as small
from tests.clinic.sending import unseen
from tests.clinic.test_admin_governance import Pages
from tests.clinic.test_replaying import BURDENED, LATER, replayed, running, taken_in


@pytest.fixture(autouse=True)
def proofs_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)


@pytest.fixture
def author(here: Site) -> User:
    return factories.user(Role.AUTHOR, here)


@pytest.fixture
def approver(here: Site) -> User:
    return factories.user(Role.APPROVER, here)


@pytest.fixture
def intake_here(here: Site) -> Intake:
    factories.publish(small.SMALL)
    taken_in(here)
    return taken_in(here, **BURDENED)


@pytest.fixture
def intake_elsewhere(elsewhere: Site, intake_here: Intake) -> Intake:
    return taken_in(elsewhere, **BURDENED)


@pytest.fixture
def draft(author: User, intake_here: Intake) -> ProtocolRelease:
    return small.draft(LATER, by=author)


def address(replay: Replay) -> str:
    return reverse("admin:protocol_replay", args=[replay.release_id, replay.pk])


def shown(user: User, replay: Replay, query: str = "") -> str:
    return html.unescape(Pages(user).get(address(replay) + query))


def test_an_author_sees_how_many_and_not_who(
    draft: ProtocolRelease, author: User, intake_here: Intake, intake_elsewhere: Intake
) -> None:
    replay = replayed(author)
    page = shown(author, replay)
    assert "2 are of sites whose assessments you may not see." in page
    assert '<th scope="row">Refer</th>' in page
    assert '<span class="tag tone-caution">2 less urgent</span>' in page
    for intake in (intake_here, intake_elsewhere):
        assert str(intake.pk) not in page
        assert intake.patient.family_name not in page
        assert intake.patient.reference not in page


def test_a_clinician_sees_who_it_is_at_their_own_site(
    draft: ProtocolRelease, author: User, clinician: User, intake_here: Intake, intake_elsewhere: Intake
) -> None:
    page = shown(clinician, replayed(author))
    assert reverse("admin:clinic_intake_change", args=[intake_here.pk]) in page
    assert intake_here.patient.family_name in page
    assert str(intake_elsewhere.pk) not in page
    assert "1 is of a site whose assessments you may not see." in page
    for words in (
        "Persistent, limiting and burdened",
        "Nothing else",
        "CBT, routine (within 6 weeks); Physiotherapy, routine (within 6 weeks)",
        "<strong>No longer:</strong> Tell the GP.",
    ):
        assert words in page


def test_what_is_asked_for_besides_is_said(author: User, clinician: User, intake_here: Intake) -> None:
    later = small.version("0.2.0", ('actions = ["tell_gp", { action', 'actions = ["ask", { action'))
    small.draft(later, by=author)
    page = shown(clinician, replayed(author, later))
    assert "<strong>Also:</strong> Ask what is still open." in page
    assert "<strong>No longer:</strong> Tell the GP." in page
    assert '<span class="tag tone-caution">' not in page


def test_the_release_says_how_it_was_tried(draft: ProtocolRelease, author: User) -> None:
    assert "has not been tried on past intakes yet" in Pages(author).read(draft)
    run = running(author, size=1)
    next(run)
    assert "Not finished" in Pages(author).read(draft)
    replay = list(run)[-1]
    page = Pages(author).read(draft)
    assert "Some would be advised otherwise" in page
    assert "2 past intakes, 1 advised otherwise" in page
    assert address(replay) in page
    releases.edit(release=draft, source=LATER + b"# changed\n", by=author)
    assert "has not been tried on past intakes yet" in Pages(author).read(draft)
    assert "The text has been changed since" in shown(author, replay)


def test_its_own_release_advises_nobody_otherwise(author: User, intake_here: Intake) -> None:
    replayed(author, small.SMALL)
    assert "Nobody would be advised otherwise" in Pages(author).read(intake_here.release)


def test_how_far_an_unfinished_replay_has_come_is_said(draft: ProtocolRelease, author: User) -> None:
    run = running(author, size=2)
    replay = next(run)
    page = shown(author, replay)
    assert "Not finished" in page
    assert f"{replay.done} of 2 so far" in page


def test_answers_that_the_release_does_not_take_are_counted(draft: ProtocolRelease, author: User) -> None:
    replay = replayed(author)
    assert "They count as not asked." not in shown(author, replay)
    replay.totals |= {"unfit": 3}
    replay.save()
    assert "They count as not asked." in shown(author, replay)


def test_cases_come_in_pages_of_as_many_queries(
    draft: ProtocolRelease, author: User, clinician: User, intake_here: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clinic.admin.replays.PER_PAGE", 2)
    taken_in(intake_here.site, **BURDENED)
    replay = replayed(author)
    pages = Pages(clinician)
    pages.get(address(replay))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            pages.get(address(replay))
        return len(captured)

    before = queries()
    for _ in range(3):
        taken_in(intake_here.site, **BURDENED)
    replay = replayed(author)
    assert queries() == before
    assert "Page 1 of 3" in shown(clinician, replay)
    assert "Page 3 of 3" in shown(clinician, replay, "?page=3")
    assert "Page 3 of 3" in shown(clinician, replay, "?page=99")
    assert "Page 1 of 3" in shown(clinician, replay, "?page=last of all")


def test_a_replay_of_another_release_is_no_page_of_this_one(
    draft: ProtocolRelease, author: User, intake_here: Intake
) -> None:
    replay = replayed(author)
    for release in (intake_here.release_id, replay.pk):
        answer = Pages(author).client.get(reverse("admin:protocol_replay", args=[release, replay.pk]))
        assert answer.status_code == 404


def test_an_approver_lets_a_draft_shadow_and_stops_it(
    draft: ProtocolRelease, approver: User, clinician: User, here: Site, django_capture_on_commit_callbacks: Any
) -> None:
    pages = Pages(approver)
    assert reverse("admin:protocol_shadow", args=[draft.pk]) in pages.read(draft)
    assert pages.send("shadow", draft, site=str(here.pk)).status_code == 302
    shadow = Replay.objects.get()
    assert (shadow.shadow_at, shadow.by) == (here, approver)
    with django_capture_on_commit_callbacks(execute=True):
        burdened = taken_in(here, **BURDENED)
    assert "2 assessments, 1 advised otherwise" in pages.read(draft)
    assert reverse("admin:clinic_intake_change", args=[burdened.pk]) in shown(clinician, shadow)
    assert "1 is of a site" in shown(approver, shadow)
    assert pages.send("stop", draft, shadow.pk).status_code == 302
    assert "until" in pages.read(draft)
    assert "Stopped" in shown(approver, shadow)
    answer = pages.client.post(reverse("admin:protocol_stop", args=[draft.pk, shadow.pk]), follow=True)
    assert "stopped already" in answer.content.decode()


def test_a_shadow_that_failed_says_why_to_those_who_see_its_cases(
    draft: ProtocolRelease, approver: User, clinician: User, here: Site, intake_here: Intake
) -> None:
    shadow = shadowing.start(release=draft, site=here, by=approver)
    told = {"disposition": "failed", "error": "RecursionError: too deep"}
    newest = intake_here.assessments.newest().get()
    old = {"rule": "both", "disposition": "refer", "referrals": [], "actions": ["tell_gp"]}
    case = ReplayCase(replay=shadow, assessment=newest, site=here, old_disposition="refer", new_disposition="failed")
    case.old, case.new = old, told
    case.save()
    shadow.done, shadow.differing, shadow.totals = 1, 1, {"table": {"refer": {"failed": 1}}}
    shadow.save()
    page = shown(clinician, shadow)
    assert "RecursionError: too deep" in page
    assert "Would be: Failed" in page
    assert "No longer:" not in page


def test_why_it_cannot_shadow_is_said(draft: ProtocolRelease, approver: User, here: Site, elsewhere: Site) -> None:
    pages = Pages(approver)
    pages.send("shadow", draft, site=str(here.pk))
    for site, words in ((here.pk, "stop that one first"), (elsewhere.pk, "Select a valid choice"), ("", "required")):
        answer = pages.send("shadow", draft, site=str(site), **unseen(draft))
        assert answer.status_code == 200
        assert words in answer.content.decode()
    assert Replay.objects.count() == 1


def test_a_shadow_is_the_matter_of_its_site(
    draft: ProtocolRelease, approver: User, author: User, here: Site, elsewhere: Site
) -> None:
    shadow = shadowing.start(release=draft, site=here, by=approver)
    stranger = Pages(factories.user(Role.APPROVER, elsewhere))
    assert here.name not in stranger.read(draft)
    assert stranger.client.get(address(shadow)).status_code == 404
    assert stranger.send("stop", draft, shadow.pk).status_code == 404
    assert Pages(author).send("stop", draft, shadow.pk).status_code == 403
    assert Pages(author).send("shadow", draft, site=str(here.pk)).status_code == 403
    assert Pages(approver).client.get(reverse("admin:protocol_stop", args=[draft.pk, shadow.pk])).status_code == 405
    assert Replay.objects.running().get() == shadow


def test_the_pages_read_in_german(draft: ProtocolRelease, author: User, clinician: User) -> None:
    replay = replayed(author)
    pages = Pages(clinician)
    pages.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    with translation.override("en-gb"):  # a page leaves its language behind in the thread
        page, release = pages.get(address(replay)), pages.read(draft)
    assert "Wer anders beraten würde" in page
    assert "weniger dringend" in page
    assert "Wie sie erprobt wurde" in release
