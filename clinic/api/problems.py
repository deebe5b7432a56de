"""What went wrong, as `application/problem+json` (RFC 9457): one shape for every refusal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as ModelFaults
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from clinic.actions import errors
from clinic.actions.outage import RETRY_AFTER, is_outage
from clinic.api.parsing import BodyRefused
from triage.facts import AnswerErrors, AnswerFault
from triage.wire import NotJson, join, place

_LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class Fault(serializers.Serializer[Any]):
    """One thing that is wrong with the request."""

    path = serializers.CharField(help_text="where in the body or the query, such as `answers.imaging[0].status`")
    reason = serializers.CharField(help_text="what is wrong there")
    allowed = serializers.CharField(help_text="what is allowed there, in words")


class Problem(serializers.Serializer[Any]):
    """Why a request was refused; nothing has been stored."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = Fault(many=True)  # type: ignore[assignment]  # a key of the document, not the framework's attribute


class PreconditionRefused(exceptions.APIException):
    """A header that says on what the request depends, but not in a way that can be read."""

    status_code = HTTPStatus.BAD_REQUEST


class PreconditionMissing(exceptions.APIException):
    """A change to answers that does not say which answers it has seen."""

    status_code = HTTPStatus.PRECONDITION_REQUIRED
    default_detail = 'Say in If-Match which answers you have read: the ETag of the intake, such as "3", or * for any.'


class LengthMissing(exceptions.APIException):
    """A body sent in pieces, of which nothing would be read."""

    status_code = HTTPStatus.LENGTH_REQUIRED
    default_detail = "Send the body whole, with a Content-Length."


# The status and the word for each refusal that is not one of the framework's own.
_REFUSALS: Mapping[type[Exception], tuple[HTTPStatus, str]] = {
    NotJson: (HTTPStatus.BAD_REQUEST, "not-json"),
    BodyRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "body-refused"),
    AnswerErrors: (HTTPStatus.UNPROCESSABLE_ENTITY, "answers-refused"),
    ModelFaults: (HTTPStatus.UNPROCESSABLE_ENTITY, "values-refused"),
    errors.NotAllowed: (HTTPStatus.FORBIDDEN, "not-allowed"),
    errors.NotFound: (HTTPStatus.NOT_FOUND, "not-found"),
    errors.Conflict: (HTTPStatus.CONFLICT, "conflict"),
    errors.Stale: (HTTPStatus.PRECONDITION_FAILED, "stale"),
    errors.TooOften: (HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests"),
    errors.KeyReused: (HTTPStatus.UNPROCESSABLE_ENTITY, "key-reused"),
}


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to a request that was refused; None for what is a fault of ours."""
    for kind, (status, word) in _REFUSALS.items():
        if isinstance(exc, kind):
            return _problem(status, word, _detail(exc), list(_faults(exc)), _headers(exc))
    if is_outage(exc):
        _LOG.error("The database is in trouble.", exc_info=exc)
        return Response(_OUTAGE, status=_OUTAGE["status"], headers=_LATER, content_type=MEDIA_TYPE)
    answer = exception_handler(exceptions.NotFound() if isinstance(exc, Http404) else exc, dict(context))
    if answer is None:
        return None
    status = HTTPStatus(answer.status_code)
    headers = {name: answer[name] for name in ("WWW-Authenticate", "Retry-After", "Allow") if name in answer}
    if isinstance(exc, exceptions.ValidationError):
        faults = list(_flatten(exc.detail, ""))
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "values-refused", _REFUSED, faults, headers)
    word = status.phrase.lower().replace(" ", "-")
    return _problem(status, word, str(answer.data["detail"]), [], headers)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """The answer where a request is refused before it comes to an address of the door."""
    if is_outage(exception):
        return _outside(_OUTAGE)
    if isinstance(exception, RequestDataTooBig):
        detail = f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes."
        return _outside(_document(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail, []))
    return _outside(_document(HTTPStatus.BAD_REQUEST, "bad-request", _UNREAD, []))


def server_error(request: HttpRequest) -> JsonResponse:
    """The answer to what is a fault of ours."""
    body = _OUTAGE if is_outage(sys.exception()) else _document(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", _OURS, [])
    return _outside(body)


def _outside(body: dict[str, Any]) -> JsonResponse:
    headers = _LATER if body is _OUTAGE else None
    return JsonResponse(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)


_UNREAD = "The request could not be read."
_OURS = "The fault is on our side and has been logged. Nothing has been stored."
_REFUSED = "The request holds values that cannot be used; nothing has been stored."


def _problem(
    status: HTTPStatus, word: str, detail: str, faults: list[AnswerFault], headers: Mapping[str, str]
) -> Response:
    body = _document(status, word, detail, faults)
    return Response(body, status=status, headers=dict(headers), content_type=MEDIA_TYPE)


def _document(status: HTTPStatus, word: str, detail: str, faults: list[AnswerFault]) -> dict[str, Any]:
    return {
        "type": f"urn:yellowflag:problem:{word}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "errors": [{"path": each.path, "reason": each.reason, "allowed": each.allowed} for each in faults],
    }


_LATER = {"Retry-After": RETRY_AFTER}
_OUTAGE = _document(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "database-unavailable",
    "The database cannot be used at the moment. Send the request again, under the same Idempotency-Key if it had one.",
    [],
)


def _detail(exc: Exception) -> str:
    if isinstance(exc, NotJson):
        return f"The body is not JSON: {exc}."
    if isinstance(exc, AnswerErrors | ModelFaults | BodyRefused):
        return _REFUSED
    return str(exc) or "There is no such thing here."


def _headers(exc: Exception) -> Mapping[str, str]:
    if isinstance(exc, errors.TooOften):
        return {"Retry-After": str(exc.seconds)}
    return {"ETag": f'"{exc.version}"'} if isinstance(exc, errors.Stale) else {}


def _faults(exc: Exception) -> Iterator[AnswerFault]:
    if isinstance(exc, BodyRefused):
        yield from exc.faults
    elif isinstance(exc, AnswerErrors | errors.NotAllowed):
        yield from (place(fault, "answers") for fault in exc.faults)
    elif isinstance(exc, errors.Conflict):
        yield from (AnswerFault(f"answers.{name}", "is still open", "an answer") for name in exc.outstanding)
    elif isinstance(exc, ModelFaults):
        yield from _flatten(exc.message_dict if hasattr(exc, "error_dict") else exc.messages, "")


def _flatten(detail: Any, path: str) -> Iterator[AnswerFault]:
    """The nested messages of the framework, each with the path at which it lies."""
    if isinstance(detail, Mapping):
        for key, inside in detail.items():
            name = "" if key in (api_settings.NON_FIELD_ERRORS_KEY, "__all__") else str(key)
            yield from _flatten(inside, join(path, name) if name else path)
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for position, inside in enumerate(detail):
            nested = isinstance(inside, Mapping)
            yield from _flatten(inside, f"{path}[{position}]" if nested else path)
    else:
        yield AnswerFault(path, str(detail), "")
