"""TOML text, read within bounds: what it may cost is known before the parser sees it, and a fault is named by its true line.

The parser of the standard library keeps every beginning of a dotted key, and so needs memory and
time that grow with the square of its length; long numbers and deep lists it cannot read at all.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.wording import TextError, decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 1_000_000  # bytes; ten times the size of a large protocol
MOST = 30_000  # keys, values and parts of names; three times those of a large protocol
DEEPEST = 8  # names in a dotted key, and lists and tables within each other on a line
LONGEST_TEXT = 10_000  # characters
LONGEST_WORD = 100  # characters of a name or number without quotes

_TOKENS = re.compile(
    r"""
      (?P<comment>\#[^\n]*+)
    | (?P<many>\"{3} (?:[^"\\]++ | \\. | "(?!""))*+ \"{3,5} | '{3} (?:[^']++ | '(?!''))*+ '{3,5})
    | (?P<unended>\"{3} | '{3})
    | (?P<one>"(?:[^"\\\n]++ | \\[^\n])*+" | '[^'\n]*+')
    | (?P<stray>["'])
    | (?P<word>[\w+:-]++)
    | (?P<dot>\.)
    | (?P<open>[\[{])
    | (?P<close>[\]}])
    | (?P<part>[=,])
    | (?P<line>\n)
    """,
    re.VERBOSE | re.DOTALL,
)
_AT_END = "(at end of document)"
_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


class NotToml(ValueError):
    """A file that is not TOML, or would cost too much to read; its message says where and why."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Where a text cannot be read any further."""

    position: int
    sentence: str


def read_toml(source: bytes) -> dict[str, Any]:
    """The table that TOML text states; a byte-order mark before it is no part of it."""
    if len(source) > LARGEST:
        raise NotToml(f"the file is larger than {LARGEST} bytes")
    text = _text(source).replace("\r\n", "\n")
    trouble = next(_troubles(text), None)
    if trouble is None:
        return _parsed(text)
    _refuse_what_is_wrong_before(text, trouble)
    raise NotToml(f"the file is not TOML: {trouble.sentence} (at line {_line(text, trouble.position)})")


def _text(source: bytes) -> str:
    try:
        return decoded(source)
    except TextError as error:
        raise NotToml(f"the file is not UTF-8 text: {error}") from error


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotToml(f"the file is not TOML: {error}{_hint(text, str(error))}") from error


def _refuse_what_is_wrong_before(text: str, trouble: _Trouble) -> None:
    """A slip that the parser finds first is the true cause; that the text before ends too early is none."""
    try:
        _parsed(text[: text.rfind("\n", 0, trouble.position) + 1])
    except NotToml as error:
        if _AT_END not in str(error):
            raise


def _hint(text: str, message: str) -> str:
    """A quotation mark forgotten in a text of many lines is noticed only where the next such text ends."""
    place = _PLACE.search(message)
    lines = text.split("\n", int(place[1])) if place else []
    end = len(text) - len(lines[-1]) if lines else 0
    for found in _TOKENS.finditer(text, 0, end):
        if found.lastgroup == "many" and "\n" not in text[found.end() : end - 1] and "\n" in found[0]:
            return f"; a text of several lines ends there that begins at line {_line(text, found.start())}"
    return ""


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _troubles(text: str) -> Iterator[_Trouble]:
    depth = dots = parts = 0
    for found in _TOKENS.finditer(text):
        kind = str(found.lastgroup)
        length = found.end() - found.start()
        depth = max(0, depth + (kind == "open") - (kind == "close"))
        dots = dots + 1 if kind == "dot" else dots if kind in ("word", "one") else 0
        parts += kind in ("open", "part", "one", "many", "dot")
        sentence = _sentence(kind, length, depth=depth, dots=dots, parts=parts)
        if sentence:
            yield _Trouble(found.start(), sentence)


def _sentence(kind: str, length: int, *, depth: int, dots: int, parts: int) -> str:
    if kind in ("unended", "stray"):
        return "a text that begins here is not ended"
    if kind == "word" and length > LONGEST_WORD:
        return f"a name or number of more than {LONGEST_WORD} characters"
    if kind in ("one", "many") and length > LONGEST_TEXT:
        return f"a text of more than {LONGEST_TEXT} characters"
    if dots >= DEEPEST:
        return f"a key of more than {DEEPEST} names"
    if depth > DEEPEST:
        return f"more than {DEEPEST} lists and tables within each other"
    return f"more than {MOST} keys and values" if parts > MOST else ""
