"""Answers that cannot both be true: refused where they are typed, and never calmer than either of them where they arise."""

from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.triage.small import CLEAR, ON, SMALL, SOURCE
from tests.triage.test_proofs import BACK_PAIN
from tests.triage.worlds import WORLDS, Answers
from triage import spaces
from triage.contradictions import Gravity, contradictions, gravity
from triage.engine import Evaluation, evaluate
from triage.explanation import explain
from triage.facts import AnswerErrors, Conflict, check_stored
from triage.obligations import NOTHING_OWED
from triage.outcome import decide, decide_stored
from triage.proofs import Prover
from triage.protocol import Disposition, Urgency
from triage.reading import ProtocolError, read_protocol

BACK = WORLDS["back-pain"]
CALM = {**BACK.baselines[0]}
SIGNS = dict.fromkeys(("spa_night_waking", "spa_buttock_pain", "spa_better_moving", "spa_nsaid_response"), "yes")
SCAN = {"modality": "mri", "region": "lumbar", "status": "reported", "class": "serious_pathology"}
MUST = '\n[[must_hold]]\nid = "{}"\n{}\nsays = "it cannot be"\n'
PROPERTY = "a_contradiction_is_never_calmer_than_either_fact"


def born(age: int, *, earliest: bool = False) -> date:
    """The first or the last day on which somebody of an age can have been born."""
    return ON.replace(year=ON.year - age - 1) + timedelta(days=1) if earliest else ON.replace(year=ON.year - age)


def calm(*without: str, **changes: Any) -> Answers:
    return {name: answer for name, answer in {**CALM, **changes}.items() if name not in without}


def stored(**changes: Any) -> dict[str, Any]:
    return decide_stored(BACK_PAIN, {**CALM, **changes}, on=ON)


def refused(answers: Answers) -> list[tuple[str, str]]:
    with pytest.raises(AnswerErrors) as found:
        decide(BACK_PAIN, answers, on=ON)
    return [(fault.path, fault.reason) for fault in found.value.faults]


def test_pain_that_began_at_an_age_yet_to_come_is_refused_naming_both_facts():
    assert refused(calm(age=40, first_onset_age=70)) == [
        ("age", "does not go together with first_onset_age: 40 years, and 70 years"),
        ("first_onset_age", "does not go together with age: 70 years, and 40 years"),
    ]


def test_pain_that_began_before_birth_is_refused_naming_both_facts():
    answers = calm("duration_days", age=40, first_onset_age=20, onset_date="1950-01-01")
    assert refused(answers) == [
        ("age", "does not go together with onset_date: 40 years, and 1950-01-01"),
        ("onset_date", "does not go together with age: 1950-01-01, and 40 years"),
    ]


@pytest.mark.parametrize(
    ("answers", "path"),
    [
        ({"duration_days": 20_000}, "duration_days"),
        ({"ces_saddle": "yes", "ces_onset_days": 20_000}, "ces_onset_days"),
        ({"treatment_weeks": 2_500}, "treatment_weeks"),
        ({"imaging": [SCAN, {**SCAN, "performed_on": "1975-01-01"}]}, "imaging[1]"),
        ({"imaging": [{**SCAN, "age_days": 20_000}]}, "imaging[0]"),
        ({"age": {"from": 17, "to": 19}, "duration_days": 9_000}, "duration_days"),
        ({"age": 40, "first_onset_age": {"from": 41, "to": 50}}, "first_onset_age"),
    ],
)
def test_nothing_is_older_than_the_patient(answers: Answers, path: str):
    assert [each for each, _ in refused(calm(age=40, first_onset_age=5) | answers)][:2] == ["age", path]


@pytest.mark.parametrize(("age", "is_refused"), [(39, True), (40, False)])
def test_a_scan_on_the_first_possible_day_of_life_is_taken(age: int, is_refused: bool):  # noqa: FBT001
    scan = {**SCAN, "performed_on": born(40, earliest=True).isoformat()}
    found = contradictions(BACK_PAIN, check_of({"age": age, "imaging": [scan]}))
    assert any(found) is is_refused


