"""Text and dates as they come over the wire, made safe to store and compare."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

MAXIMUM_TEXT = 2000
_DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_WITHOUT_DIRECTION = dict.fromkeys(map(ord, _DIRECTION))
# Of the characters of format those that a script is written with: joiners, breaks of lines, signs around numbers.
_WRITTEN = frozenset(
    "\u00ad\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200c\u200d\u2060"
    "\U000110bd\U000110cd"
)
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")  # fillers, which are letters by their category only
MOST_MARKS = 10  # in a row; no script sets more than eight on a letter
_FIRST_STRONG, _POP = "\u2068", "\u2069"
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


def typed_text(raw: object) -> str:
    """Text as somebody may type it: refuses also what nobody would see, or what would make them see something else.

    What is stored already is not held to this: it is shown without its controls of direction.
    """
    text = clean_text(raw)
    if text.isascii():
        return text
    if any(each in _WITHOUT_DIRECTION for each in map(ord, text)):
        raise TextError("holds a control of the direction of writing")
    if any(_is_unseen(each) for each in text):
        raise TextError("holds a character that cannot be seen")
    if _longest_pile(text) > MOST_MARKS:
        raise TextError(f"holds a letter with more than {MOST_MARKS} marks")
    return text


def _is_unseen(character: str) -> bool:
    """Of format without use, private, or no character at all; of the planes of ideographs newer ones are let through."""
    category = unicodedata.category(character)
    if category == "Cn":
        return not (0x20000 <= ord(character) <= 0x3FFFD and ord(character) & 0xFFFE != 0xFFFE)
    return category in ("Co", "Zl", "Zp") or (category == "Cf" and character not in _WRITTEN)


def _longest_pile(text: str) -> int:
    """The most marks in a row; joiners between them start no new row."""
    longest = now = 0
    for each in text:
        category = unicodedata.category(each)
        if category != "Cf":
            now = now + 1 if category.startswith("M") else 0
        longest = max(longest, now)
    return longest


def holds_letter(text: str) -> bool:
    """Whether there is a letter or a number in text that was typed, so that somebody can say it."""
    return any(_is_letter(each) for each in text)


def _is_letter(character: str) -> bool:
    """An ideograph that is newer than our tables counts as one."""
    category = unicodedata.category(character)
    return category == "Cn" or (category[0] in "LN" and character not in _BLANK_LETTERS)


def without_direction(text: str) -> str:
    """Text that was stored before controls of direction were refused, without them."""
    return text if text.isascii() else text.translate(_WITHOUT_DIRECTION)


def isolated(text: str) -> str:
    """Text that leaves the direction of whatever stands beside it alone."""
    plain = without_direction(text)
    is_plain = plain.isascii() or not any(unicodedata.bidirectional(each) in ("R", "AL", "AN") for each in plain)
    return plain if is_plain else f"{_FIRST_STRONG}{plain}{_POP}"


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
