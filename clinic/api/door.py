"""What every address of the door has in common: who may call, how bodies are read, what is repeated safely."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import orjson
from django.db import models
from django.utils.crypto import salted_hmac
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from clinic.actions import idempotency, origin
from clinic.api import preconditions
from clinic.api.authentication import BearerToken
from clinic.api.pagination import NewestFirst
from clinic.api.parsing import StrictJSONParser
from clinic.api.problems import LengthMissing, TokenOnlyReads
from clinic.permissions import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpResponse
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

    from clinic.models import User

Row = TypeVar("Row", bound=models.Model)


class QuickJSON(JSONRenderer):
    """What the framework's own writes, in a tenth of the time."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=self.encoder_class().default)


class JsonAlways(BaseContentNegotiation):
    """There is one form of every answer, whatever the client would have liked."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        mine = request.content_type.partition(";")[0].strip().lower() == StrictJSONParser.media_type
        return parsers[0] if mine else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class Address(GenericAPIView[Any]):
    """One address of the door."""

    authentication_classes = (BearerToken, SessionAuthentication)
    permission_classes = (IsAuthenticated,)
    parser_classes = (StrictJSONParser,)
    renderer_classes = (QuickJSON,)
    content_negotiation_class = JsonAlways
    pagination_class = NewestFirst
    only_reads = False  # whatever the method

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if "Transfer-Encoding" in request.headers:
            raise LengthMissing
        super().initial(request, *args, **kwargs)
        if getattr(self.caller, "scope", None) == Scope.READ and not (
            self.only_reads or request.method in SAFE_METHODS
        ):
            raise TokenOnlyReads

    @property
    def caller(self) -> User:
        return cast("User", self.request.user)

    def body(self, shape: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The checked body of the request; an `If-Match` that the address does not heed is refused with it."""
        asked = getattr(self, (self.request.method or "").lower())
        if not getattr(asked, "heeds_if_match", False):
            preconditions.refuse_unheeded(self.request.headers.get("If-Match"))
        return _checked(shape, self.request.data)

    def query(self, shape: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The checked parameters in the address."""
        return _checked(shape, self.parameters())

    def parameters(self) -> dict[str, str]:
        """The parameters in the address; one that is given twice could be read either way."""
        twice = [name for name, values in self.request.query_params.lists() if len(values) > 1]
        if twice:
            raise ValidationError({name: ["This is given twice."] for name in twice})
        return self.request.query_params.dict()

    def page(self, rows: QuerySet[Any], shape: type[BaseSerializer[Any]]) -> Response:
        """One page of the rows."""
        found = self.paginate_queryset(rows) or []
        origin.note_found(found)
        return self.get_paginated_response(shape(found, many=True).data)

    def show(self, shown: Any, *, number: int | None = None) -> HttpResponse:
        """One record with its ETag, or 304 where the caller has just that; `number` is that of its state."""
        return preconditions.unless_known(self.request, Response(shown, headers={"ETag": tag_of(shown, number)}))

    def expected(self) -> int | None:
        """The number of the state that the caller has read, by `If-Match`; None where any will do."""
        return preconditions.expected(self.request.headers.get("If-Match"))

    def reply(
        self,
        status: int,
        run: Callable[[], Any],
        *,
        tag: Callable[[Any], str] = lambda _shown: "",
        counts_once: bool = False,
    ) -> Response:
        """Do what was asked and show it, with the ETag made of it; under an `Idempotency-Key` once, however often it is asked.

        What `counts_once` is known by its words where it has no key: no state stands in the way of a second one.
        """
        body = json.dumps(self.request.data, sort_keys=True)
        words = f"{self.request.get_full_path()} {body}" if counts_once else ""
        by_words = salted_hmac("request", words, algorithm="sha256").hexdigest() if words else None
        key = self.request.headers.get("Idempotency-Key", by_words)
        if key is None:
            shown = run()
            return Response(shown, status=status, headers=_etag(tag(shown)))
        reply = idempotency.once(
            key=key,
            method=self.request.method or "",
            path=self.request.get_full_path(),
            condition=self.request.headers.get("If-Match", "").strip(),
            body=body.encode(),
            by=self.caller,
            run=lambda: (status, json.loads(QuickJSON().render(run()))),
            tag=tag,
        )
        headers = {"Idempotency-Replayed": "true"} if reply.replayed else {}
        return Response(reply.body, status=reply.status, headers=headers | _etag(reply.tag))


def _checked(shape: type[BaseSerializer[Any]], data: Any) -> dict[str, Any]:
    serializer = shape(data=data)
    serializer.is_valid(raise_exception=True)
    return cast("dict[str, Any]", serializer.validated_data)


def shown(shape: type[BaseSerializer[Any]], row: object) -> Any:
    """The row in that shape."""
    return _made_once(shape).to_representation(row)  # type: ignore[arg-type]  # a class has a hash


@cache
def _made_once(shape: Callable[[], BaseSerializer[Any]]) -> BaseSerializer[Any]:
    """The framework reads its fields from the model anew for every serializer; to show something keeps nothing."""
    return shape()


def find(rows: QuerySet[Row], id: object) -> Row:  # noqa: A002 -- as the column is called
    """The row of that id among those that the caller may see."""
    return get_object_or_404(rows, pk=id)


def tag_of(shown: Any, number: int | None = None) -> str:
    """The ETag of a record as it is shown; `number` is that of its state."""
    return preconditions.tag_of(QuickJSON().render(shown), number)


def _etag(tag: str) -> dict[str, str]:
    return {"ETag": tag} if tag else {}
