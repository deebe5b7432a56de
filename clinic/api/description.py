"""How the addresses describe themselves in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView

from clinic.api.door import Address
from clinic.api.preconditions import PATTERN
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
_TAG = OpenApiParameter(
    "ETag",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200, 201, 304],
    description="Changes with every change of what is shown, in quotation marks.",
)
_TAG_OF_STATE = OpenApiParameter(
    "ETag",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200, 201, 412],
    description=(
        "Names the state of the intake or referral, for the next `If-Match`: it begins with a number that every "
        "change of it raises."
    ),
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": PATTERN},
    OpenApiParameter.HEADER,
    required=True,
    description=(
        "The ETag of the intake or referral as the client has read it; refused with 412 where it has changed since, "
        "with the present one. The number alone will do. `*` stands for any; without the header the request is "
        "refused with 428."
    ),
    examples=[OpenApiExample("as it was read", '"7"'), OpenApiExample("whatever stands there", "*")],
)
_IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag of what the client has; answered with 304, and nothing else, where it is still that.",
)


def reads(
    what: str,
    shape: Any,
    *,
    problems: Sequence[int] = (),
    parameters: Sequence[Any] = (),
    media: str = "application/json",
    tagged: bool = False,
) -> Callable[[Method], Method]:
    """Describe a GET; what is `tagged` is shown with an ETag, and may be asked for if it is another."""
    responses = _responses(200, shape, (*_ALWAYS, *problems), media)
    if tagged:
        parameters = (*parameters, _TAG, _IF_NONE_MATCH)
        responses[304] = OpenApiResponse(description="What the client has is as it was.")
    return extend_schema(summary=what, responses=responses, parameters=list(parameters), request=None)


def writes(
    what: str,
    shape: Any,
    *,
    body: Any,
    status: int = 200,
    problems: Sequence[int] = (),
    parameters: Sequence[Any] = _IDEMPOTENCY,
    tagged: bool = False,
) -> Callable[[Method], Method]:
    """Describe a POST; it may be repeated under an Idempotency-Key unless its parameters say otherwise.

    What is `tagged` is answered with an ETag.
    """
    parameters = (*parameters, _TAG_OF_STATE) if tagged else parameters
    responses = _responses(status, shape, (*_ALWAYS, *_WITH_BODY, *problems))
    return extend_schema(summary=what, responses=responses, parameters=list(parameters), request=body)


def changes_what_was_read(
    what: str, shape: Any, *, body: Any, problems: Sequence[int] = ()
) -> Callable[[Method], Method]:
    """Describe a POST that heeds `If-Match`: 428 without it, 412 where the record is no longer as it was read."""
    parameters, refusals = (*_IDEMPOTENCY, _IF_MATCH), (404, 409, 412, 428, *problems)
    describe = writes(what, shape, body=body, problems=refusals, parameters=parameters, tagged=True)

    def mark(method: Method) -> Method:
        method.heeds_if_match = True  # type: ignore[attr-defined]  # for `Address.body`
        return describe(method)

    return mark


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
