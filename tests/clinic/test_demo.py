"""The demo clinic: whole, the same every time, and loaded once."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from clinic.actions import verifying
from clinic.management import demo
from clinic.models import (
    LIVE,
    ApiToken,
    Assessment,
    AuditEvent,
    DayCount,
    Decision,
    DecisionKind,
    Escalation,
    Intake,
    IntakeStatus,
    Lateness,
    Letter,
    Patient,
    Referral,
    Site,
    Stage,
    StopRecord,
    StudyEvent,
    StudyStep,
    User,
    Work,
    WorkItem,
)
from clinic.permissions import Role
from clinic.reports.figures import Figures, Period, figures
from triage.protocol import Disposition

pytestmark = pytest.mark.django_db

STORY = demo.read_story()


def load(*arguments: str) -> str:
    output = StringIO()
    call_command("load_demo", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture(scope="module", autouse=True)
def first_run(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """What the command printed; the clinic stays loaded for all tests of this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load()
        transaction.set_rollback(True)


def test_every_disposition_is_there():
    found = set(Assessment.objects.newest().values_list("disposition", flat=True))
    assert found == {each.value for each in Disposition}


def test_there_is_somebody_of_every_role_who_can_log_in(rf: RequestFactory):
    for each in STORY["people"]:
        user = authenticate(rf.post("/login/"), username=each["username"], password=STORY["password"])
        assert isinstance(user, User)
        assert {Role(each["role"])} == set().union(*user.roles.values())
    assert {each["role"] for each in STORY["people"]} == set(Role.values)


def test_the_token_is_shown_once_and_the_logins_always(first_run: str):
    assert ApiToken.objects.get().token_key in first_run
    second_run = load()
    assert ApiToken.objects.get().token_key not in second_run
    for words in ("clinician2", STORY["password"]):
        assert words in first_run
        assert words in second_run


def test_a_second_run_changes_nothing_and_says_so():
    before = AuditEvent.objects.count()
    assert "nothing has been changed" in load()
    assert AuditEvent.objects.count() == before


def test_intakes_are_at_every_stage():
    assert set(Intake.objects.values_list("status", flat=True)) == set(IntakeStatus.values)
    assert set(Decision.objects.values_list("kind", flat=True)) == set(DecisionKind.values)
    assert {referral.status for referral in Referral.objects.all()} == set(Stage)


def test_the_clinic_is_at_work():
    sent = Referral.objects.filter(statuses__status=Stage.SENT).distinct()
    assert sent.count() >= 40
    assert all(Letter.objects.filter(referral=each).exists() for each in sent)
    assert set(WorkItem.objects.values_list("kind", flat=True)) >= {Work.DECISION, Work.REFERRAL, Work.REPORT}
    assert set(Escalation.objects.values_list("level", flat=True)) == {Lateness.CHASED, Lateness.ESCALATED}
    assert Decision.objects.filter(lowers=True).count() == 1
    assert Intake.objects.filter(follows__isnull=False).count() >= 3
    assert StudyEvent.objects.filter(step=StudyStep.CLASSED).exists()
    assert DayCount.objects.exists()


def test_one_stop_card_has_its_record_and_another_waits_for_it():
    emergencies = Assessment.objects.newest().filter(disposition=Disposition.EMERGENCY)
    recorded = set(StopRecord.objects.values_list("assessment__intake", flat=True))
    waiting = {each.intake_id for each in emergencies} - recorded
    assert recorded
    assert waiting


def test_the_people_and_the_numbers_are_clearly_not_real():
    assert Patient.objects.count() >= 30
    assert all(each.family_name in {"Sample", "Specimen"} for each in Patient.objects.all())
    assert all("demo" in each.emergency_number and "demo" in each.crisis_line for each in Site.objects.all())


def test_every_answer_has_its_history_and_the_trail_is_intact():
    for intake in Intake.objects.all():
        assert intake.history.count() >= intake.version
        assert intake.assessments.count() == intake.version
    assert [verifying.first_broken(site) for site in [None, *Site.objects.all()]] == [None, None, None]


def test_where_people_are_real_it_is_refused(settings: Any):
    settings.DEMO = False
    with pytest.raises(CommandError, match="known passwords"):
        load()


def test_the_history_is_of_several_weeks_and_ends_before_today():
    days = {row.history_date.date() for intake in Intake.objects.all() for row in intake.history.all()}
    assert (max(days) - min(days)).days >= 35
    assert max(days) < timezone.localdate()
    assert all(each.on == each.at.date() for each in Assessment.objects.all())


