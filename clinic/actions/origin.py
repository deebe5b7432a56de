"""Through which door the present request came in, for the audit trail."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from clinic.models import Door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DOORS = {"/api/": Door.API, "/admin/": Door.ADMIN}


@dataclass(frozen=True, slots=True)
class Origin:
    """The door, the id that ties the entries of one request together, their receipts, and what was found for it."""

    door: Door = Door.COMMAND
    request_id: str = ""
    entered: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    found: dict[UUID | None, list[str]] = field(default_factory=dict)
    searched: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        return " ".join(self.searched)


_COMMAND = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=_COMMAND)


def current() -> Origin:
    return _current.get()


def note_entry(action: str) -> None:
    """That the present request, if there is one, has an entry of its own, once its transaction ends well."""
    if current().request_id:
        current().entered.append(action)


def note_token(key: str) -> None:
    """By which token the present request acts for somebody."""
    if current().request_id:
        current().tokens.append(key)


def keep_receipt(receipt: str) -> None:
    """For the answer to the present request, if there is one; called when the entry is there for good."""
    if current().request_id:
        current().receipts.append(receipt)


def note_found(rows: Iterable[Model], *, words: str = "") -> None:
    """What a list shows, by site, and what was looked for: it is for the trail to tell."""
    if not current().request_id:
        return
    if words:
        current().searched.append(words)
    for row in rows:
        current().found.setdefault(getattr(row, "site_id", None), []).append(str(row.pk))


class OriginMiddleware:
    """Remembers the door for as long as a request lasts, and tells the client the request's id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        origin = Origin(door=_door(request.path_info), request_id=_request_id(request))
        token = _current.set(origin)
        try:
            response = self.get_response(request)
        finally:
            _current.reset(token)
        response["X-Request-Id"] = origin.request_id
        if origin.receipts:
            response["X-Audit-Receipt"] = origin.receipts[-1]
        return response


def _door(path: str) -> Door:
    return next((door for start, door in _DOORS.items() if path.startswith(start)), Door.WEB)


def _request_id(request: HttpRequest) -> str:
    """The client's own id for the request where it is a plain one, or a new one."""
    given = request.headers.get("X-Request-Id", "")
    return given if _GIVEN_ID.fullmatch(given) else uuid4().hex
