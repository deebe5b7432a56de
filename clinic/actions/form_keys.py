"""A form counts once: sent again by a double click or a retry, it leads to what came of it the first time.

Every form that is rendered holds a key of its own. It is kept as the key of a request of a program is,
in the transaction of all that the form does. No form can be sent once its key is forgotten: nobody stays
logged in for a day, and a log-in ends the forms of before, save those of sections, which have a version.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from clinic.actions import idempotency
from clinic.actions.errors import Conflict, KeyReused

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import QueryDict

    from clinic.actions.idempotency import Reply
    from clinic.models import User

FIELD = "form"
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
_NOT_SAID = frozenset({FIELD, "csrfmiddlewaretoken", "password"})  # no trace of a password is kept


def new() -> str:
    """For one form as it is rendered."""
    return secrets.token_urlsafe(16)


def once(*, sent: QueryDict, path: str, by: User, run: Callable[[], str | None]) -> Reply:
    """Do what the form asks for and keep where it leads; of a form that was sent before, only say where that was.

    Where `run` says None nothing came of it, and it may be tried again. The same form with other
    words in it is a Conflict: what it said the first time is recorded.
    """
    key, body = _key(sent, path), json.dumps(_said(sent)).encode()
    try:
        return idempotency.once(key=key, method="POST", path=path, body=body, by=by, run=lambda: (302, run()))
    except KeyReused as error:
        raise Conflict(
            _(
                "This form was sent before, and what it said then is recorded. Look at that; if this is to be recorded too, send it again."
            )
        ) from error


def _key(sent: QueryDict, path: str) -> str:
    """The key that the form holds; one without a key is known by what it says, and one that says nothing is new."""
    given, said = sent.get(FIELD, ""), _said(sent)
    if _KEY.fullmatch(given):
        return f"form:{given}"
    if not said:
        return f"form:{new()}"
    return f"said:{salted_hmac('form', json.dumps([path, said]), algorithm='sha256').hexdigest()}"


def _said(sent: QueryDict) -> list[tuple[str, list[str]]]:
    return sorted((name, values) for name, values in sent.lists() if name not in _NOT_SAID)
