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
# How often a safety question is answered yes: in a clinic, and elsewhere, where each intake has a rate of its own.
USUAL, RATES = 0.004, (0.0, 0.02, 0.1, 0.5)
# What people of a clinic answer where it is not the first of the choices, most of the time.
_AGES = {"age": range(18, 75), "first_onset_age": range(15, 60), "duration_days": range(3, 400)}
_CHOICES = {"pregnancy": ("no",), "imaging_indicated": ("no",), "treatment_response": ("good", "partial", "none")}
_OFTEN = ("treatment_advice", "treatment_active", "interferes_sleep", "stress_emotional", "stress_tension")


def complete_intakes(protocol: Protocol, number: int, *, seed: int) -> Iterator[Facts]:
    """Checked facts in which exactly the questions that apply are answered, none of them "not sure"."""
    chance = random.Random(seed)  # noqa: S311 -- the same intakes every time
    for count in range(number):
        person = Person(chance, usual=bool(count % 2))
        answers = {each.id: person.answer(each) for each in protocol.questions.values() if each.id != "onset_date"}
        facts = check_answers(protocol.questions, answers, on=ON)
        applying = {name: facts.values[name] for name in asked_questions(protocol, facts) if name in facts.values}
        yield Facts(values=applying, on=ON)


def half_filled(facts: Facts, chance: random.Random) -> dict[str, Value]:
    """The same patient, each question asked with even chances."""
    return {name: value for name, value in facts.values.items() if chance.random() < 0.5}


class Person:
    """Somebody who answers at random, as people of a clinic usually do or in any way at all."""

    def __init__(self, chance: random.Random, *, usual: bool) -> None:
        self.chance, self.usual = chance, usual
        self.rate = USUAL if usual else chance.choice(RATES)
        self.mood = chance.choice((0, 0, 1, 2, 3))  # how low it can get, item for item

    def answer(self, question: Question) -> Any:
        chance = self.chance
        match question.type:
            case QuestionType.TRI:
                return "yes" if chance.random() < self._likely(question) else "no"
            case QuestionType.SCALE:
                return (
                    int(chance.random() < self.rate) if question.safety else chance.randint(self.mood // 2, self.mood)
                )
            case QuestionType.CHOICES:
                return [option.value for option in question.options if chance.random() < 0.3]
            case QuestionType.STUDIES:
                return [self._study() for _ in range(chance.choice((0, 0, 1) if self.usual else (0, 1, 2, 3)))]
            case QuestionType.CHOICE:
                return self._choice(question)
        usual = _AGES.get(question.id) if self.usual or chance.random() < 0.5 else None
        return chance.choice(usual) if usual else chance.randint(question.low, min(question.high, 400))

    def _likely(self, question: Question) -> float:
        if question.safety:
            return self.rate
        return 0.6 if question.id in _OFTEN else 0.12 if self.usual else self.rate

    def _choice(self, question: Question) -> str:
        if self.chance.random() < (0.9 if self.usual else 0.3):
            return self.chance.choice(_CHOICES.get(question.id, (question.options[0].value,)))
        return self.chance.choice(question.options).value

    def _study(self) -> dict[str, object]:
        """One study with everything said of it that conditions read."""
        words: dict[str, object] = {field: self.chance.choice(words) for field, words in STUDY_WORDS.items()}
        if self.usual or self.chance.random() < 0.3:
            words |= {"status": "reported", "reason": "routine", "region": "lumbar", "modality": "mri"}
            words |= {"class": self.chance.choice(("no_significant_finding", "age_related"))}
        if self.usual or self.chance.random() < 0.8:
            del words["report_urgency"]
        if words["status"] != "reported":
            del words["class"], words["concordance"]
        return {**words, "age_days": self.chance.randint(0, 500)}
