"""What is no text, and what is far too long, in every field of every form, every address and every body: refused and not stored."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from clinic.actions import intakes
from clinic.models import AuditEvent, Letter, Patient
from clinic.models.base import AppendOnlyRecord, HistoryRow
from clinic.permissions import Role
from tests import factories
from tests.clinic.callers import caller
from tests.clinic.test_authorisation import ADDRESSES, PRINCIPALS, path, records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinic.models import Site

pytestmark = pytest.mark.django_db

LONG = "a" * 200_000
NOT_TEXT = {"NUL": "St\x00Agnes", "a bell": "St\x07Agnes", "an escape": "St\x1b[2JAgnes", "a control": "St\x9bAgnes"}
TYPED = {
    "text",
    "search",
    "password",
    "email",
    "url",
    "tel",
    "number",
    "date",
    "datetime-local",
    "hidden",
    "textarea",
    "",
}


class Forms(HTMLParser):
    """The forms of a page: where each is sent, how, and what its fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, tuple[str, str]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), given.get("method", "get").lower(), {}))
        elif tag in ("input", "textarea", "select", "button") and self.found and given.get("name"):
            kind = tag if tag != "input" else given.get("type", "")
            self.found[-1][2].setdefault(given["name"], (kind, given.get("value", "")))


def forms_of(client: Client, address: str) -> Iterator[tuple[str, str, dict[str, tuple[str, str]]]]:
    with transaction.atomic():
        page = client.get(address)
        transaction.set_rollback(True)
    if page.status_code == 200 and "html" in page.get("Content-Type", ""):
        parser = Forms()
        parser.feed(page.content.decode())
        for action, method, fields in parser.found:
            yield (action.partition("#")[0] or address), method, fields


def sent(client: Client, action: str, method: str, values: dict[str, str]) -> tuple[int, int]:
    """The status, and how many rows were written of what a clinic records; it is taken back."""
    with transaction.atomic():
        before = stored()
        answer = client.get(action, values) if method == "get" else client.post(action, values)
        written = stored() - before
        transaction.set_rollback(True)
    return answer.status_code, written


def stored() -> int:
    """Each change leaves a row of history, or one that is written once; that a page was read is told by the trail alone."""
    tables = [
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, HistoryRow | AppendOnlyRecord) and model is not AuditEvent
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + " + ".join(f"(SELECT COUNT(*) FROM {each})" for each in tables))  # noqa: S608 -- our own names
        return int(cursor.fetchone()[0])


def every_form(here: Site) -> Iterator[tuple[Client, str, str, dict[str, tuple[str, str]]]]:
    """Each form once, as the first principal meets it who has it on some page."""
    own, met = records(here), set[Any]()
    nobody = {name: reverse(name) for name in ("login",)}
    for principal in PRINCIPALS:
        client = Client(raise_request_exception=False)
        if principal != "nobody":
            client.force_login(factories.user(Role(principal), here))
        for address in nobody.values() if principal == "nobody" else [path(name, own) for name in ADDRESSES]:
            if "logout" in address or address.startswith("/api/"):
                continue
            for action, method, fields in forms_of(client, address):
                which = (re.sub(r"[0-9a-f-]{36}|\d+", "*", action), method, tuple(sorted(fields)))
                if which not in met and "logout" not in action:
                    met.add(which)
                    yield client, action, method, fields


def test_a_field_of_a_form_that_is_no_text_or_far_too_long_is_refused(here: Site):
    tried = 0
    for client, action, method, fields in every_form(here):
        # The Save of a group that cannot wait saves what is an answer, whatever else is none.
        values = {name: value for name, (_kind, value) in fields.items() if name != "now"}
        for name, (kind, _value) in fields.items():
            # The client of a test need not have the one; the other leads to this site, or else to its first page.
            if kind not in TYPED or name in ("csrfmiddlewaretoken", "next"):
                continue
            tried += 1
            for word, hostile in (NOT_TEXT | {"length": LONG}).items():
                status, written = sent(client, action, method, values | {name: hostile})
                if kind == "hidden":  # nobody types it: the form counts by what else it says, or is refused
                    assert status < 500, f"{word} in {name} of {method} {action}: {status}"
                    continue
                assert status == 200 or 400 <= status < 500, f"{word} in {name} of {method} {action}: {status}"
                assert written == 0, f"{word} in {name} of {method} {action}: stored"
    assert tried > 80


