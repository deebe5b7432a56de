"""Back pain is proved safe over every intake; a planted fault is refuted by the patient whom it would harm."""

from functools import cache

import pytest

from tests.triage.worlds import FIXTURES
from triage.obligations import read_obligations
from triage.proofs import Certificate, Proof, prove
from triage.reading import read_protocol

SOURCE = (FIXTURES / "protocols/back-pain/1.0.0.toml").read_text()
OBLIGATIONS = (FIXTURES / "obligations/back-pain.toml").read_bytes()


@cache
def certificate(source: str) -> Certificate:
    protocol = read_protocol(source.encode())
    return prove(protocol, read_obligations(OBLIGATIONS, protocol))


def refuted(old: str, new: str) -> dict[str, Proof]:
    assert SOURCE.count(old) == 1, f"{SOURCE.count(old)} places to plant the fault: {old}"
    return {proof.name: proof for proof in certificate(SOURCE.replace(old, new)).proofs if not proof.holds}


def test_everything_that_back_pain_owes_holds_for_every_intake():
    proved = certificate(SOURCE)
    assert [proof.name for proof in proved.proofs if not proof.holds] == []
    assert len(proved.proofs) > 100
    assert proved.space > 10**80


# What is planted, the property that must refute it, and what the patient who refutes it answered.
FAULTS = {
    "a red flag left out of the walk": (
        'when = "collapse"\nlevel = "now"',
        'when = "collapse and age >= 90"\nlevel = "now"',
        "emergency_collapse",
        {"collapse": "yes"},
    ),
    "unknown treated as no": (
        """when = 'unsure("14d")'""",
        """when = 'flagged("14d") and unsure("14d")'""",
        "unknown_is_never_absent",
        {},
    ),
    "a threshold of the PHQ-9 of 9": (
        'when = "phq9 >= 10 or gad7 >= 10 or certain(panic)"',
        'when = "phq9 >= 9 or gad7 >= 10 or certain(panic)"',
        "six_weeks",
        {},
    ),
    "day 42 counted as persistent": (
        'when = "duration_days > 42"',
        'when = "duration_days >= 42"',
        "six_weeks",
        {"duration_days": 42},
    ),
    "normal imaging clearing a flag": (
        'when = "weight_loss"\n',
        'when = "weight_loss and not certain(imaging_clear)"\n',
        "review_weight_loss",
        {"weight_loss": "yes"},
    ),
}


@pytest.mark.parametrize(("old", "new", "name", "answers"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_refuted_by_its_patient(old: str, new: str, name: str, answers: dict):
    found = refuted(old, new)
    assert name in found
    assert answers.items() <= found[name].answers.items()
    assert found[name].counterexample[-1].startswith("Outcome: ")
