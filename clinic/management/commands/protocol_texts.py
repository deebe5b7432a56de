"""What a translator of the protocols has to translate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand

from clinic import expectations, spoken
from clinic.management.files import FIXTURES
from triage.reading import read_protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HEADER = r"""# The words of the protocols. Made by `manage.py protocol_texts`; the English text is the key.
msgid ""
msgstr ""
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"""


class Command(BaseCommand):
    """Prints the catalogue of every text that `clinic.spoken` says in the reader's language."""

    help = "Print the texts of all protocols as an empty gettext catalogue (.pot)."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own declaration

    def handle(self, **options: Any) -> None:
        files = sorted((FIXTURES / "protocols").glob("*/*.toml"))
        self.stdout.write("\n\n".join([_HEADER.rstrip(), *map(_entry, _places(files).items())]))


def _places(files: list[Path]) -> Mapping[str, list[str]]:
    """Every text once, with the protocols that say it or of which it is proved."""
    places: dict[str, list[str]] = {}
    for file in files:
        protocol = read_protocol(file.read_bytes())
        for text in [*spoken.words(protocol), *expectations.sentences_of(protocol)]:
            places.setdefault(text, []).append(f"{protocol.id}/{protocol.version}")
    return places


def _entry(text_and_places: tuple[str, list[str]]) -> str:
    text, places = text_and_places
    quoted = json.dumps(text, ensure_ascii=False)  # PO files escape quotes, tabs and line ends as JSON does
    return f'#: {" ".join(places)}\nmsgid {quoted}\nmsgstr ""'
