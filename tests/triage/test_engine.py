"""How the engine decides, shown on the small protocol, one step at a time."""

import pytest

from tests.triage.small import CLEAR, SMALL, SOURCE, assess, check, clear
from triage.engine import Evaluation, Referral, asked_questions, evaluate
from triage.facts import Conflict
from triage.logic import NOT_SURE
from triage.patient_view import PatientView
from triage.protocol import Disposition, Urgency
from triage.quantities import Quantity
from triage.reading import read_protocol

STUDY = {"modality": "mri", "region": "lumbar", "status": "reported"}
SERIOUS = {**STUDY, "class": "serious_pathology"}
AWAITED = {**STUDY, "status": "requested", "age_days": 10}
BURDENED = {"pain_days": 50, "limits": "yes", "mood_1": 1}

# Answers changed from those of the clear patient, and the rule that then decides with its disposition.
OUTCOMES = [
    ({}, "steady", "self_manage"),
    ({"pain_days": 50}, "steady", "self_manage"),
    ({"pain_days": 50, "limits": "yes"}, "steady", "self_manage"),
    (BURDENED, "both", "refer"),
    ({"imaging": [AWAITED]}, "waiting", "hold_imaging"),
    ({"imaging": [AWAITED], **BURDENED}, "waiting", "hold_imaging"),
    ({"imaging": [STUDY, AWAITED]}, "waiting", "hold_imaging"),
    # A scan that nobody dates is not certainly recent
    ({"imaging": [{**STUDY, "status": "requested"}]}, "steady", "self_manage"),
    ({"imaging": [{**AWAITED, "age_days": 91}]}, "steady", "self_manage"),
    ({"stiff": "yes"}, "review", "medical_review"),
    ({"stiff": "not_sure"}, "review", "medical_review"),
    ({"weight_loss": "yes", "imaging": [AWAITED]}, "review", "medical_review"),
    ({"imaging": "not_sure"}, "review", "medical_review"),
    ({"numb": "yes", "numb_days": 15}, "review", "medical_review"),
    ({"age": 17}, "scope", "out_of_scope"),
    ({"age": 17, "stiff": "yes"}, "scope", "out_of_scope"),
    ({"fever": "yes"}, "urgent", "urgent_medical"),
    ({"fever": "not_sure"}, "urgent", "urgent_medical"),
    ({"fever": "yes", "age": 17}, "urgent", "urgent_medical"),
    ({"numb": "not_sure", "numb_days": "not_sure"}, "urgent", "urgent_medical"),
    ({"wish": 1}, "urgent", "urgent_medical"),
    ({"wish": "not_sure"}, "urgent", "urgent_medical"),
    ({"imaging": [SERIOUS]}, "urgent", "urgent_medical"),
    ({"imaging": [STUDY, SERIOUS]}, "urgent", "urgent_medical"),
    ({"numb": "yes", "numb_days": 14}, "emergency", "emergency"),
    ({"numb": "yes", "numb_since": "2026-11-09"}, "emergency", "emergency"),
    ({"numb": "yes", "numb_since": "2026-11-08"}, "review", "medical_review"),
    # An onset not asked, or not known, counts as recent
    ({"numb": "yes"}, "emergency", "emergency"),
    ({"numb": "yes", "numb_days": "not_sure"}, "emergency", "emergency"),
    ({"numb": "yes", "fever": "yes", "age": 17, "stiff": "yes"}, "emergency", "emergency"),
]


@pytest.mark.parametrize(("changes", "rule", "disposition"), OUTCOMES)
def test_the_first_rule_that_is_true_decides(changes: dict, rule: str, disposition: str):
    evaluation = clear(**changes)
    assert evaluation.rule is not None
    assert (evaluation.rule.id, evaluation.disposition) == (rule, disposition)


