"""The stored outcome of an assessment as a page shows it. Nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import spoken
from clinic.models import AT_ONCE
from clinic.web.wording import DISPOSITIONS, SOURCE_STATUSES, URGENCIES, Tag, level_tag
from triage.protocol import Disposition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from clinic.models import Assessment, Site
    from clinic.web.wording import Words
    from triage.instruments import Instrument
    from triage.protocol import Protocol

    Outcome = Mapping[str, Any]

_LADDER = (
    Disposition.SELF_MANAGE,
    Disposition.REFER,
    Disposition.HOLD_IMAGING,
    Disposition.MEDICAL_REVIEW,
    Disposition.URGENT_MEDICAL,
    Disposition.EMERGENCY,
)
STATES: Mapping[str, Words] = {
    "present": gettext_lazy("Present"),
    "unsure": gettext_lazy("Not sure"),
    "not_asked": gettext_lazy("Not asked"),
    "awaited": gettext_lazy("Awaits a report or its class"),
    "excluded": gettext_lazy("Answered no"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cite:
    """What a reason rests on, and whether it still stands."""

    id: str
    citation: str
    status: Words
    is_doubtful: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A flag or a rule that acted, with the answers that it read."""

    title: str
    tag: Tag | None
    text: str
    read: Sequence[Mapping[str, str]]
    cites: Sequence[Cite]


