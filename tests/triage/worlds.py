"""Random patients of a protocol: everything that its questions take, started from patients of whom all is known."""

import tomllib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.triage.small import CLEAR, ON, SMALL, SOURCE
from triage.conditions import Comparison, Condition
from triage.contradictions import Contradiction, contradictions
from triage.engine import Evaluation, evaluate
from triage.facts import check_answers
from triage.imaging import STUDY_WORDS
from triage.patient_view import PatientView
from triage.protocol import Protocol
from triage.questions import Question, QuestionType
from triage.reading import read_protocol

FIXTURES = Path(__file__).parents[2] / "fixtures"
Answers = dict[str, Any]

STUDY = {"modality": "mri", "region": "lumbar", "status": "reported", "reason": "routine", "age_days": 20}
HARMLESS = [{**STUDY, "class": each} for each in ("no_significant_finding", "age_related")]
STUDIES = [
    *({**STUDY, "class": each} for each in STUDY_WORDS["class"]),
    *({**STUDY, "class": "serious_pathology", "report_urgency": each} for each in STUDY_WORDS["report_urgency"]),
    *({**STUDY, "class": "significant_structural", "concordance": each} for each in STUDY_WORDS["concordance"]),
    *({**STUDY, "status": each} for each in STUDY_WORDS["status"]),
    *({**STUDY, "status": "requested", "reason": each, "age_days": 50} for each in STUDY_WORDS["reason"]),
    {"modality": "xray", "region": "thoracic", "status": "awaiting_report"},
    {"modality": "other", "region": "other", "status": "reported", "class": "non_diagnostic"},
]


class World:
    """A protocol, and complete answers under it from which random patients start."""

    def __init__(self, protocol: Protocol, baselines: list[Answers]) -> None:
        self.protocol, self.baselines = protocol, baselines

    def __repr__(self) -> str:
        return self.protocol.id

    def evaluate(self, answers: Answers) -> Evaluation:
        return evaluate(self.protocol, check_answers(self.protocol.questions, answers, on=ON))

    def view(self, answers: Answers) -> PatientView:
        return PatientView(self.protocol, check_answers(self.protocol.questions, answers, on=ON))

    @cached_property
    def conditions(self) -> list[Condition]:
        """Every condition outside the rules, in all its parts, and those of the rules."""
        protocol = self.protocol
        whole: Iterable[Condition | None] = [
            *(each.ask_when for each in protocol.questions.values()),
            *(each.when for each in protocol.facts.values()),
            *(step.when for each in protocol.levels.values() for step in each.steps),
            *(each.when for each in protocol.flags),
            *(each.when for each in protocol.rules),
            *(condition for each in protocol.rules for condition in each.own_conditions),
        ]
        return [part for each in whole if each is not None for part in each.walk()]

    @cached_property
    def pool(self) -> list[tuple[str, Any]]:
        """Each question with each answer that could matter."""
        return [
            (question.id, answer)
            for question in self.protocol.questions.values()
            for answer in (*self._answers_to(question), "not_sure")
        ]

    def _answers_to(self, question: Question) -> Iterator[Any]:
        match question.type:
            case QuestionType.TRI:
                yield from ("no", "yes")
            case QuestionType.CHOICE:
                yield from (option.value for option in question.options)
            case QuestionType.CHOICES:
                yield from ([], [question.options[0].value], [option.value for option in question.options])
            case QuestionType.INTEGER | QuestionType.SCALE:
                yield from sorted(self._numbers_for(question))
            case QuestionType.DATE:
                yield from ((ON - timedelta(days=days)).isoformat() for days in (0, 1, 14, 15, 42, 43, 400))
            case QuestionType.STUDIES:
                yield []
                yield from ([study] for study in STUDIES)
                yield from ([one, other] for one, other in zip(STUDIES, STUDIES[3:], strict=False))

    def _numbers_for(self, question: Question) -> set[int]:
        """Both sides of every threshold that the protocol sets for the question, and its ends."""
        edges = {part.number for part in self.conditions if isinstance(part, Comparison) and part.name == question.id}
        near = {edge + step for edge in edges for step in (-1, 0, 1)} | {question.low, question.high}
        return {number for number in near if question.low <= number <= question.high}

    @cached_property
    def patients(self) -> st.SearchStrategy[Answers]:
        """Answers from nothing known to all known: a clear patient or nobody, changed here and there.

        None contradicts another: what holds of those that do is in test_contradictions.py.
        """
        few, many = st.lists(st.sampled_from(self.pool), max_size=6), st.lists(st.sampled_from(self.pool), max_size=50)
        return st.builds(
            self._changed,
            st.sampled_from([*self.baselines, {}]),
            st.one_of(few, few, few, many),
            st.lists(st.sampled_from(sorted(self.protocol.questions)), max_size=3),
        )

    @cached_property
    def known_patients(self) -> st.SearchStrategy[Answers]:
        """A clear patient changed here and there: every question that applied is still answered."""
        changes = st.lists(st.sampled_from(self.pool), max_size=8)
        return st.builds(self._changed, st.sampled_from(self.baselines), changes, st.just([]))

    def _changed(self, start: Answers, changes: list[tuple[str, Any]], withheld: list[str]) -> Answers:
        answers = {**start, **dict(changes)}
        return self.possible({name: answer for name, answer in answers.items() if name not in withheld})

    def possible(self, answers: Answers, *, keep: str = "") -> Answers:
        """The answers without contradictions: of two that cannot both be true, one is not sure."""
        while found := next(self.contradictions(answers), None):
            answers = {**answers, found.one if found.other == keep else found.other: "not_sure"}
        return answers

    def contradictions(self, answers: Answers) -> Iterator[Contradiction]:
        return contradictions(self.protocol, check_answers(self.protocol.questions, answers, on=ON))


def _back_pain() -> World:
    source = (FIXTURES / "protocols/back-pain/1.0.0.toml").read_bytes()
    baselines = tomllib.loads((FIXTURES / "vignettes/back-pain/baselines.toml").read_text())
    return World(read_protocol(source), list(baselines.values()))


def _hidden() -> World:
    """The small protocol with questions that are read without the ones on which they hang."""
    source = SOURCE.replace("persistent and limits and", "persistent and certain(limits) and")
    source = source.replace(
        "not persistent or not limits or need == 0", "not certain(persistent and limits and need >= 1)"
    )
    gates = {
        "Does it limit you?": "examined == 'clinician'",
        "Where is the pain?": "limits or stiff",
        "For how many days?": "age >= 18",
        "Which scans?": "possible(examined == 'clinician')",
    }
    for text, gate in gates.items():
        source = source.replace(f'text = "{text}"', f'text = "{text}"\nask_when = "{gate}"')
    burdened = CLEAR | {"limits": "yes", "pain_days": 50, "mood_1": 1, "site": "thoracic"}
    return World(read_protocol(source.encode()), [CLEAR | {"limits": "no"}, burdened])


WORLDS = {"small": World(SMALL, [CLEAR]), "hidden": _hidden(), "back-pain": _back_pain()}
