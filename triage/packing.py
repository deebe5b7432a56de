"""The answers of one patient as a record of fixed width, so that those of millions are read quickly.

A record is a reading aid: it is made from checked answers and made anew at will. It holds what
conditions can read, the studies among it, and none of the rules: a changed protocol reads it as well,
as long as it asks the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from struct import error as StructError
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.facts import NOT_SURE_ANSWER
from triage.imaging import ABSENT, FIELD_OF, STUDY_NAMES, Study, read_study
from triage.questions import Question, QuestionType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from triage.facts import Value
    from triage.protocol import Protocol

FORMAT = 1  # of the records; another number where they are laid out, or words are counted, in another way
STUDIES = 4  # the most that a record holds
MARK = 8  # bytes beside the answers that belong to whoever keeps the record

NOT_ASKED, NOT_SURE = 255, 254  # in place of a word
NUMBER_NOT_ASKED, NUMBER_NOT_SURE = 65535, 65534  # in place of a number
KINDS = tuple(len(words) + 1 for words in STUDY_NAMES.values())  # of what a study says; the last one is nothing
NO_AGE = 65535
_WORDS = (QuestionType.TRI, QuestionType.CHOICE)


class TooMuch(ValueError):
    """Something that a record has no place for: such a patient has to be looked at alone."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The answers of many patients: a row for each question, a place in it for each patient.

    A word is its number among those that the question takes, a number counts from the lowest. Of
    studies, `kinds` says everything but the age, in as many rows as the longest list has studies.
    """

    words: Mapping[str, NDArray[np.uint8]]
    numbers: Mapping[str, NDArray[np.uint16]]
    kinds: NDArray[np.uint32]
    ages: NDArray[np.uint16]
    marks: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.marks)

    def some(self, places: NDArray[np.intp]) -> Columns:
        """Those of some of the patients."""
        return Columns(
            {name: row[places] for name, row in self.words.items()},
            {name: row[places] for name, row in self.numbers.items()},
            self.kinds[:, places],
            self.ages[:, places],
            self.marks[places],
        )


def asked_otherwise(protocol: Protocol, other: Protocol) -> list[str]:
    """What the other protocol reads and this one asks in another way: its records do not answer that.

    What this one does not ask at all was not asked, in whatever way the other one would.
    """
    read = [other.questions[name] for name in other.most_decisive_first]
    dates = [other.questions[each.days_since] for each in read if each.days_since]
    return [
        each.id
        for each in (*read, *dates)
        if each.id in protocol.questions and _way(protocol.questions[each.id]) != _way(each)
    ]


def _way(question: Question) -> tuple[object, ...]:
    """All on which it depends how an answer is taken."""
    words = tuple(option.value for option in question.options)
    return question.type, words, question.low, question.high, question.safety, question.days_since


class Packing:
    """How the answers to one protocol's questions are laid out in a record."""

    def __init__(self, protocol: Protocol) -> None:
        questions = protocol.questions.values()
        self._imaging = protocol.imaging_question
        self._dates = {question.days_since for question in questions if question.days_since}
        self.words = [each for each in questions if each.type in _WORDS or each.id == self._imaging]
        self.numbers = [each for each in questions if each.type.is_number]
        self._codes = [(each.id, _codes(each)) for each in self.words]
        words, numbers = len(self.words), len(self.numbers)
        self._struct = Struct(f"<B{MARK}s{words}B{numbers}H{STUDIES}I{STUDIES}H")
        self._fields = np.dtype(
            [
                ("format", "u1"),
                ("mark", "<u8"),
                ("words", "u1", (words,)),
                ("numbers", "<u2", (numbers,)),
                ("kinds", "<u4", (STUDIES,)),
                ("ages", "<u2", (STUDIES,)),
            ]
        )

    def pack(self, values: Mapping[str, Value], mark: bytes = bytes(MARK)) -> bytes:
        """The record of the values of checked facts; raises TooMuch."""
        answer = values.get(self._imaging)
        studies = [each for each in answer if isinstance(each, Study)] if isinstance(answer, tuple) else []
        read: Mapping[str, object] = {**values, self._imaging: len(studies)} if isinstance(answer, tuple) else values
        words = [codes.get(read.get(name)) for name, codes in self._codes]
        numbers = [_number(each, values.get(each.id)) for each in self.numbers]
        empty = [0] * (STUDIES - len(studies))
        try:
            return self._struct.pack(
                FORMAT, mark, *words, *numbers, *map(_kind, studies), *empty, *map(_age, studies), *empty
            )
        except StructError as error:  # there is no code, or a number too many
            raise TooMuch("a record has no place for one of these answers") from error

    def stored_values(self, answers: Mapping[str, Any], *, on: date) -> dict[str, Value] | None:
        """What is to be packed of answers that were checked when they were stored, without checking them again.

        None where they have to be: two sources disagree, or a date stands for a number of days.
        """
        values = {name: entry["value"] for name, entry in answers.items() if "disputes" not in entry}
        if len(values) < len(answers) or not self._dates.isdisjoint(values):
            return None
        studies = values.get(self._imaging)
        if isinstance(studies, list):
            values[self._imaging] = tuple(read_study(each, on=on) for each in studies)
        return values

    def fits(self, record: bytes) -> bool:
        """Whether the record was laid out in this way."""
        return len(record) == self._struct.size and record[0] == FORMAT

    def columns(self, records: Sequence[bytes]) -> Columns:
        """What the records say, side by side."""
        read = np.frombuffer(b"".join(records), self._fields)
        words, numbers = np.ascontiguousarray(read["words"].T), np.ascontiguousarray(read["numbers"].T)
        named = {each.id: row for each, row in zip(self.words, words, strict=True)}
        longest = _longest(named.get(self._imaging))
        return Columns(
            named,
            {each.id: row for each, row in zip(self.numbers, numbers, strict=True)},
            np.ascontiguousarray(read["kinds"].T[:longest]),
            np.ascontiguousarray(read["ages"].T[:longest]),
            np.ascontiguousarray(read["mark"]),
        )


