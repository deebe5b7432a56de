"""A clinician decides; a departure from the advice says why, and referrals follow the decision."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from clinic.actions import decisions, intakes, referrals, stops
from clinic.actions.errors import Conflict, NotAllowed
from clinic.models import Assessment, Decision, Referral, Site, Stage, User
from clinic.permissions import Role
from tests import factories

WHY = {"reason": "patient_preference"}
WHY_IN_FULL = {"reason": "clinical_judgement_less_urgent", "note": "Examined again; the finding is old."}


@pytest.fixture
def refer(here: Site, clinician: User) -> Assessment:
    """Physiotherapy and CBT are advised."""
    return factories.assessment(here, clinician, "distressed_after_treatment")


@pytest.fixture
def emergency(here: Site, clinician: User) -> Assessment:
    return factories.assessment(here, clinician, "distressed_after_treatment", ces_saddle="yes", ces_onset_days=1)


@pytest.fixture
def incomplete(here: Site, clinician: User) -> Assessment:
    return factories.open_intake(here, clinician).assessments.get()


def standing(assessment: Assessment) -> dict[str, Stage]:
    return {referral.service: referral.status for referral in assessment.referrals.all()}


def test_the_fixtures_are_what_they_say(refer: Assessment, emergency: Assessment, incomplete: Assessment) -> None:
    assert [each.disposition for each in (refer, emergency, incomplete)] == ["refer", "emergency", "incomplete"]
    assert [each["service"] for each in refer.outcome["referrals"]] == ["physiotherapy", "cbt"]


def test_accepting_makes_the_referrals_that_are_advised(refer: Assessment, clinician: User) -> None:
    decision = decisions.decide(assessment=refer, kind="accepted", by=clinician)
    assert (decision.disposition, decision.services) == ("refer", ["physiotherapy", "cbt"])
    assert standing(refer) == {"physiotherapy": Stage.ACCEPTED, "cbt": Stage.ACCEPTED}
    statuses = Referral.objects.first().statuses.all()
    assert [(each.seq, each.status, each.by) for each in statuses] == [
        (1, "proposed", clinician),
        (2, "accepted", clinician),
    ]
    priorities = {each["service"]: each["priority"] for each in refer.outcome["referrals"]}
    assert {each.service: each.priority for each in refer.referrals.all()} == priorities


def test_rejecting_refers_nobody_and_cancels_what_was_proposed(refer: Assessment, clinician: User) -> None:
    referrals.propose(assessment=refer, by=clinician)
    decisions.decide(assessment=refer, kind="rejected", by=clinician, **WHY)
    assert standing(refer) == {"physiotherapy": Stage.CANCELLED, "cbt": Stage.CANCELLED}


def test_changing_the_services_refers_to_those_named(refer: Assessment, clinician: User) -> None:
    decision = decisions.decide(assessment=refer, kind="changed", services=["psychology"], by=clinician, **WHY)
    assert (decision.disposition, decision.services) == ("refer", ["psychology"])
    assert standing(refer) == {"psychology": Stage.ACCEPTED}


def test_raising_to_an_emergency_refers_nobody(refer: Assessment, clinician: User) -> None:
    more = {"reason": "clinical_judgement_more_urgent"}
    decision = decisions.decide(assessment=refer, kind="changed", disposition="emergency", by=clinician, **more)
    assert decision.services == []


@pytest.mark.parametrize("kind", ["changed", "rejected"])
def test_lowering_an_emergency_needs_a_reason_and_a_note(emergency: Assessment, clinician: User, kind: str) -> None:
    target = {"disposition": "refer"} if kind == "changed" else {}
    for too_little, field in (({}, "reason"), (WHY, "note")):
        with pytest.raises(ValidationError) as refused:
            decisions.decide(assessment=emergency, kind=kind, by=clinician, **target, **too_little)
        assert field in refused.value.message_dict
    assert decisions.decide(assessment=emergency, kind=kind, by=clinician, **target, **WHY_IN_FULL)


BAD_DECISIONS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "ignored"}, "kind"),
    ({"kind": "accepted", "services": ["cbt"]}, "kind"),
    ({"kind": "accepted", "disposition": "refer"}, "kind"),
    ({"kind": "changed", **WHY}, "disposition"),
    ({"kind": "changed", "disposition": "home", **WHY}, "disposition"),
    ({"kind": "changed", "disposition": "incomplete", **WHY}, "disposition"),
    ({"kind": "changed", "disposition": "refer", **WHY}, "kind"),
    ({"kind": "changed", "services": ["massage"], **WHY}, "services"),
    ({"kind": "changed", "services": ["cbt", "cbt"], **WHY}, "services"),
    ({"kind": "changed", "services": ["cbt"], "disposition": "emergency", **WHY}, "services"),
    ({"kind": "changed", "services": ["cbt"]}, "reason"),
    ({"kind": "rejected"}, "reason"),
    ({"kind": "rejected", "reason": "because"}, "reason"),
    ({"kind": "rejected", "reason": "other", "note": " "}, "note"),
    ({"kind": "rejected", "reason": "other", "note": "a\x00b"}, "note"),
    ({"kind": "accepted", "note": "x" * 2001}, "note"),
]


@pytest.mark.parametrize(("bad", "field"), BAD_DECISIONS)
def test_a_decision_that_makes_no_sense_is_refused_by_field(
    refer: Assessment, clinician: User, bad: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        decisions.decide(assessment=refer, by=clinician, **bad)
    assert field in refused.value.message_dict
    assert not Decision.objects.exists()
    assert not Referral.objects.exists()


def test_an_assessment_is_decided_on_once(refer: Assessment, clinician: User) -> None:
    decisions.decide(assessment=refer, kind="accepted", by=clinician)
    with pytest.raises(Conflict, match="already"):
        decisions.decide(assessment=refer, kind="accepted", by=clinician)


def test_only_the_newest_assessment_is_decided_on(refer: Assessment, clinician: User) -> None:
    intakes.answer(intake=refer.intake, answers={"fever": "yes"}, by=clinician)
    with pytest.raises(Conflict, match="newest"):
        decisions.decide(assessment=refer, kind="accepted", by=clinician)


def test_a_later_decision_takes_the_place_of_an_earlier_one(refer: Assessment, clinician: User) -> None:
    decisions.decide(assessment=refer, kind="accepted", by=clinician)
    newer = intakes.answer(intake=refer.intake, answers={"fever": "yes"}, by=clinician)
    decisions.decide(assessment=newer, kind="accepted", by=clinician)
    assert set(standing(refer).values()) == {Stage.CANCELLED}


def test_an_incomplete_intake_can_only_be_made_more_urgent(incomplete: Assessment, clinician: User) -> None:
    for kind, target in (("accepted", {}), ("rejected", WHY), ("changed", {"disposition": "refer", **WHY})):
        with pytest.raises(Conflict, match="more urgent"):
            decisions.decide(assessment=incomplete, kind=kind, by=clinician, **target)
    more = {"disposition": "urgent_medical", "reason": "clinical_judgement_more_urgent"}
    assert decisions.decide(assessment=incomplete, kind="changed", by=clinician, **more)


def test_nothing_is_decided_on_a_cancelled_intake(refer: Assessment, clinician: User) -> None:
    intakes.cancel(intake=refer.intake, reason="Entered for the wrong person.", by=clinician)
    with pytest.raises(Conflict, match="cancelled"):
        decisions.decide(assessment=refer, kind="accepted", by=clinician)


def test_a_proposed_referral_is_accepted_once_and_by_a_clinician(
    refer: Assessment, here: Site, clinician: User
) -> None:
    program = factories.user(Role.INTEGRATOR, here)
    first, _ = referrals.propose(assessment=refer, by=program)
    assert referrals.propose(assessment=refer, by=program)[0] == first
    with pytest.raises(NotAllowed):
        referrals.advance(referral=first, verb="accept", by=program)
    assert referrals.advance(referral=first, verb="accept", by=clinician).status == Stage.ACCEPTED
    with pytest.raises(Conflict, match="is accepted: Clinician"):
        referrals.advance(referral=first, verb="accept", by=clinician)


def test_referrals_are_found_by_where_they_stand(refer: Assessment, clinician: User) -> None:
    first, second = referrals.propose(assessment=refer, by=clinician)
    referrals.advance(referral=first, verb="accept", by=clinician)
    assert list(Referral.objects.at_stage([Stage.ACCEPTED])) == [first]
    assert list(Referral.objects.at_stage([Stage.PROPOSED])) == [second]


def test_what_was_done_about_an_emergency_is_recorded(
    emergency: Assessment, refer: Assessment, here: Site, clerk: User
) -> None:
    done = stops.record(assessment=emergency, text="Ambulance called at 10:40.", by=clerk)
    assert list(emergency.stop_records.all()) == [done]
    with pytest.raises(ValidationError):
        stops.record(assessment=emergency, text=" ", by=clerk)
    with pytest.raises(Conflict):
        stops.record(assessment=refer, text="Nothing.", by=clerk)
    with pytest.raises(NotAllowed):
        stops.record(assessment=emergency, text="Seen.", by=factories.user(Role.AUDITOR, here))
