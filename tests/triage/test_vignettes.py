"""Patients in words: what the back pain protocol must say of each, written from the evidence and not from the protocol."""

from pathlib import Path
from typing import Any

import pytest

from triage.engine import Evaluation, evaluate
from triage.facts import check_answers
from triage.protocol import Protocol
from triage.reading import read_protocol
from triage.vignettes import ON, Vignette, check_vignette, read_vignettes

FIXTURES = Path(__file__).parents[2] / "fixtures"
PROTOCOL = FIXTURES / "protocols/back-pain/1.0.0.toml"
FOLDER = FIXTURES / "vignettes/back-pain"
VIGNETTES = read_vignettes(
    (FOLDER / "baselines.toml").read_bytes(), (file.read_bytes() for file in sorted(FOLDER.glob("*.toml")))
)


@pytest.fixture(scope="module")
def back_pain() -> Protocol:
    return read_protocol(PROTOCOL.read_bytes())


def evaluation_of(vignette: Vignette, protocol: Protocol) -> Evaluation:
    return evaluate(protocol, check_answers(protocol.questions, vignette.answers, on=ON))


@pytest.mark.parametrize("vignette", VIGNETTES, ids=[each.id for each in VIGNETTES])
def test_a_patient_is_advised_as_the_evidence_says(back_pain: Protocol, vignette: Vignette) -> None:
    wrong = check_vignette(back_pain, vignette)
    evaluation = evaluation_of(vignette, back_pain)
    decided = evaluation.rule.id if evaluation.rule else "no rule"
    counting = [f"{each.flag.id} {each.state}" for each in evaluation.findings if each.counts]
    assert not wrong, "\n  ".join([vignette.story, *wrong, f"decided by {decided}", *counting])


OTHERWISE: dict[str, Any] = {
    "disposition": "emergency",
    "urgency": "now",
    "floor": "emergency",
    "ceiling": "emergency",
    "exclusion": "X0",
    "review_days": 99,
    "referrals": {"cbt": "soon"},
    "deferred": ["cbt"],
    "actions": ["send_ed"],
    "all_actions": ["send_ed"],
    "texts": {"sn_ces": False},
    "outstanding": ["fever"],
    "nothing_outstanding": False,
    "something_else": True,
}


@pytest.mark.parametrize(("key", "wanted"), OTHERWISE.items(), ids=list(OTHERWISE))
def test_an_expectation_that_does_not_hold_is_told(back_pain: Protocol, key: str, wanted: Any) -> None:
    calm = next(each for each in VIGNETTES if each.id == "row-01-new-pain-calm")
    wrong = check_vignette(back_pain, Vignette(id="otherwise", story="", answers=calm.answers, expect={key: wanted}))
    assert [each.split(":")[:2] for each in wrong] == [["otherwise", f" {key}"]]


def test_an_action_that_is_not_wanted_is_told(back_pain: Protocol) -> None:
    saddle = Vignette(id="saddle", story="", answers={"ces_saddle": "yes"}, expect={"no_actions": ["send_ed"]})
    assert check_vignette(back_pain, saddle) == ["saddle: no_actions: not expected: ['send_ed']"]


def test_answers_that_the_protocol_does_not_take_are_told(back_pain: Protocol) -> None:
    odd = Vignette(id="odd", story="", answers={"favourite_colour": "blue"}, expect={})
    assert check_vignette(back_pain, odd)[0].startswith("odd: favourite_colour is not a question")


def test_every_patient_has_a_name_of_its_own() -> None:
    ids = [vignette.id for vignette in VIGNETTES]
    assert len(ids) == len(set(ids))


def test_every_flag_is_found_in_some_patient(back_pain: Protocol) -> None:
    """A flag that no vignette raises is a flag that nobody has tried."""
    found = set()
    for vignette in VIGNETTES:
        findings = evaluation_of(vignette, back_pain).findings
        found |= {each.flag.id for each in findings if each.state == "present"}
    assert {flag.id for flag in back_pain.flags} - found == set()


def test_every_rule_decides_for_some_patient(back_pain: Protocol) -> None:
    decided = set()
    for vignette in VIGNETTES:
        rule = evaluation_of(vignette, back_pain).rule
        decided |= {rule.id} if rule else set()
    assert {rule.id for rule in back_pain.rules} - decided == set()
