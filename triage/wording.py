"""Text and dates as they come over the wire, made safe to store and compare."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

MAXIMUM_TEXT = 2000
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class TextError(ValueError):
    """Text that cannot be stored; its message says why."""


def clean_text(raw: object) -> str:
    """The text in Unicode's composed form (NFC); refuses what one database or another would."""
    if not isinstance(raw, str):
        raise TextError("is not text")
    if len(raw) > MAXIMUM_TEXT:
        raise TextError(f"is longer than {MAXIMUM_TEXT} characters")
    if not is_text(raw.replace("\r\n", "\n")):
        raise TextError("holds a character that is not text")
    return unicodedata.normalize("NFC", raw)


def is_text(text: str) -> bool:
    """Whether it holds letters, signs, blanks and ends of lines only: nothing that steers a terminal or ends a string."""
    return not _STEERING.search(text)


def decoded(source: bytes) -> str:
    """The text of a file, without the byte-order mark that some programs put before it; refuses what is not UTF-8."""
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(why_unreadable(source, error)) from error


def why_unreadable(source: bytes, error: UnicodeDecodeError) -> str:
    """In words for whoever has saved the file."""
    if source.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in source[:2]:
        return "it is UTF-16; save it as UTF-8"
    line = source.count(b"\n", 0, error.start) + 1
    return f"byte 0x{source[error.start]:02x} at line {line} cannot be read; save it as UTF-8"


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