# What alone is known, the rule that acts although everything else is open, and the least urgent outcome left.
AT_ONCE = [
    ({"numb": "yes"}, "emergency", "self_manage"),
    ({"numb": "yes", "numb_days": 3}, "emergency", "emergency"),
    ({"fever": "yes"}, "urgent", "urgent_medical"),
    ({"fever": "not_sure"}, "urgent", "urgent_medical"),
    ({"age": 17}, "scope", "out_of_scope"),
    ({"stiff": "yes"}, "review", "medical_review"),
]


@pytest.mark.parametrize(("answers", "rule", "floor"), AT_ONCE)
def test_a_rule_marked_at_once_acts_whatever_is_open(answers: dict, rule: str, floor: str):
    evaluation = assess(answers)
    assert evaluation.rule is not None
    assert (evaluation.rule.id, evaluation.floor, evaluation.ceiling) == (rule, floor, "emergency")
    assert evaluation.outstanding


@pytest.mark.parametrize("changes", [{"fever": "yes"}, {"stiff": "yes"}, {"age": 17}, BURDENED, {}])
def test_once_all_is_known_floor_and_ceiling_are_the_outcome(changes: dict):
    evaluation = clear(**changes)
    assert evaluation.floor is evaluation.ceiling is evaluation.disposition


@pytest.mark.parametrize(
    ("without", "changes", "floor", "ceiling", "outstanding"),
    [
        (["fever"], {}, "self_manage", "urgent_medical", ["fever"]),
        (["numb"], {}, "self_manage", "emergency", ["numb", "numb_days"]),
        (["stiff"], {}, "self_manage", "medical_review", ["stiff"]),
        (["stiff", "fever"], {}, "self_manage", "urgent_medical", ["fever", "stiff"]),
        (["age"], {}, "self_manage", "out_of_scope", ["age"]),
        (["imaging"], {}, "self_manage", "urgent_medical", ["imaging"]),
        (["pain_days"], {"limits": "yes", "mood_1": 1}, "self_manage", "refer", ["pain_days"]),
        (["mood_1"], {"pain_days": 50, "limits": "yes"}, "self_manage", "refer", ["mood_1"]),
        (["mood_2"], BURDENED, "refer", "refer", ["mood_2"]),
        # What could not change anything any more is not asked
        (["mood_1", "limits"], {}, "self_manage", "self_manage", []),
        (["mood_1"], {"pain_days": 50}, "self_manage", "self_manage", []),
        (["site"], BURDENED, "refer", "refer", ["site"]),
        (["site"], {}, "self_manage", "self_manage", []),
        (["tried", "mood_total", "examined"], {}, "self_manage", "self_manage", []),
        # Asked, and not known: it may be asked again where nothing can be decided without it
        ([], {"pain_days": "not_sure", "limits": "yes", "mood_1": 1}, "self_manage", "refer", ["pain_days"]),
    ],
)
def test_what_is_open_spans_floor_and_ceiling_and_is_outstanding(without, changes, floor, ceiling, outstanding):
    evaluation = clear(*without, **changes)
    assert (evaluation.floor, evaluation.ceiling) == (floor, ceiling)
    assert list(evaluation.outstanding) == outstanding
    assert (evaluation.disposition is Disposition.INCOMPLETE) == bool(outstanding)


def test_while_incomplete_the_protocol_says_what_to_do():
    evaluation = clear("fever")
    assert evaluation.rule is None
    assert (evaluation.urgency, evaluation.actions, evaluation.review_days) == (Urgency.NONE, ("ask",), 1)
    assert evaluation.referrals == evaluation.deferred == ()
    assert evaluation.exclusion == "X0"


def test_a_question_answered_not_sure_is_asked_again_where_nothing_else_can_change_the_outcome():
    assert clear("mood_2", pain_days=50, limits="yes", mood_1="not_sure").outstanding == ("mood_1", "mood_2")


def test_a_question_that_can_change_nothing_is_not_outstanding():
    assert clear("mood_2", fever="yes").outstanding == ()


def test_questions_of_the_most_urgent_flags_are_asked_first():
    assert assess({}).outstanding[:3] == ("numb", "numb_days", "fever")


