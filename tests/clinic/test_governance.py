"""From a draft to the patients: two people, one text, a proof, and nothing on the way back unnoticed."""

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from clinic import expectations, protocols
from clinic.actions import people, proving
from clinic.actions import protocols as releases
from clinic.actions.errors import Conflict
from clinic.actions.protocol_steps import STEPS, Verb
from clinic.models import AuditEvent, Certificate, ProtocolRelease, ReleaseStatus, Site, SourceWaiver, User
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic import small_protocol as small
from triage.diagram import TooLarge
from triage.reading import ProtocolError

WITHDRAWN = ('status = "background"', 'status = "withdrawn"')


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
def both(here: Site, author: User) -> User:
    """Somebody who may write and may approve."""
    people.grant(user=author, site=here, role=Role.APPROVER, by=people.system())
    return User.objects.get(pk=author.pk)


def approve(release: ProtocolRelease, by: User) -> None:
    releases.advance(release=release, verb="approve", by=by, seen=release.sha256)


def stored(release: ProtocolRelease) -> ProtocolRelease:
    return ProtocolRelease.objects.get(pk=release.pk)


def test_a_release_goes_from_draft_to_published_by_two_people(author: User, approver: User) -> None:
    release = small.draft(by=author)
    assert (release.status, release.authored_by, release.approved_by) == ("draft", author, None)
    proving.prove(release=release, by=author)
    releases.advance(release=release, verb="send", by=author)
    approve(release, approver)
    releases.advance(release=release, verb="publish", by=approver)
    assert (stored(release).status, release.approved_by) == ("published", approver)
    assert release.approved_sha256 == release.sha256
    reasons = [row.history_change_reason for row in release.history.order_by("history_id")]
    assert reasons == ["drafted", "sent to review", "approved", "published"]
    actions = AuditEvent.objects.filter(object_id=release.pk).order_by("seq").values_list("action", flat=True)
    assert list(actions) == [f"protocol.{verb}" for verb in ("draft", "prove", "send", "approve", "publish")]


def at(status: ReleaseStatus, author: User, approver: User) -> ProtocolRelease:
    """A release that stands there."""
    release = small.draft(by=author)
    proving.prove(release=release, by=author)
    way = {"in_review": "send", "approved": "approve", "published": "publish", "retired": "retire"}
    for reached, verb in way.items():
        if release.status == status:
            break
        by = author if verb == "send" else approver
        releases.advance(release=release, verb=verb, by=by, seen=release.sha256, reason="as planned")
        assert release.status == reached
    return release


@pytest.mark.parametrize("status", ReleaseStatus)
def test_a_step_that_cannot_be_taken_from_there_is_refused_and_changes_nothing(
    status: ReleaseStatus, both: User, approver: User, subtests: pytest.Subtests
) -> None:
    release = at(status, both, approver)
    illegal = [verb for verb in Verb if status not in STEPS[verb].before]
    assert illegal
    before = release.history.count()
    for verb in illegal:
        with subtests.test(verb.value), pytest.raises(Conflict, match=f"is: {release.get_status_display()}"):
            releases.advance(release=release, verb=verb, by=both, reason="because", seen=release.sha256)
    assert (stored(release).status, release.history.count()) == (status, before)


def test_a_word_that_is_no_step_is_refused(author: User) -> None:
    with pytest.raises(ValidationError, match="This is one of: send, take_back"):
        releases.advance(release=small.draft(by=author), verb="bless", by=author)


@pytest.mark.parametrize("verb", Verb)
def test_nobody_takes_a_step_without_the_role_for_it(verb: Verb, here: Site, author: User, approver: User) -> None:
    release = at(STEPS[verb].before[0], author, approver)
    allowed = Role.AUTHOR if verb in (Verb.SEND, Verb.TAKE_BACK) else Role.APPROVER
    for role in set(Role) - {allowed}:
        somebody = factories.user(role, here)
        with pytest.raises(NotAllowed):
            releases.advance(release=release, verb=verb, by=somebody, reason="because", seen=release.sha256)
        assert verb not in releases.verbs_for(release, somebody)
    assert verb in releases.verbs_for(release, factories.user(allowed, here))


