"""Conditions in the words of the form: every kind, every condition of the shipped protocol, and no two meanings in one sentence."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from clinic.sentences import Said, Sentences
from tests import factories
from tests.triage.small import SMALL
from triage.conditions import Condition, parse
from triage.logic import VERDICTS
from triage.protocol import Protocol
from triage.reading import read_protocol

BACK_PAIN = read_protocol(factories.BACK_PAIN)

SENTENCES = {
    "fever": "A fever? Yes",
    "not fever": "A fever? No",
    "persistent": "The pain has lasted more than six weeks",
    "not persistent": "Not so: the pain has lasted more than six weeks",
    "age >= 60": "How old are you? at least 60 years",
    "60 > age": "How old are you? less than 60 years",
    "mood_1 == 2": "Feeling down? exactly 2 (Nearly every day)",
    "mood <= 3": "Mood: at most 3",
    "need >= 2": "Psychological need: at least 2 (much)",
    "pain_days < numb_days": "For how many days? less than the answer to “For how many days has it been numb?”",
    'site == "thoracic"': "Where is the pain? Upper back",
    'site != "thoracic"': "Not so: Where is the pain? Upper back",
    'site in ("lumbar", "thoracic")': "Where is the pain? Lower back or Upper back",
    'study_class == "unclassified"': "Class of the report: Not classed yet",
    "study_age_days > 42": "Age of the study in days: more than 42",
    "certain(fever)": "A fever? Yes (not sure counts as no)",
    "possible(fever)": "A fever? Yes (not sure counts as yes)",
    "presumed(fever)": "A fever? Yes (taken to be so until it is answered no)",
    "not certain(fever)": "Not so, or not sure: A fever? Yes",
    "certain(not fever)": "Certainly not so: A fever? Yes",
    "not presumed(fever)": "Answered no: A fever? Yes",
    'flagged("now", "24h")': "A red flag is present that asks for action at once or the same day",
    'unsure("14d")': "A red flag is in doubt, and the doubt asks for action within 14 days",
    "fever and stiff": "All of these [A fever? Yes; Stiff in the morning? Yes]",
    "fever or not stiff": "At least one of these [A fever? Yes; Stiff in the morning? No]",
    "not (fever or stiff)": "None of these [A fever? Yes; Stiff in the morning? Yes]",
    "not (fever and stiff)": "Not all of these [A fever? Yes; Stiff in the morning? Yes]",
    "not certain(fever or stiff)": "None of these is certain [A fever? Yes; Stiff in the morning? Yes]",
    "not possible(fever and stiff)": "Certainly not all of these [A fever? Yes; Stiff in the morning? Yes]",
    "possible(fever or stiff)": "At least one of these (not sure counts as yes) [A fever? Yes; Stiff in the morning? Yes]",
    "count(fever, stiff) >= 2": "At least 2 of these [A fever? Yes; Stiff in the morning? Yes]",
    "fever and (stiff or numb)": "All of these [A fever? Yes; At least one of these [Stiff in the morning? Yes; New numbness? Yes]]",
}


def flat(said: Said) -> str:
    return f"{said.text} [{'; '.join(map(flat, said.parts))}]" if said.parts else said.text


@pytest.mark.parametrize("condition", SENTENCES)
def test_a_condition_is_said_in_the_words_of_the_form(condition: str) -> None:
    assert flat(Sentences(SMALL).say(parse(condition))) == SENTENCES[condition]


@pytest.mark.parametrize(
    ("one", "other"), [("possible(not fever)", "not certain(fever)"), ("certain(not fever)", "not possible(fever)")]
)
def test_two_conditions_that_mean_the_same_are_said_in_the_same_words(one: str, other: str) -> None:
    first, second = (flat(Sentences(SMALL).say(parse(each))) for each in (one, other))
    assert first == second
    assert all((~each).possible() == ~each.certain() for each in VERDICTS)
    assert all((~each).certain() == ~each.possible() for each in VERDICTS)


def conditions(protocol: Protocol) -> Iterator[Condition]:
    for each in (*protocol.flags, *protocol.rules, *protocol.facts.values(), *protocol.exclusions, *protocol.texts):
        if each.when is not None:
            yield each.when
    for rule in protocol.rules:
        yield from rule.own_conditions
    for level in protocol.levels.values():
        yield from (step.when for step in level.steps)
    yield from (each.ask_when for each in protocol.questions.values() if each.ask_when)


def test_every_condition_of_the_shipped_protocol_has_words_and_different_ones_have_different_words() -> None:
    every = set(conditions(BACK_PAIN))
    assert len(every) > 100
    said = {flat(Sentences(BACK_PAIN).say(each)) for each in every}
    assert len(said) == len(every)
    assert not any("_" in each for each in said)


def test_a_condition_is_said_in_german() -> None:
    with translation.override("de"):
        said = flat(Sentences(SMALL).say(parse("not certain(persistent) and count(fever, stiff) >= 2")))
    assert said.startswith("Alles davon [Trifft nicht zu oder ist unklar: ")
    assert "Mindestens 2 davon" in said
