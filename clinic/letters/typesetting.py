"""Letters as accessible PDF (PDF/UA-1), set by typst. The same letter gives the same bytes where the same fonts are."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typst

if TYPE_CHECKING:
    from clinic.letters.content import Letter

_TEMPLATES = Path(__file__).parent / "templates"
# Beside the fonts that typst carries: Debian's fonts-noto-core and fonts-noto-cjk, for the scripts that people have.
_FONTS = ("/usr/share/fonts/truetype/noto", "/usr/share/fonts/opentype/noto")
_FAMILIES = ("Libertinus Serif", "Noto Serif", "Noto Naskh Arabic", "Noto Serif Hebrew", "Noto Sans CJK SC")
_NO_GLYPH = re.compile('text `"(.*?)"` could not be displayed')
_STANDS_FOR_IT = "□"
_TRIES = 8  # letters set anew, each without another character
_NOT_OURS = re.compile("[^\n\x20-\u024f\u2010-\u2027]")  # what the fonts that typst carries may lack


class _NoGlyph(Exception):
    """No font here has these characters; they would be a blank to whoever reads the letter."""


def pdf(letter: Letter) -> bytes:
    """The letter, tagged, with its title and language; its words go in as data, never as markup.

    It is set whatever it holds: a character that no font here has stands as a square, and the letter says so.
    """
    kept = {"fonts": _families(), "language": letter.language}
    data = asdict(letter) | kept | {"lacks_glyphs": False}
    for _ in range(_TRIES):
        try:
            return _set(letter.kind, data)
        except _NoGlyph as without:
            data = _replaced(data, re.compile(re.escape(str(without)))) | kept | {"lacks_glyphs": True}
    return _set(letter.kind, _replaced(data, _NOT_OURS) | kept)


def _set(kind: str, data: dict[str, Any]) -> bytes:
    try:
        made: bytes = typst.compile(
            str(_TEMPLATES / f"{kind}.typ"),
            root=str(_TEMPLATES),
            format="pdf",
            font_paths=_fonts(),
            pdf_standards=["ua-1"],
            sys_inputs={"letter": json.dumps(data, ensure_ascii=False)},
        )
    except typst.TypstError as error:
        without = _NO_GLYPH.search(str(error))
        if without is None:
            raise
        raise _NoGlyph(without[1]) from error
    return made


@cache
def _fonts() -> typst.Fonts:
    """Looked through once; a font is read when a letter needs it."""
    return typst.Fonts(include_system_fonts=False, font_paths=[each for each in _FONTS if Path(each).exists()])


@cache
def _families() -> list[str]:
    """In the order in which they are taken; whatever none of them has comes from any other font that is here."""
    here = set(_fonts().families())
    return [each for each in _FAMILIES if each in here]


def _replaced(value: Any, characters: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return characters.sub(_STANDS_FOR_IT, value)
    if isinstance(value, dict):
        return {name: _replaced(each, characters) for name, each in value.items()}
    return [_replaced(each, characters) for each in value] if isinstance(value, (list, tuple)) else value
