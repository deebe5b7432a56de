"""Text and dates as they come over the wire, made safe to store and compare."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

MAXIMUM_TEXT = 2000
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


class TextError(ValueError):
    """Text that cannot be stored; its message says why."""


def clean_text(raw: object) -> str:
    """The text in Unicode's composed form (NFC); refuses what one database or another would."""
    if not isinstance(raw, str):
        raise TextError("is not text")
    if len(raw) > MAXIMUM_TEXT:
        raise TextError(f"is longer than {MAXIMUM_TEXT} characters")
    if _NO_TEXT.search(raw):
        raise TextError("holds a character that is not text")
    return unicodedata.normalize("NFC", raw)


def read_date(raw: object) -> date | None:
    """The day written as YYYY-MM-DD, or None."""
    if not isinstance(raw, str):
        return None
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        return None
    # Python also reads other forms, such as 2026-W48-1.
    return day if day.isoformat() == raw else None
