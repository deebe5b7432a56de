"""A moment is the same everywhere; which day it is depends on the site."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from io import StringIO
from itertools import pairwise
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from clinic import clock, protocols
from clinic.actions import (
    counting,
    decisions,
    freshness,
    imaging,
    intakes,
    letters,
    people,
    referrals,
    sites,
    stops,
    work,
)
from clinic.actions.answers import as_of, entries
from clinic.letters.content import content
from clinic.models import Assessment, AuditEvent, DayCount, Intake, Referral, Site, User, WorkItem
from clinic.permissions import Role
from clinic.reports.counting import Counted, count
from tests import factories
from tests.clinic.callers import caller
from tests.clinic.test_web_results import DISTRESS
from triage.facts import AnswerErrors

pytestmark = pytest.mark.django_db

LONDON, ANGELES, KIRITIMATI = "Europe/London", "America/Los_Angeles", "Pacific/Kiritimati"
ZONES = ("", LONDON, ANGELES, KIRITIMATI)  # where nobody has chosen one it is UTC
# A winter's night, and the hours around each change of the clocks in London and in Los Angeles.
CHANGES = ("2026-03-29T00:30", "2026-10-25T00:30", "2026-03-08T09:30", "2026-11-01T08:30")
MOMENTS = tuple(datetime.fromisoformat(f"{each}:00+00:00") for each in ("2026-12-01T00:52", *CHANGES))
AS_WRITTEN = ("2026-12-01T00:52:22+00:00", "2026-11-30T19:52:22-05:00", "2026-12-01T14:52:22+14:00")
IMPOSSIBLE = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00+00:00",
    "1899-12-31T23:59:59+00:00",
    "1900-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-06-30T23:59:60Z",
    "2026-06-30T12:00:00+24:00",
    "2026-06-30T12:00:00",
    "2026-06-30",
    "2026-W27-2T12:00:00+25:00",
)


@pytest.fixture(params=ZONES)
def place(request: pytest.FixtureRequest) -> Site:
    return factories.site(time_zone=request.param)


@pytest.fixture(params=MOMENTS, ids=str)
def moment(request: pytest.FixtureRequest) -> datetime:
    return request.param


def local_day(moment: datetime, site: Site) -> date:
    """Said by another way than the clinic's."""
    return moment.astimezone(ZoneInfo(site.time_zone or "UTC")).date()


def at_site(zone: str, hour: str) -> datetime:
    return datetime.fromisoformat(hour).replace(tzinfo=ZoneInfo(zone))


# Ages of answers


@pytest.mark.parametrize("written", AS_WRITTEN)
@pytest.mark.parametrize(("days", "outcome"), [(42, "self_manage"), (43, "refer")])
def test_42_days_are_42_days_however_the_moment_was_written(written: str, days: int, outcome: str):
    here = factories.site()
    clinician = factories.user(Role.CLINICIAN, here)
    told = {"duration_days": {"value": days, "at": written}, "interferes_function": "yes"}
    with clock.at(datetime(2026, 12, 1, 9, tzinfo=UTC)):
        made = factories.assessment(here, clinician, **told)
    assert (made.answers["duration_days"]["value"], made.disposition) == (days, outcome)
    assert made.intake.answers["duration_days"]["at"] == AS_WRITTEN[0], "stored in UTC"


def test_an_answer_ages_by_one_at_each_midnight_of_the_site(place: Site, moment: datetime):
    protocol = protocols.get(factories.published_release())
    answer = {"duration_days": {"value": 10, "source": "staff", "at": moment.isoformat(), "by": "x"}}
    for hours in range(0, 80, 1):
        later = moment + timedelta(hours=hours)
        read = as_of(protocol, answer, on=clock.day(later, place), site=place)
        grown = (local_day(later, place) - local_day(moment, place)).days
        assert read["duration_days"]["value"] == 10 + grown


