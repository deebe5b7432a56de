"""Every page of the administration opens for whom it is meant, and for nobody else."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.actions import (
    chasing,
    decisions,
    imaging,
    intakes,
    letters,
    people,
    raising,
    sites,
    stops,
    tokens,
    webhooks,
)
from clinic.admin import site as admin_site
from clinic.models import ApiToken, Assessment, AuditEvent, Intake, Membership, MessageKind, Site, User
from clinic.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db

PEOPLE = {"user", "membership", "apitoken"}
WEBHOOKS = {"webhook", "delivery"}
RECORDS = {
    "patient",
    "intake",
    "assessment",
    "decision",
    "stoprecord",
    "raisedstop",
    "takenback",
    "referral",
    "letter",
    "studyevent",
    "escalation",
}
SHARED = {"site", "protocolrelease"}
READABLE = {
    Role.ADMIN: SHARED | PEOPLE | WEBHOOKS,
    Role.AUTHOR: SHARED,
    Role.APPROVER: SHARED,
    Role.AUDITOR: SHARED | {"auditevent", "breakglass"},
    Role.CLINICIAN: SHARED | RECORDS,
}
SHUT_OUT = (Role.CLERK, Role.INTEGRATOR)


@pytest.fixture
def here() -> Site:
    """A site with at least one row of everything that the administration shows."""
    return fill(factories.site())


def fill(at: Site) -> Site:
    webhooks.add(site=at, url="https://ehr.example/", events=MessageKind.values, by=factories.user(Role.ADMIN, at))
    clinician = factories.user(Role.CLINICIAN, at)
    refer = factories.assessment(at, clinician, duration_days=10, off_work="yes")
    decisions.decide(assessment=refer, kind="accepted", by=clinician)
    urgent = factories.assessment(at, clinician, ces_saddle="yes")
    stops.record(assessment=urgent, text="Rang the emergency number.", by=clinician)
    letters.issue(assessment=urgent, kind="emergency", by=clinician)
    ticked = raising.raise_typed(intake=urgent.intake, answers={"chest_pain": "yes"}, by=clinician)
    assert ticked
    raising.take_back(stop=ticked, reason="Ticked by mistake.", by=clinician)
    study = {"modality": "mri", "region": "lumbar", "status": "requested"}
    imaging.record(intake=urgent.intake, study=study, by=clinician)
    with clock.at(clock.now() + timedelta(days=30)):
        chasing.chase()
    tokens.issue(user=clinician, name="Laptop", by=clinician)
    factories.emergency_access(refer.intake.patient, factories.user(Role.CLINICIAN, factories.site()))
    return at


def log_in(role: Role, at: Site) -> tuple[Client, User]:
    person, client = factories.user(role, at), Client()
    client.force_login(person)
    return client, person


def addresses(model: type[Model], obj: Any) -> Iterator[str]:
    name = f"admin:clinic_{model._meta.model_name}"
    yield reverse(f"{name}_changelist")
    if obj is not None:
        yield reverse(f"{name}_change", args=[quote(obj.pk)])
        yield reverse(f"{name}_history", args=[quote(obj.pk)])


def queries(client: Client, address: str) -> int:
    """How many queries the page takes once what is cached for the process is cached."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def model_names() -> list[str]:
    return [str(model._meta.model_name) for model in admin_site._registry]


@pytest.mark.parametrize("role", READABLE)
def test_every_page_opens_for_the_roles_that_may_read_it_and_for_noother(role: Role, here: Site):
    client, person = log_in(role, here)
    opened = set()
    for model, pages in admin_site._registry.items():
        readable = model._meta.model_name in READABLE[role]
        obj = pages.visible(person).first() if readable else model._default_manager.first()
        assert obj is not None, f"nothing to look at: {model}"
        for address in addresses(model, obj):
            assert client.get(address).status_code in ({200} if readable else {403, 404}), address
            opened.add(address)
    assert len(opened) == 3 * len(admin_site._registry)


@pytest.mark.parametrize(("role", "leads_to"), [(Role.CLINICIAN, {"site", "intake"}), (Role.ADMIN, {"site", "user"})])
def test_a_page_links_only_to_what_its_reader_may_open(role: Role, leads_to: set[str], here: Site):
    """The reader is a clerk elsewhere, whose site's administration they do not see; their rows they may."""
    client, person = log_in(role, here)
    elsewhere = fill(factories.site())
    people.grant(user=person, site=elsewhere, role=Role.CLERK, by=people.system())
    links: set[str] = set()
    for page in change_pages(person, (here, elsewhere)):
        links |= set(re.findall(r'href="(/admin/clinic/\w+/[^"/]+/change/)"', client.get(page).content.decode()))
    assert {link.split("/")[3] for link in links} >= leads_to
    assert [link for link in links if client.get(link).status_code != 200] == []


