"""Answers as they come over the wire: what is taken, what is refused and in which words."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.small import CLEAR, ON, SMALL, assess, check
from triage.contradictions import readings
from triage.facts import AnswerErrors, AnswerFault, Conflict, check_answers, check_fitting
from triage.imaging import Study
from triage.questions import Question, QuestionType

STUDY = {"modality": "mri", "region": "lumbar", "status": "reported"}
TRI = "yes, no or not_sure"
AGE = "a whole number from 0 to 120 or, where it is not certain, {from, to}, or not_sure"
SCALE = "a whole number from 0 to 2, or not_sure"
SITE = "lumbar, thoracic, not_sure"
TRIED = "a list of exercise, tablets; or not_sure"
DATE = "a date as YYYY-MM-DD, not in the future, or not_sure"
STUDIES = "a list of studies ([] means that none was done), or not_sure"
FORM = "value, source, at, by, disputes"
WRONG = "is not an answer that this question takes"
NULL = "is null: leave a question that was not asked out"
NO_TEXT = "holds a character that is not text"

TAKEN = [
    ("numb", "yes", "yes"),
    ("numb", "no", "no"),
    ("numb", "not_sure", "not_sure"),
    ("age", 0, 0),
    ("age", 120, 120),
    ("age", "not_sure", "not_sure"),
    ("wish", 2, 2),
    ("wish", "not_sure", "not_sure"),
    ("site", "thoracic", "thoracic"),
    ("site", "not_sure", "not_sure"),
    ("tried", [], ()),
    ("tried", ["tablets", "exercise"], ("tablets", "exercise")),
    ("tried", "not_sure", "not_sure"),
    ("numb_since", "2026-11-23", date(2026, 11, 23)),
    ("numb_since", "1926-02-28", date(1926, 2, 28)),
    ("numb_since", "not_sure", "not_sure"),
    ("imaging", [], ()),
    ("imaging", "not_sure", "not_sure"),
    ("imaging", [STUDY], (Study(STUDY),)),
    ("imaging", [{**STUDY, "age_days": 3}], (Study(STUDY, 3),)),
    ("imaging", [{**STUDY, "performed_on": "2026-11-20"}], (Study(STUDY, 3),)),
    ("imaging", [{**STUDY, "performed_on": "2026-11-20", "age_days": 3}], (Study(STUDY, 3),)),
    ("imaging", [{**STUDY, "finding": "cafe\u0301"}], (Study(STUDY, None, "caf\u00e9"),)),
]

REFUSED = [
    ("numb", None, "numb", NULL, TRI),
    ("numb", True, "numb", WRONG, TRI),
    ("numb", 1, "numb", WRONG, TRI),
    ("numb", "Yes", "numb", WRONG, TRI),
    ("numb", "", "numb", WRONG, TRI),
    ("numb", "yes\x00", "numb", NO_TEXT, TRI),
    ("numb", "\ud800", "numb", NO_TEXT, TRI),
    ("numb", "x" * 2001, "numb", "is longer than 2000 characters", TRI),
    ("numb", ["yes"], "numb", WRONG, TRI),
    ("numb", 0.5, "numb", WRONG, TRI),
    ("age", -1, "age", WRONG, AGE),
    ("age", 121, "age", WRONG, AGE),
    ("age", 10**400, "age", WRONG, AGE),
    ("age", 40.0, "age", WRONG, AGE),
    ("age", float("nan"), "age", WRONG, AGE),
    ("age", float("inf"), "age", WRONG, AGE),
    ("age", "40", "age", WRONG, AGE),
    ("age", True, "age", WRONG, AGE),
    ("age", False, "age", WRONG, AGE),
    ("age", [], "age", WRONG, AGE),
    ("wish", 3, "wish", WRONG, SCALE),
    ("wish", "1", "wish", WRONG, SCALE),
    ("site", "neck", "site", WRONG, SITE),
    ("site", ["lumbar"], "site", WRONG, SITE),
    ("site", 0, "site", WRONG, SITE),
    ("tried", "exercise", "tried", WRONG, TRIED),
    ("tried", ["exercise", "exercise"], "tried", WRONG, TRIED),
    ("tried", ["exercise", "yoga"], "tried", WRONG, TRIED),
    ("tried", [["exercise"]], "tried", WRONG, TRIED),
    ("tried", ["not_sure"], "tried", WRONG, TRIED),
    ("numb_since", "2026-11-24", "numb_since", WRONG, DATE),
    ("numb_since", "2026-02-30", "numb_since", WRONG, DATE),
    ("numb_since", "20261101", "numb_since", WRONG, DATE),
    ("numb_since", "2026-W40-1", "numb_since", WRONG, DATE),
    ("numb_since", "2026-11-01T00:00", "numb_since", WRONG, DATE),
    ("numb_since", "\uff12026-11-0", "numb_since", WRONG, DATE),
    ("numb_since", 20261101, "numb_since", WRONG, DATE),
    ("imaging", "none", "imaging", "is not a list of studies", STUDIES),
    ("imaging", None, "imaging", "is not a list of studies", STUDIES),
    ("imaging", STUDY, "imaging.value", "is missing", STUDIES),
    ("imaging", [STUDY] * 51, "imaging", "is not a list of studies", STUDIES),
    # The long form
    ("numb", {}, "numb.value", "is missing", TRI),
    ("numb", {"answer": "no"}, "numb.value", "is missing", TRI),
    ("numb", {"value": "maybe"}, "numb", WRONG, TRI),
    ("numb", {"value": {"value": "no"}}, "numb", WRONG, TRI),
    ("numb", {"value": "no", "note": ""}, "numb.note", "is not known", FORM),
    ("numb", {"value": "no", "\x00\ud800": ""}, "numb.\\x00\\ud800", "is not known", FORM),
    ("numb", {"value": "no", "x" * 99: ""}, "numb." + "x" * 60, "is not known", FORM),
    ("numb", {"value": "no", "source": "rumour"}, "numb.source", "is not a source", "patient, staff, record"),
    ("numb", {"value": "no", "source": []}, "numb.source", "is not a source", "patient, staff, record"),
    (
        "numb",
        {"value": "no", "at": "today"},
        "numb.at",
        "is not a time",
        "RFC 3339 with an offset, without leap seconds",
    ),
    (
        "numb",
        {"value": "no", "at": "2026-11-23T10:00:00"},
        "numb.at",
        "is not a time",
        "RFC 3339 with an offset, without leap seconds",
    ),
    ("numb", {"value": "no", "at": 1}, "numb.at", "is not a time", "RFC 3339 with an offset, without leap seconds"),
    (
        "numb",
        {"value": "no", "at": "\ud800"},
        "numb.at",
        "is not a time",
        "RFC 3339 with an offset, without leap seconds",
    ),
    ("numb", {"value": "no", "by": 7}, "numb.by", "is not an identifier", "text of at most 64 characters"),
    ("numb", {"value": "no", "by": "x" * 65}, "numb.by", "is not an identifier", "text of at most 64 characters"),
    ("numb", {"value": "no", "by": "a\x00"}, "numb.by", "is not an identifier", "text of at most 64 characters"),
    ("numb", {"value": "no", "disputes": "yes"}, "numb.disputes", "is not an answer", "value, source, at, by"),
    ("numb", {"value": "no", "disputes": {}}, "numb.disputes", "is not an answer", "value, source, at, by"),
    (
        "numb",
        {"value": "no", "disputes": {"value": "yes", "disputes": {"value": "no"}}},
        "numb.disputes",
        "is not an answer",
        "value, source, at, by",
    ),
    ("numb", {"value": "no", "disputes": {"value": "maybe"}}, "numb", WRONG, TRI),
    (
        "numb",
        {"value": "no", "disputes": {"value": "no", "source": "rumour"}},
        "numb.disputes.source",
        "is not a source",
        "patient, staff, record",
    ),
    # Names
    ("numbness", "no", "numbness", "is not a question of this protocol", "a question id of this protocol"),
    ("\x00", "no", "\\x00", "is not a question of this protocol", "a question id of this protocol"),
    ("x" * 99, "no", "x" * 60, "is not a question of this protocol", "a question id of this protocol"),
    ("", "no", '""', "is not a question of this protocol", "a question id of this protocol"),
    (7, "no", "7", "is not a question of this protocol", "a question id of this protocol"),
]

FIELDS = "modality, region, status, reason, class, concordance, report_urgency, performed_on, age_days, finding"  # of a study
DAYS = "a whole number from 0 to 36525"
BAD_STUDIES = [
    ({"modality": "telepathy"}, ".modality", "is not one of the words it takes"),
    ({"modality": ["mri"]}, ".modality", "is not one of the words it takes"),
    ({"region": None}, ".region", "is not one of the words it takes"),
    ({"status": 1}, ".status", "is not one of the words it takes"),
    ({"class": "unclassified"}, ".class", "is not one of the words it takes"),
    ({"reason": "\x00"}, ".reason", "is not one of the words it takes"),
    ({"concordance": "yes"}, ".concordance", "is not one of the words it takes"),
    ({"report_urgency": "never"}, ".report_urgency", "is not one of the words it takes"),
    ({"age_days": -1}, ".age_days", "is not a number of days"),
    ({"age_days": 1.0}, ".age_days", "is not a number of days"),
    ({"age_days": True}, ".age_days", "is not a number of days"),
    ({"age_days": None}, ".age_days", "is not a number of days"),
    ({"age_days": 10**9}, ".age_days", "is not a number of days"),
    ({"performed_on": "2026-11-24"}, ".performed_on", "is not a past date"),
    ({"performed_on": "yesterday"}, ".performed_on", "is not a past date"),
    ({"performed_on": "2026-11-20", "age_days": 4}, ".age_days", "does not agree with performed_on"),
    ({"finding": 7}, ".finding", "is not text"),
    ({"finding": "\x00"}, ".finding", NO_TEXT),
    ({"finding": "x" * 2001}, ".finding", "is longer than 2000 characters"),
    ({"colour": "red"}, ".colour", "is not a field of a study"),
    ({"\ud800": "red"}, ".\\ud800", "is not a field of a study"),
]


def faults_of(answers: dict) -> list[tuple[str, str, str]]:
    with pytest.raises(AnswerErrors) as refusal:
        check(answers)
    return [(fault.path, fault.reason, fault.allowed) for fault in refusal.value.faults]


@pytest.mark.parametrize(("question", "answer", "value"), TAKEN)
def test_an_answer_is_taken_in_the_short_and_in_the_long_form(question: str, answer: object, value: object):
    assert check({question: answer}).values[question] == value
    long = {"value": answer, "source": "record", "at": "2026-11-23T10:00:00Z", "by": "u-1"}
    assert check({question: long}).values[question] == value


@pytest.mark.parametrize(("question", "answer", "path", "reason", "allowed"), REFUSED)
def test_a_bad_answer_is_refused_with_its_place_the_reason_and_what_is_allowed(question, answer, path, reason, allowed):
    assert faults_of({question: answer}) == [(path, reason, allowed)]


@pytest.mark.parametrize(("change", "field", "reason"), BAD_STUDIES)
def test_a_bad_field_of_a_study_is_named_with_its_place(change: dict, field: str, reason: str):
    faults = faults_of({"imaging": [STUDY, {**STUDY, **change}]})
    assert [(path, why) for path, why, _ in faults] == [(f"imaging[1]{field}", reason)]
    assert faults[0][2]


@pytest.mark.parametrize("field", ["modality", "region", "status"])
def test_a_study_needs_its_three_fields(field: str):
    study = {name: word for name, word in STUDY.items() if name != field}
    assert [(path, why) for path, why, _ in faults_of({"imaging": [study]})] == [(f"imaging[0].{field}", "is missing")]


@pytest.mark.parametrize("study", ["mri", None, 1, []])
def test_a_study_is_a_table(study: object):
    assert faults_of({"imaging": [study]}) == [("imaging[0]", "is not a table of one study", f"a table with {FIELDS}")]


def test_every_fault_is_reported_at_once():
    faults = faults_of({"numb": 1, "age": -1, "numbness": "no", "imaging": [{"status": "lost"}], "fever": "no"})
    assert [path for path, _, _ in faults] == [
        "numb",
        "age",
        "numbness",
        "imaging[0].modality",
        "imaging[0].region",
        "imaging[0].status",
    ]


def test_faults_read_as_a_sentence():
    with pytest.raises(AnswerErrors, match=r"^age is not an answer that this question takes \(allowed: a whole"):
        check({"age": -1})


def test_what_was_not_asked_has_no_value():
    assert check({}).values == {}
    assert "numb" not in check({"fever": "no"}).values


@pytest.mark.parametrize(
    ("question", "answer", "other", "value"),
    [
        # The worse of two answers to a safety question
        ("numb", "no", "yes", "yes"),
        ("numb", "yes", "no", "yes"),
        ("numb", "no", "not_sure", "not_sure"),
        ("numb", "not_sure", "yes", "yes"),
        ("wish", 0, 2, 2),
        ("wish", 2, 1, 2),
        ("wish", 0, "not_sure", "not_sure"),
        ("wish", "not_sure", 0, "not_sure"),
        ("wish", "not_sure", 1, 1),
        # The first of two answers to any other
        ("limits", "no", "yes", "no"),
        ("age", 40, 41, 40),
        ("site", "lumbar", "thoracic", "lumbar"),
        ("tried", [], ["tablets"], ()),
    ],
)
def test_of_two_sources_the_worse_counts_and_the_conflict_is_shown(question, answer, other, value):
    facts = check({question: {"value": answer, "disputes": {"value": other, "source": "record"}}})
    assert facts.values[question] == value
    assert facts.conflicts == (Conflict(question, "two sources gave different answers"),)


@pytest.mark.parametrize(("question", "answer"), [("numb", "no"), ("wish", "not_sure"), ("wish", 0), ("imaging", [])])
def test_two_sources_that_agree_are_no_conflict(question: str, answer: object):
    facts = check({question: {"value": answer, "disputes": {"value": answer}}})
    assert facts.conflicts == ()
    assert facts == check({question: answer})


def test_two_sources_that_disagree_on_a_safety_choice_leave_it_not_sure():
    question = Question(
        id="nerve",
        section="",
        text="",
        type=QuestionType.CHOICE,
        options=SMALL.questions["site"].options,
        safety=True,
    )
    answer = {"value": "lumbar", "disputes": {"value": "thoracic"}}
    assert check_answers({"nerve": question}, {"nerve": answer}, on=ON).values == {"nerve": "not_sure"}


@pytest.mark.parametrize(
    ("answers", "days", "conflicts"),
    [
        ({"numb_since": "2026-11-20"}, 3, 0),
        ({"numb_since": "2026-11-23"}, 0, 0),
        ({"numb_since": "2026-11-20", "numb_days": 3}, 3, 0),
        ({"numb_since": "2026-11-20", "numb_days": "not_sure"}, 3, 0),
        ({"numb_since": "2026-11-20", "numb_days": 4}, None, 1),
        ({"numb_days": 4, "numb_since": "2026-11-20"}, None, 1),
        ({"numb_since": "not_sure", "numb_days": 4}, 4, 0),
        ({"numb_days": 4}, 4, 0),
        ({"numb_since": "not_sure"}, None, 0),
        ({"numb_since": "2016-11-20"}, 365, 0),
        ({"numb_since": "2016-11-20", "numb_days": 365}, 365, 0),
    ],
)
def test_a_date_gives_the_days_and_where_the_two_differ_neither_counts_for_sure(
    answers: dict, days: int | None, conflicts: int
):
    """Where they differ, the patient is looked at in every way in which one is right, or neither is."""
    looked_at = {facts.values.get("numb_days") for facts in readings(SMALL, check(answers))}
    assert looked_at == ({3, 4, "not_sure", None} if conflicts else {days})
    assert len(assess(answers).conflicts) == conflicts


def test_the_conflict_of_days_and_date_says_what_the_date_gives():
    evaluation = assess({"numb_since": "2026-11-20", "numb_days": 4})
    assert evaluation.conflicts == (Conflict("numb_days", "does not agree with numb_since, which gives 3"),)


def test_days_count_from_the_day_of_evaluation():
    later = check_answers(SMALL.questions, {"numb_since": "2026-11-20"}, on=ON + timedelta(days=7))
    assert later.values["numb_days"] == 10


json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**4000, -(2**63), 0, 1]),
        st.floats(),
        st.text(st.characters(exclude_categories=()), max_size=12),
        st.sampled_from(["yes", "not_sure", "\x00", "\ud800", "2026-11-01", "2026-W40-1", "mri", "reported"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.text(st.characters(exclude_categories=()), max_size=6),
                st.sampled_from(["value", "source", "at", "by", "disputes", "modality", "status", "performed_on"]),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
names = st.one_of(st.sampled_from(sorted(SMALL.questions)), st.text(st.characters(exclude_categories=()), max_size=6))


def reasons_against(answers: dict) -> tuple[AnswerFault, ...]:
    try:
        check(answers)
    except AnswerErrors as refusal:
        return refusal.faults
    return ()


@given(st.dictionaries(names, json, max_size=5))
def test_any_json_at_all_is_taken_or_refused_with_reasons(answers: dict):
    for fault in reasons_against(answers):
        assert fault.path
        assert fault.reason
        assert fault.allowed
        str(fault).encode()  # can be written down, whatever was sent


def test_very_deep_json_is_refused():
    deep: object = "no"
    for _ in range(5000):
        deep = {"value": deep}
    assert faults_of({"numb": deep}) == [("numb", WRONG, TRI)]


def test_a_clear_patient_is_taken():
    assert set(check(CLEAR).values) == set(CLEAR)


def test_answers_to_earlier_questions_are_taken_as_far_as_they_fit():
    """Whatever does not fit was not asked: nothing is guessed of it."""
    unfit = {"age": 130, "site": "neck", "imaging": [{"modality": "mri"}], "wish": {"value": 9, "source": "staff"}}
    facts, left_out = check_fitting(SMALL.questions, {**CLEAR, **unfit, "gone": "yes"}, on=ON)
    assert left_out == ("age", "imaging", "site", "wish")
    assert facts.values == {name: answer for name, answer in check(CLEAR).values.items() if name not in unfit}


def test_answers_that_all_fit_are_taken_as_ever():
    assert check_fitting(SMALL.questions, CLEAR, on=ON) == (check(CLEAR), ())
