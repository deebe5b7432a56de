"""What would change the outcome really would, and nothing smaller would: counted out by trying other answers."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.triage.small import CLEAR, ON, SMALL, SOURCE
from tests.triage.worlds import STUDIES, WORLDS, Answers, World
from triage import alternatives as searching
from triage.alternatives import MOST_CHANGES, Alternative, alternatives
from triage.engine import evaluate
from triage.facts import check_answers
from triage.protocol import Disposition, Protocol
from triage.questions import QuestionType
from triage.reading import read_protocol

tried_out = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
in_small_worlds = pytest.mark.parametrize("world", [WORLDS["small"], WORLDS["hidden"]], ids=["small", "hidden"])
in_every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
BURDENED = {"pain_days": 50, "limits": "yes", "mood_1": 1}
FEVER, WEIGHT = {"urgent_medical": {"fever": "yes"}}, {"medical_review": {"weight_loss": "yes"}}
NUMB_TODAY = {"emergency": {"numb": "yes", "numb_days": 0}}


def elsewhere(protocol: Protocol, answers: Answers) -> tuple[Alternative, ...]:
    facts = check_answers(protocol.questions, answers, on=ON)
    return alternatives(protocol, facts, evaluate(protocol, facts).disposition)


def of_clear(*without: str, **changes: object) -> dict[str, dict[str, Any]]:
    """What would change the outcome of the clear patient of the small protocol."""
    answers = {name: answer for name, answer in {**CLEAR, **changes}.items() if name not in without}
    return {each.disposition.value: dict(each.answers) for each in elsewhere(SMALL, answers)}


def of_back_pain(**changes: object) -> dict[str, dict[str, Any]]:
    """What would change the outcome of a clear adult with back pain."""
    world = WORLDS["back-pain"]
    return {
        each.disposition.value: dict(each.answers) for each in elsewhere(world.protocol, world.baselines[0] | changes)
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, FEVER | WEIGHT),
        (BURDENED, FEVER | WEIGHT | {"self_manage": {"mood_1": 0}}),
        ({"fever": "yes"}, NUMB_TODAY | {"self_manage": {"fever": "no"}}),
        ({"weight_loss": "yes", "stiff": "not_sure"}, FEVER | {"self_manage": {"weight_loss": "no", "stiff": "no"}}),
        (BURDENED | {"mood_1": 2, "mood_2": 2, "wish": 1}, NUMB_TODAY | {"refer": {"wish": 0}}),
    ],
)
def test_the_fewest_other_answers_are_told_for_each_direction(changes: dict[str, Any], expected: dict[str, Any]):
    assert of_clear(**changes) == expected


def test_an_answer_that_nobody_was_sure_of_is_doubted_first():
    assert of_clear()["medical_review"] == {"weight_loss": "yes"}
    assert of_clear(stiff="not_sure", limits="yes", mood_1=1)["self_manage"] == {"stiff": "no"}
    assert of_clear(**BURDENED | {"mood_1": 2, "mood_2": 2, "limits": "not_sure"})["self_manage"] == {"limits": "no"}


def test_a_number_is_changed_no_more_than_it_must_be():
    assert of_clear(limits="yes", mood_1=1)["refer"] == {"pain_days": 43}
    assert of_clear(**BURDENED | {"pain_days": 400, "mood_1": 2, "mood_2": 2})["self_manage"] == {"pain_days": 42}
    distressed = {"interferes_function": "yes", "phq9_1": 3, "phq9_2": 3, "phq9_3": 3, "phq9_4": 2}
    assert of_back_pain(**distressed)["self_manage"] == {"phq9_1": 1}


def test_an_age_does_not_change():
    assert of_clear(age=17, weight_loss="yes") == FEVER


def test_time_passes_and_never_comes_back():
    assert of_clear(numb="yes", numb_days=3)["medical_review"] == {"numb_days": 15}
    assert of_clear(numb="yes", numb_days=20) == FEVER | {"self_manage": {"numb": "no"}}
    in_days = read_protocol(SOURCE.replace('days_since = "numb_since"', 'unit = "days"').encode())
    assert elsewhere(in_days, CLEAR | {"numb": "yes", "numb_days": 20})[0].answers == {"fever": "yes"}


def test_nothing_is_said_of_studies():
    serious = {**STUDIES[0], "class": "serious_pathology"}
    assert of_clear(imaging=[serious]) == NUMB_TODAY
    assert "emergency" in of_clear("imaging", fever="yes")
    assert "self_manage" not in of_clear("imaging", fever="yes")


def test_an_answer_that_is_read_together_with_a_study_stays():
    """With a pain of 43 days the scan would belong to it, and its report would be awaited first."""
    source = SOURCE.replace("certain(study_age_days <= 90)", "certain(study_age_days <= pain_days)")
    scan = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine", "age_days": 43}
    lasting = CLEAR | BURDENED | {"pain_days": 20}
    without, beside = (
        {each.disposition.value for each in elsewhere(read_protocol(source.encode()), lasting | {"imaging": studies})}
        for studies in ([], [scan])
    )
    assert (without, beside) == ({"urgent_medical", "medical_review", "refer"}, {"urgent_medical", "medical_review"})


def test_an_open_question_is_named_only_where_it_is_needed():
    assert of_clear("fever") == {"urgent_medical": {"fever": "yes"}, "self_manage": {"fever": "no"}}
    assert of_clear("fever", weight_loss="yes")["urgent_medical"] == {"fever": "yes"}
    assert of_clear("site", fever="yes") == NUMB_TODAY | {"self_manage": {"fever": "no"}}


def test_of_a_protocol_too_large_to_draw_nothing_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(searching, "relevance", lambda _protocol: None)
    assert of_clear() == {}


def is_proposed(world: World, answers: Answers, name: str, answer: Any) -> bool:
    """Whether another answer may be proposed at all."""
    question = world.protocol.questions[name]
    given = world.view(answers).values.get(name, "not_sure")
    if answer in ("not_sure", given) or question.type in (
        QuestionType.DATE,
        QuestionType.STUDIES,
        QuestionType.CHOICES,
    ):
        return False
    counts_time = question.days_since or question.unit in ("days", "weeks")
    return given == "not_sure" or (question.unit != "years" and not (counts_time and answer < given))


def with_other(world: World, answers: Answers, other: Answers) -> Answers:
    """The answers with some others; of a number of days, in place of the day that they count from."""
    days = {world.protocol.questions[name].days_since for name in other}
    return {name: answer for name, answer in answers.items() if name not in days} | other


def settled_with(world: World, answers: Answers, number: int) -> Iterator[Disposition]:
    """Every outcome with so many other answers in which nothing is left open."""
    others = [each for each in world.pool if is_proposed(world, answers, *each)]
    for changed in map(dict, combinations(others, number)):
        evaluation = world.evaluate(with_other(world, answers, changed))
        if len(changed) == number and not evaluation.outstanding:
            yield evaluation.disposition


def direction(disposition: Disposition, given: Disposition) -> int:
    return (disposition.rank > given.rank) - (disposition.rank < given.rank)


@in_small_worlds
@tried_out
@given(st.data())
def test_fewer_other_answers_would_lead_nowhere(world: World, data: st.DataObject):
    answers: Answers = data.draw(world.known_patients)
    now = world.evaluate(answers)
    assume(not now.outstanding)
    ways = elsewhere(world.protocol, answers)
    for way in (1, -1):
        fewest = min((len(e.answers) for e in ways if direction(e.disposition, now.disposition) == way), default=3)
        for number in range(1, min(fewest, 3)):
            reached = {e for e in settled_with(world, answers, number) if direction(e, now.disposition) == way}
            assert reached <= {Disposition.INCOMPLETE, Disposition.OUT_OF_SCOPE}, (number, way, ways)


def outcome_of_some_completion(data: st.DataObject, world: World, answers: Answers) -> Disposition:
    """What it comes to with some answer to each question that still matters."""
    while (evaluation := world.evaluate(answers)).outstanding:
        name = evaluation.outstanding[0]
        possible = [a for own, a in world.pool if own == name and not any(world.contradictions({**answers, name: a}))]
        answers = {**answers, name: data.draw(st.sampled_from(possible))}
    return evaluation.disposition


@in_every_world
@tried_out
@given(st.data())
def test_other_answers_lead_where_they_are_said_to_whatever_is_still_open(world: World, data: st.DataObject):
    answers: Answers = data.draw(st.one_of(world.known_patients, world.patients))
    for each in elsewhere(world.protocol, answers):
        assert 1 <= len(each.answers) <= MOST_CHANGES
        assert all(is_proposed(world, answers, name, answer) for name, answer in each.answers.items())
        then = with_other(world, answers, dict(each.answers))
        assert outcome_of_some_completion(data, world, then) is each.disposition
