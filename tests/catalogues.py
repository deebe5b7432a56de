"""Reads gettext catalogues, as translators write them (.po) and as the product uses them (.mo)."""

import ast
import struct
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROTOCOLS = ROOT / "fixtures/locale/de/LC_MESSAGES/django.po"
PAGES = ROOT / "clinic/locale/de/LC_MESSAGES/django.po"


@dataclass
class Entry:
    """One text and its translations: one, or one for each plural form."""

    flags: str = ""
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The text as a compiled catalogue holds it: with its context before it and its plural behind it."""
        context = f"{self.parts['msgctxt']}\x04" if "msgctxt" in self.parts else ""
        plural = f"\0{self.parts['msgid_plural']}" if "msgid_plural" in self.parts else ""
        return f"{context}{self.parts['msgid']}{plural}"

    @property
    def english(self) -> list[str]:
        return [text for name, text in self.parts.items() if name.startswith("msgid")]

    @property
    def german(self) -> list[str]:
        return [text for name, text in self.parts.items() if name.startswith("msgstr")]


def read(file: Path) -> list[Entry]:
    """Every entry of a .po file but its header; obsolete ones are comments."""
    entries = [_entry(block) for block in file.read_text(encoding="utf-8").split("\n\n")]
    return [entry for entry in entries if entry.parts.get("msgid")]


def _entry(block: str) -> Entry:
    entry, name = Entry(), ""
    for line in block.splitlines():
        if line.startswith("#,"):
            entry.flags += line
        elif line.startswith("msg"):
            name, _space, said = line.partition(" ")
            entry.parts[name] = ast.literal_eval(said)
        elif line.startswith('"'):
            entry.parts[name] += ast.literal_eval(line)
    return entry


def compiled(file: Path) -> dict[str, str]:
    """What a .mo file holds, its header left out: two tables of lengths and places, texts and translations."""
    data = file.read_bytes()
    _magic, _revision, number, texts, translations = struct.unpack("<5I", data[:20])
    pairs = [(_told(data, texts + 8 * n), _told(data, translations + 8 * n)) for n in range(number)]
    return {text: translation for text, translation in pairs if text}


def _told(data: bytes, at: int) -> str:
    length, place = struct.unpack_from("<2I", data, at)
    return data[place : place + length].decode()
