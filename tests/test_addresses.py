"""Every address demands a login, or says here why it does not."""

import re
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver

OPEN = {
    "login/": "where one logs in",
    "language/": "which language to log in in",
    "livez": "asked by machines, and says nothing of anybody",
    "readyz": "asked by machines, and says nothing of anybody",
}
SAMPLES = {"uuid": "01890000-0000-7000-8000-000000000000", "slug": "sample", "str": "1.0.0", "path": "1", "int": "1"}


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Every route of the project, as it is written."""
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route


ROUTES = sorted(routes(get_resolver()))


def sample(route: str) -> str:
    """An address that the route answers."""
    filled = re.sub(r"<(\w+):\w+>", lambda found: SAMPLES[found[1]], route)
    spelt_out = re.sub(r"\(\?P<\w+>(.*?)\)", lambda found: found[1].replace(".*", "anywhere"), filled)
    return "/" + spelt_out.replace("^", "").replace("$", "")


def demands_login(response: HttpResponse) -> bool:
    """Whether the answer is "who are you?" and nothing else."""
    to_login = response.status_code == 302 and response["Location"].split("?")[0] in {"/login/", "/admin/login/"}
    return to_login or response.status_code == 401


def test_every_door_has_addresses():
    first_words = {sample(route).split("/")[1] for route in ROUTES}
    assert {"", "login", "api", "admin"} <= first_words


@pytest.mark.django_db
@pytest.mark.parametrize("route", [route for route in ROUTES if route not in OPEN])
def test_a_stranger_is_asked_to_log_in(client: Client, route: str):
    for method in ("get", "post"):
        assert demands_login(getattr(client, method)(sample(route))), f"{method} {sample(route)}"


@pytest.mark.django_db
@pytest.mark.parametrize("route", OPEN)
def test_what_is_open_is_there(client: Client, route: str):
    assert client.get(sample(route), follow=True).status_code == 200
