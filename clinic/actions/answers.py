"""How new answers come to stand beside old ones. Pure: nothing is stored here.

A stored answer is a table of `value`, `source`, `at` and `by`. Where another source said
otherwise about a safety question, that statement is kept with it under `disputes`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from triage.facts import NOT_SURE_ANSWER, SOURCES, AnswerErrors, AnswerFault
from triage.questions import QuestionType

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from triage.protocol import Protocol
    from triage.questions import Question

Entry = dict[str, Any]

AGE = "age"
_CLOCKS_DIFFER = timedelta(minutes=5)


def entries(given: Mapping[str, object], *, source: str, at: datetime, by: str) -> dict[str, Entry]:
    """Checked answers of either form in the long one; `by` is always who brings them."""
    faults = [] if source in SOURCES else [AnswerFault("source", "is not a source", ", ".join(SOURCES))]
    made, now = {}, at.isoformat()
    for name, raw in given.items():
        long = raw if isinstance(raw, dict) else {"value": raw}
        faults += _unfit(name, long, at)
        made[name] = {
            "value": long["value"],
            "source": long.get("source", source),
            "at": long.get("at", now),
            "by": by,
        }
    if faults:
        raise AnswerErrors(faults)
    return made


def _unfit(name: str, long: Mapping[str, Any], now: datetime) -> list[AnswerFault]:
    """What a question may be answered with elsewhere, but not in a record."""
    faults = []
    if "disputes" in long:
        faults.append(AnswerFault(f"{name}.disputes", "is kept by the record", "one answer with its source"))
    if "at" in long and datetime.fromisoformat(long["at"]) > now + _CLOCKS_DIFFER:
        faults.append(AnswerFault(f"{name}.at", "is in the future", "a time that has passed"))
    return faults


def changes(
    questions: Mapping[str, Question],
    stored: Mapping[str, Entry],
    new: Mapping[str, Entry],
    *,
    settled: Collection[str],
) -> dict[str, Entry]:
    """Of the new answers those that say something new, each beside what it contradicts."""
    changed = {}
    for name, entry in new.items():
        old = stored.get(name)
        if name in settled or old is None:
            changed[name] = entry
        elif not any(_repeats(entry, said) for said in _statements(old)):
            changed[name] = _beside(old, entry) if questions[name].safety else entry
    return changed


def no_less_severe(
    questions: Mapping[str, Question], stored: Mapping[str, Entry], typed: Mapping[str, Entry]
) -> dict[str, Entry]:
    """Of what was typed all but the safety answers beside which something worse is stored."""
    return {
        name: entry
        for name, entry in typed.items()
        if not questions[name].safety or _worst(stored.get(name)) <= _badness(entry)
    }


def _worst(entry: Entry | None) -> int:
    return max(map(_badness, _statements(entry))) if entry else 0


def carried(questions: Mapping[str, Question], earlier: Mapping[str, Entry]) -> dict[str, Entry]:
    """Of an earlier intake's answers those that need not be asked again, as what the record says.

    A date and a dated list of studies read the same on any day; every safety question, every
    symptom and every questionnaire is asked afresh.
    """
    lasting = (QuestionType.DATE, QuestionType.STUDIES)
    return {
        name: {**entry, "source": "record"}
        for name, entry in earlier.items()
        if name in questions and questions[name].type in lasting and not questions[name].safety
    }


def _statements(entry: Entry) -> list[Entry]:
    """What each source has said."""
    said = {key: value for key, value in entry.items() if key != "disputes"}
    return [said, entry["disputes"]] if "disputes" in entry else [said]


def _repeats(new: Entry, old: Entry) -> bool:
    """The same source said the same on the same day; said again later, it is fresh again."""
    same = new["value"] == old["value"] and new["source"] == old["source"]
    return same and _day(new) == _day(old)


def _day(entry: Entry) -> date:
    return datetime.fromisoformat(entry["at"]).date()


def _beside(old: Entry, new: Entry) -> Entry:
    """The new answer, and with it the worst that another source has said otherwise."""
    others = [said for said in _statements(old) if said["source"] != new["source"] and said["value"] != new["value"]]
    return {**new, "disputes": max(others, key=_badness)} if others else new


def _badness(entry: Entry) -> int:
    """ "Yes", or any number above 0, is worse than "not sure", and that is worse than "no"."""
    value = entry["value"]
    if isinstance(value, int):
        return value + 1 if value else 0
    return {"no": 0, NOT_SURE_ANSWER: 1}.get(value, 2) if isinstance(value, str) else 2


def as_of(protocol: Protocol, stored: Mapping[str, Entry], *, on: date) -> dict[str, Entry]:
    """The stored answers as they read on a later day: what was "40 days ago" has grown older."""
    return {name: _aged(protocol.questions[name], entry, on) for name, entry in stored.items()}


def _aged(question: Question, entry: Entry, on: date) -> Entry:
    value, elapsed = entry["value"], max((on - _day(entry)).days, 0)
    if question.days_since and isinstance(value, int):
        entry = {**entry, "value": min(value + elapsed, question.high)}
    elif question.type is QuestionType.STUDIES and isinstance(value, list):
        entry = {**entry, "value": [_aged_study(study, elapsed) for study in value]}
    if "disputes" in entry:
        entry = {**entry, "disputes": _aged(question, entry["disputes"], on)}
    return entry


def _aged_study(study: Mapping[str, Any], elapsed: int) -> dict[str, Any]:
    """The study with its age grown; one with a date needs none."""
    if "age_days" not in study:
        return dict(study)
    if "performed_on" in study:
        return {key: value for key, value in study.items() if key != "age_days"}
    return {**study, "age_days": study["age_days"] + elapsed}
