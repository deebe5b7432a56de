"""How new answers come to stand beside old ones. Pure: nothing is stored here.

A stored answer is a table of `value`, `source`, `at` and `by`. Where another source said
otherwise about a safety question, that statement is kept with it under `disputes`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from clinic import clock
from triage.contradictions import refuse_contradictions
from triage.facts import (
    NOT_SURE_ANSWER,
    SOURCES,
    AnswerErrors,
    AnswerFault,
    check_stored,
    impossible_times,
    long_form,
)
from triage.questions import QuestionType
from triage.wording import TextError, typed_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from clinic.models import Patient, Site
    from triage.protocol import Protocol
    from triage.questions import Question

Entry = dict[str, Any]

AGE, SEX = "age", "sex"
_CLOCKS_DIFFER = timedelta(minutes=5)


def of_record(patient: Patient, questions: Mapping[str, Question], *, on: date) -> dict[str, Entry]:
    """What the record of the patient says of the questions that it answers: these are not asked."""
    known: dict[str, Any] = {AGE: age_of(patient, on=on)}
    if SEX in questions and patient.sex in {option.value for option in questions[SEX].options}:
        known[SEX] = patient.sex
    return {name: {"value": value, "source": "record"} for name, value in known.items() if name in questions}


def age_of(patient: Patient, *, on: date) -> int | dict[str, int]:
    """The age on that day, as an answer: an interval where the date of birth is known in part only.

    Somebody born after the day was no adult on it.
    """
    low, high = patient.age_range(on=on)
    return low if low == high else {"from": low, "to": high}


def known_of_record(assessed: Mapping[str, Entry]) -> list[str]:
    """Which of the answers of an assessment were taken from the record of the patient: nobody gave them."""
    return [name for name in (AGE, SEX) if "by" not in assessed.get(name, {"by": None})]


def entries(given: Mapping[str, object], *, source: str, at: datetime, by: str) -> dict[str, Entry]:
    """Checked answers of either form in the long one, at times in UTC; `by` is always who brings them."""
    faults = [] if source in SOURCES else [AnswerFault("source", "is not a source", ", ".join(SOURCES))]
    faults += impossible_times(given)
    made, now = {}, at.isoformat()
    for name, raw in given.items():
        long = long_form(raw)
        faults += _unfit(name, long, at)
        made[name] = {
            "value": long["value"],
            "source": long.get("source", source),
            "at": clock.instant(long.get("at", now)).isoformat(),
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
    if "at" in long and clock.instant(long["at"]) > now + _CLOCKS_DIFFER:
        faults.append(AnswerFault(f"{name}.at", "is in the future", "a time that has passed"))
    return faults + ill_typed(name, long["value"])


def ill_typed(path: str, value: object) -> list[AnswerFault]:
    """What is typed anew is held to more than what is evaluated again: everybody has to see it as it is."""
    if isinstance(value, list):
        return [fault for number, each in enumerate(value) for fault in ill_typed(f"{path}[{number}]", each)]
    if isinstance(value, dict):
        return [fault for name, each in value.items() for fault in ill_typed(f"{path}.{name}", each)]
    try:
        typed_text(value if isinstance(value, str) else "")
    except TextError as error:
        return [AnswerFault(path, str(error), "text")]
    return []


def changes(
    questions: Mapping[str, Question],
    stored: Mapping[str, Entry],
    new: Mapping[str, Entry],
    *,
    settled: Collection[str],
    site: Site,
) -> dict[str, Entry]:
    """Of the new answers those that say something new, each beside what it contradicts."""
    changed = {}
    for name, entry in new.items():
        old = stored.get(name)
        if name in settled or old is None:
            changed[name] = entry
        elif not any(_repeats(entry, said, site) for said in _statements(old)):
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

    That is what the protocol says outlasts a spell, and nothing else: not even the scans there were,
    of which another may have been done since.
    """
    return {
        name: {**entry, "source": "record"}
        for name, entry in earlier.items()
        if name in questions and questions[name].lasting
    }


def refuse_contradictory(
    protocol: Protocol,
    stored: Mapping[str, Entry],
    new: Mapping[str, Entry],
    *,
    record: Mapping[str, Entry],
    on: date,
    site: Site,
) -> None:
    """Raise AnswerErrors where a new answer contradicts another, or what the record says of the patient.

    Contradictions that have stood there before are not asked about: they must not be in the way of
    anything else.
    """
    before, added = (as_of(protocol, each, on=on, site=site) for each in (stored, new))
    facts = check_stored(protocol.questions, {**before, **added, **record}, on=on)
    refuse_contradictions(protocol, facts, typed=new, studies=_newly_dated(protocol, before, new))


def _newly_dated(protocol: Protocol, before: Mapping[str, Entry], new: Mapping[str, Entry]) -> set[int]:
    """The places of those studies that have another day than any that was recorded before."""
    old, now = (_days(each.get(protocol.imaging_question)) for each in (before, new))
    return {place for place, day in enumerate(now) if day not in old}


def _days(entry: Entry | None) -> list[tuple[Any, Any]]:
    studies = entry["value"] if entry and isinstance(entry["value"], list) else []
    return [(each.get("performed_on"), each.get("age_days")) for each in studies]


def _statements(entry: Entry) -> list[Entry]:
    """What each source has said."""
    said = {key: value for key, value in entry.items() if key != "disputes"}
    return [said, entry["disputes"]] if "disputes" in entry else [said]


def _repeats(new: Entry, old: Entry, site: Site) -> bool:
    """The same source said the same on the same day; said again later, it is fresh again."""
    same = new["value"] == old["value"] and new["source"] == old["source"]
    return same and _day(new, site) == _day(old, site)


def _day(entry: Entry, site: Site) -> date:
    return clock.day(clock.instant(entry["at"]), site)


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


def as_of(protocol: Protocol, stored: Mapping[str, Entry], *, on: date, site: Site) -> dict[str, Entry]:
    """The stored answers as they read on a later day of the site: what was "40 days ago" has grown older."""
    return {name: _aged(protocol.questions[name], entry, on, site) for name, entry in stored.items()}


def _aged(question: Question, entry: Entry, on: date, site: Site) -> Entry:
    value, elapsed = entry["value"], max((on - _day(entry, site)).days, 0)
    if question.days_since and isinstance(value, int):
        entry = {**entry, "value": min(value + elapsed, question.high)}
    elif question.type is QuestionType.STUDIES and isinstance(value, list):
        entry = {**entry, "value": [_aged_study(study, elapsed, on) for study in value]}
    elif question.type is QuestionType.DATE and isinstance(value, str):
        entry = {**entry, "value": _come(value, on)}
    if "disputes" in entry:
        entry = {**entry, "disputes": _aged(question, entry["disputes"], on, site)}
    return entry


def _come(value: str, on: date) -> str:
    """A date; one that has not come yet, because the site keeps other days since, reads as the present day."""
    return value if value == NOT_SURE_ANSWER else min(value, on.isoformat())


def _aged_study(study: Mapping[str, Any], elapsed: int, on: date) -> dict[str, Any]:
    """The study with its age grown; one with a date needs none."""
    if "performed_on" in study:
        dated = {key: value for key, value in study.items() if key != "age_days"}
        return {**dated, "performed_on": _come(study["performed_on"], on)}
    return {**study, "age_days": study["age_days"] + elapsed} if "age_days" in study else dict(study)