def test_the_shelf_life_of_an_answer_is_counted_in_days_of_the_site(place: Site, moment: datetime):
    fresh_until = local_day(moment, place) + timedelta(days=14)
    last = clock.begin(fresh_until + timedelta(days=1), place) - timedelta(seconds=1)
    for written in (moment, moment.astimezone(ZoneInfo(KIRITIMATI)), moment.astimezone(ZoneInfo(ANGELES))):
        entry = {"at": written.isoformat()}
        with clock.at(last):
            assert not freshness.is_old(entry, 14, place)
        with clock.at(last + timedelta(seconds=1)):
            assert freshness.is_old(entry, 14, place)


offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.integers(-2_000_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(instants, offsets, offsets, st.sampled_from(ZONES))
def test_two_spellings_of_a_moment_are_one(moment: datetime, one: timezone, other: timezone, name: str):
    site = Site(time_zone=name)
    first, second = (moment.astimezone(each).isoformat() for each in (one, other))
    assert clock.instant(first) == clock.instant(second) == moment
    assert freshness.age(first, on=date(2026, 12, 1), site=site) == freshness.age(
        second, on=date(2026, 12, 1), site=site
    )
    stored = [
        entries({"fever": {"value": "no", "at": each}}, source="staff", at=moment, by="x") for each in (first, second)
    ]
    assert stored[0] == stored[1]


def test_what_was_stored_with_an_offset_before_reads_right():
    here = factories.site(time_zone=LONDON)
    entry = {"at": "2026-11-30T19:52:22-05:00"}
    assert freshness.age(entry["at"], on=date(2026, 12, 2), site=here) == 1


def test_a_time_out_of_all_range_that_was_stored_before_is_still_read():
    for written in ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00"):
        assert freshness.age(written, on=date(2026, 12, 1), site=factories.site(time_zone=ANGELES)) > 40_000


@pytest.mark.parametrize("written", IMPOSSIBLE)
def test_an_impossible_time_is_refused_at_every_door_with_what_is_allowed(written: str, tmp_path):
    here = factories.site()
    program = caller(Role.CLINICIAN, here)
    intake = factories.open_intake(here)
    answers = {"fever": {"value": "no", "at": written}}
    for address, body in (
        (f"intakes/{intake.pk}/answers/", {"answers": answers}),
        ("evaluate/", {"protocol": "back-pain", "answers": answers}),
        ("evaluate/", {"protocol": "back-pain", "answers": {"fever": {"value": "no", "disputes": answers["fever"]}}}),
    ):
        answer = program.post(address, body)
        assert answer.status_code == 422, answer.content
        assert "fever." in answer.content.decode()
        assert "RFC 3339 with an offset" in answer.content.decode()
    with pytest.raises(AnswerErrors, match=r"fever\.at"):
        intakes.answer(intake=intake, answers=answers, by=program.user)
    file = tmp_path / "answers.json"
    file.write_text(f'{{"fever": {{"value": "no", "at": "{written}"}}}}')
    with pytest.raises(CommandError, match=r"fever\.at"):
        call_command("evaluate", "back-pain", str(file), stdout=StringIO())
    intake.refresh_from_db()
    assert intake.answers == {}


# Ages of people, and other days that are compared with today


def test_in_los_angeles_a_person_is_17_until_the_day_begins_there():
    there, eve = factories.site(time_zone=ANGELES), datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
    clerk = factories.user(Role.CLINICIAN, there)
    factories.published_release()
    with clock.at(eve):
        patient = factories.patient(there, date_of_birth=date(2008, 12, 1))
        intake = intakes.open(patient=patient, by=clerk)
    assert Assessment.objects.get(intake=intake).answers["age"]["value"] == 17
    with clock.at(eve + timedelta(hours=8)):
        assert intakes.answer(intake=intake, answers={"fever": "no"}, by=clerk).answers["age"]["value"] == 18


def test_nobody_is_born_on_a_day_that_has_not_come_at_the_site(place: Site, moment: datetime):
    with clock.at(moment):
        today = local_day(moment, place)
        assert factories.patient(place, date_of_birth=today).date_of_birth.day == today
        with pytest.raises(ValidationError, match="in the future"):
            factories.patient(place, date_of_birth=today + timedelta(days=1))


def test_a_study_was_done_today_at_the_latest_and_today_is_the_sites(place: Site, moment: datetime):
    program = caller(Role.CLINICIAN, place)
    study = {"modality": "mri", "region": "lumbar", "status": "awaiting_report", "reason": "routine"}
    with clock.at(moment):
        intake, today = factories.open_intake(place), local_day(moment, place)
        for day, status in ((today, 200), (today + timedelta(days=1), 422)):
            body = study | {"performed_on": day.isoformat()}
            assert program.post(f"intakes/{intake.pk}/imaging/", body).status_code == status


def test_an_evaluation_that_names_no_day_is_of_the_day_at_the_callers_site(place: Site, moment: datetime):
    program = caller(Role.CLINICIAN, place)
    factories.published_release()
    with clock.at(moment):
        told = program.post("evaluate/", {"protocol": "back-pain", "answers": {}}).json()
        said = program.post("evaluate/", {"protocol": "back-pain", "answers": {}, "on": "2026-02-04"}).json()
    assert (told["on"], said["on"]) == (local_day(moment, place).isoformat(), "2026-02-04")


def test_an_assessment_is_of_the_day_of_its_site(place: Site, moment: datetime):
    clinician = factories.user(Role.CLINICIAN, place)
    with clock.at(moment):
        made = factories.assessment(place, clinician, **DISTRESS)
    assert made.on == local_day(moment, place)


# Deadlines


def test_a_deadline_in_days_is_the_midnight_at_the_end_of_a_day_of_the_site(place: Site, moment: datetime):
    for days in (0, 1, 14, 200):
        due = clock.in_days(moment, days, place)
        shown = due.astimezone(ZoneInfo(place.time_zone or "UTC"))
        assert (shown.hour, shown.minute) == (0, 0)
        assert shown.date() == local_day(moment, place) + timedelta(days=days + 1)
        assert clock.last_day(due, place) == local_day(moment, place) + timedelta(days=days)


def test_a_deadline_in_hours_is_so_many_real_hours_across_a_change_of_the_clocks():
    evening = at_site(LONDON, "2027-03-27T18:00")
    assert clock.in_hours(evening, 24) - evening.astimezone(UTC) == timedelta(hours=24)
    assert clock.in_hours(evening, 24).astimezone(ZoneInfo(LONDON)).hour == 19


def test_what_has_to_be_done_the_same_day_has_24_real_hours(place: Site, moment: datetime):
    clinician = factories.user(Role.CLINICIAN, place)
    with clock.at(moment):
        fever = factories.assessment(place, clinician, fever="yes")
    item = WorkItem.objects.get(intake=fever.intake)
    assert item.due == moment + timedelta(hours=24)


def test_what_a_site_waits_for_ends_with_its_days(place: Site, moment: datetime):
    with clock.at(moment):
        intake = factories.open_intake(place)
    assert WorkItem.objects.get(intake=intake).due == clock.in_days(moment, place.days_to_complete, place)


def sent(here: Site, clinician: User) -> Referral:
    assessment = factories.assessment(here, clinician, **DISTRESS)
    intakes.complete(intake=assessment.intake, by=clinician)
    decisions.decide(assessment=assessment, kind="accepted", by=clinician)
    referral = Referral.objects.get(service="physiotherapy", site=here)
    referrals.advance(referral=referral, verb="send", destination="St Agnes", by=clinician)
    return referral


def test_an_appointment_is_today_or_later_at_the_site_and_waited_for_until_noon_of_the_day_after(
    place: Site, moment: datetime
):
    clinician = factories.user(Role.CLINICIAN, place)
    with clock.at(moment):
        referral, today = sent(place, clinician), local_day(moment, place)
        with pytest.raises(ValidationError, match="today or within a year"):
            referrals.advance(referral=referral, verb="book", appointment=today - timedelta(days=1), by=clinician)
        step = referrals.advance(referral=referral, verb="book", appointment=today, by=clinician)
    assert step.due is not None
    due = step.due.astimezone(ZoneInfo(place.time_zone or "UTC"))
    assert (due.date(), due.hour) == (today + timedelta(days=1), 12)


# What people see


def test_a_page_shows_the_hours_of_the_site_and_the_api_those_of_utc(client: Client):
    there = factories.site(time_zone=ANGELES)
    clinician = factories.user(Role.CLINICIAN, there)
    with clock.at(datetime(2027, 6, 1, 2, 30, tzinfo=UTC)):
        intake = factories.open_intake(there)
        client.force_login(clinician)
        page = client.get(reverse("timeline", args=[intake.pk])).content.decode()
        assert "Monday 31 May 2027" in page
        assert ">19:30<" in page
    shown = caller(Role.CLINICIAN, there).get(f"assessments/{intake.assessments.get().pk}/").json()
    assert shown["at"] == "2027-06-01T02:30:00Z"


def test_the_days_of_a_timeline_are_those_of_the_site(client: Client, place: Site, moment: datetime):
    clinician = factories.user(Role.CLINICIAN, place)
    with clock.at(moment):
        intake = factories.open_intake(place)
    for hours in (6, 12, 18, 24, 30):
        with clock.at(moment + timedelta(hours=hours)):
            intakes.answer(intake=intake, answers={"peg_pain": hours % 10}, by=clinician)
    client.force_login(clinician)
    days = client.get(reverse("timeline", args=[intake.pk])).context["days"]
    moments = [moment + timedelta(hours=hours) for hours in (0, 6, 12, 18, 24, 30)]
    assert [each.date for each in days] == sorted({local_day(each, place) for each in moments}, reverse=True)
    assert all(later.date > earlier.date for later, earlier in pairwise(days))


def test_a_page_of_another_sites_record_shows_the_hours_of_that_site(client: Client):
    first, second = factories.site(name="A", time_zone=ANGELES), factories.site(name="B", time_zone=KIRITIMATI)
    both = factories.user(Role.CLINICIAN, first)
    people.grant(user=both, site=second, role=Role.CLINICIAN, by=people.system())
    with clock.at(datetime(2026, 12, 1, 0, 30, tzinfo=UTC)):
        intakes_there = [factories.open_intake(site) for site in (first, second)]
        client.force_login(User.objects.get(pk=both.pk))
        pages = [client.get(reverse("timeline", args=[intake.pk])).content.decode() for intake in intakes_there]
    assert ">16:30<" in pages[0]
    assert ">14:30<" in pages[1]


def test_a_deadline_in_days_reads_as_its_last_day(client: Client):
    there = factories.site(time_zone=ANGELES, days_to_complete=2)
    with clock.at(at_site(ANGELES, "2027-06-01T10:00")):
        factories.open_intake(there)
        client.force_login(factories.user(Role.CLINICIAN, there))
        page = client.get(reverse("worklist")).content.decode()
    assert re.search(r'<time datetime="2027-06-04T00:00:00-07:00">3 Jun</time>', page)
    for hour, words in (
        ("2027-06-03T23:59", ""),
        ("2027-06-04T00:01", "1 day overdue"),
        ("2027-06-05T09:00", "2 days"),
    ):
        with clock.at(at_site(ANGELES, hour)):
            client.force_login(factories.user(Role.CLINICIAN, there))
            row = client.get(reverse("worklist")).context["rows"][0]
        assert row.overdue.startswith(words)
        assert bool(row.overdue) is bool(words)


def test_a_letter_tells_local_days_and_hours(place: Site, moment: datetime):
    clinician = factories.user(Role.CLINICIAN, place)
    with clock.at(moment):
        made = factories.assessment(place, clinician, ces_saddle="yes")
        stops.record(assessment=made, text="Sent on.", by=clinician)
        told = content(assessment=made, kind="emergency", on=clock.today(place))
    day = local_day(moment, place)
    assert told.on == f"{day.day} {day:%B %Y}"
    hour = moment.astimezone(ZoneInfo(place.time_zone or "UTC"))
    assert f"{day.day} {day:%B %Y}, {hour:%H:%M}" in str(told.parts["done"])
    assert f"{day.day} {day:%b %Y}, {clinician}" in str(told.parts["excluded"])


def test_a_letter_is_made_again_as_it_was_after_the_site_has_chosen_its_zone(place: Site):
    clinician, admin = factories.user(Role.CLINICIAN, place), factories.user(Role.ADMIN, place)
    made = factories.assessment(place, clinician, ces_saddle="yes")
    stops.record(assessment=made, text="Sent on.", by=clinician)
    letter, before = letters.issue(assessment=made, kind="emergency", by=clinician)
    sites.change(site=place, changes={"time_zone": "Asia/Kathmandu"}, by=admin)
    letter.refresh_from_db()
    assert letters.again(letter=letter, by=clinician) == before


# The zone of a site


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "europe/london", "localtime", "UTC+1", "Europe/"])
def test_a_zone_that_does_not_exist_is_refused_at_its_field(client: Client, zone: str):
    here = factories.site()
    admin = factories.user(Role.ADMIN, here)
    with pytest.raises(ValidationError) as refusal:
        sites.change(site=here, changes={"time_zone": zone}, by=admin)
    assert set(refusal.value.message_dict) == {"time_zone"}
    here.refresh_from_db()
    client.force_login(admin)
    page = reverse("admin:clinic_site_change", args=[here.pk])
    form = client.get(page).context["adminform"].form
    answer = client.post(page, {**form.initial, "time_zone": zone})
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == {"time_zone"}
    here.refresh_from_db()
    assert here.time_zone == ""


