"""The promises of the engine, on random patients of every protocol."""

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.triage.worlds import HARMLESS, WORLDS, Answers, World
from triage.conditions import Comparison
from triage.engine import Evaluation, State
from triage.explanation import explain
from triage.logic import Truth
from triage.protocol import PSYCHOLOGICAL, Disposition, Service
from triage.questions import QuestionType

# Some four thousand patients in all; raise it to search for what is rare.
laws = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
in_every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
anybody = st.data()

UNREMARKABLE = {"no": 0, 0: 0, "not_sure": 1, "yes": 2, 1: 2}
CALMER = (Disposition.REFER, Disposition.SELF_MANAGE, Disposition.HOLD_IMAGING)


def one_more(data: st.DataObject, world: World) -> tuple[str, Answers, Answers]:
    """A question, answers in which it is open, and the same with an answer to it that contradicts none."""
    name, answer = data.draw(st.sampled_from(world.pool))
    same = {name, world.protocol.questions[name].days_since}
    same |= {each.id for each in world.protocol.questions.values() if each.days_since == name}
    answers = {each: given for each, given in data.draw(world.patients).items() if each not in same}
    fuller = world.possible({**answers, name: answer}, keep=name)
    answers = {each: fuller[each] for each in answers}
    assume(world.view(answers).applies(world.protocol.questions[name]))
    return name, answers, fuller


def advice(evaluation: Evaluation) -> tuple[object, ...]:
    return evaluation.disposition, evaluation.urgency, evaluation.referrals, set(evaluation.actions)


def flags_found(world: World, answers: Answers) -> dict[str, Truth]:
    """Each flag judged alone, from the answers and its own condition."""
    view = world.view(answers)
    return {flag.id: flag.when.verdict(view).now for flag in world.protocol.flags}


@in_every_world
@laws
@given(anybody)
def test_an_unknown_safety_answer_is_never_taken_for_no(world: World, data):
    answers = data.draw(world.patients)
    safety = [each.id for each in world.protocol.questions.values() if each.safety]
    name = data.draw(st.sampled_from(safety))
    unasked = {each: answer for each, answer in answers.items() if each != name}
    assert world.evaluate(unasked).disposition not in CALMER
    assert world.evaluate({**unasked, name: "not_sure"}).disposition not in CALMER


@in_every_world
@laws
@given(anybody)
def test_a_worse_safety_answer_never_lowers_the_urgency(world: World, data):
    answers = data.draw(world.patients)
    asked = [
        each
        for each in world.protocol.questions.values()
        if each.safety and each.type in (QuestionType.TRI, QuestionType.SCALE)
    ]
    question = data.draw(st.sampled_from(asked))
    steps = ("no", "not_sure", "yes") if question.type is QuestionType.TRI else (0, "not_sure", 1, question.high)
    ranks = [world.evaluate({**answers, question.id: answer}).disposition.rank for answer in steps]
    assert ranks == sorted(ranks)


@in_every_world
@laws
@given(anybody)
def test_more_answers_never_overturn_what_was_determined(world: World, data):
    _, answers, fuller = one_more(data, world)
    before, after = world.evaluate(answers), world.evaluate(fuller)
    assert before.floor.rank <= after.floor.rank
    assert after.ceiling.rank <= before.ceiling.rank
    if not before.outstanding:
        assert after.disposition is before.disposition


@in_every_world
@laws
@given(anybody)
def test_the_outcome_lies_between_its_floor_and_its_ceiling(world: World, data):
    evaluation = world.evaluate(data.draw(world.patients))
    assert evaluation.floor.rank <= evaluation.ceiling.rank
    if evaluation.disposition is not Disposition.INCOMPLETE:
        assert evaluation.floor.rank <= evaluation.disposition.rank <= evaluation.ceiling.rank


@in_every_world
@laws
@given(anybody)
def test_every_emergency_and_every_same_day_flag_acts_whatever_else_is_known(world: World, data):
    answers = data.draw(world.patients)
    found, evaluation = flags_found(world, answers), world.evaluate(answers)
    levels = {flag.level for flag in world.protocol.flags if found[flag.id] is Truth.TRUE}
    if "now" in levels:
        assert evaluation.disposition is Disposition.EMERGENCY
    if "24h" in levels:
        assert evaluation.disposition.rank >= Disposition.URGENT_MEDICAL.rank
    if levels:
        assert evaluation.disposition.rank >= Disposition.MEDICAL_REVIEW.rank


@in_every_world
@laws
@given(anybody)
def test_nobody_is_referred_for_psychological_care_alone_while_a_flag_is_not_answered_no(world: World, data):
    answers = data.draw(world.patients)
    evaluation = world.evaluate(answers)
    services = {each.service for each in evaluation.referrals}
    if any(truth is not Truth.FALSE for truth in flags_found(world, answers).values()):
        assert Service.PHYSIOTHERAPY in services or not services.intersection(PSYCHOLOGICAL)


@in_every_world
@laws
@given(anybody)
def test_a_harmless_scan_never_reassures(world: World, data):
    answers = data.draw(world.patients)
    question = world.protocol.imaging_question
    studies = answers.get(question, [])
    assume(isinstance(studies, list))
    unresolved = any(truth is not Truth.FALSE for truth in flags_found(world, answers).values())
    assume(unresolved)
    reported = {**answers, question: [*studies, data.draw(st.sampled_from(HARMLESS))]}
    assert world.evaluate({**answers, question: studies}).disposition.rank <= world.evaluate(reported).disposition.rank


