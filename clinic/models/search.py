"""How names and references are compared: as whoever looks for somebody would type them, on any keyboard."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from anyascii import anyascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORD = re.compile(r"[^\W_]+")  # letters and digits
# Apostrophes that are letters or accents to Unicode; every other one stands between words by itself.
_APOSTROPHES = dict.fromkeys(map(ord, "\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u00b4\u0384\u1fbd\ua78c"), "'")
# Letters that are written with two where the keyboard has none of them.
_IN_TWO = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "ð": "th", "đ": "dj"})
_SYLLABLES = re.compile(r"(?<=[a-z])(?=[A-Z])")  # as ideographs are romanised: ChenXiaoMing
_BETWEEN = re.compile(r"[\s\-./\\_\u00ad\u00b7\u2010-\u2015\u2212]+")


def words(*values: str) -> set[str]:
    """Everything that a patient of these names can be looked for by: each part, and from it to the end as one word."""
    spelled = (parts for value in values for spellings in asked(value) for parts in spellings)
    return {word for parts in spelled for start, part in enumerate(parts) for word in (part, "".join(parts[start:]))}


def asked(text: str) -> Iterator[set[tuple[str, ...]]]:
    """For each word of what is looked for the ways to spell it, each in one part or in several.

    What a hyphen or an apostrophe joins is found in its parts, and as one word.
    """
    for word in text.translate(_APOSTROPHES).split():
        parts = {tuple(_WORD.findall(each)) for each in _spelled(word)} - {()}
        if parts:
            yield parts | {("".join(each),) for each in parts}


def compared(reference: str) -> str:
    """A reference without what sets its groups apart; figures of any script are one."""
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", reference)).casefold()
    return "".join(str(unicodedata.decimal(each, each)) for each in plain)


def in_latin(text: str) -> str:
    """How a name of another script can be typed: a help to find it, and no translation."""
    return " ".join(each if each.isascii() else _typed(each) for each in text.split())


def is_latin(text: str) -> bool:
    """Whether every letter of it is one of the Latin ones, with whatever marks."""
    letters = (each for each in text if unicodedata.category(each)[0] == "L" or each >= "\U00020000")
    return all(unicodedata.name(each, "").startswith(("LATIN", "MODIFIER LETTER")) for each in letters)


def is_family_first(family_name: str) -> bool:
    """Whether it is written in a script in which people are called by the family name first."""
    return any(unicodedata.name(each, "").startswith(("CJK", "HANGUL", "HIRAGANA", "KATAKANA")) for each in family_name)


def _typed(word: str) -> str:
    """One word of it, the syllables of a name together: Xiaoming."""
    plain = anyascii(word).replace("`", "")
    return plain.capitalize() if _SYLLABLES.search(plain) or plain.islower() else plain


def _spelled(word: str) -> Iterable[str]:
    """As it is written, in plain Latin letters, and with two letters for one."""
    composed = unicodedata.normalize("NFC", word)
    latin = composed if composed.isascii() else _SYLLABLES.sub(" ", anyascii(composed))
    in_two = composed.casefold().translate(_IN_TWO)
    return {_fold(composed), _fold(latin), _fold(anyascii(in_two))}


def _fold(text: str) -> str:
    """Without case, accents and marks."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("\u0131", "i")).casefold()
    return "".join(each for each in plain if not unicodedata.combining(each))
