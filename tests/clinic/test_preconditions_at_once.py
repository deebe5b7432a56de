"""Two programs that have read the same send at the same moment: one of them is first, the other is told, on either database."""

from __future__ import annotations

from functools import partial
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from clinic.actions import comparing, decisions, intakes, proving, referrals
from clinic.actions import protocols as releases
from clinic.actions.errors import Conflict
from clinic.models import ProtocolRelease, Referral, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic import small_protocol as small
from tests.clinic.callers import Caller, caller

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)
TRIES = 8
REFER = "distressed_after_treatment"


@pytest.fixture
def here() -> Site:
    return factories.site()


@pytest.fixture
def two(here: Site) -> list[Caller]:
    return [caller(Role.CLINICIAN, here) for _ in range(2)]


def together(*acts: Callable[[], Any]) -> list[Any]:
    """What each came to, all of them begun at the same moment."""
    start, results = Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        start.wait(timeout=10)
        try:
            results[number] = act()
        finally:
            connection.close()

    threads = [Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def accepted(here: Site, by: User) -> Referral:
    assessment = factories.assessment(here, by, REFER)
    decisions.decide(assessment=assessment, kind="accepted", by=by)
    intakes.complete(intake=assessment.intake, by=by)
    return assessment.referrals.get(service="physiotherapy")


def both(two: list[Caller], first: tuple[str, object], second: tuple[str, object], **headers: str) -> list[int]:
    acts = [partial(by.post, *told, **headers) for by, told in zip(two, (first, second), strict=True)]
    return sorted(each.status_code for each in together(*acts))


@pytest.mark.parametrize("has_key", [False, True], ids=["without a key", "each with a key"])
def test_of_who_sends_and_who_cancels_only_one_has_read_the_newest(
    here: Site, two: list[Caller], *, has_key: bool
) -> None:
    for number in range(TRIES):
        key = {"Idempotency-Key": f"k{number}"} if has_key else {}
        referral = accepted(here, two[0].user)
        address = f"referrals/{referral.pk}/"
        read = two[0].get(address)["ETag"]
        told = both(
            two,
            (f"{address}send/", {"destination": "St Agnes"}),
            (f"{address}cancel/", {"reason": "Moved away."}),
            **{"If-Match": read, **key},
        )
        assert told == [200, 412]
        assert referral.statuses.count() == 3


def test_of_who_receives_declines_and_cancels_only_one_has_read_the_newest(here: Site, two: list[Caller]) -> None:
    for _ in range(TRIES):
        referral = accepted(here, two[0].user)
        referrals.advance(referral=referral, verb="send", destination="St Agnes", by=two[0].user)
        address = f"referrals/{referral.pk}/"
        read = {"If-Match": two[0].get(address)["ETag"]}
        said: dict[str, Any] = {"receive": {}, "decline": {"reason": "No room."}, "cancel": {"reason": "Moved."}}
        acts = [partial(two[0].post, f"{address}{verb}/", body, **read) for verb, body in said.items()]
        assert sorted(each.status_code for each in together(*acts)) == [200, 412, 412]
        assert referral.statuses.count() == 4


def test_of_who_sends_and_who_cancels_in_a_browser_the_second_sees_what_happened(here: Site, two: list[Caller]) -> None:
    browsers = [Client(), Client()]
    for browser, by in zip(browsers, two, strict=True):
        browser.force_login(by.user)
    for _ in range(TRIES):
        referral = accepted(here, two[0].user)
        seen = {"seq": referral.newest_step.seq}
        said = {"send": {"destination": "St Agnes"}, "cancel": {"reason": "Moved away."}}
        acts = [
            partial(browser.post, reverse("referral_step", args=[referral.pk, verb]), seen | form)
            for browser, (verb, form) in zip(browsers, said.items(), strict=True)
        ]
        first, second = sorted(together(*acts), key=lambda each: int(each.status_code))
        assert (first.status_code, second.status_code) == (302, 409)
        assert "Somebody else was here first." in second.content.decode()
        assert referral.statuses.count() == 3


ENDS: dict[str, Any] = {
    "answers": {"answers": {"fever": "yes"}},
    "complete": {},
    "cancel": {"reason": "Moved away."},
    "imaging": {"modality": "mri", "region": "lumbar", "status": "requested"},
}


@pytest.mark.parametrize(("first", "second"), [("complete", "cancel"), ("answers", "complete"), ("imaging", "cancel")])
def test_of_two_who_change_an_intake_only_one_has_read_the_newest(
    here: Site, two: list[Caller], first: str, second: str
) -> None:
    for _ in range(TRIES):
        address = f"intakes/{factories.assessment(here, two[0].user).intake_id}/"
        read = two[0].get(address)["ETag"]
        told = both(
            two, (f"{address}{first}/", ENDS[first]), (f"{address}{second}/", ENDS[second]), **{"If-Match": read}
        )
        assert told[0] == 200
        assert told[1] in {409, 412}


def test_the_same_request_sent_twice_at_once_under_one_key_is_done_once(here: Site, two: list[Caller]) -> None:
    for number in range(TRIES):
        referral = accepted(here, two[0].user)
        address = f"referrals/{referral.pk}/send/"
        headers = {"If-Match": two[0].get(f"referrals/{referral.pk}/")["ETag"], "Idempotency-Key": f"k{number}"}
        sent = partial(two[0].post, address, {"destination": "A"}, **headers)
        one, other = together(sent, sent)
        assert (one.status_code, other.status_code) == (200, 200)
        assert one.json() == other.json()
        assert sorted("Idempotency-Replayed" in each for each in (one, other)) == [False, True]
        assert referral.statuses.count() == 3


def test_nobody_waits_for_ever_for_who_sends_a_referral_of_the_same_patient(here: Site, two: list[Caller]) -> None:
    """Whoever holds both the patient and the intake holds the patient first."""
    for _ in range(TRIES):
        referral = accepted(here, two[0].user)
        study = (f"intakes/{referral.assessment.intake_id}/imaging/", ENDS["imaging"])
        told = both(two, (f"referrals/{referral.pk}/send/", {"destination": "St Agnes"}), study)
        assert told in ([200, 200], [200, 409])


def test_of_two_releases_published_at_once_the_second_was_not_compared_with_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)
    factories.publish(small.version("0.1.0"))
    author, approver = factories.author_and_approver()
    ready = [approved(small.version(number), author, approver) for number in ("0.2.0", "0.3.0")]

    def publish(release: ProtocolRelease) -> str:
        try:
            releases.advance(release=release, verb="publish", by=User.objects.get(pk=approver.pk))
        except Conflict as refusal:
            return str(refusal)
        return "published"

    told = together(*(partial(publish, each) for each in ready))
    assert sorted("has not been compared" in each for each in told) == [False, True]
    assert "published" in told


def approved(source: bytes, author: User, approver: User) -> ProtocolRelease:
    """A release that nothing stands in the way of publishing."""
    release = small.draft(source, author)
    proving.prove(release=release, by=author)
    comparing.compare(release=release, by=author)
    releases.advance(release=release, verb="send", by=author)
    releases.advance(release=release, verb="approve", by=approver, seen=release.sha256)
    return release
