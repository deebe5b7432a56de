"""A word that stands in every text of one site is shown to nobody of another, nor to who may not read there."""

import re
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from clinic.actions import decisions, imaging, intakes, letters, patients, referrals, stops, tokens, webhooks
from clinic.letters import typesetting
from clinic.models import ApiToken, AuditEvent, Membership, Site, User
from clinic.permissions import Role
from tests import factories
from tests.clinic.test_authorisation import ADDRESSES, is_about_a_record, path

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="the rules have no database")

OF_PATIENTS, OF_THE_OFFICE = "Xqpatient", "Xqoffice"  # what a clinician writes; what an administrator does
REFER = {"duration_days": 10, "off_work": "yes"}
# Who of the site itself may read none of its patients.
UNREAD = (Role.AUTHOR, Role.APPROVER, Role.AUDITOR, Role.ADMIN)


def person(role: Role, at: Site, word: str) -> User:
    return factories.user(role, at, username=f"{word.lower()}-{role}", display_name=f"{word} {role.label}")


def treated(site: Site, by: User) -> dict[str, Any]:
    """The ids of the records of patients, in every text of which the word stands."""
    word = f"{OF_PATIENTS}{site.slug}"
    said = dict.fromkeys(("given_name", "family_name", "reference"), word)
    patient = factories.patient(site, by=by, phone=f"{word} 1", **said)
    patients.correct(patient=patient, changes={"phone": f"{word} 2"}, by=by)
    intake = intakes.open(patient=patient, by=by)
    urgent = intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=by)
    stops.record(assessment=urgent, text=f"{word} rang.", by=by)
    intakes.answer(intake=intake, answers=factories.answers(**REFER), by=by)
    study = {"modality": "mri", "region": "lumbar", "status": "reported", "reason": "routine", "finding": word}
    assessment = imaging.record(intake=intake, study=study, by=by)
    letter, _ = letters.issue(assessment=assessment, kind="gp", destination=word, by=by)
    assessment = intakes.complete(intake=intake, by=by)
    note = {"reason": "other", "note": word}
    decision = decisions.decide(assessment=assessment, kind="accepted", by=by, **note)
    referral = assessment.referrals.all()[0]
    referrals.advance(referral=referral, verb="send", destination=word, reason=word, by=by)
    gone = intakes.open(patient=patient, by=by)
    intakes.cancel(intake=gone, reason=word, by=by)
    return {
        "patient": patient.pk,
        "intake": intake.pk,
        "assessment": assessment.pk,
        "decision": decision.pk,
        "letter": letter.pk,
        "referral": referral.pk,
        "protocolrelease": assessment.release_id,
    }


def administered(site: Site, clinician: User) -> dict[str, Any]:
    """The ids of what administrators look after, in every text of which their word stands."""
    word = f"{OF_THE_OFFICE}{site.slug}"
    tokens.issue(user=clinician, name=word, by=clinician)
    url = f"https://{word.lower()}.example/"
    webhook = webhooks.add(site=site, url=url, events=["intake.completed"], by=person(Role.ADMIN, site, word))
    return {
        "site": site.pk,
        "user": clinician.pk,
        "membership": Membership.objects.get(user=clinician).pk,
        "apitoken": ApiToken.objects.get(user=clinician).pk,
        "webhook": webhook.pk,
        "auditevent": AuditEvent.objects.filter(site=site).latest("seq").pk,
    }


class Place:
    """A site with a record of each kind, all marked with its words."""

    def __init__(self) -> None:
        factories.published_release()
        self.site = factories.site()
        clinician = person(Role.CLINICIAN, self.site, f"{OF_THE_OFFICE}{self.site.slug}")
        self.ids = treated(self.site, clinician) | administered(self.site, clinician)


class Crawl:
    """All that somebody is answered, letters as they are set, and how often it was something."""

    def __init__(self, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
        self._client = Client(raise_request_exception=False)
        self._client.force_login(user)
        self._set: list[str] = []
        compiled = typesetting.typst.compile
        monkeypatch.setattr(
            typesetting.typst, "compile", lambda *args, **more: self._set.append(repr(more)) or compiled(*args, **more)
        )
        self.answers = 0
        self.found: set[tuple[str, str]] = set()

    def ask(self, method: str, name: str, address: str, body: dict[str, str], words: str) -> None:
        with transaction.atomic():
            answer = getattr(self._client, method)(address, body)
            transaction.set_rollback(True)
        text = f"{answer.headers}{answer.cookies.output()}{answer.content.decode(errors='ignore')}{self._set}"
        self._set.clear()
        self.answers += 1
        self.found |= {(name, word) for word in re.findall(words, text, re.IGNORECASE)}

    def everywhere(self, ids: list[dict[str, Any]], words: str) -> None:
        for name in ADDRESSES:
            if name in ("logout", "admin:logout"):
                continue
            for about in ids if is_about_a_record(name) else ids[:1]:
                self.ask("get", name, path(name, about), {}, words)
        for start in (OF_PATIENTS[:5], OF_THE_OFFICE[:5]):
            self.ask("post", "find_patient", reverse("find_patient"), {"words": start}, words)
            for name in ADDRESSES:
                if name.endswith("_changelist") or name in ("api:patients", "worklist"):
                    key = "search" if name.startswith("api:") else "q"
                    self.ask("get", name, path(name, {}), {key: start}, words)


@pytest.fixture
def places(db: None) -> tuple[Place, Place]:
    return Place(), Place()


@pytest.mark.parametrize("role", Role)
def test_nothing_of_another_site_is_shown_to_anybody(
    places: tuple[Place, Place], role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = places
    crawl = Crawl(factories.user(role, here.site), monkeypatch)
    crawl.everywhere([here.ids, elsewhere.ids], rf"Xq\w+?{elsewhere.site.slug}\b")
    assert crawl.found == set()
    assert crawl.answers >= 200


@pytest.mark.parametrize("role", UNREAD)
def test_nothing_of_a_patient_is_shown_to_who_may_not_read_it(
    places: tuple[Place, Place], role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = places
    crawl = Crawl(factories.user(role, here.site), monkeypatch)
    crawl.everywhere([here.ids], OF_PATIENTS)
    assert crawl.found == set()
    assert crawl.answers >= 200


def test_who_may_read_them_is_shown_the_words(places: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch) -> None:
    """So the words are there to be found: on pages of every kind, in the API, in the administration, in a letter."""
    here, _ = places
    crawl = Crawl(factories.user(Role.CLINICIAN, here.site), monkeypatch)
    crawl.everywhere([here.ids], OF_PATIENTS)
    shown = {name for name, _ in crawl.found}
    assert {"patient", "timeline", "referral", "letter", "api:patients", "api:intake-imaging", "find_patient"} <= shown
    assert len(shown) >= 30
