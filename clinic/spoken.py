"""What protocols and stored outcomes say, in the reader's language.

A protocol and what it led to are written and stored in English. Their translation is a gettext
catalogue (fixtures/locale) with the English text as its key; what it lacks is shown in English,
never left out. Nothing that is stored passes through here.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from clinic import protocols
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clinic.models import ProtocolRelease
    from triage.protocol import Protocol

    Document = Mapping[str, Any]

# The texts of a stored outcome, and those of a protocol, by the names of their fields.
_TEXTS = frozenset({"title", "means", "text", "name", "band", "group", "reason"})
_WORDS = _TEXTS | {"intro", "hint", "label", "unit", "because", "summary"}
_SHOWN = (
    *("sections", "questions", "instruments", "actions", "flags", "rules", "incomplete", "exclusions", "texts"),
    *("dispositions", "services"),
)
_told: dict[tuple[str, str], Protocol] = {}


def protocol(release: ProtocolRelease) -> Protocol:
    """The protocol of a release with its words in the reader's language; only to be shown."""
    known, language = protocols.get(release), get_language() or "en"
    if language.startswith("en"):
        return known
    if (known.digest, language) not in _told:
        words = {name: _reworded(getattr(known, name)) for name in _SHOWN}
        _told[known.digest, language] = replace(known, **words)
    return _told[known.digest, language]


def _reworded(part: Any) -> Any:
    """A part of a protocol with every text in it translated; conditions and ids stay."""
    if isinstance(part, dict):
        return {key: _reworded(value) for key, value in part.items()}
    if isinstance(part, tuple):
        return tuple(_reworded(each) for each in part)
    if not is_dataclass(part) or isinstance(part, type):
        return part
    texts = {each.name: getattr(part, each.name) for each in fields(part)}
    return replace(part, **{name: _said(name, value) for name, value in texts.items()})


def _said(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return text(value) if name in _WORDS and type(value) is str else value
    return _reworded(value) if name in ("options", "bands") else value


def text(words: str) -> str:
    """The words of a protocol; an empty text stays empty."""
    return _(words) if words else ""


def outcome(stored: Document) -> dict[str, Any]:
    """A stored outcome with its words in the reader's language; in English as it is stored."""
    if (get_language() or "en").startswith("en"):
        return dict(stored)
    return {**_document(stored), "headline": _headline(stored)}


def _document(stored: Any, key: str = "") -> Any:
    if isinstance(stored, dict):
        return {name: _document(value, name) for name, value in stored.items()}
    if isinstance(stored, list):
        return [_document(each, key) for each in stored]
    if key == "answer":
        return ", ".join(_answer(part) for part in stored.split(", "))
    return text(stored) if key in _TEXTS else stored


def _answer(said: str) -> str:
    """An answer as the explanation words it: a label, or a number with its unit."""
    number, _space, unit = said.partition(" ")
    if number.isdecimal() and unit:
        return f"{number} {text(unit)}"
    return text(said)


def _headline(stored: Document) -> str:
    """As `triage.explanation` words it: what is suggested, and the first reason for it."""
    title = text(stored["title"])
    if stored["disposition"] == Disposition.INCOMPLETE:
        number = len(stored["outstanding"])
        still_open = ngettext(
            "%(number)s question is still open that could change the outcome.",
            "%(number)s questions are still open that could change the outcome.",
            number,
        )
        return f"{title}: {still_open % {'number': number}}"
    if stored["disposition"] == Disposition.REFER and stored["referrals"]:
        services = _(" and ").join(text(each["title"]) for each in stored["referrals"])
        soon = any(each["priority"] == "soon" for each in stored["referrals"])
        when = _("soon (within 14 days)") if soon else _("routine (within 6 weeks)")
        return _("Suggested: refer to %(services)s, %(when)s.") % {"services": services, "when": when}
    reasons = stored["because"]
    return f"{title}: {text(reasons[0]['text'])}" if reasons else f"{title}."
