"""A form counts once: a double click or a retry adds nothing, and leads to what came of the first.

`forms.csv` holds a line for every form of the clinic and the administration and every writing call of the
API: what it was made from, for which site it is, and why it does not count twice.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from clinic.actions import break_glass as accesses
from clinic.actions import comparing, form_keys, intakes, people, raising, referrals, shadowing, tokens, webhooks
from clinic.admin import site as administration
from clinic.admin.forms import ActingAdmin
from clinic.models import (
    ApiToken,
    AuditEvent,
    Delivery,
    IdempotencyKey,
    Intake,
    Patient,
    RaisedStop,
    Site,
    StopRecord,
    User,
)
from clinic.permissions import Role
from tests import factories
from tests.clinic import small_protocol as small
from tests.clinic.callers import caller
from tests.clinic.sending import Form, forms, given_out, send
from tests.clinic.test_authorisation import ADDRESSES

TABLE = Path(__file__).parent / "forms.csv"
TEMPLATES = Path(__file__).parents[2] / "clinic" / "templates"
MADE_FROM = ("nothing", "version", "newest result", "newest step", "text", "state", "credentials")
SITES = ("named", "record", "none")
TWICE = ("key", "state", "stores nothing", "header")
# What is not a record: who is logged in, what was shown, and the keys themselves.
PASSING = {"AuditEvent", "AuditHead", "IdempotencyKey", "Use"}


def table() -> dict[str, dict[str, str]]:
    with TABLE.open() as file:
        return {row["address"]: row for row in csv.DictReader(file)}


def counts() -> dict[str, int]:
    """How many rows there are of each kind of record, with every row of history."""
    kinds = [each for each in apps.get_app_config("clinic").get_models() if each.__name__ not in PASSING]
    return {each.__name__: each._base_manager.count() for each in kinds}


class World:
    """People at a site, a patient with a wholly answered intake that has a stop, and a protocol in the making."""

    def __init__(self, here: Site, elsewhere: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.here, self.elsewhere = here, elsewhere
        self.monkeypatch = monkeypatch
        self.people = {role: factories.user(role, here) for role in Role}
        self.client = Client()

    def by(self, role: Role) -> User:
        self.client.force_login(self.people[role])
        return self.people[role]

    def form(self, page: str, *args: Any, to: str = "", **holding: str) -> Form:
        return given_out(self.client, reverse(page, args=args), to, **holding)

    def assessment(self, *baseline: str, **changed: object) -> Any:
        return factories.assessment(self.here, self.by(Role.CLINICIAN), *baseline, **changed)

    def let_proofs_hold(self) -> None:
        small.expect_of_it_what_these_tests_do(self.monkeypatch)
        small.let_proofs(self.monkeypatch, hold=True)

    def protocol(self) -> Any:
        self.let_proofs_hold()
        return small.draft(by=self.by(Role.AUTHOR))


@pytest.fixture
def world(here: Site, elsewhere: Site, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(here, elsewhere, monkeypatch)


ADA = {
    "reference": "A-1",
    "family_name": "Lovelace",
    "given_name": "Ada",
    "date_of_birth": "1980-12-10",
    "sex": "female",
}
Filled = tuple[Form, dict[str, Any]]


def register(world: World) -> Filled:
    world.by(Role.CLERK)
    return world.form("register_patient"), ADA


def correct(world: World) -> Filled:
    world.by(Role.CLERK)
    return world.form("correct_patient", factories.patient(world.here).pk), {"phone": "01632 960001"}


def start_intake(world: World) -> Filled:
    factories.published_release()
    world.by(Role.CLERK)
    patient = factories.patient(world.here)
    return world.form("patient", patient.pk, to=reverse("start_intake", args=[patient.pk])), {}


def section(world: World) -> Filled:
    intake = factories.open_intake(world.here, world.by(Role.CLERK))
    return world.form("section", intake.pk, "pain"), {"answer-duration_days": "42"}


def stop(world: World) -> Filled:
    assessment = world.assessment(ces_saddle="yes")
    return world.form("stop", assessment.intake_id), {"text": "Ambulance called."}


def stop_letter(world: World) -> Filled:
    assessment = world.assessment(ces_saddle="yes")
    to = reverse("stop_letter", args=[assessment.pk])
    return world.form("stop", assessment.intake_id, to=to), {}


def letter(world: World) -> Filled:
    assessment = world.assessment()
    to = reverse("assessment_letter", args=[assessment.pk, "gp"])
    return world.form("assessment", assessment.pk, to=to), {"destination": "Dr Holt"}


def raise_stop(world: World) -> Intake:
    intake = factories.open_intake(world.here, world.by(Role.CLINICIAN))
    raising.raise_typed(intake=intake, answers={"ces_saddle": "yes"}, by=world.people[Role.CLINICIAN])
    return intake


def take_back(world: World) -> Filled:
    intake = raise_stop(world)
    form = world.form("raised", intake.pk, reason="")
    return form, {"take_back": str(RaisedStop.objects.get().pk), "reason": "Ticked by mistake."}


def complete(world: World) -> Filled:
    intake = world.assessment().intake
    return world.form("check", intake.pk, to=reverse("complete", args=[intake.pk])), {}


def cancel(world: World) -> Filled:
    intake = world.assessment().intake
    return world.form("check", intake.pk, to=reverse("cancel", args=[intake.pk])), {"reason": "Opened twice."}


def reopen(world: World) -> Filled:
    intake = world.assessment().intake
    intakes.complete(intake=intake, by=world.people[Role.CLINICIAN])
    held = {"reason": "Too old.", "version": str(intake.version), form_keys.FIELD: form_keys.new()}
    return Form("post", reverse("reopen", args=[intake.pk]), held), {}


def decide(world: World) -> Filled:
    assessment = world.assessment("distressed_after_treatment")
    to = reverse("decide", args=[assessment.pk])
    return world.form("assessment", assessment.pk, to=to), {"kind": "accepted"}


def referral_step(world: World) -> Filled:
    assessment = world.assessment("distressed_after_treatment")
    referral, *_others = referrals.propose(assessment=assessment, by=world.people[Role.CLINICIAN])
    return world.form("referral", referral.pk, to=reverse("referral_step", args=[referral.pk, "accept"])), {}


def record_study(world: World) -> Filled:
    intake = world.assessment().intake
    said = {"modality": "mri", "region": "lumbar", "status": "requested"}
    return world.form("imaging", intake.pk, step="recorded"), said


def break_glass(world: World) -> Filled:
    patient = factories.patient(world.elsewhere)
    world.by(Role.CLINICIAN)
    said = {
        "site": str(world.elsewhere.pk),
        "reference": patient.reference,
        "date_of_birth": str(patient.date_of_birth),
        "reason": "urgent",
        "note": "Numb saddle since this morning.",
        "password": factories.PASSWORD,
    }
    return world.form("break_glass"), said


def add_site(world: World) -> Filled:
    world.by(Role.ADMIN)
    return world.form("admin:clinic_site_add"), {"name": "New", "slug": "new", "time_zone": "Europe/London"}


def own_token(world: World) -> Filled:
    world.by(Role.CLINICIAN)
    said = {"name": "My reader", "scope": "read", "days": "7", "password": factories.PASSWORD}
    return world.form("tokens"), said


def change_site(world: World) -> Filled:
    world.by(Role.ADMIN)
    return world.form("admin:clinic_site_change", world.here.pk), {"crisis_line": "116 123"}


def add_user(world: World) -> Filled:
    world.by(Role.ADMIN)
    said = {"username": "new", "display_name": "New", "site": str(world.here.pk), "role": "clerk"}
    return world.form("admin:clinic_user_add"), said


def change_user(world: World) -> Filled:
    world.by(Role.ADMIN)
    return world.form("admin:clinic_user_change", world.people[Role.CLERK].pk), {"give_new_password": "on"}


def grant(world: World) -> Filled:
    world.by(Role.ADMIN)
    said = {"user": str(world.people[Role.CLERK].pk), "site": str(world.here.pk), "role": "auditor"}
    return world.form("admin:clinic_membership_add"), said


def change_membership(world: World) -> Filled:
    membership = world.people[Role.CLERK].memberships.get()
    world.by(Role.ADMIN)
    form = world.form("admin:clinic_membership_change", membership.pk)
    del form.fields["is_active"]
    return form, {}


def issue_token(world: World) -> Filled:
    world.by(Role.ADMIN)
    said = {"name": "a program", "user": str(world.people[Role.INTEGRATOR].pk), "scope": "write"}
    return world.form("admin:clinic_apitoken_add"), said


def revoke_token(world: World) -> Filled:

    user = world.people[Role.INTEGRATOR]
    tokens.issue(user=user, name="a program", by=people.system())
    world.by(Role.ADMIN)
    return world.form("admin:clinic_apitoken_change", ApiToken.objects.get(user=user).pk), {"revoke": "on"}


def add_webhook(world: World) -> Filled:
    world.by(Role.ADMIN)
    said = {"site": str(world.here.pk), "url": "https://example.org/", "events": ["intake.completed"]}
    return world.form("admin:clinic_webhook_add"), said


def stop_webhook(world: World) -> Filled:
    about = {"site": world.here, "url": "https://example.org/", "events": ["intake.completed"]}
    webhook = webhooks.add(by=world.by(Role.ADMIN), **about)
    return world.form("admin:clinic_webhook_change", webhook.pk), {"stop": "on"}


def deliver_again(world: World) -> Filled:
    stop_webhook(world)
    factories.published_release()
    intake = world.assessment().intake
    intakes.complete(intake=intake, by=world.people[Role.CLINICIAN])
    world.by(Role.ADMIN)
    return world.form("admin:clinic_delivery_change", Delivery.objects.get().pk), {"again": "on"}


def review(world: World) -> Filled:
    reader = factories.user(Role.CLINICIAN, world.elsewhere)
    access = factories.emergency_access(factories.patient(world.here), reader)
    accesses.stop(access=access, by=reader)
    world.by(Role.AUDITOR)
    return world.form("admin:clinic_breakglass_change", access.pk), {"finding": "justified"}


def draft(world: World) -> Filled:
    world.protocol()
    source = small.version("0.9.0").decode()
    return world.form("admin:clinic_protocolrelease_add"), {"source": source}


def text(world: World) -> Filled:
    release = world.protocol()
    source = small.version("0.1.0", ("A guideline", "Another")).decode()
    return world.form("admin:protocol_text", release.pk), {"source": source}


def step(world: World) -> Filled:
    release = world.protocol()
    return world.form("admin:protocol_step", release.pk, "send"), {}


def proof(world: World) -> Filled:
    release = world.protocol()
    to = reverse("admin:protocol_proof", args=[release.pk])
    return world.form("admin:clinic_protocolrelease_change", release.pk, to=to), {}


def waiver(world: World) -> Filled:
    withdrawn = small.version("0.1.0", ('status = "background"', 'status = "withdrawn"'))
    world.let_proofs_hold()
    release = small.in_review(withdrawn, by=world.people[Role.AUTHOR])
    world.by(Role.APPROVER)
    return world.form("admin:protocol_waiver", release.pk, "R2"), {"reason": "Nothing newer."}


def activation(world: World) -> Filled:
    world.let_proofs_hold()
    release = factories.publish(small.SMALL)
    world.by(Role.APPROVER)
    said = {"site": str(world.here.pk), "reason": "Trained on it."}
    return world.form("admin:protocol_activation", release.pk), said


def shadow(world: World) -> Filled:
    release = world.protocol()
    world.by(Role.APPROVER)
    return world.form("admin:protocol_shadow", release.pk), {"site": str(world.here.pk)}


def stop_shadow(world: World) -> Filled:
    release = world.protocol()
    found = shadowing.start(release=release, site=world.here, by=world.by(Role.APPROVER))
    to = reverse("admin:protocol_stop", args=[release.pk, found.pk])
    return world.form("admin:clinic_protocolrelease_change", release.pk, to=to), {}


_LESS = ('when = "possible(wish >= 1)"', 'when = "possible(wish >= 2)"')


def _newer(world: World) -> Any:
    world.let_proofs_hold()
    factories.publish(small.SMALL)
    return small.in_review(small.version("0.2.0", _LESS), by=world.people[Role.AUTHOR])


def compare(world: World) -> Filled:
    release = _newer(world)
    world.by(Role.APPROVER)
    to = reverse("admin:protocol_compare", args=[release.pk])
    return world.form("admin:clinic_protocolrelease_change", release.pk, to=to), {}


def lowering(world: World) -> Filled:
    release = _newer(world)
    made = comparing.compare(release=release, by=world.by(Role.APPROVER))
    change = comparing.unanswered(made)[0]["change"]
    return world.form("admin:protocol_lowering", release.pk, made.pk, change), {"reason": "Agreed."}


KEYED: dict[str, Callable[[World], Filled]] = {
    "register_patient": register,
    "correct_patient": correct,
    "start_intake": start_intake,
    "section": section,
    "stop": stop,
    "stop_letter": stop_letter,
    "assessment_letter": letter,
    "raised": take_back,
    "complete": complete,
    "cancel": cancel,
    "reopen": reopen,
    "decide": decide,
    "referral_step": referral_step,
    "imaging": record_study,
    "break_glass": break_glass,
    "tokens": own_token,
    "admin:clinic_site_add": add_site,
    "admin:clinic_site_change": change_site,
    "admin:clinic_user_add": add_user,
    "admin:clinic_user_change": change_user,
    "admin:clinic_membership_add": grant,
    "admin:clinic_membership_change": change_membership,
    "admin:clinic_apitoken_add": issue_token,
    "admin:clinic_apitoken_change": revoke_token,
    "admin:clinic_webhook_add": add_webhook,
    "admin:clinic_webhook_change": stop_webhook,
    "admin:clinic_delivery_change": deliver_again,
    "admin:clinic_breakglass_change": review,
    "admin:clinic_protocolrelease_add": draft,
    "admin:protocol_text": text,
    "admin:protocol_step": step,
    "admin:protocol_proof": proof,
    "admin:protocol_waiver": waiver,
    "admin:protocol_activation": activation,
    "admin:protocol_shadow": shadow,
    "admin:protocol_stop": stop_shadow,
    "admin:protocol_compare": compare,
    "admin:protocol_lowering": lowering,
}


@pytest.mark.parametrize("address", KEYED)
def test_a_form_that_is_sent_twice_counts_once_and_leads_to_what_came_of_it(world: World, address: str):
    form, typed = KEYED[address](world)
    first = send(world.client, form, **typed)
    assert first.status_code in (200, 302), first.content
    once = counts()
    second = send(world.client, form, **typed)
    assert (second.status_code, counts()) == (302, once)
    assert first.status_code == 200 or second.url == first.url
    followed = world.client.get(second.url, follow=True)
    assert followed.status_code == 200
    assert IdempotencyKey.objects.filter(key__startswith=f"form:{form.fields['form']}:").count() == 1


def test_a_stop_that_is_recorded_twice_by_a_client_without_keys_stands_there_once(world: World):
    form, typed = stop(world)
    del form.fields[form_keys.FIELD]
    assert [send(world.client, form, **typed).status_code for _ in range(3)] == [302] * 3
    assert StopRecord.objects.count() == 1


def test_more_about_the_same_stop_is_recorded_beside_it(world: World):
    form, typed = stop(world)
    send(world.client, form, **typed)
    again = given_out(world.client, form.action)
    assert send(world.client, again, **typed).status_code == 302
    assert StopRecord.objects.count() == 2, "called twice in an hour is two calls"


def test_a_form_that_was_sent_and_then_changed_is_not_taken_for_the_first(world: World):
    form, typed = stop(world)
    send(world.client, form, **typed)
    answer = send(world.client, form, text="Ambulance called. Wife told.")
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "This form was sent before" in page
    assert StopRecord.objects.count() == 1
    (again,) = [each for each in forms(page) if "text" in each.fields]
    assert send(world.client, again).status_code == 302
    assert [each.text for each in StopRecord.objects.all()] == ["Ambulance called.", "Ambulance called. Wife told."]


def test_a_section_that_was_gone_back_to_and_changed_shows_what_was_saved_and_keeps_what_was_typed(world: World):
    form, typed = section(world)
    send(world.client, form, **typed)
    answer = send(world.client, form, **{"answer-duration_days": "43"})
    assert answer.status_code == 409
    assert 'value="43"' in answer.content.decode()
    assert "is now <strong>42" in answer.content.decode()


def test_a_patient_is_not_registered_twice_by_a_form_that_was_gone_back_to(world: World):
    form, typed = register(world)
    send(world.client, form, **typed)
    assert send(world.client, form, **typed | {"reference": "A-2"}).status_code == 409
    assert Patient.objects.count() == 1


def test_an_administrator_who_goes_back_and_changes_a_form_is_told_that_it_was_sent(world: World):
    form, typed = issue_token(world)
    send(world.client, form, **typed)
    answer = send(world.client, form, **typed | {"name": "another program"})
    assert "This form was sent before" in answer.content.decode()
    assert "another program" in answer.content.decode()


def test_an_administrator_may_end_a_role_of_their_own(world: World):
    own = world.by(Role.ADMIN).memberships.get()
    people.grant(user=own.user, site=world.elsewhere, role=Role.ADMIN, by=people.system())
    form = world.form("admin:clinic_membership_change", own.pk)
    del form.fields["is_active"]
    assert send(world.client, form).status_code == 302
    own.refresh_from_db()
    assert not own.is_active
    assert "_auth_user_id" not in world.client.session


def test_an_administrator_may_let_themselves_out(world: World):
    own = world.by(Role.ADMIN)
    form = world.form("admin:clinic_user_change", own.pk)
    del form.fields["is_active"]
    assert send(world.client, form).status_code == 302
    own.refresh_from_db()
    assert not own.is_active
    assert "_auth_user_id" not in world.client.session


def test_what_was_refused_may_be_sent_again_by_the_same_form(world: World):
    form, typed = register(world)
    assert send(world.client, form, **typed | {"sex": "unheard of"}).status_code == 422
    assert send(world.client, form, **typed).status_code == 302
    assert Patient.objects.count() == 1


def test_a_key_of_one_person_says_nothing_to_another(world: World):
    form, typed = stop(world)
    send(world.client, form, **typed)
    world.by(Role.CLERK)
    assert send(world.client, form, **typed).status_code == 302
    assert StopRecord.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x", "x" * 300, "\x00" * 20, "' OR 1=1 --", "\ud7ff" * 20])
def test_a_key_that_was_not_given_out_does_no_harm(world: World, key: str):
    form, typed = stop(world)
    form.fields[form_keys.FIELD] = key
    assert send(world.client, form, **typed).status_code == 302
    assert StopRecord.objects.count() == 1


def test_no_trace_of_a_password_is_kept_with_a_key(world: World):
    form, typed = break_glass(world)
    send(world.client, form, **typed)
    other = send(world.client, form, **typed | {"password": "another one"})
    assert other.status_code == 422, "the password is asked for before anything else"
    assert send(world.client, form, **typed).status_code == 302


def test_a_refused_emergency_access_leaves_its_entry_and_no_key(world: World):
    form, typed = break_glass(world)
    before = IdempotencyKey.objects.count()
    assert send(world.client, form, **typed | {"reference": "nobody"}).status_code == 422
    assert IdempotencyKey.objects.count() == before
    assert AuditEvent.objects.filter(action="break_glass.refused").count() == 1


def test_what_was_ticked_is_saved_once_by_one_form(world: World):
    intake = raise_stop(world)
    form = world.form("raised", intake.pk, shown=str(RaisedStop.objects.get().pk))
    assert [send(world.client, form).status_code for _ in range(2)] == [302] * 2
    intake.refresh_from_db()
    assert (intake.answers["ces_saddle"]["value"], intake.version) == ("yes", 2)


def test_a_token_is_shut_out_once_and_its_secret_is_shown_once(world: World):
    form, typed = own_token(world)
    first = send(world.client, form, **typed).content.decode()
    token = ApiToken.objects.get()
    secret = re.search(rf"{token.token_key}\w{{20,}}", first)
    assert secret
    again = world.client.post(form.action, form.fields | typed, follow=True).content.decode()
    assert secret[0] not in again
    assert "This form was sent twice" in again
    (shut_out,) = [each for each in forms(again) if each.action == "" and "name" not in each.fields]
    shut_out.action = form.action
    assert [send(world.client, shut_out, revoke=token.token_key).status_code for _ in range(2)] == [302] * 2
    changed = send(world.client, form, **typed | {"name": "another"}).content.decode()
    assert "This form was sent before" in changed
    assert not ApiToken.objects.exists()


def test_a_letter_that_is_asked_for_twice_is_the_same_letter(world: World):
    form, typed = letter(world)
    first = send(world.client, form, **typed)
    assert first["Content-Type"] == "application/pdf"
    again = world.client.get(send(world.client, form, **typed).url)
    assert again.content == first.content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["stop", "register_patient", "complete", "imaging", "admin:clinic_apitoken_add"])
def test_a_form_that_is_sent_twice_at_once_counts_once(address: str, monkeypatch: pytest.MonkeyPatch):
    world = World(factories.site(), factories.site(), monkeypatch)
    form, typed = KEYED[address](world)
    before = counts()
    session = world.client.cookies["sessionid"].value
    answers: list[int] = []

    def click() -> None:
        browser = Client()
        browser.cookies["sessionid"] = session
        try:
            answers.append(send(browser, form, **typed).status_code)
        finally:
            connection.close()

    clicks = [Thread(target=click) for _ in range(3)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join(timeout=60)
    assert len(answers) == 3
    assert set(answers) <= {200, 302}
    twice = counts()
    kinds = {"stop": "StopRecord", "register_patient": "Patient", "admin:clinic_apitoken_add": "ApiToken"}
    if address in kinds:
        assert twice[kinds[address]] == before[kinds[address]] + 1
    else:
        assert twice["HistoricalIntake"] == before["HistoricalIntake"] + 1


def writing() -> Iterator[str]:
    """Every address to which something can be sent that is no list to look at."""
    for name, pattern in ADDRESSES.items():
        view = getattr(pattern.callback, "view_class", getattr(pattern.callback, "cls", None))
        if not name.startswith("admin:"):
            if view is None or hasattr(view, "post"):
                yield name
        elif not name.startswith("admin:clinic_"):
            yield name
    for model, pages in administration._registry.items():
        start = f"admin:clinic_{model._meta.model_name}"
        if hasattr(pages, "add_form") or model._meta.model_name == "protocolrelease":
            yield f"{start}_add"
        if isinstance(pages, ActingAdmin):
            yield f"{start}_change"


READ_ONLY = {
    *("livez", "readyz", "admin:protocol_certificate", "admin:protocol_comparison", "admin:protocol_replay"),
    *("admin:app_list", "admin:dashboard_csv", "admin:dashboard_dictionary", "admin:dashboard_plot"),
    *("admin:index", "admin:login", "admin:logout", "admin:autocomplete", "admin:jsi18n", "admin:view_on_site"),
}


def test_every_form_and_writing_call_has_its_line():
    assert set(table()) == set(writing()) - READ_ONLY


def test_each_line_says_what_it_was_made_from_for_which_site_and_why_it_does_not_count_twice():
    for address, row in table().items():
        said = (row["made_from"], row["site"], row["twice"])
        assert said[0] in MADE_FROM, address
        assert said[1] in SITES, address
        assert said[2] in TWICE, address


def test_every_form_that_counts_by_its_key_is_tried_here():
    keyed = {address for address, row in table().items() if row["twice"] == "key"}
    assert keyed == set(KEYED)


def test_every_writing_call_of_the_api_takes_a_key(here: Site):
    paths = caller(Role.CLINICIAN, here).get("schema/").json()["paths"]
    for address, row in table().items():
        if address.startswith("api:"):
            path = re.sub(r"<\w+:(\w+)>", r"{\1}", str(ADDRESSES[address].pattern))
            names = {each["name"] for each in paths[f"/api/v1/{path}"]["post"].get("parameters", ())}
            assert ("Idempotency-Key" in names) == (row["twice"] == "header"), address


def test_every_form_of_a_template_that_writes_holds_a_key():
    found = 0
    for path in TEMPLATES.rglob("*.html"):
        for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text(), re.DOTALL):
            found += 1
            without = WITHOUT_A_KEY.get(str(path.relative_to(TEMPLATES)))
            assert ("{% form_key %}" in form) != bool(without), path
    assert found > 20


WITHOUT_A_KEY = {
    "admin/clinic/search_form.html": "looks for something",
    "clinic/find_patient.html": "looks for somebody",
    "admin/base_site.html": "logs out",
    "clinic/parts/account.html": "logs out, or chooses a site",
    "clinic/parts/footer.html": "chooses a language",
    "clinic/parts/draft.html": "throws a draft away, of which there is one",
    "clinic/parts/emergency.html": "ends an access, which can be ended once",
    "registration/login.html": "credentials",
    "clinic/entry/password.html": "credentials",
    "clinic/entry/code.html": "credentials",
    "clinic/entry/set_up.html": "credentials",
}