def by_service(referrals: tuple[Referral, ...]) -> dict[str, str]:
    return {each.service.value: each.priority.value for each in referrals}


BOTH, PHYSIO = {"physiotherapy": "routine", "cbt": "routine"}, {"physiotherapy": "routine"}
SOON = {"physiotherapy": "soon", "cbt": "routine"}


@pytest.mark.parametrize(
    ("changes", "issued", "deferred"),
    [
        ({}, {}, {}),
        (BURDENED, BOTH, {}),
        (BURDENED | {"mood_2": 2}, SOON, {}),
        ({"imaging": [AWAITED]}, {"physiotherapy": "soon"}, {}),
        # Beside a flag that allows them, and only once it is present
        (BURDENED | {"stiff": "yes"}, PHYSIO, {"cbt": "routine"}),
        (BURDENED | {"stiff": "yes", "mood_2": 2}, SOON, {}),
        (BURDENED | {"stiff": "not_sure"}, {}, BOTH),
        (BURDENED | {"weight_loss": "yes"}, {}, BOTH),
        (BURDENED | {"stiff": "yes", "weight_loss": "yes"}, {}, BOTH),
        (BURDENED | {"stiff": "yes", "imaging": "not_sure"}, {}, {}),
        (BURDENED | {"fever": "yes"}, {}, BOTH),
        (BURDENED | {"numb": "yes"}, {}, BOTH),
        (BURDENED | {"age": 17}, {}, {}),
    ],
)
def test_referrals_go_out_or_wait(changes: dict, issued: dict, deferred: dict):
    evaluation = clear(**changes)
    assert by_service(evaluation.referrals) == issued
    assert by_service(evaluation.deferred) == deferred


def test_referrals_wait_while_another_flag_has_not_been_asked_about():
    evaluation = clear("fever", **BURDENED, stiff="yes", mood_2=2)
    assert evaluation.disposition is Disposition.MEDICAL_REVIEW
    assert evaluation.referrals == ()


def test_psychological_care_goes_ahead_only_beside_physiotherapy():
    source = SOURCE.replace('permits = [{ service = "physiotherapy" }, {', "permits = [{")
    evaluation = evaluate(read_protocol(source.encode()), check({**CLEAR, **BURDENED, "mood_2": 2, "stiff": "yes"}))
    assert evaluation.referrals == ()
    assert by_service(evaluation.deferred) == SOON


def test_no_referral_goes_out_of_an_urgent_outcome_whatever_is_permitted():
    urgent = 'title = "Any same-day flag"'
    source = SOURCE.replace(urgent, f'{urgent}\npermits = [{{ service = "physiotherapy" }}]')
    source = source.replace('title = "Fever"', 'title = "Fever"\nallows = ["physiotherapy"]')
    evaluation = evaluate(read_protocol(source.encode()), check({**CLEAR, **BURDENED, "fever": "yes"}))
    assert evaluation.disposition is Disposition.URGENT_MEDICAL
    assert evaluation.referrals == ()
    assert by_service(evaluation.deferred) == BOTH


@pytest.mark.parametrize(
    ("changes", "urgency"),
    [
        ({}, "none"),
        (BURDENED, "routine"),
        (BURDENED | {"mood_2": 2}, "soon"),
        ({"imaging": [AWAITED]}, "routine"),
        ({"stiff": "yes"}, "14d"),
        ({"fever": "yes"}, "24h"),
        ({"numb": "yes"}, "now"),
    ],
)
def test_the_urgency_is_that_of_the_rule_or_of_the_soonest_referral(changes: dict, urgency: str):
    assert clear(**changes).urgency == urgency