def check_of(answers: Answers, on: date = ON) -> Any:
    return check_stored(BACK_PAIN.questions, answers, on=on)


@pytest.mark.parametrize("on", [date(2028, 2, 29), date(2027, 3, 1), date(2027, 2, 28), date(2028, 12, 31)])
@pytest.mark.parametrize("birth", [date(2000, 2, 29), date(2000, 2, 28), date(2000, 3, 1), date(1999, 12, 31)])
def test_pain_since_birth_is_possible_on_every_day_of_the_calendar(birth: date, on: date):
    age = on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
    assert not any(contradictions(BACK_PAIN, check_of({"age": age, "onset_date": birth.isoformat()}, on)))
    year_earlier = birth - timedelta(days=366)
    assert any(contradictions(BACK_PAIN, check_of({"age": age, "onset_date": year_earlier.isoformat()}, on)))


@pytest.mark.parametrize(
    "answers",
    [
        {"age": "not_sure", "first_onset_age": 70},
        {"age": 40, "first_onset_age": "not_sure"},
        {"first_onset_age": 70},
        {"age": {"from": 40, "to": 80}, "first_onset_age": 70},
        {"age": 40, "first_onset_age": {"from": 40, "to": 80}},
        {"age": 40, "first_onset_age": 40},
        {"age": 0, "duration_days": 364, "imaging": []},
        {**CALM, "age": 60, "ces_onset_days": 30_000},  # it is not asked of somebody without such a sign
    ],
)
def test_what_can_be_true_is_no_contradiction(answers: Answers):
    assert not any(contradictions(BACK_PAIN, check_of(answers)))


def test_signs_of_spondyloarthritis_stay_a_medical_review_whatever_age_was_typed_beside_them():
    outcome = stored(age=40, first_onset_age=70, duration_days=200, **SIGNS)
    assert Disposition(outcome["disposition"]).rank >= Disposition.MEDICAL_REVIEW.rank
    assert outcome["disposition"] == "medical_review"
    assert outcome["conflicts"] == [
        {"question": "first_onset_age", "reason": "does not go together with age: 70 years, and 40 years"}
    ]


def test_an_emergency_of_age_alone_stays_one_beside_an_onset_yet_to_come():
    assert stored(age=80, first_onset_age=90, sudden_severe_pain="yes")["disposition"] == "emergency"


def test_what_a_scan_shows_counts_though_its_day_cannot_be():
    outcome = stored(age=40, first_onset_age=20, imaging=[{**SCAN, "performed_on": "1960-01-01"}])
    without = stored(age=40, first_onset_age=20, imaging=[SCAN])
    assert outcome["disposition"] == without["disposition"] == "urgent_medical"


def test_a_stored_day_that_has_not_come_counts_as_not_known():
    facts = check_of({"onset_date": "2027-01-01", "imaging": [{**SCAN, "performed_on": "2027-01-01"}]})
    assert facts.values["onset_date"] == "not_sure"
    assert [each.age_days for each in facts.values["imaging"]] == [None]
    reason = "is a day that has not come yet"
    assert facts.conflicts == (Conflict("onset_date", reason), Conflict("imaging", reason))


def test_two_different_answers_to_how_long_it_has_lasted_are_as_grave_as_the_graver_one():
    long, short = stored(first_onset_age=20, duration_days=200, **SIGNS), stored(duration_days=3, **SIGNS)
    both = stored(first_onset_age=20, duration_days=3, onset_date=(ON - timedelta(days=200)).isoformat(), **SIGNS)
    assert short["disposition"] != long["disposition"] == both["disposition"] == "medical_review"
    assert both["conflicts"] == [
        {"question": "duration_days", "reason": "does not agree with onset_date, which gives 200"}
    ]


def test_nothing_is_said_of_what_would_change_a_contradiction():
    assert stored(age=40, first_onset_age=70)["would_change"] == []


