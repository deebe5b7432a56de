"""The questions that still matter are exactly those whose answer can change the outcome: counted out by trying every answer."""

import os
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.triage.worlds import WORLDS, Answers, World
from triage.engine import Evaluation

counted_out = settings(
    max_examples=int(os.environ.get("YELLOWFLAG_PATIENTS", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
in_every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
MOST_COMPLETIONS = 3000


def advice(evaluation: Evaluation) -> tuple[object, ...]:
    return evaluation.disposition, evaluation.urgency, evaluation.referrals, frozenset(evaluation.actions)


def that_matter(world: World, answers: Answers, open_questions: list[str]) -> tuple[set[str], bool]:
    """The open questions of which two answers, all else alike, lead to different outcomes; whether all can be true."""
    pool = {name: [answer for each, answer in world.pool if each == name] for name in open_questions}
    outcomes, all_possible = {}, True
    for ways in product(*(range(len(pool[name])) for name in open_questions)):
        evaluation = world.evaluate(answers | {n: pool[n][way] for n, way in zip(open_questions, ways, strict=True)})
        if evaluation.contradictions:
            all_possible = False
        else:
            outcomes[ways] = advice(evaluation)
    found = set()
    for place, name in enumerate(open_questions):
        beside: dict[tuple[int, ...], set[object]] = {}
        for ways, outcome in outcomes.items():
            beside.setdefault((*ways[:place], *ways[place + 1 :]), set()).add(outcome)
        if any(len(each) > 1 for each in beside.values()):
            found.add(name)
    return found, all_possible


def withheld(data: st.DataObject, world: World, read: list[str]) -> list[str]:
    """A few questions, as many as can be tried out in every way."""
    few, completions = [], 1
    for name in data.draw(st.lists(st.sampled_from(read), unique=True, min_size=1, max_size=5)):
        completions *= sum(each == name for each, _ in world.pool)
        if completions <= MOST_COMPLETIONS:
            few.append(name)
    return few


@in_every_world
@counted_out
@given(st.data())
def test_exactly_the_questions_that_can_change_the_outcome_are_outstanding(world: World, data):
    read = list(world.protocol.most_decisive_first)
    everything = {name: answer for name, answer in reversed(world.pool) if name in read}
    answers = {**everything, **data.draw(world.known_patients)}
    few = withheld(data, world, read)
    left = world.possible({name: answer for name, answer in answers.items() if name in read and name not in few})
    evaluation, (expected, all_possible) = world.evaluate(left), that_matter(world, left, few)
    assert set(evaluation.outstanding) >= expected
    # The diagrams do not know which answers contradict each other, and may ask for one that only these would make matter.
    if all_possible:
        assert set(evaluation.outstanding) == expected or (not expected and evaluation.rule is None)


def test_two_answers_that_leave_the_same_to_ask_are_the_same_way():
    """What is left as it was and what is put together anew are one where they ask the same."""
    world = WORLDS["hidden"]
    asked = {"numb": "no", "fever": "no", "wish": 0, "weight_loss": "no", "age": 40, "examined": "clinician"}
    mood = {"mood_1": 0, "mood_2": 0}
    evaluation = world.evaluate({**asked, **mood, "site": "lumbar", "pain_days": 10})
    assert set(evaluation.outstanding) == {"imaging", "stiff"}
