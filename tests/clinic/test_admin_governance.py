"""Governance in the administration: what each person may do with a release, and what a refusal leaves."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from clinic import guard
from clinic.actions import activations, intakes, people, proving
from clinic.actions import protocols as releases
from clinic.actions.protocol_steps import Verb
from clinic.models import Activation, AuditEvent, ProtocolRelease, Site, SourceWaiver, User
from clinic.permissions import Role
from tests import factories
from tests.clinic import small_protocol as small
from triage.proofs import prove

READERS = (Role.CLINICIAN, Role.AUTHOR, Role.APPROVER, Role.AUDITOR, Role.ADMIN)
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


class Pages:
    """What one person sees of releases and sends about them."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)

    def read(self, release: ProtocolRelease) -> str:
        return self.get(reverse("admin:clinic_protocolrelease_change", args=[release.pk]))

    def get(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200
        return answer.content.decode()

    def send(self, page: str, release: ProtocolRelease, *args: object, **said: Any) -> Any:
        address = reverse(f"admin:protocol_{page}", args=[release.pk, *args])
        return self.client.post(address, {"seen": release.sha256, **said})

    def draft(self, **said: Any) -> Any:
        return self.client.post(reverse("admin:clinic_protocolrelease_add"), said)


def stored(release: ProtocolRelease) -> ProtocolRelease:
    return ProtocolRelease.objects.get(pk=release.pk)


def test_a_release_is_drafted_proved_approved_published_and_activated(here: Site, author: User, approver: User) -> None:
    writing, deciding = Pages(author), Pages(approver)
    assert writing.draft(source=small.SMALL.decode()).status_code == 302
    release = ProtocolRelease.objects.get()
    proof = writing.send("proof", release)
    assert "Every property holds" in writing.get(proof["Location"])
    for pages, verb in ((writing, "send"), (deciding, "approve"), (deciding, "publish")):
        assert str(Verb(verb).label) in pages.read(release)
        assert pages.send("step", release, verb).status_code == 302
    assert stored(release).status == "published"
    assert deciding.send("activation", release, site=str(here.pk), reason="Trained on it.").status_code == 302
    assert Activation.objects.get().release == release
    doors = AuditEvent.objects.filter(action__startswith="protocol.").values_list("door", flat=True)
    assert set(doors) == {"admin"}


def test_the_steps_are_offered_to_those_who_may_take_them(here: Site, author: User) -> None:
    release = small.in_review(by=author)
    offered = {
        role: [str(verb) for verb in Verb if f"/step/{verb}/" in Pages(factories.user(role, here)).read(release)]
        for role in READERS
    }
    assert offered == {role: [] for role in READERS} | {
        Role.AUTHOR: ["take_back"],
        Role.APPROVER: ["send_back", "approve"],
    }


def test_nobody_approves_their_own_in_the_administration(here: Site, author: User) -> None:
    people.grant(user=author, site=here, role=Role.APPROVER, by=people.system())
    release = small.in_review(by=author)
    pages = Pages(User.objects.get(pk=author.pk))
    assert "/step/approve/" not in pages.read(release)
    answer = pages.send("step", release, "approve")
    assert "Nobody approves a protocol of their own." in answer.content.decode()
    assert (stored(release).status, stored(release).approved_by) == ("in_review", None)


def test_who_may_not_is_refused_and_nothing_changes(here: Site, author: User, approver: User) -> None:
    release = small.in_review(by=author)
    clinician = Pages(factories.user(Role.CLINICIAN, here))
    assert clinician.draft(source=small.version("0.2.0").decode()).status_code == 403
    for page, args in (("text", ()), ("step", ("approve",)), ("step", ("take_back",)), ("proof", ())):
        assert clinician.send(page, release, *args).status_code == 403
    assert clinician.send("activation", release).status_code == 403
    assert clinician.send("waiver", release, "R1").status_code == 403
    assert Pages(author).send("step", release, "approve").status_code == 403
    assert Pages(approver).send("text", release).status_code == 403
    assert (ProtocolRelease.objects.count(), release.history.count()) == (1, 2)


def test_a_step_that_is_no_longer_possible_says_so(author: User) -> None:
    release = small.in_review(by=author)
    answer = Pages(author).send("step", release, "send")
    assert answer.status_code == 200
    assert "The status of small/0.1.0 is: In review." in answer.content.decode()
    assert "Nothing has been changed." in answer.content.decode()


def test_a_step_needs_the_text_that_was_read(author: User, approver: User) -> None:
    release = small.in_review(by=author)
    answer = Pages(approver).send("step", release, "approve", seen="0" * 64)
    assert "changed in the meantime" in answer.content.decode()
    assert stored(release).status == "in_review"


def test_a_word_that_is_no_step_is_no_page(author: User) -> None:
    assert Pages(author).send("step", small.draft(by=author), "bless").status_code == 404


def test_sending_back_needs_a_reason(author: User, approver: User) -> None:
    release = small.in_review(by=author)
    assert "Say why." in Pages(approver).send("step", release, "send_back", reason=" ").content.decode()
    Pages(approver).send("step", release, "send_back", reason="Cite the guideline itself.")
    page = Pages(author).read(release)
    assert "Sent back to the author: Cite the guideline itself." in page


def test_a_text_is_changed_where_it_is_shown(author: User) -> None:
    release = small.draft(by=author)
    pages = Pages(author)
    assert "A guideline" in pages.get(reverse("admin:protocol_text", args=[release.pk]))
    typed = small.SMALL.decode().replace("A guideline", "Another").replace("\n", "\r\n")
    assert pages.send("text", release, source=typed).status_code == 302
    assert stored(release).source == small.SMALL.decode().replace("A guideline", "Another")


@pytest.mark.parametrize("source", ["", "[protocol]", "a\x00b", "\ufffe"])
def test_a_text_with_faults_is_refused_with_words_and_kept_in_the_form(source: str, author: User) -> None:
    release = small.draft(by=author)
    answer = Pages(author).send("text", release, source=source)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert stored(release).sha256 == release.sha256


def test_a_new_version_begins_with_the_text_of_another(author: User) -> None:
    release = small.draft(by=author)
    assert Pages(author).draft(like=str(release.pk), version="0.2.0").status_code == 302
    new = ProtocolRelease.objects.get(version="0.2.0")
    assert new.source == small.version("0.2.0").decode()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "one of them"),
        ({"source": "[protocol]"}, "protocol.id: is missing"),
        ({"source": "a\x00b"}, "Null characters are not allowed"),
        ({"like": True, "version": ""}, "Give the new version its number"),
        ({"like": True, "version": "0.1.0"}, "is there already"),
        ({"like": True, "version": "one"}, "A version reads 1.0.0"),
        ({"like": True, "version": '1.0.0"\nx = "'}, "protocol.x: is not known here"),
        ({"like": True, "version": "0.2.0", "source": "[protocol]"}, "one of them"),
        ({"like": "nonsense", "version": "0.2.0"}, "one of them"),
    ],
)
def test_a_draft_that_cannot_be_is_refused_with_words(said: dict[str, Any], words: str, author: User) -> None:
    release = small.draft(by=author)
    answer = Pages(author).draft(**said | {"like": str(release.pk)} if said.get("like") is True else said)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert ProtocolRelease.objects.count() == 1