def test_only_authors_write(here: Site, author: User) -> None:
    release = small.draft(by=author)
    for role in set(Role) - {Role.AUTHOR}:
        somebody = factories.user(role, here)
        with pytest.raises(NotAllowed):
            small.draft(small.version("0.2.0"), by=somebody)
        with pytest.raises(NotAllowed):
            releases.edit(release=release, source=small.version("0.1.0", ("Small", "Smaller")), by=somebody)
        with pytest.raises(NotAllowed):
            proving.prove(release=release, by=somebody)
        assert not releases.may_edit(release, somebody)
    assert releases.may_edit(release, author)


# Four eyes: by action, by the administration (test_admin_governance), by the ORM and by SQL.


def test_nobody_approves_their_own_by_the_action(both: User) -> None:
    release = small.in_review(by=both)
    with pytest.raises(Conflict, match="Nobody approves a protocol of their own"):
        approve(release, both)
    assert "approve" not in releases.verbs_for(release, both)
    assert stored(release).status == "in_review"


def test_nobody_approves_at_another_site_what_they_wrote_at_one(author: User, elsewhere: Site) -> None:
    people.grant(user=author, site=elsewhere, role=Role.APPROVER, by=people.system())
    two_places = User.objects.get(pk=author.pk)
    release = small.in_review(by=two_places)
    with pytest.raises(Conflict, match="Nobody approves a protocol of their own"):
        approve(release, two_places)


def test_whoever_wrote_any_of_the_text_does_not_approve_it(author: User, both: User, here: Site) -> None:
    release = small.draft(by=both)
    other = factories.user(Role.AUTHOR, here)
    releases.edit(release=release, source=small.version("0.1.0", ("A guideline", "Another")), by=other)
    assert release.writers == {both.pk, other.pk}
    releases.advance(release=release, verb="send", by=other)
    with pytest.raises(Conflict, match="Nobody approves a protocol of their own"):
        approve(release, both)


def test_whoever_wrote_it_does_not_publish_what_another_approved(both: User, approver: User) -> None:
    release = at(ReleaseStatus.APPROVED, both, approver)
    with pytest.raises(Conflict, match="Nobody approves a protocol of their own"):
        releases.advance(release=release, verb="publish", by=both)


def test_nobody_publishes_a_file_of_their_own(both: User) -> None:
    with pytest.raises(Conflict, match="Nobody approves a protocol of their own"):
        releases.publish(source=small.SMALL, author=both, by=both)
    assert not ProtocolRelease.objects.exists()
    assert not Certificate.objects.exists()


def test_nobody_approves_their_own_by_the_orm(both: User) -> None:
    release = small.in_review(by=both)
    release.status, release.approved_by, release.approved_at = "approved", both, timezone.now()
    release.approved_sha256 = release.sha256
    with pytest.raises(IntegrityError, match="release_four_eyes"), transaction.atomic():
        release.save_as(by=both, reason="approved")


SQL = {
    "release_four_eyes": "UPDATE clinic_protocolrelease SET status = 'approved', approved_sha256 = sha256, "
    "approved_by_id = authored_by_id, approved_at = '2026-01-01'",
    "release_approved_who_and_when": "UPDATE clinic_protocolrelease SET status = 'approved', approved_sha256 = 'other', "
    "approved_by_id = (SELECT id FROM clinic_user WHERE id <> authored_by_id LIMIT 1), approved_at = '2026-01-01'",
    "release_approved_or_not_yet": "UPDATE clinic_protocolrelease SET status = 'approved'",
}


@pytest.mark.parametrize("rule", SQL)
def test_nobody_approves_their_own_or_another_text_by_sql(rule: str, both: User, approver: User) -> None:
    small.in_review(by=both)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SQL[rule])


# One text


def test_an_edit_voids_the_approval(author: User, approver: User) -> None:
    release = at(ReleaseStatus.APPROVED, author, approver)
    releases.edit(release=release, source=small.version("0.1.0", ("A guideline", "Another")), by=author)
    again = stored(release)
    assert (again.status, again.approved_by, again.approved_at, again.approved_sha256) == ("draft", None, None, "")


def test_the_same_text_again_changes_nothing(author: User, approver: User) -> None:
    release = at(ReleaseStatus.APPROVED, author, approver)
    before = release.history.count()
    releases.edit(release=release, source=small.SMALL, by=author)
    assert (stored(release).status, release.history.count()) == ("approved", before)


def test_an_approval_is_of_the_text_that_was_read(author: User, approver: User) -> None:
    release = small.in_review(by=author)
    read = release.sha256
    releases.edit(release=release, source=small.version("0.1.0", ("A guideline", "Another")), by=author)
    releases.advance(release=release, verb="send", by=author)
    with pytest.raises(Conflict, match="changed in the meantime"):
        releases.advance(release=release, verb="approve", by=approver, seen=read)
    with pytest.raises(ValidationError, match="Say which text was read"):
        releases.advance(release=release, verb="approve", by=approver)
    assert stored(release).status == "in_review"


