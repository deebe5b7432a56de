"""The generated function decides as the engine does, on random patients of every protocol and of random ones."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.bench.intakes import complete_intakes
from tests.triage.small import CLEAR, ON, SMALL
from tests.triage.test_vignettes import VIGNETTES
from tests.triage.worlds import WORLDS, Answers, World
from triage import coded, coded_rules, coded_studies
from triage import compiled as the_module
from triage.coded import CodedQuantity, CodedVerdict
from triage.coded_patient import CodedPatient
from triage.compiled import Decision, compiled
from triage.conditions import And, Comparison, Condition, Count, Difference, Not, OneOf, Or, Reading, Statement
from triage.engine import Evaluation, State, evaluate
from triage.facts import Facts, check_answers
from triage.imaging import STUDY_WORDS
from triage.patient_view import PatientView
from triage.protocol import LEVELS, Protocol, Rule
from triage.relevance import relevance
from triage.syntax import YES, constant, element, is_among, load

if TYPE_CHECKING:
    from triage.compiled import Decide

laws = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
in_every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
anybody = st.data()
DECIDE = {name: compiled(world.protocol) for name, world in WORLDS.items()}
BACK_PAIN = WORLDS["back-pain"]


def facts_of(protocol: Protocol, answers: Answers) -> Facts:
    return check_answers(protocol.questions, answers, on=ON)


def as_decision(evaluation: Evaluation) -> Decision:
    """What the engine says, in the form of a decision."""
    acting = sorted((each for each in evaluation.findings if each.counts), key=lambda each: LEVELS.index(each.urgency))
    return Decision(
        evaluation.rule.id if evaluation.rule else "",
        evaluation.disposition,
        evaluation.urgency,
        tuple((each.service, each.priority) for each in evaluation.referrals),
        evaluation.actions,
        tuple(each.flag.id for each in acting if each.state is State.PRESENT),
        tuple(each.flag.id for each in acting if each.state is State.UNSURE),
    )


def disagreement(protocol: Protocol, decide: Decide, answers: Answers) -> tuple[Decision, Decision] | None:
    """Both decisions, where the function says otherwise than the engine, or less than it may."""
    facts = facts_of(protocol, answers)
    evaluation, said = evaluate(protocol, facts), decide(facts.values)
    owed = as_decision(evaluation)
    same_flags = said.present == owed.present and said.unsure == owed.unsure
    same_rule = said.rule == owed.rule and set(said.actions) == set(owed.actions)
    less = (same_rule or not said.rule) and set(said.referrals) <= set(owed.referrals)
    fine = said == owed or (looked_further(evaluation) and same_flags and less)
    return None if fine else (said, owed)


def looked_further(evaluation: Evaluation) -> bool:
    """Whether questions are open of which the engine knows, as three-valued logic cannot, that none matters."""
    view = PatientView(evaluation.protocol, evaluation.facts)
    asked = {name for names in evaluation.protocol.read_by.values() for name in names}
    exact = relevance(evaluation.protocol)
    is_open = any(view.is_open(evaluation.protocol.questions[name]) for name in asked)
    return is_open and exact is not None and not exact.outstanding(view)


@in_every_world
@laws
@given(anybody)
def test_anybody_is_decided_about_as_by_the_engine(world: World, data):
    answers = data.draw(world.patients)
    assert disagreement(world.protocol, DECIDE[world_name(world)], answers) is None


@in_every_world
@laws
@given(anybody)
def test_where_nothing_is_open_the_decision_is_the_same_to_the_letter(world: World, data):
    facts = facts_of(world.protocol, data.draw(world.known_patients))
    view = PatientView(world.protocol, facts)
    if not any(view.is_open(question) for question in world.protocol.questions.values()):
        assert DECIDE[world_name(world)](facts.values) == as_decision(evaluate(world.protocol, facts))


def world_name(world: World) -> str:
    return next(name for name, each in WORLDS.items() if each is world)


maybe = {field: st.sampled_from(words) for field, words in STUDY_WORDS.items()}
studies = st.lists(
    st.fixed_dictionaries(
        {field: maybe[field] for field in ("modality", "region", "status")},
        optional={
            **{field: maybe[field] for field in ("reason", "class", "concordance", "report_urgency")},
            "age_days": st.integers(0, 500),
        },
    ),
    max_size=4,
)


@laws
@given(anybody, studies)
def test_any_list_of_studies_is_read_as_by_the_engine(data, listed):
    answers = data.draw(BACK_PAIN.patients) | {"imaging": listed}
    assert disagreement(BACK_PAIN.protocol, DECIDE["back-pain"], answers) is None


@pytest.mark.parametrize("vignette", VIGNETTES, ids=[each.id for each in VIGNETTES])
def test_every_patient_in_words_is_decided_about_as_by_the_engine(vignette) -> None:
    assert disagreement(BACK_PAIN.protocol, DECIDE["back-pain"], dict(vignette.answers)) is None


@pytest.fixture
def _only_where_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left to three-valued logic."""

    def refuse(_: object) -> Decision:
        raise AssertionError("left to three-valued logic")

    monkeypatch.setitem(namespace(DECIDE["back-pain"]), "partial", refuse)