@pytest.mark.parametrize(
    ("changes", "actions"),
    [
        ({}, ()),
        (BURDENED, ("tell_gp",)),
        (BURDENED | {"age": 60}, ("tell_gp", "book_review")),
        ({"fever": "yes"}, ("same_day",)),
        ({"fever": "yes", "mood_1": 2, "mood_2": 1}, ("same_day", "tell_gp")),
        # Physical and mental next steps together, the most urgent first, each once
        ({"stiff": "yes", "fever": "yes", "numb": "yes"}, ("send_ed", "same_day", "book_review")),
        ({"wish": 1, "weight_loss": "yes"}, ("same_day", "tell_gp", "book_review")),
        ({"numb": "not_sure", "numb_days": 3}, ("same_day",)),
        ({"numb": "not_sure", "numb_days": "not_sure"}, ("same_day", "book_review")),
        ({"weight_loss": "not_sure", "stiff": "yes"}, ("book_review",)),
        ({"age": 17}, ("book_review",)),
    ],
)
def test_actions_are_those_of_every_flag_found_and_of_the_rule(changes: dict, actions: tuple[str, ...]):
    assert clear(**changes).actions == actions


def states(evaluation: Evaluation) -> dict[str, str]:
    return {each.flag.id: each.state.value for each in evaluation.findings}


@pytest.mark.parametrize(
    ("without", "changes", "flag", "state"),
    [
        ([], {}, "fever", "excluded"),
        ([], {"fever": "yes"}, "fever", "present"),
        ([], {"fever": "not_sure"}, "fever", "unsure"),
        (["fever"], {}, "fever", "not_asked"),
        (["numb"], {}, "numb_recent", "not_asked"),
        ([], {"numb": "yes"}, "numb_recent", "present"),
        ([], {"numb": "yes"}, "numb_old", "not_asked"),
        ([], {"numb": "yes", "numb_days": "not_sure"}, "numb_old", "unsure"),
        ([], {"numb": "yes", "numb_days": 20}, "numb_recent", "excluded"),
        ([], {"weight_loss": "yes"}, "wasting", "excluded"),
        ([], {"weight_loss": "yes", "age": 60}, "wasting", "present"),
        ([], {"weight_loss": "yes", "site": "not_sure"}, "wasting", "unsure"),
        (["site"], {"weight_loss": "yes"}, "wasting", "not_asked"),
        (["imaging"], {}, "scan", "not_asked"),
        ([], {"imaging": "not_sure"}, "scan", "unsure"),
        ([], {"imaging": [STUDY]}, "scan", "excluded"),
    ],
)
def test_a_flag_is_present_unsure_not_asked_or_answered_no(without, changes, flag, state):
    assert states(clear(*without, **changes))[flag] == state


@pytest.mark.parametrize(
    ("without", "changes", "level"),
    [
        ([], {}, "X2"),
        ([], {"examined": "none"}, "X1"),
        (["examined"], {}, "X1"),
        ([], {"stiff": "yes"}, "X0"),
        ([], {"stiff": "not_sure"}, "X0"),
        (["stiff"], {}, "X0"),
    ],
)
def test_the_exclusion_level_is_nothing_until_every_flag_is_answered_no(without, changes, level):
    assert clear(*without, **changes).exclusion == level


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ({}, ["keep_moving", "return"]),
        ({"limits": "yes"}, ["return"]),
        ({"limits": "not_sure"}, ["return"]),
        ({"fever": "yes"}, ["return"]),
    ],
)
def test_texts_go_with_their_dispositions_and_only_when_true(changes: dict, texts: list[str]):
    assert [text.id for text in clear(**changes).texts] == texts


def test_an_answer_to_a_question_that_does_not_apply_is_named_and_never_read():
    evaluation = clear(numb_days=3, numb_since="2026-11-20")
    assert evaluation.ignored == ("numb_since", "numb_days")  # in the order of the questions
    assert evaluation.disposition is Disposition.SELF_MANAGE
    assert evaluation.outstanding == ()


def test_a_question_that_may_yet_apply_is_read():
    assert clear("numb", numb_days=3).ignored == ()
    assert clear(numb="not_sure", numb_days=3).ignored == ()


