"""Pages for what cannot be shown or done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actions.errors import NotText, TooOften
from clinic.actions.outage import RETRY_AFTER, is_outage

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


def refuse(status: int, title: str, text: str) -> HttpResponse:
    """An error page; it asks nothing of the database, which may be what failed."""
    context = {"status": status, "title": title, "text": text, "home": reverse("worklist")}
    return HttpResponse(render_to_string("clinic/error.html", context), status=status)


def refuse_conflict(text: str) -> HttpResponse:
    return refuse(409, _("That is no longer possible"), text)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_outage(exception):
        return _unavailable()
    if isinstance(exception, RequestDataTooBig):
        return refuse(
            413, _("That is too much at once"), _("What was sent is larger than any form here. Nothing was saved.")
        )
    why = f"{exception} " if isinstance(exception, NotText) else ""
    return refuse(400, _("The request could not be read"), why + _("Nothing was saved. Go back and try again."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    text = str(exception) or _("You may not do this.")
    return refuse(403, _("Not allowed"), text)


def too_many_tries(request: HttpRequest, response: HttpResponse | None, credentials: object) -> HttpResponse:
    """In the place of the log-in page, whether the last try was right or wrong and whether the name exists or not."""
    minutes = settings.AXES_COOLOFF_TIME.seconds // 60
    text = _("Wait %(minutes)s minutes, then try again. If the patient cannot wait, act without Yellowflag.")
    refusal = refuse(429, _("Too many attempts"), text % {"minutes": minutes})
    refusal["Retry-After"] = str(60 * minutes)
    return refusal


class TooOftenMiddleware:
    """Answers what is done too often, on our pages and on those of the administration."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, TooOften):
            return None
        answer = refuse(429, _("Too many attempts"), str(exception))
        answer["Retry-After"] = str(exception.seconds)
        return answer


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    text = _("There is no such page, or it belongs to a site where you do not work.")
    return refuse(404, _("Page not found"), text)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_outage(sys.exception()):
        return _unavailable()
    text = _(
        "The fault is on our side and has been logged. Nothing was saved. If the patient cannot wait, act without Yellowflag."
    )
    return refuse(500, _("Something went wrong"), text)


def _unavailable() -> HttpResponse:
    text = _(
        "The database cannot be used at the moment. Try again shortly, and look first whether what you sent was saved. If the patient cannot wait, act without Yellowflag."
    )
    response = refuse(503, _("Yellowflag is not available"), text)
    response["Retry-After"] = RETRY_AFTER
    return response