def namespace(decide: Decide) -> dict[str, Any]:
    assert isinstance(decide, FunctionType)
    return decide.__globals__


@pytest.mark.usefixtures("_only_where_known")
def test_whoever_is_known_needs_no_three_valued_logic() -> None:
    for facts in complete_intakes(BACK_PAIN.protocol, 300, seed=1):
        assert DECIDE["back-pain"](facts.values).rule


@pytest.mark.usefixtures("_only_where_known")
@pytest.mark.parametrize("answer", [None, "not_sure"])
@pytest.mark.parametrize("question", ["fever", "pain_site", "age", "phq9_4", "imaging", "neuro_exam", "spa_relative"])
def test_an_answer_that_is_missing_or_unsure_is_left_to_it(question: str, answer: str | None) -> None:
    known = BACK_PAIN.baselines[0] | {"duration_days": 200, "first_onset_age": 30, "imaging_indicated": "no"}
    spa = {name: "no" for name in BACK_PAIN.protocol.questions if name.startswith("spa_")} | {"uveitis_or_ibd": "no"}
    values = dict(facts_of(BACK_PAIN.protocol, {**known, **spa, "hla_b27": "negative"}).values)
    assert DECIDE["back-pain"](values)
    del values[question]
    with pytest.raises(AssertionError, match="left to"):
        DECIDE["back-pain"](values if answer is None else {**values, question: answer})


TRI = ["numb", "fever", "weight_loss", "stiff", "limits", "persistent", "scan_serious", "scan_waiting"]
NUMBERS = {"age": 120, "pain_days": 60, "wish": 3, "mood_1": 2, "mood": 4, "need": 2}
FEW = ["wish", "mood_1", "mood", "need"]
WORDS = {"site": ("lumbar", "thoracic"), "examined": ("none", "clinician")}
OPERATORS = st.sampled_from(["<", "<=", ">", ">=", "=="])


def conditions(numbers: dict[str, int]) -> st.SearchStrategy[Condition]:
    """Any condition on patients of the small protocol."""
    leaves = st.one_of(
        st.builds(Statement, st.sampled_from(TRI)),
        st.sampled_from(sorted(numbers)).flatmap(
            lambda name: st.builds(Comparison, st.just(name), OPERATORS, st.integers(0, numbers[name]))
        ),
        st.builds(Difference, st.sampled_from(FEW), OPERATORS, st.sampled_from(FEW)),
        st.sampled_from(sorted(WORDS)).flatmap(
            lambda name: st.builds(OneOf, st.just(name), st.sampled_from([WORDS[name][:1], WORDS[name]]))
        ),
    )
    return st.recursive(leaves, _whole, max_leaves=6)


def _whole(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, inner),
        st.builds(And, parts),
        st.builds(Or, parts),
        st.builds(Count, parts, OPERATORS, st.integers(0, 3)),
        st.builds(Reading, st.sampled_from(["certain", "possible", "presumed"]), inner),
    )


def any_protocol(draw: Callable[[st.SearchStrategy[Any]], Any], base: Protocol, anything: Any) -> Protocol:
    """The base with other conditions everywhere, and its rules in another order, some of them acting at once."""
    sometimes = st.one_of(st.none(), anything)
    raised = st.sampled_from([rule.when for rule in base.rules if rule.id in ("emergency", "urgent", "review")])

    def changed(rule: Rule) -> Rule:
        return replace(
            rule,
            when=draw(st.one_of(raised, anything, st.builds(Or, st.tuples(raised, anything)))),
            at_once=draw(st.booleans()),
            referrals=tuple(replace(each, when=draw(sometimes)) for each in rule.referrals),
            permits=tuple(replace(each, when=draw(sometimes)) for each in rule.permits),
            actions=tuple(replace(each, when=draw(sometimes)) for each in (*rule.actions, *rule.actions)),
        )

    return replace(
        base,
        flags=tuple(replace(flag, when=draw(anything)) for flag in base.flags),
        rules=tuple(map(changed, draw(st.permutations(base.rules)))),
    )


