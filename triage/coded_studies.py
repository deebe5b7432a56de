"""One study of a patient as code: its words and its age are in variables under the names that conditions give them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from triage.coded import CodedQuantity, CodedVerdict, Nature
from triage.imaging import ABSENT, FIELD_OF, MAXIMUM_AGE, REQUIRED, STUDY_AGE, STUDY_NAMES
from triage.syntax import NONE, assign, attribute, choose, compare, constant, is_among, load, method

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class CodedStudy:
    """Whoever the code will be run on and one of their studies: `study_...` names are the study's."""

    def __init__(self, patient: Any) -> None:
        self._patient = patient
        self.truth, self.flagged, self.unsure = patient.truth, patient.flagged, patient.unsure

    def _quantity(self, name: str) -> CodedQuantity:
        quantity: CodedQuantity = _AGE if name == STUDY_AGE else self._patient.quantity(name)
        return quantity

    def compare(self, name: str, operator: str, number: int) -> CodedVerdict:
        return self._quantity(name).compare(operator, number)

    def differ(self, name: str, operator: str, other: str) -> CodedVerdict:
        return self._quantity(name).minus(self._quantity(other)).compare(operator, 0)

    def count(self, statements: Sequence[CodedVerdict], operator: str, number: int) -> CodedVerdict:
        return CodedQuantity.count(statements).compare(operator, number)

    def is_one_of(self, name: str, words: tuple[str, ...]) -> CodedVerdict:
        if name not in STUDY_NAMES:
            judged: CodedVerdict = self._patient.is_one_of(name, words)
            return judged
        others = tuple(word for word in STUDY_NAMES[name] if word not in words)

        def rail(_: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            return is_among(load(name), words if wanted else others)

        # A word that may be absent and stands for nothing then is not known.
        return CodedVerdict((name, words), rail, Nature(settled=True, sure=FIELD_OF[name] in (*REQUIRED, *ABSENT)))


def said(asked: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that take out of a study what others read."""
    nodes = [node for statement in asked for node in ast.walk(statement)]
    read = {node.id for node in nodes if isinstance(node, ast.Name)}
    if STUDY_AGE in read:
        yield assign([STUDY_AGE], attribute(load("study"), "age_days"))
    for name, field in FIELD_OF.items():
        if name in read:
            words = attribute(load("study"), "words")
            yield assign([name], method(words, "get", constant(field), constant(ABSENT.get(field))))


def _age(_: str, top: bool) -> ast.expr:  # noqa: FBT001
    return choose(compare(load(STUDY_AGE), "is", NONE), constant(MAXIMUM_AGE if top else 0), load(STUDY_AGE))


_AGE = CodedQuantity(STUDY_AGE, _age, Nature(settled=True))
