"""One table of a TOML file, read key by key; what is wrong is noted and reading goes on."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from triage.conditions import Condition, ConditionError, Or, parse
from triage.wording import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NEVER = Or(())
_LARGEST = 1_000_000  # far above any age, score or number of days; computing with it is still safe


class Table:
    """A table, where it stands in the file, and the list to which faults are added.

    Each method takes a key of the right type off the table. A fault leaves a harmless value in
    its place, so that all faults of a file can be found in one reading.
    """

    def __init__(self, data: Mapping[str, object], path: str, faults: list[str]) -> None:
        self._data, self._path, self._faults = data, path, faults
        self._read: set[str] = set()
        self._inner: list[Table] = []

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def note_unread(self) -> None:
        """A fault for every key that nobody read: one misspelt would silently have no effect."""
        for key in self._data:
            if key not in self._read:
                self._fault(key, "is not known here")
        for table in self._inner:
            table.note_unread()

    def _open(self, data: Mapping[str, object], path: str) -> Table:
        table = Table(data, path, self._faults)
        self._inner.append(table)
        return table

    def _fault(self, key: str, sentence: str) -> None:
        place = f"{self._path}.{key}" if self._path else key
        self._faults.append(f"{place}: {sentence}")

    def _take(self, key: str, kind: type, default: object, needed: str) -> object:
        self._read.add(key)
        if key not in self._data:
            if default is None:
                self._fault(key, f"is missing; {needed} is needed")
            return default
        value = self._data[key]
        wrong = isinstance(value, bool) and kind is not bool
        if wrong or not isinstance(value, kind) or isinstance(value, datetime):
            self._fault(key, f"is not {needed}")
            return default
        if not all(map(is_text, _texts(value))):
            self._fault(key, "holds a character that is not text")
            return default
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, str, default, "text")
        if value == "" and default is None:
            self._fault(key, "is empty; text is needed")
        return str(value or "")

    def number(self, key: str) -> int:
        value = self._take(key, int, None, "a whole number")
        if not isinstance(value, int):
            return 0
        if abs(value) > _LARGEST:
            self._fault(key, f"is beyond {_LARGEST}")
        return max(-_LARGEST, min(value, _LARGEST))

    def truth(self, key: str, *, default: bool | None = None) -> bool:
        return self._take(key, bool, default, "true or false") is True

    def day(self, key: str) -> date:
        value = self._take(key, date, None, "a date")
        return value if isinstance(value, date) else date.min

    def word(self, key: str, words: Sequence[str], default: str | None = None) -> str:
        value = self._take(key, str, default, f"one of {', '.join(words)}")
        if isinstance(value, str) and value not in words:
            self._fault(key, f'"{value}" is not one of {", ".join(words)}')
        return value if isinstance(value, str) and value in words else words[0]

    def words(self, key: str) -> tuple[str, ...]:
        value = self._take(key, list, [], "a list of words")
        listed = value if isinstance(value, list) else []
        if not all(isinstance(each, str) for each in listed):
            self._fault(key, "is not a list of words")
        return tuple(each for each in listed if isinstance(each, str))

    def known_words(self, key: str, words: Sequence[str]) -> tuple[str, ...]:
        given = self.words(key)
        for word in given:
            if word not in words:
                self._fault(key, f'"{word}" is not one of {", ".join(words)}')
        return tuple(word for word in given if word in words)

    def strings(self, key: str) -> Mapping[str, str]:
        value = self._take(key, dict, {}, "a table of words")
        return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}

    def values(self, key: str) -> Mapping[str, object]:
        """A table of answers, as they stand."""
        value = self._take(key, dict, {}, "a table of answers")
        return dict(value) if isinstance(value, dict) else {}

    def required_condition(self, key: str) -> Condition:
        return self.condition(key, required=True) or _NEVER

    def condition(self, key: str, *, required: bool) -> Condition | None:
        self._take(key, str, None if required else "", "a condition")
        text = self._data.get(key)
        try:
            return parse(text) if isinstance(text, str) else None
        except ConditionError as error:
            self._fault(key, str(error))
            return None

    def table(self, key: str, *, required: bool = True) -> Table:
        value = self._take(key, dict, None if required else {}, "a table")
        path = f"{self._path}.{key}" if self._path else key
        return self._open(value if isinstance(value, dict) else {}, path)

    def named(self) -> Iterator[tuple[str, Table]]:
        """The tables inside this one, by name."""
        for name in self._data:
            if not is_text(name):
                self._fault(ascii(name), "holds a character that is not text")
            yield name, self.table(name)

    def tables(self, key: str, *, required: bool = True, bare: str = "") -> Iterator[Table]:
        """The tables of a list; with `bare`, a plain word in it stands for a table of that key."""
        value = self._take(key, list, None if required else [], "a list of tables")
        seen: set[str] = set()
        for position, each in enumerate(value if isinstance(value, list) else []):
            if bare and isinstance(each, str):
                each = {bare: each}
            if not isinstance(each, dict):
                self._fault(f"{key}[{position}]", "is not a table")
                continue
            name = each.get("id", position)
            path = f"{self._path}.{key}[{name}]" if self._path else f"{key}[{name}]"
            if path in seen:
                self._faults.append(f"{path}: is there twice")
            seen.add(path)
            yield self._open(each, path)


def _texts(value: object) -> Iterator[str]:
    """Every text in a value that stands in a file, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        yield from (str(key) for key in value)
        for each in value.values():
            yield from _texts(each)
