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
from clinic.actions.errors import KeyReused, SentBefore

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


def once(*, sent: QueryDict, path: str, by: User, run: Callable[[], str | None], is_guarded: bool = False) -> Reply:
    """Do what the form asks for and keep where it leads; of a form that was sent before, only say where that was.

    Where `run` says None nothing came of it, and it may be tried again. The same form with other
    words in it is SentBefore, or, where it `is_guarded` by the version that it bears, a form of its own.
    """
    key, body = _key(sent, path, with_words=is_guarded), json.dumps(_said(sent)).encode()
    try:
        return idempotency.once(key=key, method="POST", path=path, body=body, by=by, run=lambda: (302, run()))
    except KeyReused as error:
        raise SentBefore(
            _(
                "This form was sent before, and what it said then is recorded. Look at that; if this is to be recorded too, send it again."
            )
        ) from error


def _key(sent: QueryDict, path: str, *, with_words: bool) -> str:
    """The key that the form holds; one without a key is known by what it says, and one that says nothing is new."""
    given, said = sent.get(FIELD, ""), _said(sent)
    if not _KEY.fullmatch(given):
        given, with_words = ("", True) if said else (new(), False)
    words = salted_hmac("form", json.dumps([path, said]), algorithm="sha256").hexdigest() if with_words else ""
    return f"form:{given}:{words}"


def _said(sent: QueryDict) -> list[tuple[str, list[str]]]:
    return sorted((name, values) for name, values in sent.lists() if name not in _NOT_SAID)