def change_pages(reader: User, at: tuple[Site, ...]) -> Iterator[str]:
    """A page of each kind at each of the sites, as far as the reader sees any."""
    for model, pages in admin_site._registry.items():
        for site in at:
            rows = pages.visible(reader)
            obj = (rows.filter(site=site) if hasattr(model, "site_id") else rows).first()
            if obj is not None:
                yield reverse(f"admin:clinic_{model._meta.model_name}_change", args=[quote(obj.pk)])


@pytest.mark.parametrize("role", SHUT_OUT)
def test_clerks_and_integrators_do_not_get_in(role: Role, here: Site):
    client, _ = log_in(role, here)
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_who_has_not_logged_in_is_sent_to_the_log_in_page():
    answer = Client().get(reverse("admin:clinic_user_changelist"), follow=True)
    assert reverse("login") in [address.partition("?")[0] for address, _ in answer.redirect_chain]


@pytest.mark.parametrize("model", ["site", "user", "membership", "apitoken", "webhook"])
def test_only_administrators_add(model: str, here: Site):
    for role in READABLE:
        client, _ = log_in(role, here)
        expected = 200 if role is Role.ADMIN else 403
        assert client.get(reverse(f"admin:clinic_{model}_add")).status_code == expected, role


def test_clinical_records_and_the_trail_are_neither_added_nor_changed_by_anyone(here: Site):
    for role in READABLE:
        client, person = log_in(role, here)
        for model, pages in admin_site._registry.items():
            name = f"admin:clinic_{model._meta.model_name}"
            if str(model._meta.model_name) in {*RECORDS, "auditevent"}:
                assert client.post(reverse(f"{name}_add")).status_code == 403
                obj = pages.visible(person).first() or model._default_manager.first()
                assert client.post(reverse(f"{name}_change", args=[quote(obj.pk)])).status_code in {403, 404}


def test_nothing_is_deleted(here: Site):
    for role in READABLE:
        client, person = log_in(role, here)
        for model, pages in admin_site._registry.items():
            obj = pages.visible(person).first() or model._default_manager.first()
            address = reverse(f"admin:clinic_{model._meta.model_name}_delete", args=[quote(obj.pk)])
            assert client.post(address, {"post": "yes"}).status_code in {403, 404}
            assert pages.get_actions(_request(person)) == {}


def _request(person: User) -> HttpRequest:
    request = RequestFactory().get("/admin/")
    request.user = person
    return request


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR, Role.CLINICIAN])
def test_rows_of_another_site_do_not_exist(role: Role, here: Site):
    elsewhere = fill(factories.site())
    client, person = log_in(role, here)
    stranger = factories.user(role, elsewhere)
    for model, pages in admin_site._registry.items():
        name = str(model._meta.model_name)
        if name not in READABLE[role] - {"protocolrelease"}:
            continue
        theirs = pages.visible(stranger).exclude(pk__in=pages.visible(person).values("pk")).first()
        assert theirs is not None
        listing, *others = addresses(model, theirs)
        assert str(quote(theirs.pk)) not in client.get(listing).content.decode()
        assert [client.get(address).status_code for address in others] == [404, 404], name


@pytest.mark.parametrize("role", READABLE)
def test_a_list_takes_the_same_number_of_queries_however_long_it_is(role: Role, here: Site):
    client, _ = log_in(role, here)
    lists = [reverse(f"admin:clinic_{name}_changelist") for name in sorted(READABLE[role])] + [reverse("admin:index")]
    before = {address: queries(client, address) for address in lists}
    fill(here)
    fill(here)
    assert {address: queries(client, address) for address in lists} == before


def test_a_long_history_takes_as_many_queries_as_a_short_one(here: Site):
    client, person = log_in(Role.ADMIN, here)
    address = reverse("admin:clinic_site_history", args=[quote(here.pk)])
    sites.change(site=here, changes={"name": "Renamed"}, by=person)
    before = queries(client, address)
    for number in range(60):
        sites.change(site=here, changes={"name": f"Renamed {number}"}, by=person)
    assert queries(client, address) == before
    assert "Page 1 of 2" in client.get(address).content.decode()
    assert "Opened" in client.get(address, {"page": "2"}).content.decode()


def test_the_history_says_who_when_why_and_from_what_to_what(here: Site):
    client, person = log_in(Role.ADMIN, here)
    sites.change(site=here, changes={"crisis_line": "116 123"}, by=person)
    page = client.get(reverse("admin:clinic_site_history", args=[quote(here.pk)])).content.decode()
    for words in (person.display_name, "Changed", "111", "116 123"):
        assert words in page


