"""Where the time of a submit goes: the calls that it is made of, each with a clock around it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import Any
from unittest.mock import patch

from django.db.backends.base.base import BaseDatabaseWrapper

from clinic.actions import audit, intakes, outbox, shadowing, work
from clinic.api import assessments, door
from clinic.api import intakes as addresses
from clinic.api.authentication import BearerToken
from clinic.models import Assessment, Intake

_PARTS: dict[str, tuple[tuple[Any, str], ...]] = {
    "token and person": ((BearerToken, "authenticate"),),
    "body": ((addresses.IntakeAnswers, "body"),),
    "read under lock": ((intakes, "hold"),),
    "answers checked": ((intakes, "_changed"),),
    "intake and history": ((Intake, "save_as"),),
    "decision and reasons": ((intakes, "decide_stored"),),
    "assessment": ((Assessment, "save"),),
    "webhooks, shadow": ((outbox, "announce"), (shadowing, "beside")),
    "worklist": ((work, "settle"),),
    "trail": ((audit, "_append"),),
    "commit": ((BaseDatabaseWrapper, "_commit"),),
    "shown": ((assessments, "shown"), (door.QuickJSON, "render")),
}
Taken = dict[str, list[float]]


@contextmanager
def timed() -> Iterator[Taken]:
    """The seconds of every call of each part."""
    taken: Taken = defaultdict(list)
    with ExitStack() as stack:
        for name, calls in _PARTS.items():
            for owner, call in calls:
                stack.enter_context(patch.object(owner, call, _timed(getattr(owner, call), taken[name])))
        yield taken


def _timed(call: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            seconds.append(perf_counter() - began)

    return run


def lines(taken: Taken, whole: list[float]) -> Iterator[str]:
    """The parts with their milliseconds, the largest first; last what is none of them: the frameworks, and Django's middleware."""
    told = {name: statistics.median(seconds) * len(seconds) / len(whole) for name, seconds in taken.items() if seconds}
    told["all else"] = statistics.median(whole) - sum(told.values())
    for name in sorted(told, key=lambda each: (each == "all else", -told[each])):
        yield f"    {name:24}{told[name] * 1000:6.2f} ms"
