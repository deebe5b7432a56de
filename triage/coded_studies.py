"""The studies of a patient as code: one walk through them, for all that is asked of any of them.

The words and the age of the study that is looked at are in variables under the names that conditions
give them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from triage.coded import CodedQuantity, CodedVerdict, Nature
from triage.imaging import ABSENT, FIELD_OF, MAXIMUM_AGE, REQUIRED, STUDY_AGE, STUDY_NAMES
from triage.syntax import (
    NO,
    NONE,
    YES,
    assign,
    attribute,
    call,
    choose,
    compare,
    constant,
    element,
    give_back,
    is_among,
    is_of_class,
    load,
    method,
    negation,
    walk,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.protocol import Fact


# What is done where an answer is missing that has to be known.
LEAVE = give_back(call("partial", load("values")))


class CodedStudies:
    """The list of studies of whoever the code will be run on."""

    def __init__(self, patient: Any, counted: CodedStudies | None = None) -> None:
        self._patient = patient
        self._counted = counted
        self._asked: dict[tuple[str, str, bool], str] = {}

    def nature(self, fact: Fact) -> Nature:
        return self._of_one(fact).nature

    def _of_one(self, fact: Fact) -> CodedVerdict:
        view: Any = CodedStudy(self._patient)
        judged: Any = fact.when.verdict(view)
        return cast("CodedVerdict", judged)

    def together(self, fact: Fact, truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
        """Whether any study makes the fact true, or every one of them false."""
        one = self._of_one(fact)
        truth = one.same(truth, wanted)
        if self._counted is None:
            self._asked.setdefault((fact.id, truth, wanted), f"s{len(self._asked)}")
            self._patient.answer(self._patient.protocol.imaging_question)
            return one.rail(truth, wanted)
        if not self._asked:
            self._asked = self._counted._asked
            with self._patient.variables.outside():
                self._patient.variables.body.extend(self._walk())
        return load(self._asked[fact.id, truth, wanted])

    def _walk(self) -> Iterator[ast.stmt]:
        studies = self._patient.answer(self._patient.protocol.imaging_question)
        is_list = is_of_class(studies, "tuple")
        tests = list(self._tests())
        if self._patient.known:
            yield from when(negation(is_list), [LEAVE])
            is_list = YES
        for (_, _, wanted), variable in self._asked.items():
            yield assign([variable], NO if wanted else is_list)
        yield from when(is_list, [walk("study", studies, [*said(tests), *tests])])

    def _tests(self) -> Iterator[ast.stmt]:
        for (name, truth, wanted), variable in self._asked.items():
            test = self._of_one(self._patient.protocol.facts[name]).rail(truth, wanted)
            yield from when(test if wanted else negation(test), [assign([variable], YES if wanted else NO)])


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
    yield assign(["words"], attribute(load("study"), "words"))
    for name, field in FIELD_OF.items():
        if name in read:
            yield assign([name], _word(field))


def _word(field: str) -> ast.expr:
    if field in REQUIRED:
        return element(load("words"), constant(field))
    return method(load("words"), "get", constant(field), constant(ABSENT.get(field)))


def _age(_: str, top: bool) -> ast.expr:  # noqa: FBT001
    return choose(compare(load(STUDY_AGE), "is", NONE), constant(MAXIMUM_AGE if top else 0), load(STUDY_AGE))


_AGE = CodedQuantity(STUDY_AGE, _age, Nature(settled=True))
