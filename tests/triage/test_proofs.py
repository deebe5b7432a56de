"""Back pain is proved safe over every intake; a planted fault is refuted by the patient whom it would harm."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.triage.small import CLEAR, ON, SOURCE
from tests.triage.worlds import FIXTURES, WORLDS, Answers
from triage import symbolic
from triage.diagram import TooLarge
from triage.engine import evaluate
from triage.facts import check_answers
from triage.obligations import Obligations, read_obligations
from triage.proofs import Proof, Prover, prove
from triage.protocol import Protocol, Rule
from triage.reading import read_protocol

BACK_PAIN = WORLDS["back-pain"].protocol
Change = Callable[[Protocol], Protocol]


@cache
def owed() -> Obligations:
    return read_obligations((FIXTURES / "obligations/back-pain.toml").read_bytes(), BACK_PAIN)


def test_everything_that_back_pain_owes_holds_for_every_intake():
    proved = prove(BACK_PAIN, owed())
    assert [proof.name for proof in proved.proofs if not proof.holds] == []
    assert proved.holds
    assert len(proved.proofs) > 100
    assert proved.space > 10**80


def without_flag(flag: str) -> Change:
    return lambda protocol: replace(protocol, flags=tuple(each for each in protocol.flags if each.id != flag))


def without_rule(rule: str) -> Change:
    return lambda protocol: replace(protocol, rules=tuple(each for each in protocol.rules if each.id != rule))


def with_rule(rule: str, change: Callable[[Rule], Rule]) -> Change:
    return lambda protocol: replace(
        protocol, rules=tuple(change(each) if each.id == rule else each for each in protocol.rules)
    )


def with_text(old: str, new: str) -> Change:
    """As if the author had written something else."""

    def changed(protocol: Protocol) -> Protocol:
        source = (FIXTURES / "protocols/back-pain/1.0.0.toml").read_text()
        assert source.count(old) == 1, f"{source.count(old)} places to plant the fault: {old}"
        return read_protocol(source.replace(old, new).encode())

    return changed


def studies(answers: Answers, field: str) -> set[Any]:
    return {study.get(field) for study in answers["imaging"]}


def phq9(answers: Answers) -> int:
    return sum(answers[f"phq9_{item}"] for item in range(1, 10))


# What is planted, the property that must refute it, and what is true of the patient who does.
FAULTS: dict[str, tuple[Change, str, Callable[[Answers], bool]]] = {
    "a red flag left out of the walk": (
        without_flag("collapse"),
        "emergency_collapse",
        lambda answers: answers["collapse"] == "yes",
    ),
    "unknown treated as no": (
        without_rule("unsure_review"),
        "unknown_is_never_absent",
        lambda answers: "not_sure" in answers.values(),
    ),
    "a threshold of the PHQ-9 of 9": (
        with_text(
            'when = "phq9 >= 10 or gad7 >= 10 or certain(panic)"', 'when = "phq9 >= 9 or gad7 >= 10 or certain(panic)"'
        ),
        "six_weeks",
        lambda answers: phq9(answers) == 9,
    ),
    "day 42 counted as persistent": (
        with_text('when = "duration_days > 42"', 'when = "duration_days >= 42"'),
        "six_weeks",
        lambda answers: answers["duration_days"] == 42,
    ),
    "normal imaging clearing a flag": (
        with_text('when = "weight_loss"\n', 'when = "weight_loss and not certain(imaging_clear)"\n'),
        "imaging_cannot_reassure",
        lambda answers: answers["weight_loss"] == "yes" and studies(answers, "status") == {"reported"},
    ),
    "CBT alone while a scan is pending": (
        with_rule("hold", lambda rule: replace(rule, referrals=rule.referrals[1:])),
        "pending_requested",
        lambda answers: "requested" in studies(answers, "status"),
    ),
    "no catch-all": (
        without_rule("undecided"),
        "every_complete_intake_is_decided",
        lambda answers: "not_sure" in answers.values(),
    ),
}


@pytest.mark.parametrize(("change", "name", "is_harmed"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_refuted_by_the_patient_whom_it_harms(change: Change, name: str, is_harmed: Callable):
    found = Prover(change(BACK_PAIN), owed()).proof(name)
    assert not found.holds
    assert is_harmed(found.answers)
    assert found.counterexample[-1].startswith("Outcome: ")


def test_a_rule_that_another_shadows_is_named():
    shadowing = with_text('when = "not persistent and psych_need <= 1"', 'when = "not persistent"')(BACK_PAIN)
    found = Prover(shadowing, owed()).proof("no_rules_that_never_act")
    assert [fault.split("(")[1].split(")")[0] for fault in found.counterexample] == ["row_2", "row_3", "row_4"]


def small(old: str, new: str) -> Protocol:
    assert old in SOURCE
    return read_protocol(SOURCE.replace(old, new, 1).encode())


def structure(protocol: Protocol, name: str) -> Proof:
    return Prover(protocol).proof(name)


def test_a_question_that_no_answer_can_bring_up_is_named():
    contradiction = 'text = "Where is the pain?"\nask_when = "age < 18 and age >= 18"'
    found = structure(small('text = "Where is the pain?"', contradiction), "no_questions_never_asked")
    assert found.counterexample == ('"Where is the pain?" (site) is never asked: its condition is never true',)


def test_two_rules_of_which_the_second_is_never_tried_are_named():
    twice = small('when = "scan_waiting"', "when = 'flagged(\"now\") and scan_waiting'")
    found = structure(twice, "no_rules_that_never_act")
    assert found.counterexample == (
        'the rule "A scan is awaited" (waiting) never decides: those above it leave it no patient',
    )


def owing(when: str, at_least: str) -> Obligations:
    """One obligation, as the file of a protocol would state it."""
    stated = f'[[obligations]]\nid = "owed"\ninvariant = "F0"\nsays = "Owed."\nwhen = "{when}"\nat_least = "{at_least}"'
    return read_obligations(stated.encode(), WORLDS["small"].protocol)


def test_what_is_owed_is_told_apart_though_the_protocol_does_not():
    """No flag or rule of the small protocol has a threshold between 18 and 60."""
    found = Prover(WORLDS["small"].protocol, owing("30 <= age <= 50", "medical_review")).proof("owed")
    assert found.answers["age"] == 30
    assert Prover(WORLDS["small"].protocol, owing("17 <= age <= 17", "out_of_scope")).proof("owed").holds


def test_a_safety_question_that_no_flag_reads_is_not_forgotten():
    found = Prover(without_flag("fever")(WORLDS["small"].protocol)).proof("unknown_is_never_absent")
    assert found.answers["fever"] != "no"


def test_a_protocol_that_explodes_is_not_proved_but_still_decides(monkeypatch: pytest.MonkeyPatch):
    half = {name: answer for name, answer in CLEAR.items() if name not in ("stiff", "fever", "limits")}
    exact = WORLDS["small"].evaluate(half)  # before there is a limit: what is drawn once is kept
    monkeypatch.setattr(symbolic, "MOST_NODES", 50)
    fresh = read_protocol(SOURCE.encode())
    with pytest.raises(TooLarge, match="more than 50 nodes"):
        prove(fresh)
    evaluation = evaluate(fresh, check_answers(fresh.questions, half, on=ON))
    assert evaluation.disposition == exact.disposition == "incomplete"
    assert set(evaluation.outstanding) >= set(exact.outstanding) >= {"stiff", "fever"}


def test_the_patient_who_refutes_is_told_in_words():
    found = Prover(without_rule("both")(WORLDS["small"].protocol)).proof("every_complete_intake_is_decided")
    assert found.counterexample[0] == "An adult with nothing remarkable but:"
    assert "For how many days? 43" in found.counterexample
    assert "not complete" in found.counterexample[-1].lower()