def test_a_protocol_states_what_must_hold_and_then_nothing_else_does():
    protocol = read_protocol((SOURCE + MUST.format("a", "when = \"not (age < 30 and site == 'thoracic')\"")).encode())
    assert [each.questions for each in protocol.must_hold] == [("age", "site")]
    with pytest.raises(AnswerErrors) as found:
        decide(protocol, {**CLEAR, "age": 20, "site": "thoracic"}, on=ON)
    assert [(fault.path, fault.allowed) for fault in found.value.faults] == [
        ("age", "it cannot be"),
        ("site", "it cannot be"),
    ]
    assert decide(protocol, {**CLEAR, "age": 5, "pain_days": 3000}, on=ON)
    assert read_protocol((SOURCE.replace("[protocol]", "must_hold = []\n[protocol]", 1)).encode()).must_hold == ()


def test_a_protocol_that_says_nothing_gets_what_holds_of_every_life():
    assert [each.questions for each in SMALL.must_hold] == [
        ("age", "numb_since"),
        ("age", "numb_days"),
        ("age", "imaging"),
    ]


@pytest.mark.parametrize(
    ("stated", "fault"),
    [
        ('when = "age >= 18"', "exactly two questions"),
        ('when = "age >= pain_days and pain_days >= numb_days"', "exactly two questions"),
        ('when = "persistent or age > 3"', "exactly two questions"),
        ('when = "fever or age > 3"', "a safety answer always counts"),
        ('when = "certain(age >= pain_days)"', "speaks of answers as they are given"),
        ('when = "age >= pains"', "exactly two questions"),
        ('when = "site >= age"', '"site" is not a number'),
        ('after_birth = "site"', "tells no time"),
        ('after_birth = "nothing"', "exactly two questions"),
        ("after = 1", "is missing"),
    ],
)
def test_a_statement_that_cannot_be_held_against_two_answers_is_refused(stated: str, fault: str):
    with pytest.raises(ProtocolError, match=fault):
        read_protocol((SOURCE + MUST.format("a", stated)).encode())


def test_so_many_conditions_that_they_could_not_all_be_weighed_are_refused():
    many = "".join(MUST.format(number, 'when = "age >= pain_days"') for number in range(7))
    with pytest.raises(ProtocolError, match="has more than 6 conditions"):
        read_protocol((SOURCE + many).encode())


AGES, ONSETS, DAYS = (17, 18, 40, 59, 60, 80), (1, 34, 44, 49, 50, 70, 90), (3, 30, 43, 92, 9_000, 25_000, 30_000)
SCANS = ([], [SCAN], [{**SCAN, "age_days": 9_000}], [{**SCAN, "age_days": 25_000}], [{**SCAN, "age_days": 35_000}])


@st.composite
def contradictory(draw: st.DrawFn) -> Answers:
    """A patient of whom some of what is said of times and ages may not be possible."""
    said = {
        "age": st.sampled_from([*AGES, {"from": 17, "to": 40}]),
        "first_onset_age": st.sampled_from(ONSETS),
        "duration_days": st.sampled_from(DAYS),
        "onset_date": st.sampled_from([(ON - timedelta(days=days)).isoformat() for days in DAYS]),
        "ces_onset_days": st.sampled_from(DAYS),
        "treatment_weeks": st.sampled_from([0, 8, 5_000]),
        "imaging": st.sampled_from(SCANS),
    }
    answers = draw(BACK.patients) | {name: draw(each) for name, each in said.items() if draw(st.integers(0, 3))}
    return answers | draw(st.sampled_from([{}, SIGNS, {"sudden_severe_pain": "yes"}, {"ces_saddle": "yes"}]))


def evaluated(answers: Answers) -> Evaluation:
    return evaluate(BACK_PAIN, check_of(answers))


def alone(answers: Answers, name: str, study: int | None) -> list[Answers]:
    """The answers with one of them not known, in each way in which it can be so."""
    if study is None:
        return [{**answers, name: "not_sure"}, {key: answer for key, answer in answers.items() if key != name}]
    undated = {key: value for key, value in answers[name][study].items() if key not in ("age_days", "performed_on")}
    return [{**answers, name: [undated if n == study else each for n, each in enumerate(answers[name])]}]


