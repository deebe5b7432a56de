"""Programs that call the API in tests, each with a token of its own."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from clinic.actions import tokens
from clinic.models import Site, User
from clinic.permissions import Role, Scope
from tests import factories

ROOT = "/api/v1/"


class Caller:
    """Acts for one user of one site; addresses are given from the root of the API.

    Unless a test says otherwise, changes are meant for whichever version of the answers stands there.
    """

    def __init__(self, user: User, site: Site) -> None:
        self.user, self.site = user, site
        secret = tokens.issue(user=user, name="test", scope=Scope.DECIDE, by=user)
        self.client = Client(headers={"Authorization": f"Bearer {secret}", "If-Match": "*"})

    def get(self, address: str, **headers: str) -> Any:
        return self.client.get(_full(address), headers=headers)

    def post(self, address: str, body: object = None, **headers: str) -> Any:
        text = body if isinstance(body, str | bytes) else json.dumps(body if body is not None else {})
        return self.client.post(_full(address), text, content_type="application/json", headers=headers)


def _full(address: str) -> str:
    return address if address.startswith(("/", "http")) else ROOT + address


def caller(role: Role, at: Site) -> Caller:
    """Somebody new in that role at the site."""
    return Caller(factories.user(role, at), at)
