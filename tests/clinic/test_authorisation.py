"""Every address, asked by everybody, about their own site and another: what each is answered stands in one table.

`YELLOWFLAG_WRITE=1 pytest` writes tests/clinic/authorisation.csv anew, to be read before it is kept.
"""

import csv
import io
import os
import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from clinic.actions import decisions, letters, tokens, webhooks
from clinic.actions.seen import SHOWN
from clinic.models import ApiToken, AuditEvent, Membership, Site
from clinic.permissions import Role
from tests import factories

TABLE = Path(__file__).parent / "authorisation.csv"
OPEN = {
    "login",
    "login_code",
    "second_factor",
    "second_factor_picture",
    "set_language",
    "admin:login",
    "livez",
    "readyz",
}
PRINCIPALS = ("nobody", *(role.value for role in Role))
METHODS = ("GET", "POST")  # what else there is, the description of the API lists
# Where an address wants more than the record that it is about.
OTHERS = {
    "section": "pain",
    "kind": "patient",
    "verb": "send",
    "number": 1,
    "name": "sample",
    "protocol": "back-pain",
    "version": "1.0.0",
    "change": "sample",
    "source": "R2",
    "rest": "anywhere",
    "url": "anywhere",
    "content_type_id": "1",
    "app_label": "clinic",
}
NEVER = "01890000-0000-7000-8000-000000000000"

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="the rules have no database")


def addresses(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, f"{pattern.namespace}:" if pattern.namespace else space)
        elif pattern.name:
            yield f"{space}{pattern.name}", pattern


ADDRESSES = dict(addresses(get_resolver()))


def records(site: Site) -> dict[str, Any]:
    """The id of a record of each kind at a site."""
    clinician = factories.user(Role.CLINICIAN, site)
    assessment = factories.assessment(site, clinician, "distressed_after_treatment")
    decision = decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    letter, _ = letters.issue(assessment=assessment, kind="patient", by=clinician)
    tokens.issue(user=clinician, name="a program", by=clinician)
    admin = factories.user(Role.ADMIN, site)
    access = factories.emergency_access(assessment.intake.patient, factories.user(Role.CLINICIAN, factories.site()))
    webhook = webhooks.add(site=site, url="https://example.org/", events=["intake.completed"], by=admin)
    return {
        "site": site.pk,
        "user": clinician.pk,
        "membership": Membership.objects.get(user=clinician).pk,
        "apitoken": ApiToken.objects.get(user=clinician).pk,
        "patient": assessment.intake.patient_id,
        "intake": assessment.intake_id,
        "assessment": assessment.pk,
        "decision": decision.pk,
        "letter": letter.pk,
        "referral": assessment.referrals.all()[0].pk,
        "protocolrelease": assessment.release_id,
        "webhook": webhook.pk,
        "breakglass": access.pk,
        "auditevent": AuditEvent.objects.filter(site=site).latest("seq").pk,
    }


def path(name: str, ids: dict[str, Any]) -> str:
    """The address, about the record that it is about."""
    parameters = re.findall(r"<\w+:(\w+)>|\?P<(\w+)>", str(ADDRESSES[name].pattern))
    wanted = [first or second for first, second in parameters]
    return reverse(name, kwargs={each: _value(name, each, ids) for each in wanted})


def _value(name: str, parameter: str, ids: dict[str, Any]) -> Any:
    if name == "api:protocol" and parameter == "id":
        return "back-pain"
    if parameter in ("pk", "id", "object_id"):
        return ids.get(_kind(name), NEVER)
    return OTHERS.get(parameter, NEVER)


def _kind(name: str) -> str:
    if found := re.match(r"admin:clinic_(\w+?)_(?:change|history|delete)$", name):
        return found[1]
    if name.startswith("admin:protocol_"):
        return "protocolrelease"
    return SHOWN[name].model._meta.model_name or "" if name in SHOWN else ""


def is_about_a_record(name: str) -> bool:
    return bool(re.search(r"(?:pk|id|object_id)>", str(ADDRESSES[name].pattern))) and "view_on_site" not in name


def answer(client: Client, method: str, name: str, address: str) -> int:
    """The status; whatever was done is undone."""
    kind = "application/json" if name.startswith("api:") else "application/x-www-form-urlencoded"
    cookies = client.cookies.output(header="", sep=";")
    with transaction.atomic():
        status = client.generic(method, address, b"{}" if "json" in kind else b"", content_type=kind).status_code
        transaction.set_rollback(True)
    client.cookies = SimpleCookie(cookies)  # who logged out, or was given another language, did not
    return status


@pytest.fixture
def asked(db: None) -> dict[tuple[str, str], dict[str, str]]:
    """What everybody is answered, by address and method: own site, and another where that makes a difference."""
    here, elsewhere = factories.site(), factories.site()
    own, others = records(here), records(elsewhere)
    found: dict[tuple[str, str], dict[str, str]] = {}
    for principal in PRINCIPALS:
        client = Client(raise_request_exception=False)
        if principal != "nobody":
            client.force_login(factories.user(Role(principal), here))
        for name in ADDRESSES:
            for method in METHODS:
                told = [answer(client, method, name, path(name, own))]
                if is_about_a_record(name):
                    told.append(answer(client, method, name, path(name, others)))
                found.setdefault((name, method), {})[principal] = "/".join(map(str, told))
    return found


def as_table(asked: dict[tuple[str, str], dict[str, str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["address", "method", *PRINCIPALS])
    writer.writerows([*key, *(answers[each] for each in PRINCIPALS)] for key, answers in sorted(asked.items()))
    return file.getvalue()


def test_everybody_is_answered_as_the_table_says_and_never_of_another_site(
    asked: dict[tuple[str, str], dict[str, str]],
):
    if os.environ.get("YELLOWFLAG_WRITE"):
        TABLE.write_text(as_table(asked))
    assert as_table(asked).splitlines() == TABLE.read_text().splitlines()
    for (name, method), answers in asked.items():
        about_a_patient = name in SHOWN and is_about_a_record(name)
        for principal, told in answers.items():
            own, _, other = told.partition("/")
            case = (name, method, principal, told)
            assert "5" not in {own[0], other[:1]}, case
            if principal == "nobody" and name not in OPEN:
                assert {own, other} <= {"302", "401", ""}, case
            if about_a_patient and principal != "nobody":
                # A body that cannot be is refused, and the administration asks for another login, whatever it is about.
                assert other in ("403", "404", "405") or told in ("422/422", "302/302"), case
