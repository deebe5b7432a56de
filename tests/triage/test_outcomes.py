"""The diagrams say of every patient what the engine says: which rule decides, what it advises and what is to be done."""

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.triage.worlds import WORLDS, Answers, World
from triage.diagram import Node
from triage.engine import Evaluation
from triage.facts import NOT_SURE_ANSWER
from triage.logic import NO, NOT_ASKED, NOT_SURE, YES
from triage.outcomes import Outcomes
from triage.patient_view import PatientView

slow = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
in_every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))


@cache
def outcomes(world: World, *, partial: bool) -> Outcomes:
    return Outcomes(world.protocol, partial=partial)


def said(of: Outcomes, node: Node, view: PatientView) -> object:
    """What a diagram says of one patient."""
    diagrams = of.diagrams
    while not diagrams.is_end(node):
        variable = of.everybody.variables[diagrams.variable[node]]
        fact = of.protocol.facts.get(variable.name)
        kind = variable.kind(view.values.get(variable.name)) if fact is None else _kind(view.of_studies(fact))
        node = diagrams.branches[node][kind]
    return diagrams.value(node)


def _kind(verdict: object) -> int:
    return (YES, NO, NOT_SURE, NOT_ASKED).index(verdict)


def by_diagram(world: World, answers: Answers, *, partial: bool) -> tuple[object, ...]:
    of, view = outcomes(world, partial=partial), world.view(answers)
    decided = said(of, of.decided, view)
    actions = {action for action in world.protocol.actions if said(of, of.asked_for(action), view)}
    return decided.rule, decided.disposition, decided.urgency, decided.referrals, actions


def by_engine(evaluation: Evaluation) -> tuple[object, ...]:
    rule = evaluation.rule.id if evaluation.rule else ""
    return rule, evaluation.disposition, evaluation.urgency, evaluation.referrals, set(evaluation.actions)


def completed(world: World, answers: Answers) -> Answers:
    """Nobody was sure of what was not asked; days are not counted from dates, which may contradict them."""
    read = world.protocol.most_decisive_first
    return {name: answers.get(name, NOT_SURE_ANSWER) for name in read}


# Whether what is advised goes ahead beside a review is decided by rules above another escalation that is true as well.
BESIDE_A_REVIEW = {
    "dependence": "yes",
    "interferes_function": "yes",
    "duration_days": 56,
    **dict.fromkeys(("phq9_1", "phq9_2", "phq9_3", "phq9_4"), 3),
}


@in_every_world
@slow
@given(st.data())
def test_the_diagram_of_complete_intakes_says_what_the_engine_says(world: World, data):
    answers = completed(world, data.draw(world.known_patients))
    assert by_diagram(world, answers, partial=False) == by_engine(world.evaluate(answers))


@in_every_world
@slow
@given(st.data())
def test_the_diagram_of_half_filled_intakes_says_what_the_engine_says(world: World, data):
    answers = data.draw(world.patients)
    evaluation = world.evaluate(answers)
    if evaluation.outstanding:
        assert by_diagram(world, answers, partial=True) == by_engine(evaluation)


def test_what_may_go_ahead_beside_a_review_goes_ahead_in_the_diagram():
    world = WORLDS["back-pain"]
    answers = completed(world, world.baselines[0] | BESIDE_A_REVIEW)
    evaluation = world.evaluate(answers)
    assert [each.service for each in evaluation.referrals] == ["physiotherapy", "cbt"]
    assert by_diagram(world, answers, partial=False) == by_engine(evaluation)
