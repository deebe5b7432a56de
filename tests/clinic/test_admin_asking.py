"""A list of the administration answers what its page offers to ask, and nothing about what it does not show."""

import pytest
from django.db.models import Field
from django.test import Client, RequestFactory
from django.urls import reverse

from clinic.admin import site as admin_site
from clinic.admin.asking import NotOffered, check
from clinic.models import Site
from clinic.permissions import Role
from tests import factories

LOOKUPS = ("exact", "gte", "startswith", "regex", "iregex", "year", "isnull", "in", "contains", "foo")
EVIL = ("", "9" * 400, "\x00", "word " * 1200, "\ud800", "1,2")
ROLES = (Role.ADMIN, Role.CLINICIAN, Role.AUDITOR)


@pytest.fixture(params=ROLES)
def client(request: pytest.FixtureRequest, here: Site) -> Client:
    factories.open_intake(here)
    client = Client(raise_request_exception=False)
    client.force_login(factories.user(request.param, here))
    return client


def lists(client: Client) -> list[tuple[object, str]]:
    """The lists that open for whoever asks."""
    every = [
        (pages, reverse(f"admin:clinic_{model._meta.model_name}_changelist"))
        for model, pages in admin_site._registry.items()
    ]
    return [(pages, address) for pages, address in every if client.get(address).status_code == 200]


def columns(pages: object) -> list[str]:
    """Every column of the list, and every column one table further."""
    own = [field for field in pages.model._meta.get_fields() if isinstance(field, Field)]  # type: ignore[attr-defined]
    near = [
        f"{field.name}__{other.name}"
        for field in own
        if field.is_relation
        for other in field.related_model._meta.fields
    ]  # type: ignore[union-attr]
    return [field.name for field in own] + near


def offered(pages: object) -> set[str]:
    return {f"{each}__exact" for each in pages.list_filter if isinstance(each, str)}  # type: ignore[attr-defined]


def test_no_column_can_be_asked_about_but_by_the_filters_of_its_page(rf: RequestFactory, here: Site) -> None:
    admin = factories.user(Role.ADMIN, here)
    answered, asked = set(), 0
    for model, pages in admin_site._registry.items():
        for column in columns(pages):
            for name in (column, *(f"{column}__{lookup}" for lookup in LOOKUPS)):
                if name in offered(pages) or name in ("site", "webhook", "state", "service", "disposition", "finding"):
                    continue
                request = rf.get("/", {name: "0"})
                request.user = admin
                asked += 1
                try:
                    check(pages, request)
                    answered.add((model, name))
                except NotOffered:
                    pass
    assert asked > 1000
    assert answered == set()


def test_an_odd_value_is_refused_or_narrows_nothing_and_is_never_a_fault(client: Client) -> None:
    names = (
        "p",
        "o",
        "q",
        "e",
        "all",
        "_popup",
        "_to_field",
        "_facets",
        "patients",
        "site",
        "review",
        "service",
        "page",
    )
    for pages, address in lists(client):
        for name in (*names, *offered(pages)):
            for value in EVIL:
                answer = client.get(address, {name: value.encode("utf-8", "surrogatepass")})
                assert answer.status_code in (200, 302, 400, 429), (address, name, value[:10])


@pytest.mark.parametrize("name", ["all", "_popup", "_to_field", "_facets", "e", "is_var"])
def test_what_django_offers_and_these_pages_do_not_is_refused(client: Client, name: str) -> None:
    for _pages, address in lists(client):
        assert client.get(address, {name: "1"}).status_code == 400, address


def test_a_page_that_is_not_there_is_refused_with_a_sentence(here: Site) -> None:
    client = Client()
    client.force_login(factories.user(Role.ADMIN, here))
    for page in ("0", "-1", "99999", "2", "x", "9" * 5000):
        answer = client.get(reverse("admin:clinic_user_changelist"), {"p": page})
        assert answer.status_code == 400, page
        assert "cannot be asked for" in answer.content.decode()


def test_digests_of_passwords_cannot_be_guessed_letter_by_letter(here: Site) -> None:
    admin = factories.user(Role.ADMIN, here)
    client = Client()
    client.force_login(admin)
    digest = admin.password
    for name, value in (("password__gte", digest[:9]), ("password__startswith", digest[:3]), ("password", digest)):
        assert client.get(reverse("admin:clinic_user_changelist"), {name: value}).status_code == 400


def test_what_is_offered_is_still_answered(here: Site) -> None:
    client = Client()
    client.force_login(factories.user(Role.ADMIN, here))
    address = reverse("admin:clinic_user_changelist")
    assert client.get(address, {"is_active__exact": "1", "o": "1.-2", "p": "1"}).status_code == 200
    assert (
        client.get(reverse("admin:clinic_membership_changelist"), {"role__exact": "clerk", "site": here.pk}).status_code
        == 200
    )


@pytest.mark.parametrize("value", EVIL)
def test_odd_values_on_other_pages_of_the_administration_are_no_fault(here: Site, value: str) -> None:
    client = Client(raise_request_exception=False)
    admin = factories.user(Role.ADMIN, here)
    client.force_login(admin)
    raw = value.encode("utf-8", "surrogatepass")
    pages = [reverse("admin:index"), reverse("admin:dashboard_csv"), reverse("admin:clinic_user_add")]
    pages += [
        reverse("admin:clinic_user_change", args=[admin.pk]),
        reverse("admin:clinic_user_history", args=[admin.pk]),
    ]
    pages += [reverse("admin:autocomplete"), reverse("admin:clinic_membership_add")]
    for page in pages:
        for name in (
            "site",
            "period",
            "page",
            "user",
            "username",
            "_to_field",
            "_popup",
            "_changelist_filters",
            "like",
            "term",
        ):
            assert client.get(page, {name: raw}).status_code < 500, (page, name)


CURSORS = ("bz0xJnA9MQ==", "cD0lMDA=", "bz05OTk5OTk5OTk5OTk5OTk5OTk5", "cj14", "====")


@pytest.mark.parametrize(
    "page", ["worklist", "api:worklist", "api:intakes", "api:patients", "api:referrals", "api:escalations"]
)
def test_odd_filters_of_other_lists_are_refused_or_narrow_nothing(here: Site, page: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(factories.user(Role.CLINICIAN, here))
    factories.open_intake(here)
    names = ("whose", "kind", "page_size", "status", "patient", "answers__regex")
    asked = [(name, value) for name in names for value in EVIL[1:5]]
    for name, value in (*asked, *(("cursor", each) for each in CURSORS), *(("after", each) for each in CURSORS)):
        answer = client.get(reverse(page), {name: value.encode("utf-8", "surrogatepass")})
        assert answer.status_code in (200, 400, 404, 422), (name, value[:12], answer.status_code)
    if page != "worklist":
        assert client.get(reverse(page), {"answers__regex": "(a+)+$"}).status_code in (200, 422)
