"""A patient whose facts are corrected at random while intakes, imaging and referrals go on.

At every step the newest outcome is what `evaluate` says of the facts as they now stand, and nothing that was sent lacks
its mark.
"""

import os
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic import clock, protocols
from clinic.actions import decisions, imaging, intakes, patients, referrals, verifying, work
from clinic.actions.answers import as_of, of_record
from clinic.actions.errors import Conflict
from clinic.models import GONE_OUT, LIVE, Assessment, Intake, IntakeStatus, Letter, Referral, WorkItem, rows
from clinic.permissions import Role
from tests import factories
from triage.changes import same_advice
from triage.facts import AnswerErrors
from triage.outcome import decide_stored
from triage.wire import write_json

LIVES = int(os.environ.get("YELLOWFLAG_CORRECTED_LIVES", "20"))  # 100 in CI, 5,000 in `make soak`
REFERRED = factories.answers(
    first_onset_age=15, duration_days=56, interferes_function="yes", course="same", bloods="not_done"
)
CHANGES = [{}, {"first_onset_age": 42}, {"sudden_severe_pain": "yes"}, {"weight_loss": "yes"}, {"fever": "not_sure"}]
STUDY = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine"}
AGES = (40, 44, 59, 60, 80, 17, 16)


class Corrected(RuleBasedStateMachine):
    """One patient; whatever cannot be done at the moment is refused and leaves everything as it was."""

    @initialize()
    def begin(self) -> None:
        self.undone = transaction.atomic()
        self.undone.__enter__()
        site = factories.site()
        self.looked_at: set[tuple[object, ...]] = set()
        self.by = factories.user(Role.CLINICIAN, site)
        self.patient = factories.patient(site, date_of_birth=factories.born(years=AGES[0]))
        self.refer()

    @rule()
    def open(self) -> None:
        self._try(intakes.open, patient=self.patient)

    @rule(changed=st.sampled_from(CHANGES))
    def answer(self, changed: dict[str, Any]) -> None:
        self._try(intakes.answer, intake=self._intake(), answers=REFERRED | changed)

    @rule()
    def refer(self) -> None:
        """All the way to the service, as far as it goes."""
        self.open()
        self.answer({})
        self.complete()
        self.decide()
        self.take_a_step("send")

    @rule()
    def complete(self) -> None:
        self._try(intakes.complete, intake=self._intake())

    @rule()
    def reopen(self) -> None:
        self._try(intakes.reopen, intake=self._intake(), reason="Asked again.")

    @rule(age=st.sampled_from(AGES), sex=st.sampled_from(["female", "male", "unknown"]))
    def correct(self, age: int, sex: str) -> None:
        changes = {"date_of_birth": factories.born(years=age), "sex": sex}
        self._try(patients.correct, patient=self.patient, changes=changes)

    @rule()
    def request_a_scan(self) -> None:
        self._try(imaging.record, intake=self._intake(), study=STUDY)

    @rule()
    def report_it(self) -> None:
        self._try(imaging.reported, intake=self._intake(), number=1, finding="Two discs bulge.")

    @rule(study_class=st.sampled_from(["age_related", "significant_structural", "serious_pathology"]))
    def classify_it(self, study_class: str) -> None:
        self._try(imaging.classify, intake=self._intake(), number=1, study_class=study_class)

    @rule()
    def decide(self) -> None:
        self._try(decisions.decide, assessment=self._newest(self._intake()), kind="accepted")

    @rule(verb=st.sampled_from(["send", "receive", "see", "cancel"]))
    def take_a_step(self, verb: str) -> None:
        said = {"send": {"destination": "County Hospital"}, "cancel": {"reason": "No longer wanted."}}.get(verb, {})
        for referral in Referral.objects.filter(patient=self.patient).live():
            was_held = work.is_overtaken(referral, self._newest(referral.assessment.intake))
            done = self._try(referrals.advance, referral=referral, verb=verb, **said)
            assert not (done and was_held and verb == "send"), "what newer advice has overtaken was sent"

    def _try(self, act: Any, **asked: Any) -> bool:
        try:
            with transaction.atomic():
                act(by=self.by, **asked)
        except (Conflict, ValidationError, imaging.NotFound, AnswerErrors):
            return False
        return True

    def _intake(self) -> Intake:
        return Intake.objects.filter(patient=self.patient).latest("pk")

    def _newest(self, intake: Intake) -> Assessment:
        return Assessment.objects.newest().get(intake=intake)

    @invariant()
    def the_newest_outcome_rests_on_the_facts_as_they_stand(self) -> None:
        for intake in Intake.objects.filter(patient=self.patient).select_related("release", "patient__kept_key"):
            now = (intake.pk, intake.version, intake.status, str(intake.patient.date_of_birth), intake.patient.sex)
            if now in self.looked_at:
                continue
            self.looked_at.add(now)
            newest, protocol = self._newest(intake), protocols.get(intake.release)
            on = clock.today(None) if intake.status == IntakeStatus.OPEN else newest.on
            known = of_record(intake.patient, protocol.questions, on=on)
            outcome = decide_stored(protocol, as_of(protocol, intake.answers, on=on, site=intake.site) | known, on=on)
            assert write_json(outcome) == write_json(newest.outcome)

    @invariant()
    def what_is_overtaken_is_waited_for_and_its_letter_marked(self) -> None:
        for referral in Referral.objects.filter(patient=self.patient).at_stage(LIVE):
            newest = self._newest(referral.assessment.intake)
            waits = WorkItem.objects.get(referral=referral)
            assert (waits.kind == "overtaken") == work.is_overtaken(referral, newest)
            if referral.status in GONE_OUT and newest.disposition in ("out_of_scope", "emergency", "urgent_medical"):
                assert waits.kind == "overtaken", "nobody is told that the service acts on what no longer holds"
        for letter in Letter.objects.filter(assessment__intake__patient=self.patient):
            newest = self._newest(letter.assessment.intake)
            is_another = not same_advice(letter.assessment.outcome, newest.outcome)
            assert (letter.assessment.overtaken_by == newest) == is_another

    @invariant()
    def everything_is_told(self) -> None:
        assert not list(rows.untold())

    def teardown(self) -> None:
        connection.check_constraints()
        assert verifying.first_broken(self.patient.site) is None
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)


def test_the_advice_follows_the_facts_through_any_life(db: None) -> None:
    factories.published_release()  # once for all of them
    health = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Corrected,
        settings=settings(max_examples=LIVES, stateful_step_count=10, deadline=None, suppress_health_check=health),
    )