def test_two_who_edit_at_once_do_not_undo_each_other(author: User) -> None:
    release = small.draft(by=author)
    read = release.sha256
    first, second = (small.version("0.1.0", ("A guideline", word)) for word in ("One", "Two"))
    releases.edit(release=release, source=first, by=author, seen=read)
    with pytest.raises(Conflict, match="changed in the meantime"):
        releases.edit(release=release, source=second, by=author, seen=read)
    assert stored(release).source == first.decode()


@pytest.mark.parametrize("status", [ReleaseStatus.PUBLISHED, ReleaseStatus.RETIRED])
def test_what_was_published_is_never_edited(status: ReleaseStatus, author: User, approver: User) -> None:
    release = at(status, author, approver)
    with pytest.raises(Conflict, match="its text never changes"):
        releases.edit(release=release, source=small.version("0.1.0", ("A guideline", "Another")), by=author)
    assert stored(release).source == small.SMALL.decode()


def test_a_text_of_another_version_is_a_draft_of_its_own(author: User) -> None:
    release = small.draft(by=author)
    with pytest.raises(Conflict, match="another protocol or version"):
        releases.edit(release=release, source=small.version("0.2.0"), by=author)
    with pytest.raises(Conflict, match=r"small/0\.1\.0 is there already"):
        small.draft(by=author)
    small.draft(small.version("0.2.0"), by=author)


def test_a_text_with_faults_is_no_draft(author: User) -> None:
    release = small.draft(by=author)
    with pytest.raises(ProtocolError):
        releases.edit(release=release, source=b"[protocol]", by=author)
    assert stored(release).sha256 == release.sha256


def test_a_source_that_is_not_its_digests_is_not_stored(author: User) -> None:
    release = small.draft(by=author)
    release.source += "# one more line\n"
    with pytest.raises(ValidationError, match="not the digest of the source"):
        release.save_as(by=author, reason="slipped in")


def test_what_is_sent_back_says_why(author: User, approver: User) -> None:
    release = small.in_review(by=author)
    with pytest.raises(ValidationError, match="Say why"):
        releases.advance(release=release, verb="send_back", by=approver, reason=" ")
    releases.advance(release=release, verb="send_back", by=approver, reason="Cite the guideline itself.")
    assert stored(release).status == "draft"
    assert release.history.first().history_change_reason == "sent back to the author: Cite the guideline itself."


# What has to be shown


def refused(release: ProtocolRelease, approver: User) -> str:
    """What publishing is refused with; nothing is published."""
    with pytest.raises(Conflict) as refusal:
        releases.advance(release=release, verb="publish", by=approver)
    assert (stored(release).status, protocols.newest(release.protocol)) == ("approved", None)
    return str(refusal.value)


def approved(author: User, approver: User, source: bytes = small.SMALL) -> ProtocolRelease:
    release = small.in_review(source, by=author)
    approve(release, approver)
    return release


def test_nothing_is_published_unproved(author: User, approver: User) -> None:
    assert "Nothing has been proved of this text" in refused(approved(author, approver), approver)


def test_a_certificate_of_another_text_proves_nothing(author: User, approver: User) -> None:
    release = small.draft(by=author)
    assert proving.prove(release=release, by=author).holds
    releases.edit(release=release, source=small.version("0.1.0", ("A guideline", "Another")), by=author)
    releases.advance(release=release, verb="send", by=author)
    approve(release, approver)
    assert "Nothing has been proved of this text" in refused(release, approver)
    other = small.draft(small.version("0.2.0"), by=author)
    proving.prove(release=other, by=author)
    assert "Nothing has been proved of this text" in refused(release, approver)


