"""Let a client repeat a request whose answer it never saw, without anything happening twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from clinic.actions.errors import Conflict, KeyReused, conflict_on_duplicate
from clinic.models import IdempotencyKey, Patient, User

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, a JSON body and its ETag, if it has one; `replayed` where the request had been answered before."""

    status: int
    body: Any
    tag: str = ""
    replayed: bool = False


@transaction.atomic
def once(
    *,
    key: str,
    method: str,
    path: str,
    body: bytes,
    by: User,
    run: Callable[[], tuple[int, Any]],
    condition: str = "",
    tag: Callable[[Any], str] = lambda _answer: "",
) -> Reply:
    """Run a request under the client's key, or give the answer that it was given before.

    `condition` is what the client said that the request depends on: under another one it is another
    request. `tag` makes the ETag of the answer.

    The key is written first, in the same transaction as all that the request does: whoever comes
    second waits for it. A request that fails, or of which nothing comes, leaves no key behind and
    may be tried again.
    """
    row = IdempotencyKey(user=by, key=key, request_digest=_digest(method, path, body, condition))
    row.clean_fields(exclude={"user", "ring_key", "sealed"})
    try:
        with conflict_on_duplicate(_("This key has been used.")):
            row.save(force_insert=True)
    except Conflict:
        return _answered(row)
    row.status, answer = run()
    row.tag = tag(answer)
    if answer is None:
        row.delete()
        return Reply(row.status, None, row.tag)
    row.put(json.dumps(answer).encode())
    # Whoever has just ended a role of their own has no key left to keep it under.
    kept = {"status": row.status, "tag": row.tag, "ring_key": row.ring_key, "sealed": row.sealed}
    IdempotencyKey.objects.filter(pk=row.pk).update(**kept)
    return Reply(row.status, answer, row.tag)


def _answered(row: IdempotencyKey) -> Reply:
    earlier = IdempotencyKey.objects.get(user=row.user, key=row.key)
    if earlier.request_digest != row.request_digest:
        raise KeyReused(_("This idempotency key has been used for another request."))
    return Reply(earlier.status, json.loads(earlier.content), earlier.tag, replayed=True)


def _digest(method: str, path: str, body: bytes, condition: str) -> str:
    """Keyed, for a body may name somebody who can be guessed."""
    said = json.dumps([method, path, body.decode(), condition])
    return salted_hmac("idempotency", said, algorithm="sha256").hexdigest()


def forget(patient: Patient) -> None:
    """Let no kept answer tell who a patient was; the request is still not done twice."""
    for row in IdempotencyKey.objects.select_for_update():
        answer = row.content.decode() if row.sealed else ""
        if str(patient.pk) in answer and '"given_name"' in answer:
            row.put(json.dumps({"id": str(patient.pk), "is_erased": True}).encode())
            row.save(update_fields=("ring_key", "sealed"))