@dataclass(frozen=True, slots=True)
class Reach:
    """One disposition, and whether the outcome may still come to it."""

    text: Words
    is_reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The flags of one state."""

    title: Words
    findings: Sequence[Mapping[str, Any]]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Rung:
    """One level of having looked for a serious cause."""

    level: str
    means: str
    is_here: bool


def reasons_of(because: Iterable[Outcome]) -> list[Reason]:
    return [
        Reason(
            title=each["title"],
            tag=_tag_of(each),
            text=each["text"],
            read=each["read"],
            cites=[_cite(cite) for cite in each["cites"]],
        )
        for each in because
    ]


def each_symptom_once(because: Iterable[Outcome]) -> list[Outcome]:
    """The urgent flags, or else the rule: without those of which a more urgent one read every answer, and each answer once."""
    urgent = [each for each in because if each["level"] in AT_ONCE]
    flags = [each for each in urgent if each["kind"] == "flag"] or urgent
    told: list[Outcome] = []
    for each in sorted(flags, key=_level):
        read = _questions(each)
        if read and any(_level(other) < _level(each) and read <= _questions(other) for other in told):
            continue
        told.append(each)
    return _answers_once(told)


def _level(reason: Outcome) -> int:
    return AT_ONCE.index(reason["level"])


def _questions(reason: Outcome) -> set[str]:
    return {one["question"] for one in reason["read"]}


def _answers_once(because: Iterable[Outcome]) -> list[Outcome]:
    shown: set[str] = set()
    told: list[Outcome] = []
    for each in because:
        told.append({**each, "read": [one for one in each["read"] if one["question"] not in shown]})
        shown |= _questions(each)
    return told


@dataclass(frozen=True, slots=True)
class ToDo:
    """What is to be done by one time."""

    when: Words
    actions: Sequence[Mapping[str, str]]


def to_do(actions: Iterable[Mapping[str, str]], because: Iterable[Outcome], protocol: Protocol) -> list[ToDo]:
    """What is to be done now, then what is to be done today, then the rest; each in the order of the outcome."""
    level: dict[str, int] = {}
    for each in because:
        for name in _called_for(each, protocol):
            level[name] = min(level.get(name, _LATER), _WHEN.get(each["level"], _LATER))
    by_when: dict[int, list[Mapping[str, str]]] = {place: [] for place in range(len(_WHENS))}
    for action in actions:
        by_when[level.get(action["id"], _LATER)].append(action)
    return [ToDo(_WHENS[place], some) for place, some in by_when.items() if some]


_WHENS = (gettext_lazy("Now"), gettext_lazy("Today"), gettext_lazy("After that"))
_WHEN, _LATER = {level: place for place, level in enumerate(AT_ONCE)}, len(AT_ONCE)


def _called_for(reason: Outcome, protocol: Protocol) -> list[str]:
    """The actions that a flag or a rule of the protocol calls for."""
    if reason["kind"] == "rule":
        return [task.action for rule in protocol.rules if rule.id == reason["id"] for task in rule.actions]
    present = reason["state"] == "present"
    flags = [flag for flag in protocol.flags if flag.id == reason["id"]]
    return [name for flag in flags for name in (flag.actions if present else flag.not_sure_actions)]


def _tag_of(reason: Outcome) -> Tag | None:
    if reason["kind"] != "flag":
        return None
    tag = level_tag(reason["level"])
    unsure = _("Not sure")
    return Tag(tag.tone, f"{unsure}: {tag.text}") if reason["state"] == "unsure" else tag


def _cite(cite: Outcome) -> Cite:
    status = cite["status"]
    return Cite(
        id=cite["id"],
        citation=cite["citation"],
        status=SOURCE_STATUSES.get(status, status),
        is_doubtful=status not in ("current", "background"),
    )


def span(outcome: Outcome) -> list[Reach]:
    """From the least to the most urgent that open questions could still make of it; empty if settled."""
    floor, ceiling = outcome["floor"], outcome["ceiling"]
    if floor == ceiling:
        return []
    low, high = Disposition(floor).rank, Disposition(ceiling).rank
    return [Reach(DISPOSITIONS[each], low <= each.rank <= high) for each in _LADDER]


def findings(outcome: Outcome) -> list[Findings]:
    """The flags by what is known of them; what acts stands open."""
    return [
        Findings(
            title=title,
            findings=[
                {**each, "tag": level_tag(each["level"]) if state == "present" else None}
                for each in outcome["findings"]
                if each["state"] == state
            ],
            is_open=state in ("present", "unsure"),
        )
        for state, title in STATES.items()
        if any(each["state"] == state for each in outcome["findings"])
    ]


def scores(outcome: Outcome, protocol: Protocol) -> list[dict[str, str]]:
    """The questionnaires of which something was answered; open items leave an interval."""
    return [_score(each, protocol.instruments[each["instrument"]]) for each in outcome["scores"] if each["answered"]]


def _score(score: Outcome, instrument: Instrument) -> dict[str, str]:
    low, high, maximum = (_as_shown(score[each], instrument) for each in ("low", "high", "maximum"))
    known = low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}
    return {
        "name": score["name"],
        "attribution": instrument.attribution,
        "range": _("%(known)s of %(maximum)s") % {"known": known, "maximum": maximum},
        "band": score["band"],
        "coverage": _("%(answered)s of %(items)s") % {"answered": score["answered"], "items": score["items"]},
    }


def _as_shown(total: int, instrument: Instrument) -> str:
    """A sum as it stands, or the mean of the items where that is how the questionnaire is read."""
    if instrument.scoring == "sum":
        return str(total)
    mean = total / len(instrument.items)
    return number_format(mean, 0 if mean.is_integer() else 1)


def referrals(outcome: Outcome, kind: str) -> list[dict[str, Any]]:
    return [{**each, "words": URGENCIES[each["priority"]]} for each in outcome[kind]]


def review_on(assessment: Assessment) -> date | None:
    days = assessment.outcome["review_days"]
    return assessment.on + timedelta(days=days) if days else None


def texts(assessment: Assessment, kind: str, site: Site) -> list[str]:
    """What the patient is told, with the numbers of the site and the day of the review."""
    day = review_on(assessment)
    filled = {
        "{emergency_number}": site.emergency_number,
        "{crisis_line}": site.crisis_line,
        "{date}": date_format(day, "j F Y") if day else "",
    }
    return [_fill(spoken.text(each["text"]), filled) for each in assessment.outcome[kind]]


def _fill(text: str, filled: Mapping[str, str]) -> str:
    for placeholder, words in filled.items():
        text = text.replace(placeholder, words)
    return text


def rungs(assessment: Assessment, protocol: Protocol) -> list[Rung]:
    """Every level of having looked for a serious cause, and the one reached."""
    lowest = ("X0", _("not finished: serious causes are not all answered no"))
    levels = [lowest, *((each.level, each.means) for each in protocol.exclusions)]
    return [Rung(level, means, level == assessment.exclusion) for level, means in levels]
