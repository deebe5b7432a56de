"""How the addresses describe themselves in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView

from clinic.api.door import Address
from clinic.api.problems import MEDIA_TYPE, Problem

Method = TypeVar("Method", bound=Callable[..., Any])

_ALWAYS = (401, 503)
_WITH_BODY = (400, 403, 411, 413, 415, 422)
_IDEMPOTENCY = (
    OpenApiParameter(
        "Idempotency-Key",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description="Any text of up to 200 characters. The same request under the same key is done once.",
    ),
    OpenApiParameter(
        "Idempotency-Replayed",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        response=[200, 201],
        description="`true` where this is the answer that an earlier request was given.",
    ),
)
TAG = OpenApiParameter(
    "ETag",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="The version of the intake's answers, in quotation marks.",
)
_TAGS = {"type": "string", "pattern": r'^(\*|"[0-9]{1,9}")$'}
_STALE = "The ETag of the answers that the client has read; refused with 412 where they have changed since."
IF_MATCH = OpenApiParameter("If-Match", _TAGS, OpenApiParameter.HEADER, description=_STALE)
IF_MATCH_DEMANDED = OpenApiParameter(
    "If-Match",
    _TAGS,
    OpenApiParameter.HEADER,
    required=True,
    description=f"{_STALE} `*` stands for any; without it the request is refused with 428.",
)


def reads(
    what: str,
    shape: Any,
    *,
    problems: Sequence[int] = (),
    parameters: Sequence[Any] = (),
    media: str = "application/json",
) -> Callable[[Method], Method]:
    """Describe a GET."""
    responses = _responses(200, shape, (*_ALWAYS, *problems), media)
    return extend_schema(summary=what, responses=responses, parameters=list(parameters), request=None)


def writes(
    what: str,
    shape: Any,
    *,
    body: Any,
    status: int = 200,
    problems: Sequence[int] = (),
    parameters: Sequence[Any] = _IDEMPOTENCY,
) -> Callable[[Method], Method]:
    """Describe a POST; it may be repeated under an Idempotency-Key unless its parameters say otherwise."""
    responses = _responses(status, shape, (*_ALWAYS, *_WITH_BODY, *problems))
    return extend_schema(summary=what, responses=responses, parameters=list(parameters), request=body)


def once_with(*parameters: OpenApiParameter) -> tuple[OpenApiParameter, ...]:
    """The parameters of a POST that may be repeated, and these."""
    return (*_IDEMPOTENCY, *parameters)


def _responses(status: int, shape: Any, problems: Sequence[int], media: str = "application/json") -> dict[Any, Any]:
    refused = {
        (problem, MEDIA_TYPE): OpenApiResponse(Problem, description=HTTPStatus(problem).phrase)
        for problem in sorted(set(problems))
    }
    return {(status, media): shape, **refused}


class Description(SpectacularAPIView):
    """This door's OpenAPI document."""

    authentication_classes = Address.authentication_classes
    permission_classes = Address.permission_classes
    renderer_classes = list(Address.renderer_classes)  # noqa: RUF012 -- the base class declares a list
    content_negotiation_class = Address.content_negotiation_class
