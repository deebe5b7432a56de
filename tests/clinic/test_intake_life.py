"""The life of an intake, lived at random: whatever is tried in whatever order, it is what a simple account of it says."""

import os
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic.actions import intakes, verifying
from clinic.actions.errors import Conflict, Stale
from clinic.models import Assessment, Intake, rows
from clinic.permissions import Role
from tests import factories
from triage.facts import AnswerErrors

RUNS = int(os.environ.get("YELLOWFLAG_LIVES", "8"))  # `make soak` lives two thousand
ANSWERS = factories.answers() | {"duration_days": 56, "treatment_weeks": 6}
QUESTIONS = sorted(ANSWERS)
WORSE = {"fever": "yes", "leg_weakness": "not_sure", "phq9_9": 1}


class Life(RuleBasedStateMachine):
    """An intake beside its account: where it stands, what is answered, how often it was assessed."""

    @initialize()
    def begin(self) -> None:
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.site = factories.site()
        self.by = factories.user(Role.CLINICIAN, self.site)
        self.intake = factories.open_intake(self.site, self.by)
        self.status, self.answers, self.version = "open", {}, self.intake.version

    @rule(questions=st.sets(st.sampled_from(QUESTIONS), min_size=1), worse=st.booleans())
    def answer(self, questions: set[str], worse: bool) -> None:  # noqa: FBT001 -- hypothesis names it
        self._answer({each: (WORSE if worse else ANSWERS).get(each, ANSWERS[each]) for each in questions})

    @rule()
    def answer_everything(self) -> None:
        self._answer(ANSWERS)

    def _answer(self, given: dict[str, Any]) -> None:
        new = {name: value for name, value in given.items() if self.answers.get(name) != value}
        if self.status != "open":
            self._refused(Conflict, intakes.answer, answers=given)
            return
        assessment = intakes.answer(intake=self._intake(), answers=given, by=self.by)
        self.answers |= new
        self.version += bool(new)
        assert assessment.version == self.version

    @rule(late=st.integers(1, 3))
    def answer_what_was_read_before(self, late: int) -> None:
        refusal = Stale if self.status == "open" else Conflict
        self._refused(refusal, intakes.answer, answers={"fever": "yes"}, expected_version=self.version - late)

    @rule(answers=st.sampled_from([{"fever": "perhaps"}, {"no_such_question": "yes"}, {"age": 3.5}, {"phq9_1": 4}]))
    def answer_what_cannot_be(self, answers: dict[str, Any]) -> None:
        self._refused(AnswerErrors if self.status == "open" else Conflict, intakes.answer, answers=answers)

    @rule()
    def complete(self) -> None:
        newest = Assessment.objects.filter(intake=self.intake).latest("version")
        if self.status != "open" or newest.disposition == "incomplete":
            self._refused(Conflict, intakes.complete)
            return
        assert intakes.complete(intake=self._intake(), by=self.by).version == self.version
        self.status = "completed"

    @rule(reason=st.sampled_from(["", "  ", "asked again"]))
    def reopen(self, reason: str) -> None:
        if self.status != "completed":
            self._refused(Conflict, intakes.reopen, reason=reason)
        elif not reason.strip():
            self._refused(ValidationError, intakes.reopen, reason=reason)
        else:
            intakes.reopen(intake=self._intake(), reason=reason, by=self.by)
            self.status = "open"

    @rule(reason=st.sampled_from(["", "entered twice"]), really=st.integers(1, 5))
    def cancel(self, reason: str, really: int) -> None:
        if self.status != "open":
            self._refused(Conflict, intakes.cancel, reason=reason)
        elif not reason:
            self._refused(ValidationError, intakes.cancel, reason=reason)
        elif really == 1:  # seldom, for it is the end
            intakes.cancel(intake=self._intake(), reason=reason, by=self.by)
            self.status = "cancelled"

    def _refused(self, refusal: type[Exception], act: Any, **asked: Any) -> None:
        with pytest.raises(refusal), transaction.atomic():
            act(intake=self._intake(), by=self.by, **asked)

    def _intake(self) -> Intake:
        """As another request would read it."""
        return Intake.objects.get(pk=self.intake.pk)

    @invariant()
    def it_is_what_the_account_says(self) -> None:
        assert not list(rows.untold()), "something was written that no entry tells of"
        intake = self._intake()
        stored = {name: entry["value"] for name, entry in intake.answers.items()}
        assert (intake.status, intake.version, stored) == (self.status, self.version, self.answers)
        versions = Assessment.objects.filter(intake=intake).order_by("version").values_list("version", flat=True)
        assert list(versions) == list(range(1, self.version + 1))

    def teardown(self) -> None:
        connection.check_constraints()
        assert verifying.first_broken(self.site) is None
        assert not list(verifying.untold())
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)


def test_an_intake_lives_as_its_account_says(db: None) -> None:
    health = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Life, settings=settings(max_examples=RUNS, stateful_step_count=20, deadline=None, suppress_health_check=health)
    )
