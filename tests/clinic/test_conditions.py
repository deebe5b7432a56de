"""Which call heeds what its caller has read, and which answer can be asked for if it is another: one table, held to every address."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest
from django.core.management import call_command
from django.urls import get_resolver, reverse

from clinic import clock
from clinic.actions import decisions, erasing, imaging, intakes, letters, patients, people
from clinic.actions.seen import SHOWN
from clinic.models import Assessment, AuditEvent, IdempotencyKey, Patient, Referral, Site
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import Caller, caller
from tests.clinic.test_authorisation import addresses

if TYPE_CHECKING:
    from django.urls import URLPattern

STUDY = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine"}
REASON = {"reason": "As agreed."}
IF_MATCH = "changes what the caller has read: If-Match, or 428 and 412"
CREATES = "adds something of its own: there is nothing that the caller could have read"
BY_STATE = "refused once it was done, and on what is no longer the newest: the address names what was read"
NOTHING = "stores nothing"
# Every POST: what it takes, and a body that it takes.
POSTS: dict[str, tuple[str, dict[str, Any]]] = {
    "evaluate": (NOTHING, {"protocol": "back-pain", "answers": {}}),
    "patients": (CREATES, {}),
    "patient-search": (NOTHING, {"words": "ada"}),
    "intakes": (CREATES, {}),
    "intake-answers": (IF_MATCH, {"answers": {"fever": "yes"}}),
    "intake-complete": (IF_MATCH, {}),
    "intake-reopen": (IF_MATCH, REASON),
    "intake-cancel": (IF_MATCH, REASON),
    "intake-imaging": (IF_MATCH, STUDY),
    "imaging-performed": (IF_MATCH, {}),
    "imaging-reported": (IF_MATCH, {"finding": "See text."}),
    "imaging-unavailable": (IF_MATCH, REASON),
    "imaging-class": (IF_MATCH, {"study_class": "age_related"}),
    "imaging-cancel": (IF_MATCH, REASON),
    "assessment-stop": (CREATES, {"text": "Rang."}),
    "assessment-letters": (CREATES, {"kind": "gp", "destination": "Dr Example"}),
    "assessment-decision": (BY_STATE, {"kind": "accepted"}),
    "referral-accept": (IF_MATCH, {}),
    "referral-send": (IF_MATCH, {"destination": "St Agnes"}),
    "referral-receive": (IF_MATCH, {}),
    "referral-book": (IF_MATCH, {"appointment": clock.today(None).isoformat()}),
    "referral-see": (IF_MATCH, {}),
    "referral-close": (IF_MATCH, REASON),
    "referral-decline": (IF_MATCH, REASON),
    "referral-cancel": (IF_MATCH, REASON),
}
# Every GET that shows one thing has an ETag; the rest are lists, and the description of the door.
ONE = {
    *("patient", "intake", "intake-imaging", "assessment", "assessment-changes", "letter-pdf", "referral", "protocol"),
}
MANY = {
    *("patients", "intakes", "intake-assessments", "intake-history", "assessment-stop", "assessment-letters"),
    *("referrals", "worklist", "escalations", "protocols", "schema"),
}
DOOR: dict[str, URLPattern] = {
    name.removeprefix("api:"): each for name, each in addresses(get_resolver()) if name.startswith("api:")
}
HEEDING = [name for name, (what, _body) in POSTS.items() if what == IF_MATCH]


def takes(method: str) -> set[str]:
    """The addresses that have such a method, save the one that says that there is none."""
    found = {name for name, each in DOOR.items() if hasattr(each.callback.cls, method)}  # type: ignore[attr-defined]
    return found - {"nowhere"}


def test_every_address_that_takes_a_post_or_a_get_stands_in_the_table() -> None:
    assert takes("post") == POSTS.keys()
    assert takes("get") == ONE | MANY
    assert not (takes("put") | takes("patch") | takes("delete"))


def test_the_description_says_what_each_takes() -> None:
    out = StringIO()
    call_command("spectacular", "--format", "openapi-json", stdout=out)
    paths = orjson.loads(out.getvalue())["paths"]
    told = {}
    for path, methods in paths.items():
        for method, one in methods.items():
            told[method, path] = ({each["name"] for each in one.get("parameters", ()) if each["in"] == "header"}, one)
    for name, (what, _body) in POSTS.items():
        headers, one = told["post", described(name)]
        assert ("If-Match" in headers) is (what == IF_MATCH), name
        assert ({"412", "428"} <= one["responses"].keys()) is (what == IF_MATCH), name
        assert ("Idempotency-Key" in headers) is (what != NOTHING), name
        if what == IF_MATCH:
            assert "ETag" in one["responses"]["200"]["headers"], name
            assert "ETag" in one["responses"]["412"]["headers"], name
    for name in ONE | MANY - {"schema"}:
        headers, one = told["get", described(name)]
        assert ("If-None-Match" in headers) is (name in ONE), name
        assert ("304" in one["responses"]) is (name in ONE), name
        assert ("ETag" in one["responses"]["200"].get("headers", {})) is (name in ONE), name


def described(name: str) -> str:
    """The path of an address as the description has it."""
    route = str(DOOR[name].pattern)
    for kind in ("uuid", "int", "slug", "str"):
        route = route.replace(f"<{kind}:", "{")
    return "/api/v1/" + route.replace(">", "}")


@pytest.fixture
def clinician(here: Site) -> Caller:
    return caller(Role.CLINICIAN, here)


@pytest.fixture
def known(here: Site, clinician: Caller) -> dict[str, Any]:
    """The ids of records of one patient: an open intake with a scan, decided on, a referral and a letter."""
    by = clinician.user
    assessment = factories.assessment(here, by, "distressed_after_treatment")
    imaging.record(intake=assessment.intake, study=STUDY, by=by)
    newest = Assessment.objects.newest().get(intake=assessment.intake_id)
    decisions.decide(assessment=newest, kind="rejected", reason="patient_preference", by=by)
    letter, _made = letters.issue(assessment=newest, kind="patient", by=by)
    referral = factories.assessment(here, by, "distressed_after_treatment")
    decisions.decide(assessment=referral, kind="accepted", by=by)
    return {
        "patient": assessment.intake.patient_id,
        "intake": assessment.intake_id,
        "assessment": newest.pk,
        "letter": letter.pk,
        "referral": referral.referrals.all()[0].pk,
    }


def address(name: str, known: dict[str, Any]) -> str:
    kind = name.partition("-")[0]
    said = {"id": known.get("intake" if kind == "imaging" else kind), "number": 1}
    if name == "protocol":
        said = {"id": "back-pain", "version": "1.0.0"}
    return reverse(f"api:{name}", kwargs={each: said[each] for each in DOOR[name].pattern.converters})


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}], ids=["without a key", "with a key"])
@pytest.mark.parametrize("name", HEEDING)
def test_whoever_changes_what_they_have_not_read_changes_nothing(
    here: Site, clinician: Caller, known: dict[str, Any], name: str, key: dict[str, str]
) -> None:
    if name == "intake-reopen":
        assessment = factories.assessment(here, clinician.user)
        intakes.complete(intake=assessment.intake, by=clinician.user)
        known["intake"] = assessment.intake_id
    entries = AuditEvent.objects.filter(door="api").exclude(action__endswith=".read").count
    before, body = entries(), POSTS[name][1]
    for given, status in {'"999999"': 412, 'W/"1"': 412, '"another"': 412, "": 400, "3": 400, '"1", "2"': 400}.items():
        answer = clinician.post(address(name, known), body, **{"If-Match": given, **key})
        assert answer.status_code == status, (given, answer.content)
        assert ("ETag" in answer) is (status == 412)
    del clinician.client.defaults["HTTP_IF_MATCH"]
    assert clinician.post(address(name, known), body, **key).status_code == 428
    assert entries() == before
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("name", [name for name in POSTS if name not in HEEDING])
def test_what_is_said_in_if_match_is_never_passed_over(clinician: Caller, known: dict[str, Any], name: str) -> None:
    asked = {
        "patients": {"site": clinician.site.slug, "reference": "A", "given_name": "A", "family_name": "B"},
        "intakes": {"patient": str(known["patient"]), "protocol": "back-pain"},
    }
    answer = clinician.post(address(name, known), POSTS[name][1] or asked[name], **{"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["detail"]) == (400, "This address takes no If-Match.")


@pytest.mark.parametrize("name", sorted(ONE))
def test_what_the_client_has_is_not_sent_again_and_is_a_read_all_the_same(
    clinician: Caller, known: dict[str, Any], name: str
) -> None:
    asked = address(name, known)
    first = clinician.get(asked)
    tag = first["ETag"]
    assert (first.status_code, clinician.get(asked)["ETag"]) == (200, tag)
    shown = SHOWN.get(f"api:{name}")
    reads = AuditEvent.objects.filter(actor=clinician.user, action=shown.action if shown else "").count
    before = reads()
    for given in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        answer = clinician.get(asked, **{"If-None-Match": given})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag), given
        assert "Content-Type" not in answer
    assert reads() - before == (4 if shown else 0)
    assert clinician.client.head(asked, headers={"If-None-Match": tag}).status_code == 304
    for given in ('"another"', "", "another", f"{tag[:-2]}{uuid4()}"):
        assert clinician.get(asked, **{"If-None-Match": given}).status_code == 200, given
    assert clinician.get(asked, **{"If-Match": '"another"'}).status_code == 412
    assert clinician.get(asked, **{"If-Match": tag, "If-None-Match": '"another"'}).content == first.content


def test_nobody_learns_by_a_condition_what_they_do_not_see(
    elsewhere: Site, clinician: Caller, known: dict[str, Any]
) -> None:
    stranger = caller(Role.CLINICIAN, elsewhere)
    for name in ONE - {"protocol"}:
        asked = address(name, known)
        for given in ("*", clinician.get(asked)["ETag"]):
            assert stranger.get(asked, **{"If-None-Match": given}).status_code == 404, name


def tags(by: Caller, known: dict[str, Any], *names: str) -> dict[str, str]:
    return {name: by.get(address(name, known))["ETag"] for name in names}


def test_an_etag_changes_with_all_that_it_stands_for(here: Site, clinician: Caller, known: dict[str, Any]) -> None:
    by = clinician.user
    referral = f"referrals/{known['referral']}/"

    def changed(*names: str) -> None:
        """Since the last time these, and no others."""
        nonlocal before
        now = tags(clinician, known, *ONE)
        assert {name for name in now if now[name] != before[name]} == set(names)
        before = now

    before = tags(clinician, known, *ONE)
    patients.correct(patient=Patient.objects.get(pk=known["patient"]), changes={"phone": "01632 1"}, by=by)
    changed("patient")
    clinician.post(f"intakes/{known['intake']}/imaging/1/performed/")
    changed("intake", "intake-imaging")
    known["assessment"] = Assessment.objects.newest().get(intake=known["intake"]).pk
    before = tags(clinician, known, *ONE)
    clinician.post(f"assessments/{known['assessment']}/decision/", POSTS["assessment-decision"][1])
    changed("assessment")
    clinician.post(f"{referral}cancel/", REASON)
    changed("referral")
    clinician.post(f"intakes/{known['intake']}/cancel/", REASON)
    changed("intake", "intake-imaging")
    people.change(user=by, changes={"display_name": "Dr Other"}, by=factories.user(Role.ADMIN, here))
    changed("assessment", "referral", "intake-imaging")


def test_an_etag_changes_where_a_patient_is_erased(here: Site, clinician: Caller) -> None:
    patient = factories.patient(here)
    before = clinician.get(f"patients/{patient.pk}/")["ETag"]
    erasing.erase(patient=patient, reason="Asked for it.", by=people.system())
    answer = clinician.get(f"patients/{patient.pk}/", **{"If-None-Match": before})
    assert (answer.status_code, answer.json()["is_erased"]) == (200, True)


def test_an_etag_does_not_tell_a_clerk_that_somebody_has_decided(here: Site, clinician: Caller) -> None:
    clerk = caller(Role.CLERK, here)
    assessment = factories.assessment(here, clinician.user)
    asked = f"assessments/{assessment.pk}/"
    before = clerk.get(asked)["ETag"]
    decisions.decide(assessment=assessment, kind="accepted", by=clinician.user)
    assert clerk.get(asked)["ETag"] == before


def test_the_etag_of_every_answer_leads_to_the_next_change(here: Site, clinician: Caller) -> None:
    """A program goes from call to call without reading the record in between."""
    patient = factories.patient(here)
    factories.published_release()
    answer = clinician.post("intakes/", {"patient": str(patient.pk), "protocol": "back-pain"})
    intake = f"intakes/{answer.json()['id']}/"
    for end, body in {
        "answers": {"answers": factories.answers("distressed_after_treatment")},
        "complete": {},
        "imaging": STUDY,
        "imaging/1/cancel": REASON,
        "reopen": REASON,
        "answers/": {"answers": {"off_work": "yes"}},
        "cancel": REASON,
    }.items():
        headers = {"If-Match": answer["ETag"], "Idempotency-Key": end}
        answer = clinician.post(f"{intake}{end.strip('/')}/", body, **headers)
        assert answer.status_code == 200, (end, answer.content)
        again = clinician.post(f"{intake}{end.strip('/')}/", body, **headers)
        assert (again.json(), again["ETag"]) == (answer.json(), answer["ETag"]), end
    assert clinician.get(intake)["ETag"] == answer["ETag"]
    assert Referral.objects.count() == 0