def test_a_certificate_of_another_engine_proves_nothing(
    author: User, approver: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = approved(author, approver)
    proving.prove(release=release, by=author)
    monkeypatch.setattr(proving, "ENGINE_VERSION", "99.0.0")
    assert "under engine 99.0.0" in refused(release, approver)


def test_a_refuted_text_is_not_published_and_the_refutation_is_kept(
    author: User, approver: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.let_proofs(monkeypatch, hold=False)
    release = approved(author, approver)
    certificate = proving.prove(release=release, by=author)
    assert (certificate.holds, [each["holds"] for each in certificate.document["proofs"]]) == (False, [True, False])
    assert "does not hold" in refused(release, approver)


def test_a_text_is_proved_again_where_more_is_owed(
    author: User, approver: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = approved(author, approver)
    proving.prove(release=release, by=author)
    owed = (expectations.OBLIGATIONS / "small.toml").read_text()
    (tmp_path / "small.toml").write_text(owed.replace("urgent_medical", "emergency"))
    monkeypatch.setattr(expectations, "OBLIGATIONS", tmp_path)
    assert "has changed since this text was proved" in refused(release, approver)


@pytest.mark.parametrize(
    ("change", "tried", "faults"),
    [
        (('id = "small"', 'id = "untried"'), 0, 0),
        (("A guideline", "The same guideline"), 2, 0),
        (('when = "fever"', 'when = "fever and numb"'), 2, 1),
    ],
)
def test_a_text_is_tried_on_its_patients(change: tuple[str, str], tried: int, faults: int, author: User) -> None:
    source = small.version("0.1.0", change)
    certificate = proving.prove(release=small.draft(source, by=author), by=author)
    said = certificate.document["vignettes"]
    assert (said["tried"], len(said["faults"])) == (tried, faults)
    assert certificate.holds is bool(tried and not faults)


@pytest.mark.parametrize("missing", ["VIGNETTES", "OBLIGATIONS"])
def test_a_text_of_which_nothing_is_expected_does_not_hold(
    missing: str, author: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(expectations, missing, tmp_path)
    assert not proving.prove(release=small.draft(by=author), by=author).holds


def test_a_protocol_that_is_too_large_to_prove_is_named(author: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_protocol_and_owed: object) -> None:
        raise TooLarge("more than 10 nodes")

    monkeypatch.setattr(proving, "prove_protocol", explode)
    with pytest.raises(Conflict, match="too large to be proved: more than 10 nodes"):
        proving.prove(release=small.draft(by=author), by=author)
    assert not Certificate.objects.exists()


def test_a_withdrawn_source_stands_in_the_way_until_somebody_else_answers_for_it(
    here: Site, author: User, both: User, approver: User
) -> None:
    release = approved(author, approver, small.version("0.1.0", WITHDRAWN))
    proving.prove(release=release, by=author)
    assert refused(release, approver) == (
        "R2 is withdrawn and still cited by flags[stiff]: nobody answers for that yet."
    )
    with pytest.raises(NotAllowed):
        proving.waive(release=release, source="R2", reason="Nothing newer.", by=factories.user(Role.AUTHOR, here))
    with pytest.raises(Conflict, match="of their own"):
        proving.waive(release=release, source="R2", reason="Nothing newer.", by=both)
    with pytest.raises(ValidationError, match="Say why"):
        proving.waive(release=release, source="R2", reason=" ", by=approver)
    with pytest.raises(Conflict, match="R1 is no withdrawn or expired source"):
        proving.waive(release=release, source="R1", reason="Nothing newer.", by=approver)
    proving.waive(release=release, source="R2", reason="Nothing newer.", by=approver)
    with pytest.raises(Conflict, match="waived already"):
        proving.waive(release=release, source="R2", reason="Again.", by=approver)
    releases.advance(release=release, verb="publish", by=approver)
    assert protocols.get(protocols.newest("small")).sources["R2"].status == "withdrawn"  # type: ignore[arg-type]
    assert SourceWaiver.objects.count() == AuditEvent.objects.filter(action="protocol.waive").count() == 1


def test_what_is_published_already_is_published_again_only_by_who_may(author: User, approver: User) -> None:
    release = factories.publish(small.SMALL)
    for writer, reader in ((approver, approver), (author, author)):
        with pytest.raises(NotAllowed):
            releases.publish(source=small.SMALL, author=writer, by=reader)
    assert releases.publish(source=small.SMALL, author=author, by=approver) == release


def test_every_obstacle_is_told_at_once(author: User, approver: User) -> None:
    release = approved(author, approver, small.version("0.1.0", WITHDRAWN))
    assert len(proving.obstacles(release)) == 2


@pytest.mark.parametrize("status", [each for each in ReleaseStatus if each is not ReleaseStatus.PUBLISHED])
def test_no_intake_follows_what_is_not_published(status: ReleaseStatus, author: User, approver: User) -> None:
    release = at(status, author, approver)
    assert protocols.newest(release.protocol) is None
