"""Random intakes of whom all is known: half of them like a clinic's, half from everywhere that answers can go."""

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

from triage.engine import asked_questions
from triage.facts import Facts, Value, check_answers
from triage.imaging import STUDY_WORDS
from triage.protocol import Protocol
from triage.questions import Question, QuestionType

ON = date(2026, 11, 23)
# What most people of a clinic answer where it is not the first of the choices.
_USUAL = {"age": range(18, 75), "first_onset_age": range(15, 60), "duration_days": range(3, 400), "pregnancy": ("no",)}
_MANY = {"phq9_9": 0.02, "examined": 0.1}  # how many answer otherwise than usual; safety questions aside


def complete_intakes(protocol: Protocol, number: int, *, seed: int) -> Iterator[Facts]:
    """Checked facts in which exactly the questions that apply are answered, none of them "not sure"."""
    chance = random.Random(seed)  # noqa: S311 -- the same intakes every time
    for count in range(number):
        draw = _usual if count % 2 else _any
        answers = {each.id: draw(each, chance) for each in protocol.questions.values() if each.id != "onset_date"}
        facts = check_answers(protocol.questions, answers, on=ON)
        applying = {name: facts.values[name] for name in asked_questions(protocol, facts) if name in facts.values}
        yield Facts(values=applying, on=ON)


def half_filled(facts: Facts, chance: random.Random) -> dict[str, Value]:
    """The same patient, each question asked with even chances."""
    return {name: value for name, value in facts.values.items() if chance.random() < 0.5}


def _usual(question: Question, chance: random.Random) -> Any:
    rare = 0.005 if question.safety else _MANY.get(question.id, 0.2)
    if question.type is QuestionType.STUDIES:
        return [_study(chance, usual=True)] if chance.random() < 0.3 else []
    if question.id in _USUAL:
        return chance.choice(_USUAL[question.id]) if chance.random() > 0.01 else _any(question, chance)
    if question.type is QuestionType.TRI:
        return "yes" if chance.random() < rare else "no"
    if question.type is QuestionType.SCALE:
        return 0 if chance.random() > rare * 2 else chance.randint(0, question.high)
    if question.type is QuestionType.CHOICE and chance.random() > rare:
        return question.options[0].value
    return _any(question, chance)


def _any(question: Question, chance: random.Random) -> Any:
    match question.type:
        case QuestionType.TRI:
            return chance.choice(("yes", "no"))
        case QuestionType.CHOICE:
            return chance.choice(question.options).value
        case QuestionType.CHOICES:
            return [option.value for option in question.options if chance.random() < 0.3]
        case QuestionType.STUDIES:
            return [_study(chance, usual=False) for _ in range(chance.randrange(4))]
    return chance.randint(question.low, min(question.high, 400))


def _study(chance: random.Random, *, usual: bool) -> dict[str, object]:
    """One study with everything said of it that conditions read."""
    words: dict[str, object] = {field: chance.choice(words) for field, words in STUDY_WORDS.items()}
    if usual:
        words |= {"status": "reported", "reason": "routine", "region": "lumbar", "modality": "mri"}
        words["class"] = chance.choice(("no_significant_finding", "age_related", "age_related"))
    if usual or chance.random() < 0.7:
        del words["report_urgency"]
    if words["status"] != "reported":
        del words["class"], words["concordance"]
    return {**words, "age_days": chance.randint(0, 500)}
