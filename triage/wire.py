"""JSON as it comes in, read strictly: what one reader could take otherwise than another is refused. And as it is compared."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.facts import AnswerErrors, AnswerFault
from triage.wording import TextError, clean_text, why_unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 512 * 1024  # bytes; a hundred times the answers of a whole intake
DEEPEST = 16  # tables and lists within each other; a study in an answer needs five
_LONGEST_NUMBER = 15  # digits; more than that not every JSON reader keeps exactly


class NotJson(ValueError):
    """Text that no JSON reader would take."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands where the text held something that is JSON, but has no one meaning."""

    reason: str
    allowed: str


def read_json(source: bytes) -> object:
    """The value that JSON text states, with all its text composed (NFC).

    Raises NotJson for text that is not JSON, and AnswerErrors naming every number that is not
    whole, every key given twice, every text that cannot be stored and whatever lies too deep.
    """
    raw = _parse(source)
    faults = list(_faults(raw, "", 0))
    if faults:
        raise AnswerErrors(faults)
    return _composed(raw)


def write_json(value: object) -> bytes:
    """The one way to write a value down: the same bytes wherever, and however often, it has been stored."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _parse(source: bytes) -> object:
    try:
        return json.loads(
            source.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_refuse_fraction,
            parse_int=_read_number,
            object_pairs_hook=_read_table,
        )
    except UnicodeDecodeError as error:
        raise NotJson(f"it is not UTF-8 text: {why_unreadable(source, error)}") from error
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise NotJson("its lists and tables are nested too deeply") from error


def _refuse_constant(word: str) -> object:
    raise NotJson(f"{word} is not a JSON value")


def _refuse_fraction(text: str) -> _Refused:
    return _Refused("is not a whole number", "numbers without a fraction or an exponent")


def _read_number(text: str) -> int | _Refused:
    if len(text) > _LONGEST_NUMBER:
        return _Refused("is out of range", f"whole numbers of at most {_LONGEST_NUMBER} digits")
    return int(text)


def _read_table(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table: dict[str, object] = {}
    for raw, value in pairs:
        key = unicodedata.normalize("NFC", raw)
        table[key] = _Refused("is given twice", "each key once") if key in table else value
    return table


def _faults(value: object, path: str, depth: int) -> Iterator[AnswerFault]:
    if isinstance(value, _Refused):
        yield AnswerFault(path, value.reason, value.allowed)
    elif depth > DEEPEST:
        yield AnswerFault(path, "is nested too deeply", f"at most {DEEPEST} lists and tables within each other")
    elif isinstance(value, str):
        yield from _text_faults(value, path)
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from _faults(each, f"{path}[{position}]", depth + 1)
    elif isinstance(value, dict):
        for key, each in value.items():
            inside = join(path, ascii(key)[1:-1][:60])
            yield from _text_faults(key, inside)
            yield from _faults(each, inside, depth + 1)


def _text_faults(text: str, path: str) -> Iterator[AnswerFault]:
    try:
        clean_text(text)
    except TextError as error:
        yield AnswerFault(path, str(error), "text of at most 2000 characters")


def _composed(value: object) -> object:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_composed(each) for each in value]
    if isinstance(value, dict):
        return {key: _composed(each) for key, each in value.items()}
    return value


def join(path: str, inside: str) -> str:
    """The path of what lies inside: `answers` and `fever` give `answers.fever`."""
    return inside if not path or inside.startswith("[") else f"{path}.{inside}"


def place(fault: AnswerFault, path: str) -> AnswerFault:
    """The same fault, of answers that lie at `path` within a larger document."""
    return AnswerFault(join(path, fault.path), fault.reason, fault.allowed)
