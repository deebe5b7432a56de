"""A request whose body is not all there is refused before anybody reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest
from django.http import UnreadablePostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class WholeBodyMiddleware:
    """Reads the body once for all. What was cut short might read as something else that makes sense."""

    get_response: Callable[[HttpRequest], HttpResponse]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_cut_short(request):
            raise BadRequest("The body is shorter than its Content-Length.")
        return self.get_response(request)


def _is_cut_short(request: HttpRequest) -> bool:
    """Raises RequestDataTooBig for a body that is larger than anything here takes."""
    declared = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (declared.isascii() and declared.isdigit() and len(declared) < 20):
        raise BadRequest("Content-Length is not the length of anything.")
    try:
        return len(request.body) < int(declared)
    except UnreadablePostError:
        return True