@in_every_world
@laws
@given(anybody)
def test_distress_never_lowers_the_urgency_of_a_flag(world: World, data):
    answers = data.draw(world.patients)
    items = [item for each in world.protocol.instruments.values() for item in each.items]
    assume(any(each.counts for each in world.evaluate(answers).findings))
    name = data.draw(st.sampled_from(items))
    high = world.protocol.questions[name].high
    ranks = [world.evaluate({**answers, name: answer}).disposition.rank for answer in range(high + 1)]
    assert ranks == sorted(ranks)


@in_every_world
@laws
@given(anybody)
def test_no_referral_goes_out_of_an_urgent_outcome_or_beyond_the_scope(world: World, data):
    evaluation = world.evaluate(data.draw(world.patients))
    services = [each.service for each in evaluation.referrals]
    assert len(set(services)) == len(services)
    assert not set(evaluation.referrals) & set(evaluation.deferred)
    if evaluation.disposition in (
        Disposition.EMERGENCY,
        Disposition.URGENT_MEDICAL,
        Disposition.OUT_OF_SCOPE,
        Disposition.INCOMPLETE,
    ):
        assert services == []


@in_every_world
@laws
@given(anybody)
def test_a_score_is_an_interval_and_a_threshold_counts_on_one_side_of_it_only(world: World, data):
    answers = data.draw(world.patients)
    view, protocol = world.view(answers), world.protocol
    for score in world.evaluate(answers).scores:
        given_items = [answers.get(item) for item in score.instrument.items]
        known = [each for each in given_items if isinstance(each, int)]
        missing = [
            protocol.questions[item].high
            for item, answer in zip(score.instrument.items, given_items, strict=True)
            if not isinstance(answer, int)
        ]
        low, high = sum(known), sum(known) + sum(missing)
        assert (score.quantity.now.low, score.quantity.now.high, score.answered) == (low, high, len(known))
        for part in world.conditions:
            if isinstance(part, Comparison) and part.name == score.instrument.id and part.operator == ">=":
                now = part.verdict(view).now
                assert (now is Truth.TRUE) == (low >= part.number)
                assert (now is Truth.FALSE) == (high < part.number)


@in_every_world
@laws
@given(anybody)
def test_the_actions_of_every_flag_found_are_there(world: World, data):
    answers = data.draw(world.patients)
    evaluation, found = world.evaluate(answers), flags_found(world, answers)
    assert len(set(evaluation.actions)) == len(evaluation.actions)
    for flag in world.protocol.flags:
        if found[flag.id] is Truth.TRUE:
            assert set(flag.actions) <= set(evaluation.actions)
    for finding in evaluation.findings:
        if finding.state is State.UNSURE:
            assert set(finding.flag.not_sure_actions) <= set(evaluation.actions)


@in_every_world
@laws
@given(anybody)
def test_every_outcome_closes_the_loop(world: World, data):
    evaluation = world.evaluate(data.draw(world.patients))
    assert any(text.kind == "safety_net" for text in evaluation.texts)
    assert evaluation.review_days > 0
    if evaluation.disposition in (Disposition.EMERGENCY, Disposition.URGENT_MEDICAL, Disposition.MEDICAL_REVIEW):
        assert evaluation.actions
    if evaluation.disposition in (Disposition.EMERGENCY, Disposition.URGENT_MEDICAL):
        assert evaluation.urgency in ("now", "24h")


@in_every_world
@laws
@given(anybody)
def test_complete_answers_give_an_outcome_and_incomplete_ones_say_what_is_missing(world: World, data):
    answers = data.draw(world.known_patients)
    evaluation = world.evaluate(answers)
    if evaluation.disposition is Disposition.INCOMPLETE:
        view = world.view(answers)
        assert "not_sure" in answers.values() or any(map(view.is_open, world.protocol.questions.values()))
        assert evaluation.outstanding


@in_every_world
@laws
@given(anybody)
def test_whatever_is_incomplete_lists_what_is_outstanding(world: World, data):
    evaluation = world.evaluate(data.draw(world.patients))
    assert (evaluation.rule is None) == (evaluation.disposition is Disposition.INCOMPLETE)
    if evaluation.disposition is Disposition.INCOMPLETE:
        assert evaluation.outstanding


@in_every_world
@laws
@given(anybody)
def test_a_question_that_could_change_the_advice_is_outstanding(world: World, data):
    name, answers, fuller = one_more(data, world)
    before = world.evaluate(answers)
    days = {each.id for each in world.protocol.questions.values() if each.days_since == name}
    if advice(world.evaluate(fuller)) != advice(before):
        assert {name, *days} & set(before.outstanding)


@in_every_world
@laws
@given(anybody)
def test_outstanding_questions_are_open_or_answered_not_sure(world: World, data):
    answers = data.draw(world.patients)
    view = world.view(answers)
    for name in world.evaluate(answers).outstanding:
        assert view.values.get(name, "not_sure") == "not_sure"
        assert view.applies(world.protocol.questions[name])


@in_every_world
@laws
@given(anybody)
def test_the_same_answers_always_give_the_same_document_and_it_is_plain_json(world: World, data):
    answers = data.draw(world.patients)
    document = explain(world.evaluate(answers))
    assert explain(world.evaluate(dict(reversed(answers.items())))) | {"ignored": []} == document | {"ignored": []}
    assert json.loads(json.dumps(document, allow_nan=False)) == document
