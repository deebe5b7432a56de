"""A published protocol never changes, and is read once."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from clinic import guard, protocols
from clinic.actions import protocols as releases
from clinic.actions.errors import Conflict
from clinic.models import ProtocolRelease, Site, User
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic import small_protocol as small
from triage.reading import ProtocolError


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


def retire(release: ProtocolRelease, by: User) -> None:
    releases.advance(release=release, verb="retire", by=by, reason="A newer one is in use.")


def test_only_an_approver_publishes_and_retires(clinician: User, author: User, approver: User) -> None:
    with pytest.raises(NotAllowed):
        releases.publish(source=small.SMALL, author=author, by=clinician)
    with pytest.raises(NotAllowed):
        releases.publish(source=small.SMALL, author=clinician, by=approver)
    release = releases.publish(source=small.SMALL, author=author, by=approver)
    assert (release.status, release.authored_by, release.approved_by) == ("published", author, approver)
    with pytest.raises(NotAllowed):
        retire(release, clinician)


def test_publishing_the_same_file_again_changes_nothing(author: User, approver: User) -> None:
    first = releases.publish(source=small.SMALL, author=author, by=approver)
    before = (first.history.count(), first.certificates.count())
    assert releases.publish(source=small.SMALL, author=author, by=approver) == first
    assert (first.history.count(), first.certificates.count()) == before


def test_another_file_under_a_published_version_is_refused(author: User, approver: User) -> None:
    releases.publish(source=small.SMALL, author=author, by=approver)
    with pytest.raises(Conflict, match="another content"):
        releases.publish(source=small.SMALL + b"\n# changed\n", author=author, by=approver)


def test_a_retired_version_does_not_come_back(author: User, approver: User) -> None:
    release = releases.publish(source=small.SMALL, author=author, by=approver)
    retire(release, approver)
    with pytest.raises(Conflict, match="is: Retired"):
        releases.publish(source=small.SMALL, author=author, by=approver)
    with pytest.raises(Conflict, match="is: Retired"):
        retire(release, approver)


@pytest.mark.parametrize("source", [b"", b"\xff", b"[protocol", b"[protocol]\nid = 1\n"])
def test_a_file_with_faults_is_not_published(author: User, approver: User, source: bytes) -> None:
    with pytest.raises(ProtocolError):
        releases.publish(source=source, author=author, by=approver)
    assert not ProtocolRelease.objects.exists()


def test_a_version_that_cannot_be_ordered_is_refused(author: User, approver: User) -> None:
    with pytest.raises(ValidationError):
        releases.publish(source=small.version("1.0-beta"), author=author, by=approver)


def test_the_newest_release_is_the_one_of_the_highest_number(author: User, approver: User) -> None:
    for number in ("1.9.0", "1.10.0", "1.2.0"):
        releases.publish(source=small.version(number), author=author, by=approver)
    newest = protocols.newest("small")
    assert newest
    assert newest.version == "1.10.0"


def test_a_protocol_is_compiled_once(author: User, approver: User) -> None:
    releases.publish(source=small.SMALL, author=author, by=approver)
    first, second = (protocols.newest("small") for _ in range(2))
    assert first
    assert second
    assert protocols.get(first) is protocols.get(second)
    assert protocols.get(first).digest == first.sha256


def test_a_stored_protocol_that_was_tampered_with_is_not_used(
    author: User, approver: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = releases.publish(source=small.version("3.3.3"), author=author, by=approver)
    with guard.lowered(), connection.cursor() as cursor:
        cursor.execute("UPDATE clinic_protocolrelease SET source = source || '#'")
    monkeypatch.setattr(protocols, "_compiled", {})
    with pytest.raises(protocols.DamagedRelease):
        protocols.get(ProtocolRelease.objects.get(pk=release.pk))
