"""A clinic of referrals in which anything may happen, day after day: none of them ends in silence.

The suite runs a hundred; `make soak` runs a thousand (YELLOWFLAG_REFERRALS).
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from clinic import clock, permissions
from clinic.actions import chasing, decisions, intakes, referrals, verifying, work
from clinic.actions.errors import Conflict
from clinic.models import ENDED, Escalation, Lateness, Letter, Referral, Site, User, WorkItem
from clinic.permissions import Role
from tests import factories
from tests.clinic.referral_life import LIFE, leads_from, may
from tests.clinic.test_web_results import DISTRESS

NUMBER = int(os.environ.get("YELLOWFLAG_REFERRALS", "100"))
DAYS = 90
BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROLES = (Role.CLINICIAN, Role.CLERK, Role.INTEGRATOR, Role.AUDITOR)


class Clinic:
    """The people of a site, its referrals, and dice."""

    def __init__(self, here: Site) -> None:
        self.here = here
        self.dice = Random(20261124)  # noqa: S311 -- the same story each time
        self.people: dict[Role, User] = {role: factories.user(role, here) for role in ROLES}
        self.referrals: list[Referral] = []
        self.taken: Counter[str] = Counter()

    def take_in(self) -> None:
        """A patient who is referred to two services; some referrals are still to be accepted."""
        doctor = self.people[Role.CLINICIAN]
        assessment = factories.assessment(self.here, doctor, **DISTRESS)
        intakes.complete(intake=assessment.intake, by=doctor)
        if self.dice.random() < 0.3:
            self.referrals += referrals.propose(assessment=assessment, by=doctor)
            return
        decisions.decide(assessment=assessment, kind="accepted", by=doctor)
        self.referrals += Referral.objects.filter(assessment=assessment)

    def somebody_does_something(self, referral: Referral) -> None:
        """Mostly what comes next, sometimes anything by anybody; what must be refused is refused."""
        stage = referral.newest_step.status
        next_ones = [verb for verb in LIFE if leads_from(stage, verb)]
        is_sensible = next_ones and self.dice.random() < 0.7
        verb = self.dice.choice(next_ones if is_sensible else list(LIFE))
        role = Role.CLINICIAN if is_sensible else self.dice.choice(ROLES)
        said = self._words(verb)
        before = referral.statuses.count()
        try:
            referrals.advance(referral=referral, verb=verb, by=self.people[role], **said)
        except permissions.NotAllowed:
            assert not may(role, verb)
        except ValidationError as refusal:
            is_undecided = "letter" in refusal.message_dict
            assert set(said) != set(LIFE[verb][3]) or is_undecided
        except Conflict as refusal:
            assert not leads_from(stage, verb) or "asked again" in str(refusal)  # noqa: PT017
        else:
            assert may(role, verb)
            assert leads_from(stage, verb)
            assert referral.statuses.count() == before + 1
            self.taken[verb] += 1
            return
        assert referral.statuses.count() == before

    def _words(self, verb: str) -> dict[str, Any]:
        """What has to be said with a verb, forgotten one time in ten."""
        day = clock.today(None) + timedelta(days=self.dice.randrange(1, 20))
        said = {"destination": "The demo hospital", "appointment": day, "reason": "As agreed."}
        return {} if self.dice.random() < 0.1 else {name: said[name] for name in LIFE[verb][3]}

    def live_through(self, days: int) -> Iterator[datetime]:
        """Day after day, until the evening of each."""
        for day in range(days):
            with clock.at(BEGAN + timedelta(days=day)):
                for referral in self.referrals:
                    if self.dice.random() < 0.12:
                        self.somebody_does_something(Referral.objects.get(pk=referral.pk))
            with clock.at(BEGAN + timedelta(days=day, hours=9)):
                chasing.chase()
                yield clock.now()


@pytest.fixture
def clinic(here: Site) -> Clinic:
    made = Clinic(here)
    with clock.at(BEGAN - timedelta(hours=1)):
        while len(made.referrals) < NUMBER:
            made.take_in()
    return made


def assert_nothing_is_silent(clinic: Clinic, now: datetime) -> None:
    """Each referral has ended with a reason, or is waited for until a day; what is late was acted on."""
    items = {item.referral_id: item for item in WorkItem.objects.filter(referral__isnull=False)}
    for referral in Referral.objects.prefetch_related("statuses"):
        newest = referral.newest_step
        if newest.status in ENDED:
            assert newest.reason
            assert referral.pk not in items
            continue
        item = items[referral.pk]
        assert item.due == newest.due
        assert item.stage == newest.status
        assert item.chased == _expected_lateness(clinic.here, item, now)


def _expected_lateness(here: Site, item: WorkItem, now: datetime) -> int:
    if item.due >= now:
        return Lateness.ON_TIME
    is_long = clock.last_day(now, here) > clock.last_day(item.due, here) + timedelta(days=here.days_to_escalate)
    return Lateness.ESCALATED if is_long else Lateness.CHASED


def rows() -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name != "id"}
        for row in WorkItem.objects.order_by("intake", "referral", "study").values()
    ]


def test_whatever_happens_no_referral_ends_in_silence(clinic: Clinic):
    for day, now in enumerate(clinic.live_through(DAYS)):
        if day % 10 == 0 or day == DAYS - 1:
            assert_nothing_is_silent(clinic, now)
    assert set(clinic.taken) == set(LIFE)
    steps = [list(each.statuses.order_by("seq").values_list("seq", flat=True)) for each in Referral.objects.all()]
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in steps)
    assert Letter.objects.count() == clinic.taken["send"]
    with clock.at(BEGAN + timedelta(days=DAYS - 1, hours=9)):
        acted_on = Escalation.objects.count()
        assert chasing.chase() == []
        assert Escalation.objects.count() == acted_on
        kept = rows()
        work.rebuild()
        assert rows() == kept
    assert verifying.first_broken(clinic.here) is None
