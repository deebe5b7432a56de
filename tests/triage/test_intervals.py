"""A number that is not certain is an interval: nothing is guessed of it, and no question is left out for it."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.triage.small import CLEAR, ON, SMALL, SOURCE, check, clear
from tests.triage.test_proofs import BACK_PAIN
from tests.triage.worlds import WORLDS, Answers, World
from triage.conditions import Reading
from triage.engine import State
from triage.explanation import explain
from triage.facts import AnswerErrors
from triage.outcome import decide
from triage.proofs import Prover
from triage.quantities import Range
from triage.reading import ProtocolError, read_protocol
from triage.relevance import relevance

every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
SURE = (State.PRESENT, State.EXCLUDED)


def about(low: int, high: int) -> dict[str, int]:
    return {"from": low, "to": high}


@st.composite
def with_an_interval(draw: st.DrawFn, world: World) -> tuple[Answers, str, range]:
    """A patient, one of whose numbers is not certain, and the numbers that it may be: none contradicts another answer."""
    name = draw(st.sampled_from([each.id for each in world.protocol.questions.values() if each.interval]))
    ends = sorted(
        draw(
            st.sets(st.sampled_from(sorted(world._numbers_for(world.protocol.questions[name]))), min_size=2, max_size=2)
        )
    )
    answers = draw(world.patients)
    for end in ends:
        answers = world.possible({**answers, name: end}, keep=name)
    return {**answers, name: about(*ends)}, name, range(ends[0], ends[1] + 1)


def test_an_age_is_read_as_the_range_it_lies_in():
    assert check({"age": about(39, 41)}).values == {"age": Range(39, 41)}
    assert check({"age": {"value": about(39, 41), "source": "record"}}).values == {"age": Range(39, 41)}


def test_an_interval_of_one_age_is_that_age():
    assert check({"age": about(40, 40)}).values == {"age": 40}


@pytest.mark.parametrize(
    ("answer", "paths"),
    [
        (about(41, 39), ["age"]),
        (about(-1, 40), ["age.from"]),
        (about(40, 121), ["age.to"]),
        ({"from": 40}, ["age.to"]),
        ({"to": 40}, ["age.from"]),
        ({}, ["age.value"]),
        ({"from": "39", "to": 41}, ["age.from"]),
        ({"from": True, "to": 41}, ["age.from"]),
        ({"from": 39.0, "to": None}, ["age.from", "age.to"]),
        ({"from": 39, "to": 41, "sure": "no"}, ["age.sure"]),
        ({"from": 39, "to": 41, "value": 40}, ["age.value"]),
        ({"value": about(41, 39), "source": "staff"}, ["age"]),
        ({"value": {"low": 1}}, ["age.low", "age.from", "age.to"]),
    ],
)
def test_an_interval_that_is_none_is_refused_by_path(answer: Any, paths: list[str]):
    with pytest.raises(AnswerErrors) as refused:
        check({"age": answer})
    assert [fault.path for fault in refused.value.faults] == paths


@pytest.mark.parametrize("name", ["pain_days", "numb_days", "mood_1", "fever", "site", "tried", "imaging"])
def test_a_question_takes_an_interval_only_where_its_protocol_lets_it(name: str):
    with pytest.raises(AnswerErrors) as refused:
        check({name: about(1, 2)})
    assert [fault.path for fault in refused.value.faults] == [name]


def test_a_protocol_says_which_numbers_need_not_be_certain():
    exact = read_protocol(SOURCE.replace('unit = "years"\n', 'unit = "years"\ninterval = false\n').encode())
    assert not exact.questions["age"].interval
    days = read_protocol(SOURCE.replace("max = 3650\n", "max = 3650\ninterval = true\n").encode())
    assert days.questions["pain_days"].interval


@pytest.mark.parametrize(
    ("old", "fault"),
    [
        ('type = "tri"\nsafety = true\n', "only a whole number can be an interval"),
        ('days_since = "numb_since"\n', "or a number of days since a date, is exact"),
    ],
)
def test_a_safety_answer_and_days_since_a_date_are_exact(old: str, fault: str):
    with pytest.raises(ProtocolError, match=fault):
        read_protocol(SOURCE.replace(old, f"{old}interval = true\n", 1).encode())


def test_a_protocol_of_before_reads_as_it_did_where_an_age_is_a_safety_question():
    protocol = read_protocol(SOURCE.replace('unit = "years"\n', 'unit = "years"\nsafety = true\n').encode())
    assert (protocol.questions["age"].interval, protocol.must_hold) == (False, ())


def test_it_is_told_in_words():
    outcome = decide(BACK_PAIN, {"age": about(59, 61), "sudden_severe_pain": "yes"}, on=ON)
    assert {each["answer"] for reason in outcome["because"] for each in reason["read"]} >= {"59 to 61 years"}


def test_an_age_that_may_be_that_of_an_emergency_is_a_same_day_matter():
    ages = {age: decide(BACK_PAIN, {"age": age, "sudden_severe_pain": "yes"}, on=ON)["disposition"] for age in (59, 61)}
    assert ages[61] == "emergency"
    unsure = decide(BACK_PAIN, {"age": about(59, 61), "sudden_severe_pain": "yes"}, on=ON)
    assert unsure["disposition"] == "urgent_medical"


def test_an_age_that_may_be_that_of_a_child_is_out_of_scope():
    answers = {**WORLDS["back-pain"].baselines[0], "age": about(17, 18)}
    assert WORLDS["back-pain"].evaluate(answers).disposition == "out_of_scope"


def test_no_further_question_closes_an_interval():
    assert clear(age=about(10, 80)).outstanding == clear(age="not_sure").outstanding


@every_world
@given(data=st.data())
def test_what_is_sure_of_an_interval_is_so_of_every_number_in_it(world: World, data: st.DataObject):
    """Flags whose conditions hold an unknown to be neither: those that read it one way may change with it."""
    answers, name, numbers = data.draw(with_an_interval(world))
    sure = {each.flag.id: each.state for each in world.evaluate(answers).findings if each.state in SURE}
    plain = {flag.id for flag in world.protocol.flags if not _reads_one_way(world, flag.when)}
    then = world.evaluate({**answers, name: data.draw(st.sampled_from(numbers))})
    states = {each.flag.id: each.state for each in then.findings}
    assert {flag: states[flag] for flag in sure.keys() & plain} == {flag: sure[flag] for flag in sure.keys() & plain}


def _reads_one_way(world: World, condition: Any) -> bool:
    parts = [*condition.walk()]
    for part in parts:
        named = [world.protocol.names.get(each) for each in part.names]
        parts += [inner for each in named for when in _behind(each) for inner in when.walk() if inner not in parts]
    return any(isinstance(part, Reading) for part in parts)


def _behind(named: Any) -> list[Any]:
    steps = [step.when for step in getattr(named, "steps", ())]
    return [each for each in (getattr(named, "when", None), getattr(named, "ask_when", None), *steps) if each]


@every_world
@given(data=st.data())
def test_an_interval_is_never_calmer_than_every_number_in_it(world: World, data: st.DataObject):
    answers, name, numbers = data.draw(with_an_interval(world))
    edges = world._numbers_for(world.protocol.questions[name]) & set(numbers)
    least = min(world.evaluate({**answers, name: number}).disposition.rank for number in edges)
    assert world.evaluate(answers).disposition.rank >= least


@every_world
@given(data=st.data())
def test_an_interval_within_which_nothing_changes_decides_as_its_numbers_do(world: World, data: st.DataObject):
    answers, name, numbers = data.draw(with_an_interval(world))
    (variable,) = [each for each in relevance(world.view({name: 1})).variables if each.name == name] or [None]
    assume(variable is None or variable.kind(numbers[0]) == variable.kind(numbers[-1]))
    told, exactly = (explain(world.evaluate({**answers, name: each})) for each in (answers[name], numbers[0]))
    for document in (told, exactly):
        document["would_change"] = []
        for reason in document["because"]:
            reason["read"] = []
    assert told == exactly


@every_world
@given(data=st.data())
def test_every_open_question_that_can_change_the_outcome_beside_an_interval_is_asked(world: World, data: st.DataObject):
    answers, _name, _numbers = data.draw(with_an_interval(world))
    before, asked = world.evaluate(answers), {*answers}
    closed = [(name, answer) for name, answer in world.pool if not _same(world, name) & {*before.outstanding, *asked}]
    assume(closed)
    name, answer = data.draw(st.sampled_from(closed))
    answers |= {name: answer}
    assume(not any(world.contradictions(answers)))
    after = world.evaluate(answers)
    assert (after.disposition, after.urgency, after.referrals) == (before.disposition, before.urgency, before.referrals)


def _same(world: World, name: str) -> set[str]:
    """A question, with the days that its date gives."""
    return {name} | {each.id for each in world.protocol.questions.values() if each.days_since == name}


def test_a_protocol_that_tells_every_age_apart_asks_too_much_rather_than_too_little():
    protocol = read_protocol(SOURCE.replace("count(age >= 60", "count(age >= pain_days").encode())
    answers = {**CLEAR, "age": about(39, 41), "pain_days": 40}
    del answers["weight_loss"]
    assert "weight_loss" in {each["question"] for each in decide(protocol, answers, on=ON)["outstanding"]}


def test_an_interval_that_is_calmer_than_all_its_ages_is_refuted():
    """Planted: whoever may be 60 or not is no longer looked at."""
    name = "an_interval_is_never_calmer_than_all_it_spans"
    planted = SOURCE.replace('when = "fever"', 'when = "certain(age >= 60) or certain(age < 60)"')
    proof = Prover(read_protocol(planted.encode())).proof(name)
    assert (proof.holds, Prover(SMALL).proof(name).holds) == (False, True)
    assert proof.answers["age"] == about(0, 60)
    assert "How old are you? 0 to 60 years" in proof.counterexample
