"""Whole batches of patients are decided about as the engine decides about each of them, on random patients and protocols."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bench.intakes import complete_intakes
from tests.triage.small import CLEAR, ON, SMALL
from tests.triage.test_compiled import BACK_PAIN, NUMBERS, any_protocol, conditions, studies
from tests.triage.test_vignettes import VIGNETTES
from tests.triage.worlds import WORLDS, Answers, World
from triage.advice import Advice, advice_of
from triage.arrays import byte_of
from triage.cohort import Cohort
from triage.cohort_decisions import NO_RULE, Decisions, decide, read_advice
from triage.engine import evaluate
from triage.explanation import explain
from triage.facts import Facts, check_answers
from triage.packing import Packing
from triage.patient_view import PatientView

if TYPE_CHECKING:
    from triage.protocol import Protocol

laws = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
in_every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
anybody = st.data()
Said = tuple[str, Advice]


def decided(protocol: Protocol, people: list[Facts]) -> Decisions:
    packing = Packing(protocol)
    return decide(protocol, packing.columns([packing.pack(each.values) for each in people]))


def said(protocol: Protocol, decisions: Decisions) -> list[Said]:
    """The id of the rule and the advice, for each patient."""
    rows, which = decisions.distinct()
    advice = [read_advice(protocol, row) for row in rows]
    rules = ["" if place == NO_RULE else protocol.rules[place].id for place in decisions.rules.tolist()]
    return [(rule, advice[place]) for rule, place in zip(rules, which.tolist(), strict=True)]


def owed(protocol: Protocol, facts: Facts) -> Said:
    evaluation = evaluate(protocol, facts)
    return evaluation.rule.id if evaluation.rule else "", advice_of(explain(evaluation))


def disagreements(protocol: Protocol, people: list[Facts]) -> list[tuple[Said, Said]]:
    """What is said otherwise than by the engine, of those of whom anything is said."""
    decisions = decided(protocol, people)
    told = zip(said(protocol, decisions), people, decisions.unclear.tolist(), strict=True)
    compared = [(says, owed(protocol, facts)) for says, facts, is_unclear in told if not is_unclear]
    return [each for each in compared if each[0] != each[1]]


def facts_of(protocol: Protocol, people: list[Answers]) -> list[Facts]:
    return [check_answers(protocol.questions, answers, on=ON) for answers in people]


@in_every_world
@laws
@given(anybody)
def test_a_batch_is_decided_about_as_each_patient_alone(world: World, data):
    people = facts_of(world.protocol, data.draw(st.lists(world.patients, min_size=1, max_size=12)))
    assert disagreements(world.protocol, people) == []


@in_every_world
@laws
@given(anybody)
def test_every_condition_is_judged_as_on_each_patient(world: World, data):
    people = facts_of(world.protocol, data.draw(st.lists(world.patients, min_size=1, max_size=4)))
    packing = Packing(world.protocol)
    cohort = Cohort(world.protocol, packing.columns([packing.pack(each.values) for each in people]))
    views = [PatientView(world.protocol, each) for each in people]
    for view in views:
        view.judge_flags()
    for condition in world.conditions:
        if not any(name.startswith("study_") for part in condition.walk() for name in part.names):
            expected = [byte_of(condition.verdict(view)) for view in views]
            assert cohort.judge(condition).bytes.tolist() == expected, condition


@in_every_world
@laws
@given(anybody)
def test_nobody_is_unclear_of_whom_all_is_known(world: World, data):
    people = facts_of(world.protocol, [data.draw(world.known_patients)])
    known = [Facts(values={**dict.fromkeys(world.protocol.questions, "not_sure"), **people[0].values}, on=ON)]
    assert not decided(world.protocol, known).unclear.any()
    assert disagreements(world.protocol, known) == []


@laws
@given(anybody, studies)
def test_any_list_of_studies_is_read_as_by_the_engine(data, listed):
    people = facts_of(BACK_PAIN.protocol, [data.draw(BACK_PAIN.patients) | {"imaging": listed}])
    assert disagreements(BACK_PAIN.protocol, people) == []


@pytest.mark.parametrize("world", ["small", "hidden"])
@laws
@given(anybody)
def test_whatever_a_protocol_says_is_decided_as_by_the_engine(world: str, data):
    numbers = {**NUMBERS, "numb_days": 30}
    protocol = any_protocol(data.draw, WORLDS[world].protocol, conditions(numbers))
    people = facts_of(protocol, data.draw(st.lists(WORLDS[world].patients, min_size=1, max_size=8)))
    assert disagreements(protocol, people) == []


def test_every_patient_in_words_is_decided_about_as_by_the_engine():
    people = facts_of(BACK_PAIN.protocol, [dict(each.answers) for each in VIGNETTES])
    assert disagreements(BACK_PAIN.protocol, people) == []
    assert decided(BACK_PAIN.protocol, people).unclear.mean() < 0.05


def test_the_intakes_of_a_clinic_need_no_second_look():
    people = list(complete_intakes(BACK_PAIN.protocol, 300, seed=5))
    decisions = decided(BACK_PAIN.protocol, people)
    assert not decisions.unclear.any()
    assert len(decisions.distinct()[0]) > 30
    assert disagreements(BACK_PAIN.protocol, people[:60]) == []


def test_nothing_is_claimed_where_only_the_engine_can_tell_whether_what_is_open_matters():
    """A fever would make this urgent, and "yes" and "no" to all that is open do not show it."""
    answers = {**CLEAR, "numb": "not_sure", "weight_loss": "yes"}
    del answers["fever"]
    people = facts_of(SMALL, [answers])
    assert decided(SMALL, people).unclear.tolist() == [True]
    assert evaluate(SMALL, people[0]).outstanding


def test_a_question_that_has_no_column_was_not_asked():
    packing = Packing(SMALL)
    columns = packing.columns([packing.pack(facts.values) for facts in facts_of(SMALL, [CLEAR])])
    without = replace(columns, words={name: row for name, row in columns.words.items() if name != "fever"})
    asked = facts_of(SMALL, [{name: answer for name, answer in CLEAR.items() if name != "fever"}])
    assert said(SMALL, decide(SMALL, without)) == [owed(SMALL, asked[0])]


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("b", "a")])
def test_the_order_of_actions_makes_no_other_advice(one: str, other: str):
    document: dict[str, Any] = {
        "disposition": "refer",
        "urgency": "soon",
        "referrals": [{"service": each, "priority": "soon"} for each in (one, other)],
        "actions": [{"id": each} for each in (one, other)],
    }
    advice = advice_of(document)
    assert advice == Advice("refer", "soon", (("a", "soon"), ("b", "soon")), ("a", "b"))
    assert advice.digest.hex() == "52f0ba04b9f3a5c3"  # stored records hold it