def test_a_site_is_opened_with_a_zone(client: Client):
    here = factories.site()
    client.force_login(factories.user(Role.ADMIN, here))
    page = reverse("admin:clinic_site_add")
    form = client.get(page).context["adminform"].form
    known = {name: form[name].value() for name in form.fields if form[name].value()}
    details = {**known, "slug": "new", "name": "New"}
    assert set(client.post(page, details).context["adminform"].form.errors) == {"time_zone"}
    assert client.post(page, {**details, "time_zone": LONDON}).status_code == 302
    assert Site.objects.get(slug="new").time_zone == LONDON


def test_the_administration_says_that_nobody_has_chosen_a_zone_yet(client: Client):
    here = factories.site()
    admin = factories.user(Role.ADMIN, here)
    client.force_login(admin)
    addresses = [reverse("admin:clinic_site_changelist"), reverse("admin:clinic_site_change", args=[here.pk])]
    said = "Nobody has chosen a time zone for this site yet"
    assert all(said in client.get(each).content.decode() for each in addresses)
    sites.change(site=here, changes={"time_zone": "UTC"}, by=admin)
    assert not any(said in client.get(each).content.decode() for each in addresses)


def test_the_administration_shows_a_row_by_the_clocks_of_its_site(client: Client):
    there = factories.site(time_zone=KIRITIMATI)
    with clock.at(datetime(2026, 12, 1, 0, 30, tzinfo=UTC)):
        intake = factories.open_intake(there)
    client.force_login(factories.user(Role.CLINICIAN, there))
    admin = factories.user(Role.ADMIN, there)
    client.force_login(admin)
    page = client.get(reverse("admin:clinic_site_history", args=[there.pk]))
    assert page.status_code == 200
    auditor = factories.user(Role.AUDITOR, there)
    client.force_login(auditor)
    shown = client.get(reverse("admin:clinic_auditevent_changelist"), {"q": "intake.open"}).content.decode()
    assert "2:30 p.m." in shown or "14:30" in shown, intake


