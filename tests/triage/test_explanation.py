"""The one wording of an outcome: what a page, a letter and the API say of the same evaluation."""

from datetime import date

import pytest

from tests.triage.small import CLEAR, SMALL, assess, clear
from triage.engine import ENGINE_VERSION
from triage.explanation import explain, say

STUDY = {"modality": "mri", "region": "lumbar", "status": "reported"}
AWAITED = {**STUDY, "status": "requested", "age_days": 10}
BURDENED = {"pain_days": 50, "limits": "yes", "mood_1": 1}


def document(*without: str, **changes: object) -> dict:
    return explain(clear(*without, **changes))


@pytest.mark.parametrize(
    ("without", "changes", "headline"),
    [
        ([], {}, "Self-management: most back pain settles."),
        ([], BURDENED, "Suggested: refer to physiotherapy and CBT, routine (within 6 weeks)."),
        ([], BURDENED | {"mood_2": 2}, "Suggested: refer to physiotherapy and CBT, soon (within 14 days)."),
        ([], {"imaging": [AWAITED]}, "Await the scan: the report is awaited."),
        ([], {"stiff": "yes"}, "Medical review: it may be inflammation."),
        ([], {"stiff": "yes", "fever": "yes"}, "See a clinician today: it may be an infection."),
        ([], {"numb": "yes", "fever": "yes"}, "Emergency: it may be cauda equina syndrome."),
        ([], {"age": 17}, "Out of scope: this is for adults."),
        (["fever"], {}, "Not complete: 1 question is still open that could change the outcome."),
        (["fever", "stiff"], {}, "Not complete: 2 questions are still open that could change the outcome."),
    ],
)
def test_the_headline_says_what_is_suggested_and_first_why(without: list[str], changes: dict, headline: str):
    assert document(*without, **changes)["headline"] == headline


def test_the_document_names_its_protocol_and_its_day():
    shown = document()
    assert shown["protocol"] == {
        "id": "small",
        "version": "0.1.0",
        "title": "Small",
        "digest": SMALL.digest,
        "signed_off": False,
    }
    assert (shown["engine"], shown["on"]) == (ENGINE_VERSION, "2026-11-23")


def test_the_document_shows_the_outcome_in_words():
    shown = document(**BURDENED)
    assert (shown["disposition"], shown["urgency"], shown["title"]) == ("refer", "routine", "Refer")
    assert (shown["floor"], shown["ceiling"], shown["review_days"]) == ("refer", "refer", 42)
    assert shown["exclusion"] == {"level": "X2", "means": "history and examination"}
    assert shown["referrals"] == [
        {"service": "physiotherapy", "title": "Physiotherapy", "priority": "routine"},
        {"service": "cbt", "title": "CBT", "priority": "routine"},
    ]
    assert shown["deferred"] == []
    assert shown["actions"] == [{"id": "tell_gp", "text": "Tell the GP.", "who": "the clinician present"}]


def test_referrals_that_wait_are_shown_apart():
    shown = document(**BURDENED, fever="yes")
    assert shown["referrals"] == []
    assert [each["service"] for each in shown["deferred"]] == ["physiotherapy", "cbt"]


def test_advice_and_safety_net_are_shown_apart_and_their_places_left_for_the_site():
    shown = document()
    assert shown["advice"] == [{"id": "keep_moving", "text": "Keep moving."}]
    assert shown["safety_net"] == [{"id": "return", "text": "Call {emergency_number} if you become numb."}]


def test_what_is_not_answered_no_leaves_the_exclusion_open():
    assert document(stiff="yes")["exclusion"] == {
        "level": "X0",
        "means": "serious causes are not yet all answered no",
    }


def test_the_reasons_are_every_flag_that_acts_most_urgent_first_and_then_the_rule():
    shown = document(stiff="yes", fever="not_sure", wish=1, weight_loss="no")
    assert [(each["kind"], each["id"], each["level"], each["state"]) for each in shown["because"]] == [
        ("flag", "wish", "24h", "present"),
        ("flag", "fever", "24h", "unsure"),
        ("flag", "stiff", "14d", "present"),
        ("rule", "urgent", "24h", "present"),
    ]


