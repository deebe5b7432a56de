"""The small protocol of these tests, and a patient under it of whom everything is known and nothing is wrong."""

from datetime import date
from pathlib import Path

from triage.engine import Evaluation, evaluate
from triage.facts import Facts, check_answers
from triage.reading import read_protocol

ON = date(2026, 11, 23)
SOURCE = (Path(__file__).parent / "small.toml").read_text()
SMALL = read_protocol(SOURCE.encode())
CLEAR = {
    "age": 40,
    "site": "lumbar",
    "pain_days": 10,
    "numb": "no",
    "fever": "no",
    "weight_loss": "no",
    "stiff": "no",
    "wish": 0,
    "imaging": [],
    "limits": "no",
    "tried": ["exercise"],
    "mood_1": 0,
    "mood_2": 0,
    "examined": "clinician",
}


def check(answers: dict) -> Facts:
    return check_answers(SMALL.questions, answers, on=ON)


def assess(answers: dict) -> Evaluation:
    return evaluate(SMALL, check(answers))


def clear(*without: str, **changes: object) -> Evaluation:
    """The evaluation of the clear patient with some answers changed and some not asked."""
    answers = {**CLEAR, **changes}
    return assess({name: answer for name, answer in answers.items() if name not in without})
