"""Letters as accessible PDF (PDF/UA-1), set by typst. The same letter gives the same bytes."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typst

if TYPE_CHECKING:
    from clinic.letters.content import Letter

_TEMPLATES = Path(__file__).parent / "templates"
_NO_GLYPH = re.compile('text `"(.*?)"` could not be displayed')


class Unprintable(ValueError):
    """A letter holds a character for which there is no glyph; it would be a blank to whoever reads it."""


def pdf(letter: Letter) -> bytes:
    """The letter, tagged, with its title and language; its words go in as data, never as markup.

    Raises Unprintable where a name or a text is written in letters that no font here has.
    """
    try:
        made: bytes = typst.compile(
            str(_TEMPLATES / f"{letter.kind}.typ"),
            root=str(_TEMPLATES),
            format="pdf",
            ignore_system_fonts=True,  # the fonts that typst carries: the same everywhere
            pdf_standards=["ua-1"],
            sys_inputs={"letter": json.dumps(asdict(letter), ensure_ascii=False)},
        )
    except typst.TypstError as error:
        without = _NO_GLYPH.search(str(error))
        if without is None:
            raise
        raise Unprintable(f"The letter cannot be printed: there is no glyph for {without[1]}.") from error
    return made
