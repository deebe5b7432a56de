"""Two other provers agree with the decision diagrams: one that tries everybody, and Z3."""

import os
from collections.abc import Callable
from functools import cache

import pytest

from tests.triage import smt
from tests.triage.brute import PROPERTIES, Everybody, smaller
from tests.triage.small import SMALL, SOURCE
from tests.triage.test_proofs import BACK_PAIN, FAULTS, owed
from tests.triage.worlds import WORLDS
from triage.mutants import mutants
from triage.obligations import read_obligations
from triage.proofs import Prover
from triage.protocol import Protocol
from triage.reading import read_protocol

MUTANTS = int(os.environ.get("YELLOWFLAG_MUTANTS", "3"))  # of each small protocol; some are refuted, most are not
SOAK = "YELLOWFLAG_MUTANTS" in os.environ
OWED = read_obligations(
    b'obligations = []\ndistress = ["mood_1", "mood_2"]\nkept = ["same_day", "book_review"]\nrecheck = "tell_gp"', SMALL
)
# A small protocol in which a rule decides for everybody.
DECIDED = read_protocol(
    SOURCE.replace(
        "not persistent or not limits or need == 0", "not certain(persistent and limits and need >= 1)"
    ).encode()
)
WHOLE = {
    "flags": smaller(SMALL, {"numb", "numb_days", "fever", "imaging"}),
    "combinations": smaller(SMALL, {"fever", "age", "weight_loss", "site", "stiff"}),
    "hidden flags": smaller(WORLDS["hidden"].protocol, {"numb", "numb_days", "fever", "age"}),
    "hidden studies": smaller(
        WORLDS["hidden"].protocol, {"limits", "examined", "stiff", "pain_days", "age", "imaging"}
    ),
    "distress": smaller(DECIDED, {"pain_days", "limits", "mood_1", "mood_2", "wish"}),
}


def with_slips(protocol: Protocol) -> list[tuple[str, Protocol]]:
    slipped = mutants(protocol)
    some = slipped[:: max(1, len(slipped) // MUTANTS)]
    return [("no slip", protocol), *((each.name, each.protocol) for each in some)]


@pytest.mark.parametrize("protocol", WHOLE.values(), ids=list(WHOLE))
def test_trying_everybody_finds_what_the_diagrams_find(protocol: Protocol):
    for slip, each in with_slips(protocol):
        everybody, prover = Everybody(each, OWED), Prover(each, OWED)
        tried = {name: holds(everybody) for name, holds in PROPERTIES.items()}
        proved = {name: prover.proof(name).holds for name in PROPERTIES}
        # What is incomplete was decided with a calmer answer, because nothing open mattered: another property is refuted.
        if not proved["a_remarkable_safety_answer_acts_at_once"]:
            tried.pop("a_worse_safety_answer_never_lowers_the_urgency")
        assert tried.items() <= proved.items(), slip


@cache
def outcomes(*, partial: bool) -> smt.Outcomes:
    return smt.Outcomes(BACK_PAIN, partial=partial)


def is_refuted(of: smt.Outcomes, name: str) -> bool:
    """Whether Z3 finds a patient who breaks a property; one that is proved of complete intakes alone is not broken by others."""
    owes = {each.id: each for each in owed().obligations}
    if name in owes:
        return of.is_refuted(of.about(owes[name]), of.breaks(owes[name]))
    broken = of.generic().get(name)
    return broken is not None and of.is_refuted(broken)


GENERIC = list(outcomes(partial=False).generic())
EVERY = [each.id for each in owed().obligations] + GENERIC
both_spaces = pytest.mark.parametrize("space", ["complete", "half-filled"])


@both_spaces
def test_z3_proves_what_back_pain_owes(space: str):
    of = outcomes(partial=space == "half-filled")
    every = EVERY if SOAK else EVERY[::3]
    assert [name for name in every if is_refuted(of, name)] == []


@pytest.mark.skipif(not SOAK, reason="minutes: every safety question with each of its answers")
@both_spaces
def test_z3_proves_that_a_worse_safety_answer_never_lowers_the_urgency(space: str):
    of = outcomes(partial=space == "half-filled")
    assert [question.id for question in of.safety if of.is_refuted(of.falls(question))] == []


def by_z3(protocol: Protocol, names: list[str]) -> dict[str, bool]:
    """Which properties hold."""
    complete = smt.Outcomes(protocol, partial=False)
    left = [name for name in names if not is_refuted(complete, name)]
    half_filled = smt.Outcomes(protocol, partial=True) if left else complete
    return {name: name in left and not is_refuted(half_filled, name) for name in names}


PLANTED = {fault: (change, name) for fault, (change, name, _) in FAULTS.items() if name in EVERY}


@pytest.mark.parametrize(("change", "name"), PLANTED.values(), ids=PLANTED)
def test_z3_refutes_a_planted_fault_too(change: Callable, name: str):
    assert by_z3(change(BACK_PAIN), [name]) == {name: False}


@pytest.mark.skipif(not SOAK, reason="minutes: all that is owed, of every planted fault")
@pytest.mark.parametrize("change", [change for change, *_ in FAULTS.values()], ids=FAULTS)
def test_z3_and_the_diagrams_find_the_same_of_a_planted_fault(change: Callable):
    planted = change(BACK_PAIN)
    prover = Prover(planted, owed())
    assert by_z3(planted, EVERY) == {name: prover.proof(name).holds for name in EVERY}


@pytest.mark.parametrize("world", ["small", "hidden"])
def test_z3_and_the_diagrams_agree_on_small_protocols_with_a_slip(world: str):
    for slip, protocol in with_slips(WORLDS[world].protocol):
        prover = Prover(protocol)
        found = by_z3(protocol, GENERIC)
        assert found == {name: prover.proof(name).holds for name in found}, slip
