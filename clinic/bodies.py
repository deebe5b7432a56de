"""A request whose body is not all there, or that holds far more than any field takes, is refused before anybody reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import UnreadablePostError
from django.utils.translation import gettext_lazy as _

from clinic.actions.errors import NotText
from triage.wording import is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest, HttpResponse, QueryDict

_LONGEST = 10_000  # characters; each field takes less, and says so itself
_WHOLE_FILES = ("source",)  # the text of a protocol is typed or pasted into one field


@dataclass(frozen=True, slots=True)
class WholeBodyMiddleware:
    """Reads the body once for all. What was cut short might read as something else that makes sense."""

    get_response: Callable[[HttpRequest], HttpResponse]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_cut_short(request):
            raise BadRequest("The body is shorter than its Content-Length.")
        if not request.path.startswith("/api/"):  # where each address says what it takes
            _refuse_what_no_field_takes(request)
        return self.get_response(request)


def _refuse_what_no_field_takes(request: HttpRequest) -> None:
    """What a field of a form takes beside that, it says itself."""
    if any(len(typed) > _LONGEST for name, typed in _typed(request.GET, request.POST) if name not in _WHOLE_FILES):
        raise RequestDataTooBig("A field is longer than any that is taken.")
    if not all(is_text(typed) for _name, typed in _typed(request.GET)):
        raise NotText(_("The address holds a character that is not text."))


def _is_cut_short(request: HttpRequest) -> bool:
    """Raises RequestDataTooBig for a body that is larger than anything here takes."""
    declared = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (declared.isascii() and declared.isdigit() and len(declared) < 20):
        raise BadRequest("Content-Length is not the length of anything.")
    try:
        return len(request.body) < int(declared)
    except UnreadablePostError:
        return True


def _typed(*sent: QueryDict) -> Iterator[tuple[str, str]]:
    """Every name and value of an address or a form, each value with its name."""
    for data in sent:
        for name, values in data.lists():
            yield "", name
            yield from ((name, str(value)) for value in values)
