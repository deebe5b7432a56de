"""The page of a comparison: what a clinician reads of a new version before it is in the place of the old one."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import translation

from clinic import guard, protocols
from clinic.actions import comparing
from clinic.actions import protocols as releases
from clinic.admin.comparisons import power_of_ten, share
from clinic.models import LoweringWaiver, ProtocolRelease, Replay, ReplayCase, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic import small_protocol as small

pytestmark = pytest.mark.django_db

LESS = ('when = "possible(wish >= 1)"', 'when = "possible(wish >= 2)"')
OTHER_WORDS = ('text = "A fever?"', 'text = "A high fever?"')


@pytest.fixture(autouse=True)
def proofs_that_hold(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.published_release()  # for the patients of these tests, and proved as it is
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)


@pytest.fixture
def author(here: Site) -> User:
    return factories.user(Role.AUTHOR, here)


@pytest.fixture
def approver(here: Site) -> User:
    return factories.user(Role.APPROVER, here)


@pytest.fixture
def release(author: User) -> ProtocolRelease:
    factories.publish(small.SMALL)
    return small.in_review(small.version("0.2.0", LESS, OTHER_WORDS), by=author)


def client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def read(user: User, name: str, *args: object, language: str = "en") -> str:
    answer = client(user).get(reverse(f"admin:{name}", args=args), headers={"accept-language": language})
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_an_author_compares_and_everybody_reads_what_came_of_it(
    release: ProtocolRelease, author: User, clinician: User
) -> None:
    page = read(author, "clinic_protocolrelease_change", release.pk)
    assert "This text has not been compared with small/0.1.0 yet." in page
    assert "Compare them" in page
    assert "Compare them" not in read(clinician, "clinic_protocolrelease_change", release.pk)
    made = client(author).post(reverse("admin:protocol_compare", args=[release.pk]))
    assert made.status_code == 302
    comparison = release.comparisons.get()
    assert made["Location"] == reverse("admin:protocol_comparison", args=[release.pk, comparison.pk])
    shown = read(clinician, "protocol_comparison", release.pk, comparison.pk)
    number = len(comparing.less_urgent(comparison))
    assert f"{number} changes to something less urgent" in shown
    assert "Changed: Question · A high fever?" in shown
    assert "<strong>Before:</strong> A fever?" in shown
    assert "<strong>After:</strong> A high fever?" in shown
    assert "See a clinician today, the same day → Self-management, no set time" in shown
    assert "Thoughts of being dead, in days of the last week Several days" in shown
    assert "See a clinician today, the same day: It needs a conversation today." in shown
    assert "This text has not been tried on past intakes yet." in shown
    assert "By nobody yet" in shown
    assert "Answer for 1" not in shown
    page = read(clinician, "clinic_protocolrelease_change", release.pk)
    assert f"{number} changes to something less urgent, for which nobody answers" in page


def test_reading_a_comparison_compares_nothing(
    release: ProtocolRelease, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = comparing.compare(release=release, by=author)
    monkeypatch.setattr(comparing, "compare_protocols", None)
    monkeypatch.setattr(comparing, "_documents", {})
    assert "Who would be advised otherwise" in read(author, "protocol_comparison", release.pk, comparison.pk)
    assert client(author).get(reverse("admin:protocol_compare", args=[release.pk])).status_code == 405


def test_an_approver_answers_for_each_change_with_a_reason(
    release: ProtocolRelease, author: User, approver: User, clinician: User
) -> None:
    comparison = comparing.compare(release=release, by=author)
    change = comparing.less_urgent(comparison)[0]["change"]
    address = reverse("admin:protocol_lowering", args=[release.pk, comparison.pk, change])
    page = reverse("admin:protocol_comparison", args=[release.pk, comparison.pk])
    assert address in client(approver).get(page).content.decode()
    assert address not in client(author).get(page).content.decode()
    assert client(clinician).post(address, {"reason": "Rare."}).status_code == 403
    assert "See a clinician today, the same day →" in client(approver).get(address).content.decode()
    assert client(approver).post(address, {"reason": " "}).status_code == 200
    assert not LoweringWaiver.objects.exists()
    assert client(approver).post(address, {"reason": "Asked at the desk."}).status_code == 302
    assert LoweringWaiver.objects.get().by == approver
    assert client(approver).get(address).status_code == 404
    assert "Asked at the desk." in read(clinician, "protocol_comparison", release.pk, comparison.pk)


def test_the_obstacle_is_told_where_the_next_step_is(release: ProtocolRelease, author: User, approver: User) -> None:
    comparing.compare(release=release, by=author)
    page = read(approver, "clinic_protocolrelease_change", release.pk)
    assert (
        "Less urgent than in small/0.1.0, and nobody answers for that yet: See a clinician today, the same day" in page
    )


def test_the_past_intakes_stand_beside_the_possible_ones(
    release: ProtocolRelease, author: User, here: Site, clinician: User
) -> None:
    comparison = comparing.compare(release=release, by=author)
    run = {"name": str(release), "sha256": release.sha256, "engine_version": "1.2.0", "by": author}
    replay = Replay(release=release, done=7, differing=1, finished_at=comparison.at, **run)
    replay.save()
    assessment = factories.assessment(here, clinician)
    sides = {"old_disposition": "urgent_medical", "new_disposition": "self_manage"}
    ReplayCase.objects.keep([ReplayCase(replay=replay, assessment=assessment, site=here, **sides)])
    shown = read(author, "protocol_comparison", release.pk, comparison.pk)
    assert "7 past intakes, 1 advised otherwise" in shown
    rows = re.findall(r"<tr> <th scope=\"row\"><a href=\"#change-\d+\">.*?</tr>", shown)
    past = {
        re.sub(r" <span.*", "", cells[1]): cells[4] for row in rows if (cells := re.findall(r"<td>(.*?)</td>", row))
    }
    assert past["Self-management, no set time"] == "1"
    assert {number for outcome, number in past.items() if not outcome.startswith("Self")} == {"0"}


def test_the_page_is_german_for_who_reads_german(release: ProtocolRelease, author: User) -> None:
    comparison = comparing.compare(release=release, by=author)
    shown = read(author, "protocol_comparison", release.pk, comparison.pk, language="de")
    for english in ("Who would be advised", "less urgent", "In short", "Changed:", "Before:", "An adult with nothing"):
        assert english not in shown
    assert "weniger dringend" in shown
    assert "unter 0,01 %" in shown or re.search(r"\d,\d\d %", shown)


def test_an_earlier_comparison_stays_to_be_read(release: ProtocolRelease, author: User) -> None:
    comparison = comparing.compare(release=release, by=author)
    releases.edit(release=release, source=small.version("0.2.0", OTHER_WORDS), by=author)
    shown = read(author, "protocol_comparison", release.pk, comparison.pk)
    assert "The text, or what it would replace, has been changed since" in shown
    assert "it is no longer here to be read" in shown
    page = read(author, "clinic_protocolrelease_change", release.pk)
    assert "Earlier comparisons" in page
    assert "This text has not been compared with small/0.1.0 yet." in page


def test_a_damaged_release_is_told_and_nothing_breaks(
    release: ProtocolRelease, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = comparing.compare(release=release, by=author)
    damaged = models.QuerySet(ProtocolRelease).filter(pk=comparison.against_id)
    with guard.lowered():
        damaged.update(source=small.SMALL.decode() + "\n# and more")
    monkeypatch.setattr(protocols, "_compiled", {})
    page = reverse("admin:protocol_comparison", args=[release.pk, comparison.pk])
    answer = client(author).get(page, follow=True)
    assert answer.status_code == 200
    assert "is not the file that was published" in answer.content.decode()


def test_what_is_not_there_is_not_found(release: ProtocolRelease, author: User, approver: User) -> None:
    comparison = comparing.compare(release=release, by=author)
    for person, name, args in (
        (author, "protocol_comparison", [release.pk, uuid4()]),
        (author, "protocol_comparison", [uuid4(), comparison.pk]),
        (approver, "protocol_lowering", [release.pk, comparison.pk, "no-such-change"]),
    ):
        assert client(person).get(reverse(f"admin:{name}", args=args)).status_code == 404
    assert client(author).post(reverse("admin:protocol_compare", args=[uuid4()])).status_code == 404


def test_who_may_not_compare_is_refused(release: ProtocolRelease, clinician: User) -> None:
    assert client(clinician).post(reverse("admin:protocol_compare", args=[release.pk])).status_code == 403
    assert not release.comparisons.exists()


def test_little_is_said_to_be_little_and_great_numbers_are_short():
    assert [share(1, 10**30), share(1, 3), share(2, 3)] == ["under 0.01 %", "33.33 %", "66.67 %"]
    assert power_of_ten(31_400) == ("3.1", 4)
    with translation.override("de"):
        assert share(1, 3) == "33,33 %"