@pytest.mark.parametrize(("before", "after"), [(ANGELES, KIRITIMATI), (KIRITIMATI, ANGELES), ("", LONDON)])
def test_an_intake_goes_on_when_its_site_changes_its_zone(before: str, after: str):
    here = factories.site(time_zone=before)
    clinician, admin = factories.user(Role.CLINICIAN, here), factories.user(Role.ADMIN, here)
    study = {"modality": "mri", "region": "lumbar", "status": "awaiting_report", "reason": "routine"}
    with clock.at(datetime(2026, 12, 1, 10, 30, tzinfo=UTC)):
        today = clock.today(here)
        told = {"onset_date": today.isoformat(), "fever": {"value": "no"}}
        first = factories.assessment(here, clinician, **DISTRESS)
        intakes.answer(intake=first.intake, answers=told, by=clinician)
        imaging.record(intake=first.intake, study=study | {"performed_on": today.isoformat()}, by=clinician)
        sites.change(site=here, changes={"time_zone": after}, by=admin)
        intake = Intake.objects.get(pk=first.intake_id)
        newest = intakes.answer(intake=intake, answers={"fever": "no"}, by=clinician)
        assert newest.on == clock.today(intake.site)
        imaging.reported(intake=intake, number=1, finding="See text.", by=clinician)
        work.rebuild()
    call_command("reassess", "--all", "--check", stdout=StringIO())


