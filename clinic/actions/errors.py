"""Why an action was refused; nothing has been stored where one of these is raised.

Beside them an action raises `triage.facts.AnswerErrors` for answers that the protocol does not
take, and Django's `ValidationError` for a column's value that cannot be stored.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.permissions import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "Conflict",
    "KeyReused",
    "NotAllowed",
    "NotFound",
    "NotText",
    "Overtake",
    "Overtaken",
    "SentBefore",
    "Stale",
    "TooOften",
    "conflict_on_duplicate",
]


class Conflict(Exception):
    """The record is in a state that does not allow it; `outstanding` names open questions, if any."""

    def __init__(self, message: str, outstanding: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.outstanding = tuple(outstanding)


@dataclass(frozen=True, slots=True)
class Overtake:
    """A field that two people edited: what both had seen, what the first made of it, and what the second typed."""

    was: object
    now: object
    typed: object


class Overtaken(Conflict):
    """Somebody else edited the same fields meanwhile: `clashes`; `typed` is all that the person had edited."""

    def __init__(self, clashes: Mapping[str, Overtake], typed: Mapping[str, object]) -> None:
        super().__init__(_("Somebody else has changed this meanwhile: %(fields)s.") % {"fields": ", ".join(clashes)})
        self.clashes, self.typed = dict(clashes), dict(typed)


class SentBefore(Conflict):
    """A form came again with other words in it: what it said the first time is recorded."""


class Stale(Exception):
    """The record has been changed since it was read; `version` is the number of its present state."""

    def __init__(self, version: int, message: str = "") -> None:
        changed = _("These answers have been changed in the meantime: read them again before changing them.")
        super().__init__(message or changed)
        self.version = version


class TooOften(Exception):
    """It has been done as often as it may be in a minute; `seconds` later it may be done again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(_("This has been done too often in the last minute. Nothing was saved."))
        self.seconds = seconds


class NotText(BadRequest):
    """What was sent holds a character that no text has; the message says so to whoever sent it."""


class NotFound(Exception):
    """There is nothing of that name."""


class KeyReused(Exception):
    """An idempotency key came again with another request."""


@contextmanager
def conflict_on_duplicate(message: str) -> Iterator[None]:
    """Turn a broken uniqueness rule of the database into a Conflict, without ending the transaction."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "unique" not in str(error).lower():
            raise
        raise Conflict(message) from error