def test_a_certificate_shows_the_patient_who_refutes_it(author: User, monkeypatch: pytest.MonkeyPatch) -> None:
    small.let_proofs(monkeypatch, hold=False)
    release = small.draft(by=author)
    page = Pages(author).get(Pages(author).send("proof", release)["Location"])
    for words in (
        "Refuted",
        "A fever is never waited with.",
        "<li>A fever? Yes</li>",
        "Outcome: Self-management",
        "10<sup>13</sup> intakes",
    ):
        assert words in page
    assert page.index("A fever is never waited with.") < page.index("Every outcome has its review in time.")
    assert "does not hold" in Pages(author).read(release)


def test_a_text_is_really_proved(author: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "prove_protocol", prove)
    release = small.draft(by=author)
    page = Pages(author).get(Pages(author).send("proof", release)["Location"])
    document = release.certificates.get().document
    assert len(document["proofs"]) > 15
    assert (document["digest"], document["engine"]) == (release.sha256, proving.ENGINE_VERSION)
    assert page.count("Refuted</span>") == 1 + sum(not each["holds"] for each in document["proofs"])
    assert page.count("Holds</span>") == sum(each["holds"] for each in document["proofs"])


def test_an_older_certificate_says_that_it_is_of_another_text(author: User) -> None:
    release = small.draft(by=author)
    certificate = proving.prove(release=release, by=author)
    releases.edit(release=release, source=small.version("0.1.0", ("A guideline", "Another")), by=author)
    address = reverse("admin:protocol_certificate", args=[release.pk, certificate.pk])
    assert "The text has been changed since" in Pages(author).get(address)
    assert address in Pages(author).read(release)


def test_a_protocol_too_large_to_prove_says_so_on_its_page(author: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "prove_protocol", _explode)
    release = small.draft(by=author)
    answer = Pages(author).client.post(reverse("admin:protocol_proof", args=[release.pk]), follow=True)
    assert "too large to be proved" in answer.content.decode()