@pytest.mark.parametrize(
    "numbers", [NUMBERS, {**NUMBERS, "numb_days": 30}], ids=["all that is read applies", "some may not"]
)
@settings(laws, max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # too large to be made smaller
@given(anybody)
def test_whatever_a_protocol_says_is_decided_as_by_the_engine(numbers: dict[str, int], data):
    protocol = any_protocol(data.draw, SMALL, conditions(numbers))
    decide = compiled(protocol)
    for _ in range(4):
        facts = facts_of(protocol, data.draw(WORLDS["small"].patients))
        evaluation, said = evaluate(protocol, facts), decide(facts.values)
        owed = as_decision(evaluation)
        assert (said.present, said.unsure) == (owed.present, owed.unsure)
        assert said == owed or looked_further(evaluation)


def test_no_text_of_a_protocol_becomes_code() -> None:
    nasty = "__import__('os').abort()"
    flags = [replace(flag, id=f"{nasty} # {flag.id}", actions=(nasty,)) for flag in SMALL.flags]
    protocol = replace(SMALL, flags=tuple(flags))
    decide = compiled(protocol)
    assert decide(facts_of(SMALL, CLEAR | {"stiff": "yes"}).values).actions == (nasty,)
    for each in ("complete", "partial"):
        code = namespace(decide)[each].__code__
        for name in (*code.co_names, *code.co_varnames):
            assert re.fullmatch(r"[kavs]\d+|(found|flagged|unsure)_\d|study_\w+", name) or name in WRITTEN


WRITTEN = {
    *("values", "study", "words", "age_days", "get", "map", "append", "__class__", "int", "tuple", "KeyError"),
    *("TypeError", "partial", "conclude", "let_through", "each_once", "escalation", "permitted", "tasks"),
}


def patients_one_by_one(world: World) -> list[Answers]:
    """Some patients of a world, then each of them with one answer changed or not asked, and with that answer alone."""
    burdened = [each | {"limits": "yes", "pain_days": 50, "mood_1": 1, "stiff": "yes"} for each in world.baselines]
    starts = [*world.baselines, *burdened]
    changed = [start | {name: answer} for start in starts for name, answer in world.pool]
    withheld = [{name: start[name] for name in start if name != left_out} for start in starts for left_out in start]
    return [*changed, *withheld, *({name: answer} for name, answer in world.pool)]


def settled_patients(world: World) -> list[tuple[Facts, Decision]]:
    """What is owed to each of them, but for those on whom the engine may say more."""
    evaluations = [world.evaluate(answers) for answers in patients_one_by_one(world)]
    return [(each.facts, as_decision(each)) for each in evaluations if not looked_further(each)]


OWED = {name: settled_patients(WORLDS[name]) for name in ("small", "hidden")}


def _kept(patient: CodedPatient, name: str) -> ast.expr:
    if patient.known:
        return element(load("values"), constant(name))
    return load(patient.read.setdefault(name, f"a{len(patient.read)}"))


_at_least = CodedQuantity.at_least


def _among(patient: CodedPatient, name: str, words: tuple[str, ...], _: tuple[str, ...]) -> ast.expr:
    return is_among(patient.answer(name), words)


MISTAKES: dict[str, tuple[object, str, Any]] = {
    "a threshold is one too high": (CodedQuantity, "at_least", lambda self, number: _at_least(self, number + 1)),
    "not is taken for itself": (coded, "_MIRRORED", {each: each for each in ("now", "least", "most")}),
    "presumed needs an answer": (CodedVerdict, "presumed", lambda self: self),
    "certain takes not sure for itself": (CodedVerdict, "certain", lambda self: self),
    "an open answer is no": (CodedPatient, "_where_it_applies", lambda self, name, answered, *_: answered),
    "an answer that may be lost is kept": (CodedPatient, "_applies", lambda self, name: YES),
    "a hidden answer is read": (CodedPatient, "answer", _kept),
    "not sure is not yes and hence no": (CodedPatient, "_is_among", _among),
    "what is hidden is read": (the_module, "_is_guarded", lambda protocol: True),
    "an absent word of a study is unknown": (coded_studies, "ABSENT", {}),
    "every flag lets everything through": (coded_rules, "_bits", lambda services: 7),
    "open flags hold nothing back": (CodedVerdict, "is_known", lambda self: YES),
    "nothing is waited for": (coded_rules._Writing, "_wait_unless", lambda self, settled: None),
    "what a rule asks for is forgotten": (coded_rules._Writing, "_tasks", lambda self, rule: constant(())),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_generator_would_be_noticed(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, name, otherwise = MISTAKES[mistake]
    monkeypatch.setattr(target, name, otherwise)
    assert any(differs(name) for name in OWED)


def test_without_one_nothing_is() -> None:
    assert not any(differs(name) for name in OWED)


def differs(name: str) -> bool:
    decide = compiled(WORLDS[name].protocol)
    return any(decide(facts.values) != owed for facts, owed in OWED[name])