def test_the_trail_is_in_the_order_of_time():
    for site in Site.objects.all():
        times = list(AuditEvent.objects.filter(site=site).order_by("seq").values_list("at", flat=True))
        assert times == sorted(times)


@pytest.fixture
def board() -> Figures:
    """The figures of both sites, since the beginning."""
    today = timezone.localdate()
    sites = list(Site.objects.values_list("pk", flat=True))
    return figures(sites, Period(first=today - timedelta(days=365), last=today, today=today))


def test_the_dashboard_counts_what_the_story_tells(board: Figures):
    people = [*STORY["patients"], *demo._crowd(STORY)]
    told = Counter(step for each in people for day in STORY["courses"][each["course"]] for step in day.split())
    assert sum(board.of("completed").values()) == told["complete"]
    decided = {kind: sum(board.of(f"decision_{kind}").values()) for kind in DecisionKind.values}
    assert decided == {
        DecisionKind.ACCEPTED: told["accept"],
        DecisionKind.CHANGED: told["change"] + told["lower"],
        DecisionKind.REJECTED: told["reject"],
    }
    assert sum(board.of("decision_lowered").values()) == told["lower"]


def test_the_dashboard_counts_intakes_as_one_counts_them_by_hand(board: Figures):
    completed = [
        intake.assessments.filter(at__lte=intake.completed_at).latest("version")
        for intake in Intake.objects.exclude(completed_at=None)
    ]
    assert board.of("completed") == Counter(each.disposition for each in completed)
    for state in ("present", "unsure"):
        found = [one["flag"] for each in completed for one in each.outcome["findings"] if one["state"] == state]
        assert board.of(f"flag_{state}") == Counter(found)
    unsure = [name for each in completed for name, one in each.answers.items() if one["value"] == "not_sure"]
    assert board.of("not_sure") == Counter(unsure)


def test_the_dashboard_counts_referrals_as_one_counts_them_by_hand(board: Figures):
    lives = [(each.service, list(each.statuses.order_by("seq"))) for each in Referral.objects.all()]
    now = Counter((service, life[-1].status) for service, life in lives)
    assert board.work.referrals == {key: number for key, number in now.items() if Stage(key[1]) in LIVE}
    assert sum(board.work.overdue.values()) == WorkItem.objects.filter(due__lt=timezone.now()).count()
    # What newer advice has overtaken waits for something else, until another time.
    overtaken = set(WorkItem.objects.filter(kind=Work.OVERTAKEN).values_list("referral", flat=True))
    assert board.work.overdue["referral"] == sum(
        1
        for _, life in lives
        if life[-1].due and life[-1].due < timezone.now() and life[-1].referral_id not in overtaken
    )
    for stage in (Stage.CLOSED, Stage.CANCELLED):
        ended = {service: number for (service, status), number in now.items() if status == stage}
        assert {service: board.of("referral")[f"{service}|{stage}"] for service in ended} == ended
    by_london = ZoneInfo("Europe/London")
    seen = [(life[0].at, each.at) for _, life in lives for each in life if each.status == Stage.SEEN]
    walls = [[at.astimezone(by_london).replace(tzinfo=None) for at in pair] for pair in seen]
    days = sorted((last - first).days for first, last in walls)
    counted = [
        int(key.split("|")[2]) for key, number in board.of("days_to").items() for _ in range(number) if "|seen|" in key
    ]
    assert sorted(counted) == days


def test_the_page_of_the_dashboard_shows_what_was_counted_by_hand(client: Client):
    client.force_login(User.objects.get(username="admin"))
    shown = {table.name: dict(table.rows) for table in client.get("/admin/?period=52").context["board"].tables}
    referred = Counter(
        intake.assessments.filter(at__lte=intake.completed_at).latest("version").disposition
        for intake in Intake.objects.exclude(completed_at=None)
    )
    hidden = {words: cells[0] for words, cells in shown["outcomes"].items() if cells[0] is None}
    assert shown["outcomes"]["Refer"] == (referred["refer"],)
    assert len(hidden) == sum(1 for number in referred.values() if 0 < number < 10)
    assert shown["overdue"]["All"] == (
        WorkItem.objects.count(),
        WorkItem.objects.filter(due__lt=timezone.now()).count(),
    )
