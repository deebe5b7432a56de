"""The patient that refutes a property: the one nearest to a clear adult, in words."""

from __future__ import annotations

import typing
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

from triage.contradictions import contradictions
from triage.facts import Facts, check_answers
from triage.imaging import REQUIRED, STUDY_WORDS
from triage.logic import NO, NOT_ASKED, NOT_SURE, Verdict
from triage.outcome import suggest
from triage.patient_view import PatientView
from triage.quantities import Range
from triage.questions import Question, QuestionType
from triage.saying import say
from triage.study_lists import example

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.diagram import Diagrams, Node
    from triage.domains import Variable
    from triage.obligations import Obligations
    from triage.protocol import Protocol
    from triage.symbolic import Everybody

ON = date(2026, 1, 1)  # a day to judge them on; they hold no dates
Answers = dict[str, Any]


class Drawn(typing.Protocol):
    """Intakes as diagrams, and the protocol that they are of."""

    @property
    def protocol(self) -> Protocol: ...
    @property
    def partial(self) -> bool: ...
    @property
    def everybody(self) -> Everybody: ...
    @property
    def diagrams(self) -> Diagrams: ...


def nearest(space: Drawn, found: Node, owed: Obligations) -> Answers:
    """The answers, of the intakes found, of the patient who differs least from a clear adult."""
    clear = {each.name: _clear(space, each, owed) for each in space.everybody.variables}
    costs = [
        [int(kind != each.kind(clear[each.name])) for kind in range(len(each.answers))]
        for each in space.everybody.variables
    ]
    path = space.diagrams.path(found, bool, costs)
    if path is None:
        raise ValueError("nobody was found")
    chosen = {space.everybody.variables[place].name: kind for place, kind in path.items()}
    answers = {
        each.name: clear[each.name]
        if each.name not in chosen or _is_clear(each, chosen, clear)
        else each.answers[chosen[each.name]]
        for each in space.everybody.variables
    }
    return _with_studies(space, _in_agreement(space, answers), chosen)


def _in_agreement(space: Drawn, answers: Answers) -> Answers:
    """The answers, numbers that contradict each other put to the ends of their kinds, where that helps."""
    variables = {each.name: each for each in space.everybody.variables}
    for one, other in (each.questions for each in space.protocol.must_hold):
        if not {one, other} <= answers.keys() or not _contradict(space.protocol, answers, one, other):
            continue
        ways = (
            {one: a, other: b} for a, b in product(*(_ends(variables[name], answers[name]) for name in (one, other)))
        )
        agreeing = (way for way in ways if not _contradict(space.protocol, way, one, other))
        answers = answers | next(agreeing, {})
    return answers


def _ends(variable: Variable, answer: Any) -> list[Any]:
    kind = variable.kinds[variable.kind(answer)]
    return [answer, kind[0], kind[-1]]


def _contradict(protocol: Protocol, answers: Answers, one: str, other: str) -> bool:
    values = {name: answers[name] for name in (one, other) if answers[name] is not None}
    return any(contradictions(protocol, Facts(values=values, on=ON)))


def _clear(space: Drawn, variable: Variable, owed: Obligations) -> Any:
    """What is unremarkable: of a half-filled intake, what was not asked."""
    question = space.protocol.questions.get(variable.name)
    if question is None:
        return NOT_ASKED if space.partial else NO
    if space.partial:
        return None
    if variable.name in owed.clear:
        return owed.clear[variable.name]
    return "no" if question.type is QuestionType.TRI else variable.answers[0]


def _is_clear(variable: Variable, chosen: Mapping[str, int], clear: Mapping[str, Any]) -> bool:
    return chosen[variable.name] == variable.kind(clear[variable.name])


def _with_studies(space: Drawn, said: Answers, chosen: Mapping[str, int]) -> Answers:
    """The answers with a list of studies in place of what is said about studies."""
    protocol, facts = space.protocol, space.everybody.facts
    answers = {
        name: _given(answer) for name, answer in said.items() if name in protocol.questions and answer is not None
    }
    wanted: dict[str, Verdict] = {fact.id: said[fact.id] for fact in facts if fact.id in chosen}
    if space.partial and all(verdict is NOT_ASKED for verdict in wanted.values()):
        return answers
    if wanted and all(verdict is NOT_SURE for verdict in wanted.values()):
        return {**answers, protocol.imaging_question: "not_sure"}
    view = PatientView(protocol, check_answers(protocol.questions, answers, on=ON))
    studies = example(view, facts, wanted)
    if facts and studies is not None:
        answers[protocol.imaging_question] = [_as_answer(each) for each in studies]
    return answers


def _given(answer: Any) -> Any:
    """As it is written on the wire."""
    return {"from": answer.low, "to": answer.high} if isinstance(answer, Range) else answer


def _as_answer(study: Any) -> dict[str, object]:
    """A study has words for what no fact reads of it, too."""
    words = {field: STUDY_WORDS[field][0] for field in REQUIRED} | study.words
    return {**words, **({} if study.age_days is None else {"age_days": study.age_days})}


def in_words(protocol: Protocol, answers: Answers, owed: Obligations, *, partial: bool) -> Iterator[str]:
    """The patient and what the protocol says of them, a line an answer."""
    yield from patient_in_words(protocol, answers, owed, partial=partial)
    yield f"Outcome: {suggest(protocol, answers, on=ON)}"


def patient_in_words(protocol: Protocol, answers: Answers, owed: Obligations, *, partial: bool) -> Iterator[str]:
    """What is remarkable of the patient, a line an answer."""
    yield "Nothing is answered but:" if partial else "An adult with nothing remarkable but:"
    facts = check_answers(protocol.questions, answers, on=ON)
    for name, value in facts.values.items():
        question = protocol.questions[name]
        if partial or not _goes_without_saying(question, answers[name], owed):
            yield f"{question.text} {say(question, value)}"
    for study in answers.get(protocol.imaging_question, []):
        if isinstance(study, dict):
            yield "A study: " + ", ".join(f"{field} {word}" for field, word in study.items())


def _goes_without_saying(question: Question, answer: Any, owed: Obligations) -> bool:
    """Whether a clear adult answers so."""
    if question.id in owed.clear:
        return bool(answer == owed.clear[question.id])
    if question.type is QuestionType.CHOICE:
        return bool(answer == question.options[0].value)
    return answer in ("no", []) or (question.type.is_number and answer == question.low)