def test_an_address_and_its_parameters_that_are_no_text_are_refused(here: Site):
    own = records(here)
    client = Client(raise_request_exception=False)
    client.force_login(factories.user(Role.ADMIN, here))
    for name in ADDRESSES:
        address = path(name, own)
        for hostile in ("%00", "a%07b", "%1b%5b2J"):
            for asked in (f"{address}?page={hostile}", f"{address}?q={hostile}", f"{address}?{hostile}=1"):
                status = client.get(asked).status_code
                assert status == 400 or (status < 500 and name.startswith("api:")), asked
            assert client.get(f"{address}{hostile}/").status_code in (302, 400, 404, 405), address
        for odd in ("%ed%a0%80", "%ff", LONG):
            assert client.get(f"{address}?page={odd}&q={odd}").status_code < 500, address


PERSON = {"reference": "A-1", "given_name": "Ada", "family_name": "Example", "sex": "female", "phone": "01632 960000"}
BODIES: dict[str, dict[str, Any]] = {
    "api:patients": PERSON | {"site": "here", "date_of_birth": "1980-01-01"},
    "api:intakes": {"patient": "patient", "protocol": "back-pain"},
    "api:intake-answers": {"answers": {"fever": "no", "pain_site": "lumbar"}},
    "api:evaluate": {"protocol": "back-pain", "answers": {"fever": "no"}, "on": "2026-01-01"},
}


def api_bodies(here: Site) -> Iterator[tuple[str, dict[str, Any]]]:
    own = records(here)
    said = {"here": here.slug, "patient": str(own["patient"])}
    said_everywhere = {"text": "Rang.", "reason": "As agreed.", "destination": "St Agnes", "kind": "accepted"}
    for name in ADDRESSES:
        if name.startswith("api:") and "POST" in allowed(path(name, own)):
            body = BODIES.get(name, said_everywhere)
            yield (
                path(name, own),
                {key: said.get(value, value) if isinstance(value, str) else value for key, value in body.items()},
            )


def allowed(address: str) -> str:
    return Client(raise_request_exception=False).options(address).get("Allow", "POST")


def spoilt(body: Any, hostile: str) -> Iterator[Any]:
    """The body with each of its texts, and each of its keys, in turn."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from (body | {key: each} for each in spoilt(value, hostile))
            yield {**{other: inner for other, inner in body.items() if other != key}, f"{key}{hostile}": value}
    elif isinstance(body, str):
        yield hostile


@pytest.mark.parametrize("hostile", [*NOT_TEXT.values(), "\ud800", "a\udfff", LONG], ids=lambda each: ascii(each[:12]))
def test_a_body_that_holds_no_text_or_far_too_much_is_refused(hostile: str, here: Site):
    clinician = caller(Role.CLINICIAN, here)
    clinician.client.raise_request_exception = False
    tried = 0
    for address, body in api_bodies(here):
        for each in spoilt(body, hostile):
            with transaction.atomic():
                answer = clinician.post(address, json.dumps(each))
                transaction.set_rollback(True)
            assert 400 <= answer.status_code < 500, f"{address}: {answer.status_code}"
            tried += 1
    assert tried > 50


@pytest.mark.parametrize(
    "destination", [*NOT_TEXT.values(), "St Agnes\nWard 7", LONG, "a" * 201], ids=lambda each: ascii(each[:12])
)
def test_whom_a_letter_is_for_is_a_line(destination: str, here: Site, client: Client):
    clinician = factories.user(Role.CLINICIAN, here)
    assessment = factories.assessment(here, clinician, ces_saddle="yes")
    intakes.complete(intake=assessment.intake, by=clinician)
    client.force_login(clinician)
    told = AuditEvent.objects.filter(action="letter.issue").count()
    addresses = [
        name
        for name in ADDRESSES
        if "letter" in name and name in ("assessment_letter", "stop_letter", "letter_preview")
    ]
    assert addresses
    for name in addresses:
        ids = {"pk": assessment.pk, "kind": "gp"}
        wanted = set(re.findall(r"<\w+:(\w+)>", str(ADDRESSES[name].pattern)))
        answer = client.post(reverse(name, kwargs={key: ids[key] for key in wanted}), {"destination": destination})
        assert answer.status_code in (400, 413, 422), f"{name}: {answer.status_code}"
    assert not Letter.objects.exists()
    assert AuditEvent.objects.filter(action="letter.issue").count() == told


def test_what_lines_and_blanks_a_paragraph_has_is_text(here: Site, client: Client):
    client.force_login(factories.user(Role.CLERK, here))
    page = client.post(reverse("find_patient"), {"words": "Ada\r\n\tExample \u202a\u200d"})
    assert page.status_code == 200
    assert not Patient.objects.exists()
