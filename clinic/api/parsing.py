"""How a request's body is read: strictly."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from rest_framework.parsers import BaseParser

from triage.facts import AnswerErrors, AnswerFault
from triage.wire import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping


class BodyRefused(Exception):
    """A body that is JSON but not one that any address here takes; the paths start at its root."""

    def __init__(self, faults: tuple[AnswerFault, ...]) -> None:
        super().__init__("The body cannot be used.")
        self.faults = faults


class StrictJSONParser(BaseParser):
    """Takes one JSON object."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, object]:
        try:
            document = read_json(stream.read())
        except AnswerErrors as error:
            raise BodyRefused(error.faults) from error
        if not isinstance(document, dict):
            raise BodyRefused((AnswerFault("", "is not an object", "a JSON object"),))
        return document
