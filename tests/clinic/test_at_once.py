"""Two people at the same moment, on a real database: one of them is first, the other is told, nothing is half written."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from clinic import clock
from clinic.actions import (
    activations,
    chasing,
    decisions,
    erasing,
    imaging,
    intakes,
    patients,
    people,
    protocols,
    referrals,
    stops,
    verifying,
    work,
)
from clinic.actions.errors import Conflict, Stale
from clinic.models import (
    Activation,
    Assessment,
    Decision,
    Escalation,
    Intake,
    Patient,
    ProtocolRelease,
    Referral,
    Site,
    StudyEvent,
    User,
    WorkItem,
)
from clinic.permissions import Role
from tests import factories
from tests.clinic import small_protocol as small
from tests.clinic.test_web_results import DISTRESS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here() -> Site:
    return factories.site()


@pytest.fixture
def doctors(here: Site) -> list[User]:
    return [factories.user(Role.CLINICIAN, here) for _ in range(2)]


@pytest.fixture
def completed(here: Site, doctors: list[User]) -> Assessment:
    assessment = factories.assessment(here, doctors[0], **DISTRESS)
    intakes.complete(intake=assessment.intake, by=doctors[0])
    return assessment


def together(*acts: Callable[[], Any]) -> list[Any]:
    """What each came to, or the refusal that it met, all of them begun at the same moment."""
    start, results = Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        start.wait(timeout=10)
        try:
            results[number] = act()
        except (Conflict, Stale) as refusal:
            results[number] = refusal
        finally:
            connection.close()

    threads = [Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def refused(results: list[Any]) -> list[str]:
    return [str(each) for each in results if isinstance(each, Exception)]


def test_a_referral_is_sent_once_and_the_second_sees_what_happened(completed: Assessment, doctors: list[User]):
    decisions.decide(assessment=completed, kind="accepted", by=doctors[0])
    referral = Referral.objects.get(service="physiotherapy")

    def send(by: User, to: str) -> Callable[[], Any]:
        return lambda: referrals.advance(referral=referral, verb="send", destination=to, by=by)

    (refusal,) = refused(together(send(doctors[0], "St Agnes"), send(doctors[1], "St Bede")))
    sent = referral.statuses.get(status="sent")
    assert refusal.startswith(f"This referral is sent: {sent.by} recorded that on")
    assert [each.seq for each in referral.statuses.order_by("seq")] == [1, 2, 3]
    assert verifying.first_broken(completed.site) is None


def test_one_sends_while_another_cancels(completed: Assessment, doctors: list[User]):
    decisions.decide(assessment=completed, kind="accepted", by=doctors[0])
    referral = Referral.objects.get(service="physiotherapy")
    seq = referral.newest_step.seq
    results = together(
        lambda: referrals.advance(
            referral=referral, verb="send", destination="St Agnes", expected_seq=seq, by=doctors[0]
        ),
        lambda: referrals.advance(referral=referral, verb="cancel", reason="x", expected_seq=seq, by=doctors[1]),
    )
    assert len(refused(results)) == 1
    assert referral.statuses.count() == seq + 1


def test_an_assessment_is_decided_on_once(completed: Assessment, doctors: list[User]):
    results = together(
        lambda: decisions.decide(assessment=completed, kind="accepted", by=doctors[0]),
        lambda: decisions.decide(assessment=completed, kind="rejected", reason="patient_preference", by=doctors[1]),
    )
    assert refused(results) == ["This assessment has been decided on already."]
    decision = Decision.objects.get()
    live = [each for each in Referral.objects.all() if each.status == "accepted"]
    assert bool(live) == (decision.kind == "accepted")


def test_a_report_and_its_cancelling_do_not_both_count(completed: Assessment, doctors: list[User]):
    study = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine"}
    imaging.record(intake=completed.intake, study=study, by=doctors[0])
    version = Intake.objects.get(pk=completed.intake.pk).version

    def copy() -> Intake:
        return Intake.objects.get(pk=completed.intake.pk)

    results = together(
        lambda: imaging.reported(intake=copy(), number=1, finding="x", expected_version=version, by=doctors[0]),
        lambda: imaging.cancel(intake=copy(), number=1, reason="y", expected_version=version, by=doctors[1]),
    )
    assert len(refused(results)) == 1
    intake = copy()
    assert intake.version == version + 1
    assert intake.assessments.count() == intake.version
    assert StudyEvent.objects.filter(intake=intake).count() == 2


def test_no_text_is_approved_that_the_approver_did_not_read(here: Site):
    author, approver = factories.author_and_approver()
    read = small.in_review(by=author).sha256
    other = small.version("0.1.0", ("A guideline", "Another"))

    def copy() -> ProtocolRelease:
        return ProtocolRelease.objects.get()

    together(
        lambda: protocols.advance(release=copy(), verb="approve", seen=read, by=approver),
        lambda: protocols.edit(release=copy(), source=other, seen=read, by=author),
    )
    release = copy()
    assert (release.status, release.approved_by, release.source) == ("draft", None, other.decode())


def test_two_activations_at_once_come_one_after_the_other(here: Site, monkeypatch: pytest.MonkeyPatch):
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)
    approver = factories.user(Role.APPROVER, here)

    def activate(release: ProtocolRelease) -> Callable[[], Any]:
        own, site = ProtocolRelease.objects.get(pk=release.pk), Site.objects.get(pk=here.pk)
        return lambda: activations.activate(site=site, release=own, reason="Trained on it.", by=approver)

    results = together(*(activate(factories.publish(small.version(number))) for number in ("1.0.0", "1.1.0")))
    assert refused(results) == []
    newest = Activation.objects.get(seq=2)
    assert Activation.objects.newest(here, "small") == newest
    assert verifying.first_broken(here) is None


def test_nobody_is_erased_while_an_intake_of_theirs_is_taken_up_again(
    monkeypatch: pytest.MonkeyPatch, completed: Assessment, doctors: list[User]
):
    later = clock.now() + timedelta(days=366 * settings.RETENTION_YEARS + 1)
    is_known, known = Event(), patients.require_known

    def known_and_then_a_pause(patient: Patient) -> None:
        known(patient)
        if not is_known.is_set():
            is_known.set()
            sleep(1)  # in which the other one would erase

    def reopen() -> None:
        with clock.at(later):
            intakes.reopen(intake=Intake.objects.get(pk=completed.intake_id), reason="to ask again", by=doctors[0])

    def erase() -> None:
        is_known.wait(timeout=10)
        patient = Patient.objects.get(pk=completed.intake.patient_id)
        with clock.at(later):
            erasing.erase(patient=patient, reason="asked for it", by=people.system())

    monkeypatch.setattr(patients, "require_known", known_and_then_a_pause)
    assert "is open" in refused(together(reopen, erase))[0]
    assert not Patient.objects.get().is_erased


def test_a_reminder_of_what_is_just_being_recorded_is_not_taken_for_one_of_what_comes_next(
    monkeypatch: pytest.MonkeyPatch, here: Site, doctors: list[User]
):
    emergency = factories.assessment(here, doctors[0], ces_saddle="yes")
    is_writing, write = Event(), work._write

    def a_pause_and_then_write(*what: Any) -> None:
        is_writing.set()
        sleep(0.5)  # in which the other one would act
        write(*what)

    def remind() -> list[Escalation]:
        is_writing.wait(timeout=10)
        return chasing.chase()

    with monkeypatch.context() as patch:
        patch.setattr(work, "_write", a_pause_and_then_write)
        record = together(lambda: stops.record(assessment=emergency, text="Rang.", by=doctors[0]), remind)
    assert refused(record) == []
    item = WorkItem.objects.get()
    assert (item.kind, item.chased) == ("answers", 0)
    with clock.at(item.due + timedelta(hours=1)):
        assert [each.kind for each in chasing.chase()] == ["answers"]


def test_two_patients_swap_their_references_and_nobody_waits_for_ever(here: Site):
    clerk = factories.user(Role.CLERK, here)
    one, other = (factories.patient(here, by=clerk, reference=each) for each in ("A", "B"))

    def take(patient: Patient, reference: str) -> Callable[[], Any]:
        return lambda: patients.correct(patient=patient, changes={"reference": reference}, by=clerk)

    for _ in range(30):
        told = refused(together(take(one, "B"), take(other, "A")))
        assert [word for word in told if "Another patient" not in word] == []
        assert {each.reference for each in Patient.objects.filter(site=here)} == {"A", "B"}