@settings(max_examples=40)
@given(answers=contradictory())
def test_a_contradiction_is_never_calmer_than_the_worst_that_either_fact_alone_would_allow(answers: Answers):
    found = list(contradictions(BACK_PAIN, check_of(answers)))
    assume(found)
    whole = evaluated(answers)
    for each in found:
        for without in (*alone(answers, each.one, None), *alone(answers, each.other, each.study)):
            assert whole.disposition.rank >= evaluated(without).disposition.rank
            assert whole.ceiling.rank >= evaluated(without).ceiling.rank


@settings(max_examples=40)
@given(answers=contradictory())
def test_a_contradiction_is_always_told_and_never_an_error(answers: Answers):
    found = list(contradictions(BACK_PAIN, check_of(answers)))
    whole = evaluated(answers)
    assert whole.conflicts[len(whole.conflicts) - len(found) :] == tuple(each.conflict for each in found)
    assert explain(whole) == explain(evaluated(dict(reversed(answers.items()))))
    assert (whole.disposition is Disposition.INCOMPLETE) <= bool(whole.outstanding)
    assert whole.floor.rank <= whole.ceiling.rank
    if whole.disposition is not Disposition.INCOMPLETE:
        assert whole.floor.rank <= whole.disposition.rank <= whole.ceiling.rank


@cache
def space() -> spaces.Space:
    return spaces.Space(BACK_PAIN, NOTHING_OWED, partial=False)


@settings(max_examples=40)
@given(answers=BACK.known_patients, pair=st.sampled_from([("first_onset_age", 70), ("duration_days", 30_000)]))
def test_the_proof_speaks_of_what_the_engine_says_of_a_contradiction(answers: Answers, pair: tuple[str, int]):
    """The engine looks at open questions too, and so may wait where the diagrams of complete intakes refer."""
    name, impossible = pair
    answers = {
        **answers,
        "age": 40,
        "first_onset_age": 5,
        "onset_date": "not_sure",
        "duration_days": 30,
        name: impossible,
    }
    facts = check_of(answers)
    assume([each.other for each in contradictions(BACK_PAIN, facts)] == [name])
    view = BACK.view({key: "not_sure" if key in ("age", name) else answer for key, answer in answers.items()})
    at, node = space().everybody, space().contradictory("age", name)
    while not space().diagrams.is_end(node):
        variable = at.variables[space().diagrams.variable[node]]
        fact = BACK_PAIN.facts.get(variable.name)
        kind = variable.kind(view.of_studies(fact) if fact else view.values.get(variable.name, "not_sure"))
        node = space().diagrams.branches[node][kind]
    proved = space().diagrams.value(node)
    assert evaluate(BACK_PAIN, facts).disposition.rank == max(proved.rank, Disposition.INCOMPLETE.rank)


def test_every_protocol_is_proved_to_be_never_calmer_than_either_fact():
    for protocol in (BACK_PAIN, SMALL):
        assert Prover(protocol).proof(PROPERTY).holds


def test_an_engine_that_took_the_calmest_would_be_refuted(monkeypatch: pytest.MonkeyPatch):
    def calmest(*outcome: Any) -> Gravity:
        grave = gravity(*outcome)
        return Upside(*grave)

    class Upside(Gravity):
        def __lt__(self, other: Any) -> bool:
            return tuple(self) > tuple(other)

        def __gt__(self, other: Any) -> bool:
            return tuple(self) < tuple(other)

    monkeypatch.setattr(spaces, "gravity", calmest)
    assert not Prover(BACK_PAIN).proof(PROPERTY).holds


def test_the_gravest_is_the_most_urgent_and_waits_rather_than_refers():
    ordered = sorted(product(Disposition, [Urgency.NONE, Urgency.NOW]), key=lambda each: gravity(*each))
    assert [each.rank for each, _ in ordered] == sorted(each.rank for each in Disposition for _ in "12")
    rank_one = [each for each, _ in ordered if each.rank == 1]
    assert set(rank_one[-2:]) == {Disposition.INCOMPLETE}
