"""A release is compared with the one it would replace; what becomes less urgent is answered for, or not published."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from clinic.actions import comparing, people, proving
from clinic.actions import protocols as releases
from clinic.actions.errors import Conflict
from clinic.models import AuditEvent, LoweringWaiver, ProtocolRelease, ReleaseComparison, Site, User
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic import small_protocol as small
from triage.diagram import TooLarge

pytestmark = pytest.mark.django_db

LESS = ('when = "possible(wish >= 1)"', 'when = "possible(wish >= 2)"')
MORE_FEVER = ('when = "weight_loss"\nlevel = "14d"', 'when = "weight_loss"\nlevel = "24h"')
OTHER_WORDS = ('text = "A fever?"', 'text = "A high fever?"')


@pytest.fixture(autouse=True)
def proofs_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)


@pytest.fixture
def published(db: None) -> ProtocolRelease:
    return factories.publish(small.SMALL)


@pytest.fixture
def author(here: Site) -> User:
    return factories.user(Role.AUTHOR, here)


@pytest.fixture
def approver(here: Site) -> User:
    return factories.user(Role.APPROVER, here)


Approved = Callable[..., ProtocolRelease]


@pytest.fixture
def approved(published: ProtocolRelease, author: User, approver: User) -> Approved:
    """A new version, proved and approved, with some of the text replaced."""

    def approve(*changes: tuple[str, str], number: str = "0.2.0") -> ProtocolRelease:
        release = small.in_review(small.version(number, *changes), by=author)
        proving.prove(release=release, by=author)
        releases.advance(release=release, verb="approve", by=approver, seen=release.sha256)
        return release

    return approve


def publish(release: ProtocolRelease, by: User) -> None:
    releases.advance(release=release, verb="publish", by=by)


def refused(release: ProtocolRelease, by: User) -> str:
    with pytest.raises(Conflict) as refusal:
        publish(release, by)
    assert ProtocolRelease.objects.get(pk=release.pk).status == "approved"
    return str(refusal.value)


def accept_all(comparison: ReleaseComparison, by: User) -> None:
    for each in comparing.unanswered(comparison):
        comparing.accept(comparison=comparison, change=each["change"], reason="Asked at the desk.", by=by)


def test_nothing_is_published_over_another_without_being_compared(
    approved: Approved, author: User, approver: User
) -> None:
    release = approved(OTHER_WORDS)
    assert refused(release, approver) == "This text has not been compared with small/0.1.0 under engine 1.3.0 yet."
    comparison = comparing.compare(release=release, by=author)
    assert comparison.document["regions"] == []
    publish(release, approver)


def test_what_is_more_urgent_than_before_needs_no_signature(approved: Approved, author: User, approver: User) -> None:
    release = approved(MORE_FEVER)
    comparison = comparing.compare(release=release, by=author)
    assert comparison.document["regions"]
    assert comparing.less_urgent(comparison) == []
    publish(release, approver)


def test_what_is_less_urgent_is_not_published_before_each_change_is_answered_for(
    approved: Approved, author: User, approver: User
) -> None:
    release = approved(LESS)
    comparison = comparing.compare(release=release, by=author)
    first, *others = comparing.less_urgent(comparison)
    assert first["old"] == "urgent_medical"
    said = refused(release, approver)
    assert (
        "Less urgent than in small/0.1.0, and nobody answers for that yet: See a clinician today, the same day →"
        in said
    )
    comparing.accept(comparison=comparison, change=first["change"], reason="Asked at the desk.", by=approver)
    assert refused(release, approver).count("nobody answers for that yet") == len(others) > 1
    accept_all(comparison, approver)
    publish(release, approver)
    assert LoweringWaiver.objects.count() == len(others) + 1
    recorded = AuditEvent.objects.filter(action="protocol.accept_lowering", actor=approver)
    assert {each.detail["change"] for each in recorded} == {each["change"] for each in (first, *others)}


def test_a_file_that_lowers_an_urgency_is_not_published_from_the_command_line(published: ProtocolRelease) -> None:
    with pytest.raises(Conflict, match=r"nobody answers for that yet: See a clinician today"):
        factories.publish(small.version("0.2.0", LESS))
    assert ProtocolRelease.objects.get() == published
    assert factories.publish(small.version("0.2.0", OTHER_WORDS)).status == "published"


def test_another_text_is_compared_and_answered_for_anew(approved: Approved, author: User, approver: User) -> None:
    release = approved(LESS)
    comparison = comparing.compare(release=release, by=author)
    accept_all(comparison, approver)
    releases.edit(release=release, source=small.version("0.2.0", LESS, OTHER_WORDS), by=author)
    assert comparing.comparison_of(release) is None
    with pytest.raises(Conflict, match="has changed since this was compared"):
        comparing.accept(comparison=comparison, change="any", reason="Again.", by=approver)
    again = comparing.compare(release=release, by=author)
    assert comparing.unanswered(again) == comparing.less_urgent(again) != []


def test_another_release_to_replace_is_another_comparison(approved: Approved, author: User, approver: User) -> None:
    release = approved(OTHER_WORDS, number="0.3.0")
    comparing.compare(release=release, by=author)
    between = approved(MORE_FEVER, number="0.2.0")
    comparing.compare(release=between, by=author)
    publish(between, approver)
    assert refused(release, approver) == "This text has not been compared with small/0.2.0 under engine 1.3.0 yet."
    comparing.compare(release=release, by=author)
    assert "Less urgent than in small/0.2.0, and nobody answers" in refused(release, approver)


def test_another_engine_compares_anew(
    approved: Approved, author: User, approver: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = approved(OTHER_WORDS)
    comparing.compare(release=release, by=author)
    monkeypatch.setattr(comparing, "ENGINE_VERSION", "9.0.0")
    assert "under engine 9.0.0" in " ".join(comparing.obstacles(release))


def test_what_was_compared_is_not_compared_again(approved: Approved, author: User) -> None:
    release = approved(LESS)
    assert comparing.compare(release=release, by=author) == comparing.compare(release=release, by=author)
    assert ReleaseComparison.objects.count() == 1
    assert AuditEvent.objects.filter(action="protocol.compare").count() == 1


def test_the_first_release_of_a_protocol_replaces_nothing(author: User) -> None:
    release = small.draft(by=author)
    assert list(comparing.obstacles(release)) == []
    with pytest.raises(Conflict, match="No release of this protocol is published"):
        comparing.compare(release=release, by=author)


def test_only_who_writes_or_publishes_protocols_compares_them(
    approved: Approved, author: User, approver: User, clinician: User, admin: User
) -> None:
    release = approved(LESS)
    for person in (clinician, admin):
        with pytest.raises(NotAllowed):
            comparing.compare(release=release, by=person)
    assert comparing.compare(release=release, by=approver).by == approver


def test_nobody_answers_for_what_is_less_urgent_in_a_text_of_their_own(
    approved: Approved, here: Site, author: User, approver: User
) -> None:
    release = approved(LESS)
    comparison = comparing.compare(release=release, by=author)
    change = comparing.less_urgent(comparison)[0]["change"]
    with pytest.raises(NotAllowed):
        comparing.accept(comparison=comparison, change=change, reason="Rare.", by=author)
    people.grant(user=author, site=here, role=Role.APPROVER, by=people.system())
    with pytest.raises(Conflict, match="of their own"):
        comparing.accept(comparison=comparison, change=change, reason="Rare.", by=author)
    with pytest.raises(ValidationError, match="Say why"):
        comparing.accept(comparison=comparison, change=change, reason=" ", by=approver)
    comparing.accept(comparison=comparison, change=change, reason="Rare.", by=approver)
    with pytest.raises(Conflict, match="answered for this change already"):
        comparing.accept(comparison=comparison, change=change, reason="Again.", by=approver)
    assert LoweringWaiver.objects.get().reason == "Rare."


def test_only_what_is_less_urgent_is_answered_for(approved: Approved, author: User, approver: User) -> None:
    release = approved(MORE_FEVER)
    comparison = comparing.compare(release=release, by=author)
    change = comparison.document["regions"][0]["change"]
    with pytest.raises(Conflict, match="no change by which anything becomes less urgent"):
        comparing.accept(comparison=comparison, change=change, reason="Rare.", by=approver)
    publish(release, approver)
    with pytest.raises(Conflict, match="is published: its text never changes"):
        comparing.accept(comparison=comparison, change=change, reason="Rare.", by=approver)


def test_releases_that_are_too_large_to_compare_are_named(
    approved: Approved, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_protocols_and_owed: object) -> None:
        raise TooLarge("more than 10 nodes")

    release = approved(OTHER_WORDS)
    monkeypatch.setattr(comparing, "compare_protocols", explode)
    monkeypatch.setattr(comparing, "_documents", {})
    with pytest.raises(Conflict, match="too large to be compared: more than 10 nodes"):
        comparing.compare(release=release, by=author)
    assert not ReleaseComparison.objects.exists()


def test_what_was_answered_for_is_written_once(approved: Approved, author: User, approver: User) -> None:
    comparison = comparing.compare(release=approved(LESS), by=author)
    accept_all(comparison, approver)
    for record in (comparison, LoweringWaiver.objects.all()[0]):
        with pytest.raises(Exception, match="never"):
            record.save()
        with pytest.raises(Exception, match="never"):
            record.delete()