def test_the_history_of_an_intake_speaks_in_the_words_of_its_questions(here: Site):
    client, _ = log_in(Role.CLINICIAN, here)
    intake = Intake.objects.filter(site=here).first()
    assert intake
    page = client.get(reverse("admin:clinic_intake_history", args=[quote(intake.pk)])).content.decode()
    assert "Not asked" in page
    assert "<h2>Answered</h2>" in page
    assert "ces_saddle</th>" not in page


def test_an_assessment_reads_as_a_document(here: Site):
    client, _ = log_in(Role.CLINICIAN, here)
    assessment = Assessment.objects.filter(site=here, disposition="emergency").first()
    assert assessment
    page = client.get(reverse("admin:clinic_assessment_change", args=[quote(assessment.pk)])).content.decode()
    assert assessment.outcome["because"][0]["title"] in page
    assert "Answered no" in page
    assert "A clinician decides" in page


def test_a_protocol_reads_as_a_document(here: Site):
    release = factories.published_release()
    client, _ = log_in(Role.AUTHOR, here)
    page = client.get(reverse("admin:clinic_protocolrelease_change", args=[quote(release.pk)])).content.decode()
    for words in ("Questions", "Flags", "Rules", "ces_saddle", "Sources and assumptions"):
        assert words in page


@pytest.mark.parametrize("query", ["q=%00", "site=nonsense", "p=99999", "o=x.y", "disposition=nonsense", "all=", "e=1"])
def test_a_strange_query_is_no_server_error(query: str, here: Site):
    client, _ = log_in(Role.CLINICIAN, here)
    for name in sorted(READABLE[Role.CLINICIAN]):
        answer = client.get(f"{reverse(f'admin:clinic_{name}_changelist')}?{query}", follow=True)
        assert answer.status_code in {200, 400}


def test_an_id_that_is_none_is_not_found(here: Site):
    client, _ = log_in(Role.CLINICIAN, here)
    assert client.get("/admin/clinic/patient/nonsense/change/").status_code == 404
    assert client.get("/admin/clinic/patient/nonsense/history/").status_code == 404


def test_the_first_page_shows_open_work_of_the_persons_sites_only(here: Site):
    fill(factories.site())
    client, _ = log_in(Role.ADMIN, here)
    board = client.get(reverse("admin:index")).context["board"]
    waiting = next(table for table in board.tables if table.name == "overdue")
    assert dict(waiting.rows)["All"] == (3, 0)


def test_there_is_a_row_of_each_kind_in_these_tests(here: Site):
    assert ApiToken.objects.exists()
    assert Membership.objects.filter(site=here).exists()
    assert AuditEvent.objects.filter(site=here).exists()
    assert {*SHARED, *PEOPLE, *WEBHOOKS, *RECORDS, "auditevent", "breakglass"} == set(model_names())


def test_every_search_is_named_by_what_it_finds_and_keeps_the_filters(here: Site):
    searched = [pages for pages in admin_site._registry.values() if pages.search_fields or is_about_patients(pages)]
    assert len(searched) > 5
    assert [pages for pages in searched if not pages.search_help_text] == []
    client, _person = log_in(Role.CLINICIAN, here)
    address = f"{reverse('admin:clinic_intake_changelist')}?status__exact=open"
    page = client.post(address, {"q": "Nobody"}).content.decode()
    assert '<label class="small soft" for="searchbar">Whole names or references of patients</label>' in page
    assert "status__exact=completed" in page
    assert page.count('name="q"') == 1


def is_about_patients(pages: object) -> bool:
    return getattr(pages, "searches_patients", False)


@pytest.mark.parametrize(("model", "name"), [("patient", "pk"), ("intake", "patient_id")])
def test_no_address_of_the_administration_holds_a_name(here: Site, model: str, name: str):
    garley, other = (factories.patient(here, family_name=each) for each in ("Garley", "Other"))
    factories.published_release()
    for each in (garley, other):
        intakes.open(patient=each, by=factories.user(Role.CLERK, here))
    client, _person = log_in(Role.CLINICIAN, here)
    address = reverse(f"admin:clinic_{model}_changelist")
    page = client.post(address, {"q": "garley"})
    assert [getattr(row, name) for row in page.context["cl"].result_list] == [garley.pk]
    assert 'value="garley"' in page.content.decode()
    assert client.get(address, {"patients": str(garley.pk)}).context["cl"].result_count == 1
    assert client.get(address, {"patients": "garley"}).status_code == 400
    assert client.post(address, {"q": ""}).context["cl"].result_count > 2
    asked = client.get(address, {"q": "garley"})
    assert (asked.status_code, asked["Location"]) == (302, address)
