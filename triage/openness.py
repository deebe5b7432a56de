"""Which open questions could still change a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.facts import NOT_SURE_ANSWER
from triage.instruments import Instrument
from triage.protocol import Fact, Level
from triage.quantities import Range
from triage.questions import Question

if TYPE_CHECKING:
    from triage.conditions import Condition
    from triage.patient_view import PatientView


class Openings:
    """The questions gathered from conditions that are not settled, in the order of gathering.

    A condition is followed only into the parts that are themselves not settled, so a question
    beside an answer that already decides is not gathered. Kleene logic may gather a question
    that cannot matter after all; it never leaves one out that can.
    """

    def __init__(self, view: PatientView) -> None:
        self.questions: dict[str, None] = {}
        self._view = view
        self._seen: set[tuple[str, bool]] = set()

    def add(self, condition: Condition, *, settle: bool = False) -> None:
        """Gather from a condition; with `settle`, answers that are not certain count as open."""
        verdict = condition.verdict(self._view)
        if verdict.is_decided or (verdict.is_settled and not settle):
            return
        self._add_named(condition, settle)
        for part in condition.inner:
            self.add(part, settle=settle)

    def _add_named(self, condition: Condition, settle: bool) -> None:  # noqa: FBT001
        for name in condition.names:
            self._add_name(name, settle)

    def _add_name(self, name: str, settle: bool) -> None:  # noqa: FBT001  (passed on as it came)
        if (name, settle) in self._seen:
            return
        self._seen.add((name, settle))
        match self._view.protocol.names.get(name):
            case Question() as question:
                self._add_question(question, settle)
            case Instrument(items=items):
                for item in items:
                    self._add_name(item, settle)
            case Level(steps=steps):
                for step in steps:
                    self.add(step.when, settle=settle)
            case Fact(per_study=True, when=when):
                self._add_name(self._view.protocol.imaging_question, settle)
                for part in when.walk():
                    self._add_named(part, settle)
            case Fact(when=when):
                self.add(when, settle=settle)

    def _add_question(self, question: Question, settle: bool) -> None:  # noqa: FBT001
        if question.ask_when is not None:
            self.add(question.ask_when, settle=settle)
        unsure = settle and is_uncertain(self._view.values.get(question.id))
        if self._view.is_open(question) or (unsure and self._view.applies(question)):
            self.questions[question.id] = None


def is_uncertain(answer: object) -> bool:
    """Whether a question was asked and the answer leaves open which of several it is."""
    return answer == NOT_SURE_ANSWER or isinstance(answer, Range)
