"""The list of imaging studies in a form: one row of fields for each, without a script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic import spoken
from clinic.web.choices import Choice, choices
from triage.facts import NOT_SURE_ANSWER
from triage.imaging import STUDY_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import QueryDict

    from clinic.web.wording import Words
    from triage.questions import Question

LISTED = "listed"
_MOST = 50
FIELDS: Mapping[str, Words] = {
    "modality": _("Kind"),
    "region": _("Region"),
    "status": _("Status"),
    "reason": _("Asked for because of"),
    "performed_on": _("Done on"),
    "age_days": _("Or: done how many days ago"),
    "class": _("Class, given by a clinician"),
    "concordance": _("Fits the pain"),
    "report_urgency": _("Urgency in the report"),
    "finding": _("What the report says (shown, not read)"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a study."""

    id: str
    text: Words
    value: str
    options: Sequence[Choice]
    faults: Sequence[str]
    is_date: bool
    is_wide: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The fields of one study."""

    prefix: str
    parts: Sequence[Part]


def label(word: str) -> Words:
    return spoken.study(word)


def field_id(question: Question, position: int, field: str = "") -> str:
    """The name of a study's field, or of what all its fields begin with."""
    return "-".join(filter(None, ("study", question.id, str(position), field)))


def filled_in(question: Question, data: QueryDict) -> list[dict[str, str]]:
    """The studies in a form; rows left blank or taken off the list are not among them."""
    rows = []
    for position in range(_MOST + 1):
        row = {field: data.get(field_id(question, position, field), "").strip() for field in FIELDS}
        if any(row.values()) and not data.get(field_id(question, position, "remove")):
            rows.append({field: word for field, word in row.items() if word})
    return rows


def stored(value: Any) -> list[dict[str, str]]:
    """Stored studies as their rows would have been filled in."""
    studies = value if isinstance(value, list) else []
    return [{field: str(word) for field, word in study.items()} for study in studies if isinstance(study, dict)]


def read(question: Question, words: list[str], data: QueryDict) -> Any:
    """The list, "not_sure", or None; what contradicts itself is passed on, to be refused."""
    rows = filled_in(question, data)
    if not words and not rows:
        return None
    if rows and words in ([], [LISTED]):
        return [_as_stored(row) for row in rows]
    if words == ["none"] and not rows:
        return []
    if words == [NOT_SURE_ANSWER] and not rows:
        return NOT_SURE_ANSWER
    return f"{' '.join(words)}, and {len(rows)} studies"


def _as_stored(row: Mapping[str, str]) -> dict[str, str | int]:
    age = row.get("age_days", "")
    return {**row, "age_days": int(age)} if age.isascii() and age.isdigit() else dict(row)


def rows(question: Question, studies: Sequence[Mapping[str, str]], faults: Mapping[str, Sequence[str]]) -> list[Row]:
    """A row for each study; `faults` by the id of the field they are in."""
    return [
        Row(
            prefix=field_id(question, position),
            parts=[_part(field_id(question, position, field), field, study, faults) for field in FIELDS],
        )
        for position, study in enumerate(studies)
    ]


def _part(name: str, field: str, study: Mapping[str, str], faults: Mapping[str, Sequence[str]]) -> Part:
    value = study.get(field, "")
    options = [(word, label(word)) for word in STUDY_WORDS.get(field, ())]
    return Part(
        id=name,
        text=FIELDS[field],
        value=value,
        options=choices(options, [value]),
        faults=faults.get(name, ()),
        is_date=field == "performed_on",
        is_wide=field == "finding",
    )


def in_words(study: Mapping[str, Any]) -> str:
    """One study in a line."""
    words = [str(label(study[field])) for field in ("modality", "region", "status", "class") if study.get(field)]
    if study.get("performed_on"):
        words.append(date_format(date.fromisoformat(study["performed_on"]), "j M Y"))
    elif "age_days" in study:
        words.append(gettext("%(days)s days before it was recorded") % {"days": study["age_days"]})
    return ", ".join([*words, *filter(None, [study.get("finding", "")])])
