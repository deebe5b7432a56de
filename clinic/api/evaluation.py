"""Answers in, outcome out; nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from clinic import clock
from clinic.actions import intakes
from clinic.api.description import writes
from clinic.api.door import Address
from clinic.api.fields import Answers, Day, Strict, Text
from clinic.api.outcome import Outcome

if TYPE_CHECKING:
    from rest_framework.request import Request


class EvaluateBody(Strict):
    """Answers, and the protocol to judge them by."""

    protocol = Text(max_length=90, help_text="`back-pain` for its newest release, or `back-pain/1.0.0`")
    on = Day(required=False, help_text="the day of evaluation; today at the caller's first site, by name, if not given")
    answers = Answers()


class Evaluate(Address):
    """What a protocol says of answers."""

    only_reads = True

    @writes("Evaluate answers without storing them", Outcome, body=EvaluateBody, problems=(404, 409), parameters=())
    def post(self, request: Request) -> Response:
        body = self.body(EvaluateBody)
        on = body.get("on") or clock.today(self.caller.home)
        return Response(intakes.preview(protocol_id=body["protocol"], answers=body["answers"], on=on))
