"""What protocols and stored outcomes say, in the reader's language.

A protocol and what it led to are written and stored in English. Their translation is a gettext
catalogue (fixtures/locale) with the English text as its key; what it lacks is shown in English,
never left out. Nothing that is stored passes through here.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from clinic import protocols
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from clinic.models import ProtocolRelease
    from triage.protocol import Protocol

    Document = Mapping[str, Any]

# The texts of a stored outcome, and those of a protocol, by the names of their fields.
_TEXTS = frozenset({"title", "means", "text", "name", "band", "group", "reason", "who"})
_WORDS = _TEXTS | {"intro", "hint", "label", "unit", "because", "summary"}
_SHOWN = (
    *("sections", "questions", "instruments", "actions", "flags", "rules", "incomplete", "exclusions", "texts"),
    *("dispositions", "services"),
)
# What `triage.explanation` says of its own accord, named here so that it gets into the catalogue of the pages.
_OWN_WORDS = (
    *(gettext_noop("Yes"), gettext_noop("No"), gettext_noop("Not sure")),
    *(gettext_noop("None"), gettext_noop("None done"), gettext_noop("recorded")),
    gettext_noop("serious causes are not yet all answered no"),
)
_told: dict[tuple[str, str], Protocol] = {}


def protocol(release: ProtocolRelease) -> Protocol:
    """The protocol of a release with its words in the reader's language; only to be shown."""
    known, language = protocols.get(release), get_language() or "en"
    if language.startswith("en"):
        return known
    if (known.digest, language) not in _told:
        _told[known.digest, language] = _retold(known, text)
    return _told[known.digest, language]


def words(known: Protocol) -> list[str]:
    """Every text of a protocol that needs a translation, once each, in the order in which it stands."""
    found: dict[str, str] = {}
    _retold(known, lambda said: found.setdefault(said, said))
    return [each for each in found if each]


def _retold(known: Protocol, say: Callable[[str], str]) -> Protocol:
    told = {name: _reworded(getattr(known, name), say) for name in _SHOWN}
    return replace(known, title=say(known.title), summary=say(known.summary), **told)


def _reworded(part: Any, say: Callable[[str], str]) -> Any:
    """A part of a protocol with every text in it said anew; conditions and ids stay."""
    if isinstance(part, dict):
        return {key: _reworded(value, say) for key, value in part.items()}
    if isinstance(part, tuple):
        return tuple(_reworded(each, say) for each in part)
    if not is_dataclass(part) or isinstance(part, type):
        return part
    values = {each.name: getattr(part, each.name) for each in fields(part)}
    return replace(part, **{name: _said(name, value, say) for name, value in values.items()})


def _said(name: str, value: Any, say: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return say(value) if name in _WORDS and type(value) is str else value
    return _reworded(value, say) if name in ("options", "bands") else value


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
        return ", ".join(_answers(stored.split(", ")))
    return text(stored) if key in _TEXTS else stored


def _answers(parts: list[str]) -> Iterator[str]:
    """Every answer of a list; where a label holds the comma of the list itself, it is told whole."""
    while parts:
        joined = [", ".join(parts[:length]) for length in range(len(parts), 0, -1)]
        known = next((label for label in joined if text(label) != label), parts[0])
        yield _answer(known)
        parts = parts[known.count(", ") + 1 :]


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
