"""The door under requests that nobody would think of: never a fault of ours, never an answer that is not described."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from clinic import clock
from clinic.actions import decisions, imaging, intakes, letters, referrals, tokens
from clinic.models import Assessment, Intake, Letter, Patient, Referral, Site, User
from tests import factories
from tests.clinic.referral_life import LIFE, WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import DrawFn, SearchStrategy
    from schemathesis import Case
    from schemathesis.schemas import APIOperation, BaseSchema

CASES = int(os.environ.get("YELLOWFLAG_CASES", "1500"))  # on each database; `make soak` sends twenty thousand
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # What is well formed may still be refused: which answers a protocol takes is said by the protocol.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "403", "404", "409", "412", "422", "429"]}
        }
    }
)
KINDS = {"patients": Patient, "intakes": Intake, "assessments": Assessment, "referrals": Referral, "letters": Letter}
REFER = {"duration_days": 10, "off_work": "yes"}
STUDY = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine"}
SAID = {"destination": "St Agnes", "appointment": factories.born(years=-1), "reason": "As agreed."}
WHOLE = {"decision": {"kind": "accepted"}, "letters": {"kind": "patient"}}  # where hardly any other body is taken


def referred(site: Site, by: User, way: str) -> Assessment:
    """A completed intake that a clinician has decided on, and its referral on its way."""
    assessment = factories.assessment(site, by, **REFER)
    intakes.complete(intake=assessment.intake, by=by)
    decisions.decide(assessment=assessment, kind="accepted", by=by)
    for verb in way.split():
        said = {name: SAID[name] for name in LIFE[verb][3]}
        referrals.advance(referral=assessment.referrals.all()[0], verb=verb, by=by, **said)
    return assessment


def fill(site: Site, by: User) -> dict[str, list[Any]]:
    """A clinic at work; for each end of an address, the records of which it can say yes to something."""
    at = {stage: referred(site, by, way) for stage, way in WAYS.items()}
    letters.issue(assessment=at["seen"], kind="patient", by=by)
    proposed = factories.assessment(site, by, **REFER)
    intakes.complete(intake=proposed.intake, by=by)
    referrals.propose(assessment=proposed, by=by)
    urgent = factories.assessment(site, by, ces_saddle="yes")
    imaged = factories.assessment(site, by).intake
    for _ in range(2):
        imaging.record(intake=imaged, study=STUDY, by=by)
    imaging.reported(intake=imaged, number=2, finding="See text.", by=by)
    at["proposed"] = proposed
    fit: dict[str, list[Any]] = {
        verb: [at[stage].referrals.all()[0].pk for stage in LIFE[verb][0].split()] for verb in LIFE
    }
    imaging_ends = ("answers", "imaging", "performed", "reported", "unavailable", "class")
    fit |= {end: [imaged.pk] for end in imaging_ends}
    return fit | {
        "decision": [proposed.pk],
        "letters": [at["seen"].pk],
        "stop": [urgent.pk],
        "complete": [urgent.intake_id],
    }


class Clinic:
    """What there is to be hit: the ids of a site's records, and what belongs into bodies."""

    def __init__(self, site: Site, by: User) -> None:
        self._fit = fill(site, by)
        self._open = list(Intake.objects.filter(status="open").values_list("pk", flat=True))
        self._ids = {name: list(kind.objects.values_list("pk", flat=True)) for name, kind in KINDS.items()}
        self._said = SAID | {
            "site": site.slug,
            "patient": self._ids["patients"][-1],  # the first, who has no open intake
            "protocol": "back-pain",
            "answers": factories.answers(),
            "on": clock.today(None),
            "text": "Rang.",
            "date_of_birth": "1980-01-01",
            "reference": "A-1",
            "given_name": "Ada",
            "family_name": "Example",
            "phone": "01632 960000",
        }
        self.headers = {"Authorization": f"Bearer {tokens.issue(user=by, name='fuzz', scope='decide', by=by)}"}

    def path(self, operation: APIOperation[Any], *, fits: bool) -> dict[str, SearchStrategy[Any]]:
        """Values of the parameters in an address that lead to something, or to what it can be done about."""
        if "protocols" in operation.path:
            return {"id": st.just("back-pain"), "version": st.just("1.0.0")} if "{" in operation.path else {}
        kind, end = operation.path.split("/")[3], operation.path.split("/")[-2]
        fit = self._open if (kind, end) == ("intakes", "cancel") else self._fit.get(end, []) if fits else []
        ids = [str(each) for each in fit or self._ids.get(kind, [""])]
        known = {"id": st.sampled_from(ids), "number": st.integers(1, 2)}
        return {name: each for name, each in known.items() if f"{{{name}}}" in operation.path}

    def make_fit(self, case: Case) -> None:
        """Say in a request what can be said here, and that it is meant for any answers."""
        if "If-Match" in case.headers:
            case.headers["If-Match"] = "*"
        if isinstance(case.body, dict):
            body = WHOLE.get(case.operation.path.split("/")[-2], case.body)
            known = {name: said for name, said in self._said.items() if name in body}
            case.body = body | json.loads(json.dumps(known, default=str))


@st.composite
def requests(draw: DrawFn, operation: APIOperation[Any], clinic: Clinic) -> Case:
    """A request as described or not quite: about anything, about what there is, or one that can well be granted."""
    aim = draw(st.sampled_from(["anything", "what there is", "what there is", "granted"]))
    mode = GenerationMode.POSITIVE if aim == "granted" else draw(st.sampled_from(GenerationMode))
    path = {} if aim == "anything" else draw(st.fixed_dictionaries(clinic.path(operation, fits=aim == "granted")))
    case: Case = draw(operation.as_strategy(mode, path_parameters=path))
    if aim == "granted":
        clinic.make_fit(case)
    return case


@pytest.fixture
def clinic(here: Site, clinician: User) -> Clinic:
    return Clinic(here, clinician)


@pytest.fixture
def door(clinic: Clinic) -> Iterator[BaseSchema]:
    """The door as a server has it, but for the end of a request: that would end the transaction of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/v1/schema/", WSGIHandler(), config=CONFIG, headers=clinic.headers)
    for signal in signals:
        signal.connect(close_old_connections)


def test_no_request_meets_a_fault_or_an_answer_that_is_not_described(
    clinic: Clinic, door: BaseSchema, subtests: pytest.Subtests
) -> None:
    """Every check of the fuzzer is made, that of ignored tokens too; every address says yes to something."""
    operations = [each.ok() for each in door.get_all_operations()]
    told = {each.label: Counter[int]() for each in operations}
    for operation in operations:
        with subtests.test(operation.label):
            send(operation, clinic, told[operation.label], -(-CASES // len(operations)))
    assert {
        label: statuses.total() for label, statuses in told.items() if statuses.total() * len(operations) < CASES
    } == {}
    assert [label for label, statuses in told.items() if not statuses[200] + statuses[201]] == []


def send(operation: APIOperation[Any], clinic: Clinic, told: Counter[int], number: int) -> None:
    """So many cases for one operation; whatever was done is undone, so that each finds the same clinic."""

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        database=None,
        derandomize="YELLOWFLAG_CASES" not in os.environ,  # few cases have to be those that are known to say yes
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests(operation, clinic))
    def ask(case: Case) -> None:
        with transaction.atomic():
            answer = case.call(headers=clinic.headers)
            case.validate_response(answer, headers=clinic.headers)
            told[answer.status_code] += 1
            transaction.set_rollback(True)

    ask()