def test_a_new_day_at_the_site_assesses_afresh_and_the_past_keeps_its_day(place: Site, moment: datetime):
    clinician = factories.user(Role.CLINICIAN, place)
    with clock.at(moment):
        first = factories.assessment(place, clinician, **DISTRESS)
    midnight = clock.begin(first.on + timedelta(days=1), place)
    with clock.at(midnight - timedelta(seconds=1)):
        assert intakes.answer(intake=first.intake, answers={}, by=clinician).pk == first.pk
    with clock.at(midnight):
        again = intakes.answer(intake=first.intake, answers={}, by=clinician)
    assert (again.on - first.on).days == 1
    call_command("reassess", "--all", "--check", stdout=StringIO())


# What is counted


def test_what_is_counted_is_counted_on_the_day_of_the_site(place: Site, moment: datetime):
    clinician = factories.user(Role.CLINICIAN, place)
    with clock.at(moment):
        made = factories.assessment(place, clinician, **DISTRESS)
        intakes.complete(intake=made.intake, by=clinician)
    day = local_day(moment, place)
    assert count(place, first=day, last=day)[Counted(day, "completed", made.disposition)] == 1
    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        assert not [each for each in count(place, first=other, last=other) if each.measure == "completed"]


def test_a_site_that_changes_its_zone_is_counted_anew_by_its_days():
    here = factories.site()
    clinician, admin = factories.user(Role.CLINICIAN, here), factories.user(Role.ADMIN, here)
    with clock.at(datetime(2026, 12, 1, 0, 30, tzinfo=UTC)):
        made = factories.assessment(here, clinician, **DISTRESS)
        intakes.complete(intake=made.intake, by=clinician)
        counting.summarise()
        days = DayCount.objects.filter(site=here, measure="completed")
        assert set(days.values_list("day", flat=True)) == {date(2026, 12, 1)}
        sites.change(site=here, changes={"time_zone": ANGELES}, by=admin)
        counting.summarise()
        assert set(days.values_list("day", flat=True)) == {date(2026, 11, 30)}
        assert counting.summarise() == Site.objects.count(), "and then no more than the last day of each"


def test_from_nine_to_nine_is_a_day_also_where_the_night_had_23_hours():
    here = Site(time_zone=LONDON)
    nine, nine_again = at_site(LONDON, "2027-03-27T09:00"), at_site(LONDON, "2027-03-28T09:00")
    assert nine_again.astimezone(UTC) - nine.astimezone(UTC) == timedelta(hours=23)
    assert clock.days_between(nine, nine_again, here) == 1
    assert clock.days_between(nine, nine_again - timedelta(minutes=1), here) == 0


def test_after_hours_are_those_of_the_site():
    here, there = factories.site(time_zone=LONDON), factories.site(time_zone=ANGELES)
    with clock.at(datetime(2026, 12, 1, 12, 0, tzinfo=UTC)):  # a Tuesday: noon here, four in the morning there
        for site in (here, there):
            factories.patient(site, reference=str(uuid4())[:30])
    late = AuditEvent.objects.filter(action="patient.register").after_hours()
    assert set(late.values_list("site", flat=True)) == {there.pk}