def test_a_reason_shows_the_answers_it_read_and_what_it_rests_on():
    reason = document(numb="yes", numb_days=3)["because"][0]
    assert reason == {
        "kind": "flag",
        "id": "numb_recent",
        "title": "Numbness, recent or of unknown onset",
        "level": "now",
        "state": "present",
        "text": "It may be cauda equina syndrome.",
        "read": [
            {"question": "numb", "text": "New numbness?", "answer": "Yes"},
            {"question": "numb_days", "text": "For how many days has it been numb?", "answer": "3"},
        ],
        "cites": [
            {"id": "R1", "citation": "A guideline", "status": "current"},
            {"id": "A1", "citation": "An unknown onset counts as new.", "status": "assumption"},
        ],
    }


def test_an_answer_no_is_shown_among_those_that_were_read():
    rule = document()["because"][-1]
    assert (rule["id"], [each["answer"] for each in rule["read"]]) == (
        "steady",
        ["10", "No", "Not at all", "Not at all", "Not at all"],
    )


def test_while_incomplete_the_reason_is_that_and_nothing_was_decided():
    (reason,) = document("fever")["because"]
    assert (reason["id"], reason["read"], reason["text"]) == (
        "incomplete",
        [],
        "Questions are still open that could change the outcome.",
    )


def test_every_flag_is_listed_with_its_state_and_the_questions_it_reads():
    findings = {each["flag"]: each for each in document("stiff", weight_loss="yes", site="thoracic")["findings"]}
    assert list(findings) == [flag.id for flag in SMALL.flags]
    assert findings["wasting"] == {
        "flag": "wasting",
        "title": "Weight loss with another sign",
        "group": "Cancer",
        "state": "present",
        "level": "7d",
        "read": ["weight_loss", "age", "site", "stiff"],
    }
    assert (findings["stiff"]["state"], findings["fever"]["state"]) == ("not_asked", "excluded")


def test_open_questions_are_shown_with_their_page():
    assert document("fever")["outstanding"] == [
        {"question": "fever", "text": "A fever?", "section": "flags", "safety": True},
    ]


def test_a_score_is_shown_as_an_interval_without_a_band_while_it_could_be_in_two():
    (score,) = document("mood_2", mood_1=1)["scores"]
    assert score == {
        "instrument": "mood",
        "name": "Mood",
        "low": 1,
        "high": 3,
        "answered": 1,
        "items": 2,
        "band": "",
        "maximum": 4,
    }


def test_conflicts_and_answers_not_read_are_shown():
    shown = document(mood_total=3, numb_days=3)
    assert shown["conflicts"] == [{"question": "mood_total", "reason": "does not agree with the items of Mood"}]
    assert shown["ignored"] == ["numb_days"]


def test_what_would_change_the_outcome_is_told_with_the_answers_in_words():
    more, less = document("numb", fever="not_sure")["would_change"]
    numb = {"question": "numb", "text": "New numbness?", "from": "", "to": "Yes"}
    days = {"question": "numb_days", "text": "For how many days has it been numb?", "from": "", "to": "0"}
    assert more == {"to": "emergency", "title": "Emergency", "answers": [numb, days]}
    assert less["answers"][-1] == {"question": "fever", "text": "A fever?", "from": "Not sure", "to": "No"}


def test_while_much_is_open_nothing_is_said_of_what_would_change_the_outcome():
    assert document("fever", "weight_loss", "stiff")["would_change"] != []
    assert document("fever", "weight_loss", "stiff", "wish")["would_change"] == []


@pytest.mark.parametrize(
    ("question", "value", "words"),
    [
        ("numb", "yes", "Yes"),
        ("numb", "no", "No"),
        ("numb", "not_sure", "Not sure"),
        ("age", "not_sure", "Not sure"),
        ("age", 40, "40 years"),
        ("pain_days", 10, "10"),
        ("site", "thoracic", "Upper back"),
        ("tried", ("tablets", "exercise"), "Tablets, Exercise"),
        ("tried", (), "None"),
        ("wish", 2, "Nearly every day"),
        ("numb_since", date(2026, 11, 1), "2026-11-01"),
        ("imaging", (), "None done"),
        ("imaging", ("one", "two"), "2 recorded"),
    ],
)
def test_an_answer_is_said_in_the_words_of_the_form(question: str, value, words: str):
    assert say(SMALL.questions[question], value) == words


def test_nothing_known_can_be_explained_too():
    shown = explain(assess({}))
    assert shown["disposition"] == "incomplete"
    assert {each["state"] for each in shown["findings"]} == {"not_asked"}
    assert set(shown) == set(explain(assess(CLEAR)))
