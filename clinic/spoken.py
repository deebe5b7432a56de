"""What protocols and stored outcomes say, in the reader's language.

A protocol and what it led to are written and stored in English. Their translation is a gettext
catalogue (fixtures/locale) with the English text as its key; what it lacks is shown in English,
never left out. Nothing that is stored passes through here.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language, gettext_lazy, gettext_noop, ngettext
from django.utils.translation import gettext as _

from clinic import protocols
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from django.utils.functional import _StrPromise

    from clinic.models import ProtocolRelease
    from triage.protocol import Protocol

    Document = Mapping[str, Any]

# The texts of a stored outcome, and those of a protocol, by the names of their fields.
_TEXTS = frozenset({"title", "means", "text", "name", "band", "group", "who", "citation"})
_WORDS = _TEXTS | {"intro", "hint", "label", "unit", "because", "attribution"}
_SHOWN = (
    *(
        "sources",
        "sections",
        "questions",
        "facts",
        "levels",
        "instruments",
        "actions",
        "flags",
        "rules",
        "incomplete",
        "exclusions",
        "texts",
    ),
    *("dispositions", "services"),
)
# What the engine says of its own accord, named here so that it gets into the catalogue of the pages.
_OWN_WORDS = (
    *(gettext_noop("Yes"), gettext_noop("No"), gettext_noop("Not sure")),
    *(gettext_noop("None"), gettext_noop("None done"), gettext_noop("recorded")),
    gettext_noop("serious causes are not yet all answered no"),
    *(gettext_noop("is missing"), gettext_noop("is not one of the words it takes")),
    *(gettext_noop("is not a number of days"), gettext_noop("is not a past date")),
    gettext_noop("does not agree with performed_on"),
    *(gettext_noop("is a day that has not come yet"), gettext_noop("is upside down: it begins above its end")),
    *(gettext_noop("is not a list of studies"), gettext_noop("is not an answer that this question takes")),
    *(gettext_noop("is longer than 2000 characters"), gettext_noop("holds a character that is not text")),
    *(gettext_noop("holds a character that cannot be seen"), gettext_noop("holds a letter with more than 10 marks")),
    gettext_noop("holds a control of the direction of writing"),
)
_DISAGREES = re.compile(r"does not agree with (?P<question>\w+), which gives (?P<days>\d+)")
_CONTRADICTS = re.compile(r"does not go together with (?P<question>\w+): (?P<own>.+), and (?P<other>.+)")
_INTERVAL = re.compile(r"(?P<low>\d+) to (?P<high>\d+)( (?P<unit>.+))?")
_STUDIES: Mapping[str, _StrPromise] = {
    "xray": gettext_lazy("X-ray"),
    "mri": gettext_lazy("MRI"),
    "ct": gettext_lazy("CT"),
    "dexa": gettext_lazy("DEXA"),
    "bone_scan": gettext_lazy("Bone scan"),
    "ultrasound_aorta": gettext_lazy("Ultrasound of the aorta"),
    "cervical": gettext_lazy("Cervical"),
    "thoracic": gettext_lazy("Thoracic"),
    "thoracolumbar": gettext_lazy("Thoracolumbar"),
    "lumbar": gettext_lazy("Lumbar"),
    "lumbosacral": gettext_lazy("Lumbosacral"),
    "sacroiliac": gettext_lazy("Sacroiliac"),
    "whole_spine": gettext_lazy("Whole spine"),
    "abdomen": gettext_lazy("Abdomen"),
    "other": gettext_lazy("Other"),
    "requested": gettext_lazy("Requested"),
    "awaiting_report": gettext_lazy("Done, report awaited"),
    "reported": gettext_lazy("Reported"),
    "report_unavailable": gettext_lazy("Report not available"),
    "cancelled": gettext_lazy("Cancelled"),
    "routine": gettext_lazy("Routine"),
    "red_flag": gettext_lazy("A red flag"),
    "no_significant_finding": gettext_lazy("No significant finding"),
    "age_related": gettext_lazy("Age-related changes"),
    "significant_structural": gettext_lazy("Significant structural change"),
    "serious_pathology": gettext_lazy("Serious pathology"),
    "non_diagnostic": gettext_lazy("Not diagnostic"),
    "unclassified": gettext_lazy("Not classed yet"),
    "not_stated": gettext_lazy("Not stated"),
    "incidental_nonspinal": gettext_lazy("Incidental, outside the spine"),
    "concordant": gettext_lazy("Yes"),
    "discordant": gettext_lazy("No"),
    "unclear": gettext_lazy("Unclear"),
    "immediate": gettext_lazy("Immediate"),
    "same_day": gettext_lazy("Same day"),
    "within_14_days": gettext_lazy("Within 14 days"),
}
_told: dict[tuple[str, str], Protocol] = {}


def protocol(release: ProtocolRelease) -> Protocol:
    """The protocol of a release with its words in the reader's language; only to be shown."""
    return told(protocols.get(release))


def told(known: Protocol) -> Protocol:
    """A protocol with its words in the reader's language; only to be shown."""
    language = get_language() or "en"
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
    return _reworded(value, say) if name in ("options", "bands", "steps") else value


def text(words: str) -> str:
    """The words of a protocol; an empty text stays empty."""
    return _(words) if words else ""


def study(word: str) -> str:
    """One word of an imaging study; a word that no study takes is shown as it is."""
    return str(_STUDIES.get(word, word))


def is_contradiction(said: str) -> bool:
    """Whether an answer is refused for what another one says."""
    return _CONTRADICTS.fullmatch(said) is not None


def reason(said: str) -> str:
    """Why an answer is refused, or does not go together with another."""
    contradiction = _CONTRADICTS.fullmatch(said)
    if contradiction:
        words = {**contradiction.groupdict(), **{name: answer(contradiction[name]) for name in ("own", "other")}}
        return _("does not go together with %(question)s: %(own)s, and %(other)s") % words
    found = _DISAGREES.fullmatch(said)
    if found is None:
        return text(said)
    return _("does not agree with %(question)s, which gives %(days)s") % found.groupdict()


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
    if key in ("answer", "from", "to"):
        return answer(stored)
    if key == "reason":
        return reason(stored)
    return text(stored) if key in _TEXTS else stored


def answer(said: str) -> str:
    """One or more answers as `triage.explanation` words them."""
    return ", ".join(_answers(said.split(", ")))


def _answers(parts: list[str]) -> Iterator[str]:
    """Every answer of a list; where a label holds the comma of the list itself, it is told whole."""
    while parts:
        joined = [", ".join(parts[:length]) for length in range(len(parts), 0, -1)]
        known = next((label for label in joined if text(label) != label), parts[0])
        yield _answer(known)
        parts = parts[known.count(", ") + 1 :]


def _answer(said: str) -> str:
    """An answer as the explanation words it: a label, or a number with its unit."""
    interval = _INTERVAL.fullmatch(said)
    if interval:
        return _("%(low)s to %(high)s") % interval.groupdict() + f" {text(interval['unit'] or '')}".rstrip()
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