def test_a_question_that_does_not_apply_is_unknown_whatever_was_answered():
    """Its answer may still stand in the record, and no open question can give it another."""
    source = SOURCE
    for text in ('text = "Does it limit you?"', 'text = "Who examined?"'):
        source = source.replace(text, f'{text}\nask_when = "numb"')
    protocol = read_protocol(source.encode())
    for answers in ({"numb": "no"}, {"numb": "no", "numb_days": 3, "limits": "yes", "examined": "clinician"}):
        view = PatientView(protocol, check(answers))
        assert view.truth("limits") is NOT_SURE
        assert view.is_one_of("examined", ("clinician",)) is NOT_SURE
        assert view.quantity("numb_days") == Quantity.not_sure(0, 365)


def test_an_answer_decides_nothing_while_its_question_may_turn_out_not_to_apply():
    text = 'text = "Does it limit you?"'
    source = SOURCE.replace(text, f"{text}\nask_when = \"examined == 'clinician'\"")
    answers = {name: answer for name, answer in (CLEAR | BURDENED).items() if name != "examined"}
    evaluation = evaluate(read_protocol(source.encode()), check(answers))
    assert (evaluation.disposition, evaluation.outstanding) == (Disposition.INCOMPLETE, ("examined",))


@pytest.mark.parametrize(("answers", "asked"), [({}, 1), ({"numb": "not_sure"}, 1), ({"numb": "no"}, 0)])
def test_a_question_is_asked_while_it_may_apply(answers: dict, asked: int):
    questions = asked_questions(SMALL, check(answers))
    assert questions.count("numb_days") == asked
    assert questions == tuple(each for each in SMALL.questions if each in questions)


@pytest.mark.parametrize(
    ("changes", "without", "low", "high", "answered", "band"),
    [
        ({}, [], 0, 0, 2, "calm"),
        ({"mood_1": 1}, ["mood_2"], 1, 3, 1, ""),
        ({"mood_1": 2}, ["mood_2"], 2, 4, 1, "low"),
        ({"mood_1": "not_sure"}, [], 0, 2, 1, ""),
        ({}, ["mood_1", "mood_2"], 0, 4, 0, ""),
    ],
)
def test_a_score_is_an_interval_while_items_are_missing(changes, without, low, high, answered, band):
    (score,) = clear(*without, **changes).scores
    assert (score.quantity.now.low, score.quantity.now.high, score.answered) == (low, high, answered)
    assert score.instrument.band(low, high) == band


@pytest.mark.parametrize(
    ("total", "without", "agrees"), [(0, [], True), (1, [], False), (1, ["mood_2"], True), (3, ["mood_2"], False)]
)
def test_a_total_from_elsewhere_never_overrides_the_items(total, without, agrees):
    evaluation = clear(*without, mood_total=total)
    conflict = Conflict("mood_total", "does not agree with the items of Mood")
    assert evaluation.conflicts == (() if agrees else (conflict,))
    assert evaluation.scores == clear(*without).scores


def test_two_sources_that_disagree_on_a_red_flag_are_shown_and_the_worse_one_acts():
    evaluation = clear(fever={"value": "no", "disputes": {"value": "yes", "source": "record"}})
    assert evaluation.disposition is Disposition.URGENT_MEDICAL
    assert evaluation.conflicts == (Conflict("fever", "two sources gave different answers"),)


def test_days_and_date_that_differ_are_asked_again():
    evaluation = clear(numb="yes", numb_days=100, numb_since="2026-11-20")
    assert evaluation.disposition is Disposition.EMERGENCY
    assert evaluation.outstanding == ("numb_days",)


def test_nothing_known_is_incomplete_and_could_be_anything():
    evaluation = assess({})
    assert (evaluation.disposition, evaluation.floor, evaluation.ceiling) == (
        Disposition.INCOMPLETE,
        Disposition.SELF_MANAGE,
        Disposition.EMERGENCY,
    )
    assert set(states(evaluation).values()) == {"not_asked"}
