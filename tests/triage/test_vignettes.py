"""Patients in words: what the back pain protocol must say of each, written from the evidence and not from the protocol."""

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from triage.engine import Evaluation, Referral, evaluate
from triage.facts import check_answers
from triage.protocol import Protocol
from triage.reading import read_protocol

FIXTURES = Path(__file__).parents[2] / "fixtures"
PROTOCOL = FIXTURES / "protocols/back-pain/1.0.0.toml"
VIGNETTES = FIXTURES / "vignettes/back-pain"
ON = date(2026, 11, 23)

Table = dict[str, Any]


def read_baselines() -> dict[str, Table]:
    return tomllib.loads((VIGNETTES / "baselines.toml").read_text())


def read_patients() -> Iterator[Table]:
    for file in sorted(VIGNETTES.glob("*.toml")):
        yield from tomllib.loads(file.read_text()).get("patients", [])


BASELINES = read_baselines()
PATIENTS = list(read_patients())


def answers_of(patient: Table) -> Table:
    """The answers of the baseline, with the patient's own over them and what was not asked taken out."""
    answers = {**BASELINES.get(patient.get("like"), {}), **patient["answers"]}
    return {question: answer for question, answer in answers.items() if question not in patient.get("without", ())}


def by_service(referrals: tuple[Referral, ...]) -> dict[str, str]:
    return {str(each.service): str(each.priority) for each in referrals}


def differences(evaluation: Evaluation, expected: Table) -> Iterator[str]:
    """What the evaluation says otherwise than the vignette, in words; nothing where they agree."""
    found = {
        "disposition": evaluation.disposition,
        "floor": evaluation.floor,
        "ceiling": evaluation.ceiling,
        "urgency": evaluation.urgency,
        "referrals": by_service(evaluation.referrals),
        "deferred": sorted(by_service(evaluation.deferred)),
        "exclusion": evaluation.exclusion,
        "review_days": evaluation.review_days,
        "nothing_outstanding": not evaluation.outstanding,
    }
    for key, wanted in expected.items():
        wanted = sorted(wanted) if key == "deferred" else wanted
        if key in found and found[key] != wanted:
            yield f"{key} is {found[key]!s}, not {wanted!s}"
    missing = {
        "actions": set(expected.get("actions", ())) - set(evaluation.actions),
        "outstanding": set(expected.get("outstanding", ())) - set(evaluation.outstanding),
    }
    yield from (f"{key} lack {', '.join(sorted(ids))}" for key, ids in missing.items() if ids)
    unknown = set(expected) - set(found) - set(missing) - {"no_actions"}
    yield from (f"{key} is not an expectation" for key in sorted(unknown))
    unwanted = set(expected.get("no_actions", ())) & set(evaluation.actions)
    if unwanted:
        yield f"actions hold {', '.join(sorted(unwanted))}"


@pytest.fixture(scope="module")
def back_pain() -> Protocol:
    return read_protocol(PROTOCOL.read_bytes())


@pytest.mark.parametrize("patient", PATIENTS, ids=[str(patient["id"]) for patient in PATIENTS])
def test_a_patient_is_advised_as_the_evidence_says(back_pain: Protocol, patient: Table) -> None:
    facts = check_answers(back_pain.questions, answers_of(patient), on=ON)
    evaluation = evaluate(back_pain, facts)
    wrong = [*differences(evaluation, patient["expect"])]
    decided = evaluation.rule.id if evaluation.rule else "no rule"
    counting = [f"{each.flag.id} {each.state}" for each in evaluation.findings if each.counts]
    assert not wrong, "\n  ".join([str(patient["story"]), *wrong, f"decided by {decided}", *counting])


def test_every_patient_has_a_name_of_its_own() -> None:
    ids = [patient["id"] for patient in PATIENTS]
    assert len(ids) == len(set(ids))


def test_every_flag_is_found_in_some_patient(back_pain: Protocol) -> None:
    """A flag that no vignette raises is a flag that nobody has tried."""
    found = set()
    for patient in PATIENTS:
        facts = check_answers(back_pain.questions, answers_of(patient), on=ON)
        found |= {each.flag.id for each in evaluate(back_pain, facts).findings if each.state == "present"}
    assert {flag.id for flag in back_pain.flags} - found == set()


def test_every_rule_decides_for_some_patient(back_pain: Protocol) -> None:
    decided = set()
    for patient in PATIENTS:
        facts = check_answers(back_pain.questions, answers_of(patient), on=ON)
        rule = evaluate(back_pain, facts).rule
        decided |= {rule.id} if rule else set()
    assert {rule.id for rule in back_pain.rules} - decided == set()
