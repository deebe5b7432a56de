"""How a line of the log looks: only what is named here, so that no name, answer or address slips in.

Texts of others are left out, since an error message quotes what was typed; a fault is told by its
kind and the places in the code. Loads before Django's models.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from structlog.typing import EventDict, WrappedLogger

_OF_A_REQUEST = ("request_id", "method", "route", "status", "milliseconds", "user")
_ALLOWED = ("at", "level", "logger", "event", *_OF_A_REQUEST, "faults", "places")
_PLACES = 12  # the innermost calls are those that tell


def formatter(*, as_json: bool) -> structlog.stdlib.ProcessorFormatter:
    """One JSON document on a line, or columns for whoever looks at a screen."""
    render = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.stdlib.ExtraAdder(allow=_OF_A_REQUEST),
            _without_texts,
            _only_allowed,
        ],
        processors=[render],
        use_get_message=False,  # the sentence as it is in the code, without what would be put into it
    )


def _without_texts(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Take the message away where it is not a sentence of ours, and from a fault all but its kind and places."""
    if not line["logger"].startswith("clinic."):
        line["event"] = "logged elsewhere"
    if line.get("exc_info"):
        fault = line["exc_info"][1]
        line["faults"] = list(_kinds(fault))
        frames = traceback.extract_tb(fault.__traceback__)[-_PLACES:]
        line["places"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return line


def _kinds(fault: BaseException | None) -> Iterator[str]:
    """The kind of the fault and of those that it came of, with the code that a database gave it."""
    while fault is not None:
        code: Any = getattr(fault, "sqlstate", None) or getattr(fault, "sqlite_errorname", None)
        yield f"{type(fault).__name__} {code}" if code else type(fault).__name__
        fault = fault.__cause__ or fault.__context__


def _only_allowed(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    return {key: line[key] for key in _ALLOWED if key in line}
