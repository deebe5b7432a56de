"""What lists of studies can say: which facts about studies can be true together.

A fact about studies is as true as the study that makes it truest, so a list says what its studies
say, put together. Everything that one study can say is tried out, and all that can be put together
of it is gathered.
"""

from __future__ import annotations

from datetime import date
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from triage.conditions import Comparison, Condition, OneOf
from triage.diagram import TooLarge
from triage.domains import EDGES
from triage.facts import Facts
from triage.imaging import ABSENT, FIELD_OF, REQUIRED, STUDY_AGE, STUDY_WORDS, Study
from triage.logic import NO, NOT_SURE, YES, Verdict
from triage.patient_view import PatientView, StudyView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from triage.protocol import Fact, Protocol

    Kind = str | int | None

# A fact takes two bits, so that what two lists say together is the "or" of two whole numbers.
_BITS = {NO: 0b00, NOT_SURE: 0b01, YES: 0b11}
_MOST = 100_000
_VERDICTS = {bits: verdict for verdict, bits in _BITS.items()}


def is_about_studies_alone(fact: Fact) -> bool:
    """Whether a fact about a study reads nothing else of the patient."""
    return _names(fact.when) <= {*FIELD_OF, STUDY_AGE}


def sayings(protocol: Protocol, facts: Sequence[Fact]) -> frozenset[tuple[Verdict, ...]]:
    """All that a list of studies can say: a verdict on each of the facts, which read studies alone."""
    said = {0}
    for study in _said(protocol, facts, _kinds(facts)):
        if study not in said:
            said |= {study | others for others in said}
        if len(said) > _MOST:
            raise TooLarge(f"lists of studies say more than {_MOST} things")
    return frozenset(_verdicts(each, len(facts)) for each in said)


def said_by_one(protocol: Protocol, facts: Sequence[Fact], study: Mapping[str, str]) -> list[dict[str, Verdict]]:
    """All that one study with these words can say of the facts that read studies alone; an empty word is none."""
    alone = [fact for fact in facts if is_about_studies_alone(fact)]
    kinds = _kinds(alone)
    for name in kinds:
        if FIELD_OF.get(name) in study:
            kinds[name] = [study[FIELD_OF[name]] or None]
    said = sorted(_said(protocol, alone, kinds))
    return [dict(zip([fact.id for fact in alone], _verdicts(each, len(alone)), strict=True)) for each in said]


def _said(protocol: Protocol, facts: Sequence[Fact], kinds: Mapping[str, list[Kind]]) -> set[int]:
    judged = [_judged(protocol, fact, kinds) for fact in facts]
    if prod(map(len, kinds.values())) > _MOST:
        raise TooLarge(f"more than {_MOST} kinds of study are told apart")
    return {_say(judged, dict(zip(kinds, each, strict=True))) for each in product(*kinds.values())}


def _verdicts(said: int, number: int) -> tuple[Verdict, ...]:
    return tuple(_VERDICTS[said >> 2 * place & 0b11] for place in range(number))


def _names(condition: Condition) -> set[str]:
    return {name for part in condition.walk() for name in part.names}


def _kinds(facts: Sequence[Fact]) -> dict[str, list[Kind]]:
    """One word of each kind that the facts tell apart, for each thing that they read of a study."""
    parts = [part for fact in facts for part in fact.when.walk()]
    kinds: dict[str, list[Kind]] = {}
    for name in sorted({name for part in parts for name in part.names} & {*FIELD_OF, STUDY_AGE}):
        named_together = [part.words for part in parts if isinstance(part, OneOf) and part.name == name]
        kinds[name] = list(_ages(parts)) if name == STUDY_AGE else list(_words(FIELD_OF[name], named_together))
    return kinds


def _words(field: str, named_together: Sequence[tuple[str, ...]]) -> Iterator[Kind]:
    alike: dict[tuple[bool, ...] | None, Kind] = {}
    for word in (*STUDY_WORDS[field], None):
        read = ABSENT.get(field) if word is None else word
        if word is not None or field not in REQUIRED:
            alike.setdefault(None if read is None else tuple(read in words for words in named_together), word)
    yield from alike.values()


def _ages(parts: Sequence[Condition]) -> Iterator[Kind]:
    yield None
    ages = [part for part in parts if isinstance(part, Comparison) and part.name == STUDY_AGE]
    yield from sorted({0} | {part.number + step for part in ages for step in EDGES[part.operator]})


def _judged(
    protocol: Protocol, fact: Fact, kinds: Mapping[str, list[Kind]]
) -> tuple[list[str], dict[tuple[Kind, ...], int]]:
    """What the fact reads, and its bits for each way in which that can be."""
    own = sorted(_names(fact.when))
    nobody = PatientView(protocol, Facts(values={}, on=date.min))
    ways = product(*(kinds[name] for name in own))
    return own, {way: _BITS[fact.when.verdict(StudyView(nobody, _study(own, way)))] for way in ways}


def _study(names: Sequence[str], way: Sequence[Kind]) -> Study:
    words = {FIELD_OF[name]: word for name, word in zip(names, way, strict=True) if isinstance(word, str)}
    return Study(words=words, age_days=next((age for age in way if isinstance(age, int)), None))


def _say(judged: Sequence[tuple[list[str], dict[tuple[Kind, ...], int]]], study: dict[str, Kind]) -> int:
    return sum(bits[tuple(study[name] for name in own)] << 2 * place for place, (own, bits) in enumerate(judged))


def example(view: PatientView, facts: Sequence[Fact], wanted: Mapping[str, Verdict]) -> list[Study] | None:
    """A list of studies of which is said what is wanted, at least as certain and of nothing else; None if none is found.

    `view` is the patient, whose answers some facts read beside the study.
    """
    studies: list[Study] = []
    for fact in facts:
        if wanted.get(fact.id, NO) is NO or any(_verdict(fact, view, each) is wanted[fact.id] for each in studies):
            continue
        fitting = (each for each in _tried(fact, facts) if _verdict(fact, view, each) is wanted[fact.id])
        study = next((each for each in fitting if _says_no_more(each, view, facts, wanted)), None)
        if study is None:
            return None
        studies.append(study)
    return studies


def _tried(fact: Fact, facts: Sequence[Fact]) -> Iterator[Study]:
    """Studies of every kind; those that differ in what the fact reads come first."""
    kinds = _kinds(facts)
    names = sorted(kinds, key=lambda name: name in _names(fact.when))
    return (_study(names, way) for way in product(*(kinds[name] for name in names)))


def _verdict(fact: Fact, view: PatientView, study: Study) -> Verdict:
    return fact.when.verdict(StudyView(view, study))


def _says_no_more(study: Study, view: PatientView, facts: Sequence[Fact], wanted: Mapping[str, Verdict]) -> bool:
    return all(_verdict(fact, view, study) | wanted[fact.id] is wanted[fact.id] for fact in facts if fact.id in wanted)