def _explode(*_protocol_and_owed: object) -> None:
    raise proving.TooLarge("more than 10 nodes")


def test_a_withdrawn_source_is_answered_for_by_name(author: User, approver: User) -> None:
    release = small.in_review(small.version("0.1.0", WITHDRAWN), by=author)
    page = Pages(approver).read(release)
    assert "R2 is withdrawn and still cited by flags[stiff]" in page
    assert "May not be relied on" in page
    address = reverse("admin:protocol_waiver", args=[release.pk, "R2"])
    assert address in page
    assert address not in Pages(author).read(release)
    assert Pages(approver).send("waiver", release, "R2", reason="").status_code == 200
    assert Pages(approver).send("waiver", release, "R2", reason="Nothing newer.").status_code == 302
    assert SourceWaiver.objects.get().by == approver
    assert f"{approver}, " in Pages(author).read(release)
    assert Pages(approver).send("waiver", release, "R1", reason="Nothing newer.").status_code == 404


def test_an_approver_activates_at_their_own_sites_only(here: Site, elsewhere: Site, approver: User) -> None:
    release = factories.publish(small.SMALL)
    answer = Pages(approver).send("activation", release, site=str(elsewhere.pk), reason="Trained on it.")
    assert answer.status_code == 200
    assert elsewhere.name not in answer.content.decode()
    assert not Activation.objects.exists()
    assert elsewhere.name not in Pages(approver).read(release)


def test_the_page_says_which_sites_follow_it_and_why(here: Site, elsewhere: Site, approver: User) -> None:
    old, new = factories.publish(small.version("1.0.0")), factories.publish(small.version("1.1.0"))
    assert "It is the newest." in Pages(approver).read(new)
    activations.activate(site=here, release=old, reason="Too many questions.", by=approver)
    page = Pages(approver).read(new)
    assert "small/1.0.0" in page
    assert "Too many questions." in page
    strangers = Pages(factories.user(Role.APPROVER, elsewhere)).read(new)
    assert "Too many questions." not in strangers
    assert here.name not in strangers


def test_a_retired_release_says_how_many_intakes_go_on(here: Site, approver: User) -> None:
    release = factories.publish(small.SMALL)
    intakes.open(patient=factories.patient(here), by=factories.user(Role.CLERK, here), protocol="small")
    releases.advance(release=release, verb="retire", by=approver, reason="A newer one is in use.")
    page = Pages(approver).read(release)
    assert "<dd>1 " in page
    assert "They go on to their end" in page


@pytest.mark.parametrize(("due", "overdue"), [("2020-01-01", True), ("2999-01-01", False)])
def test_an_overdue_review_is_marked(due: str, overdue: bool, author: User) -> None:  # noqa: FBT001 -- a case
    release = small.draft(small.version("0.1.0", ("review_due = 2027-05-23", f"review_due = {due}")), by=author)
    listing = Pages(author).get(reverse("admin:clinic_protocolrelease_changelist"))
    assert ("Overdue" in listing) is overdue
    assert ("Review overdue" in Pages(author).read(release)) is overdue


def test_a_release_that_was_tampered_with_says_so(author: User) -> None:
    release = small.draft(small.version("7.7.7"), by=author)
    with guard.lowered(), connection.cursor() as cursor:
        cursor.execute("UPDATE clinic_protocolrelease SET source = source || '#'")
    assert "its stored text is damaged" in Pages(author).read(release)
    answer = Pages(author).client.post(reverse("admin:protocol_proof", args=[release.pk]), follow=True)
    assert answer.status_code == 200


def test_a_release_is_changed_by_its_steps_only(author: User) -> None:
    release = small.draft(by=author)
    address = reverse("admin:clinic_protocolrelease_change", args=[release.pk])
    assert Pages(author).client.post(address, {"status": "published"}).status_code == 403


def test_a_page_takes_as_many_queries_however_long_its_life(here: Site, author: User, approver: User) -> None:
    release = small.in_review(by=author)
    pages = Pages(approver)
    pages.read(release)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            pages.read(release)
        return len(captured)

    before = queries()
    for number in range(1, 4):
        releases.advance(release=release, verb="take_back", by=author)
        releases.advance(release=release, verb="send", by=author)
        proving.prove(release=release, by=author)
        small.draft(small.version(f"0.1.{number}"), by=author)
    assert queries() == before


def test_a_release_reads_in_german(author: User, approver: User) -> None:
    release = small.in_review(by=author)
    pages = Pages(approver)
    pages.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    with translation.override("en-gb"):  # a page leaves its language behind in the thread
        page = pages.read(release)
    for words in ("Wie es weitergeht", "Zur Prüfung gegeben", "Freigeben", "Alles davon", "mindestens 60"):
        assert words in page