def _longest(lists: NDArray[np.uint8] | None) -> int:
    return 0 if lists is None else int(lists[lists < NOT_SURE].max(initial=0))


def _codes(question: Question) -> dict[object, int]:
    """What stands for each answer that is a word, or for each length of a list of studies."""
    match question.type:
        case QuestionType.TRI:
            known: dict[object, int] = {"no": 0, "yes": 1}
        case QuestionType.STUDIES:
            known = {length: length for length in range(STUDIES + 1)}
        case _:
            known = {option.value: place for place, option in enumerate(question.options[:NOT_SURE])}
    return known | {NOT_SURE_ANSWER: NOT_SURE, None: NOT_ASKED}


def _number(question: Question, answer: Value | None) -> int:
    if answer is None:
        return NUMBER_NOT_ASKED
    if answer == NOT_SURE_ANSWER:
        return NUMBER_NOT_SURE
    if not isinstance(answer, int) or not 0 <= answer - question.low < NUMBER_NOT_SURE:
        raise TooMuch(f"a record has no place for {answer}")
    return answer - question.low


def _kind(study: Study) -> int:
    """Everything that a study says but its age, counted through as one number."""
    said = [study.words.get(field, ABSENT.get(field)) for field in map(FIELD_OF.__getitem__, STUDY_NAMES)]
    places = [
        len(words) if word is None else words.index(word)
        for word, words in zip(said, STUDY_NAMES.values(), strict=True)
    ]
    return int(np.ravel_multi_index(places, KINDS))


def _age(study: Study) -> int:
    if study.age_days is not None and study.age_days >= NO_AGE:
        raise TooMuch(f"a record has no place for {study.age_days} days")
    return NO_AGE if study.age_days is None else study.age_days
