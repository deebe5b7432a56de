"""What a request depends on: the record as its caller has read it, named by an ETag.

The ETag of a record that programs change begins with a number, which every change of the record
raises. `If-Match` is judged by that number, in the action, where the record is held. The rest of an
ETag is a digest of what is shown, so that it changes with all of that, a name or an erasure included:
`If-None-Match` is judged by the whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.cache import get_conditional_response
from django.utils.crypto import salted_hmac
from django.utils.http import parse_etags

from clinic.api.problems import OtherVersion, PreconditionMissing, PreconditionRefused

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request

_NUMBERED = re.compile(r'"([0-9]{1,9})(?:-[0-9a-f]{32})?"')
_NEVER = -1  # the number of no state
# An entity tag of ours, or any: as the description of the door has it.
PATTERN = rf"^(\*|{_NUMBERED.pattern})$"


def tag_of(content: bytes, number: int | None = None) -> str:
    """The ETag of what is shown, with the number of its state where that can be changed.

    The digest is keyed, for what is shown may name somebody who can be guessed.
    """
    digest = salted_hmac("etag", content, algorithm="sha256").hexdigest()[:32]
    return f'"{digest}"' if number is None else f'"{number}-{digest}"'


def tag_of_state(number: int) -> str:
    """The ETag of a record that was just changed and is not shown: for the next `If-Match`."""
    return f'"{number}"'


def expected(given: str | None) -> int | None:
    """The number of the state that the caller has read, by `If-Match`; None where any will do."""
    if given is None:
        raise PreconditionMissing
    tags = parse_etags(given.strip())
    if tags == ["*"]:
        return None
    if len(tags) != 1:
        raise PreconditionRefused('If-Match takes one entity tag as it was given in ETag, such as "3", or *.')
    ours = _NUMBERED.fullmatch(tags[0])
    return int(ours[1]) if ours else _NEVER


def refuse_unheeded(given: str | None) -> None:
    """What was said where it counts for nothing is not passed over."""
    if given is not None and given.strip() != "*":
        raise PreconditionRefused("This address takes no If-Match.")


def unless_known(request: Request, response: HttpResponse) -> HttpResponse:
    """The response to a GET, which has an ETag; 304 without a body where its caller has just that."""
    answer = get_conditional_response(request, etag=response["ETag"], response=response) or response
    if answer.status_code == OtherVersion.status_code:
        raise OtherVersion
    return answer
