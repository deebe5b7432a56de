"""A red flag acts when it is ticked: what is typed and cannot wait is raised before anybody saves it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock, protocols
from clinic.actions import chasing, drafts, erasing, intakes, raised, raising, stops, tidying, work
from clinic.actions.errors import Conflict
from clinic.models import Assessment, AuditEvent, Draft, Intake, RaisedStop, Site, TakenBack, User, Work, WorkItem
from clinic.permissions import Role
from tests import factories
from tests.clinic.sending import close

PAGE, OTHER = "page-0123456789-a", "page-0123456789-b"
SADDLE, BLADDER = {"answer-ces_saddle": "yes"}, {"answer-ces_bladder": "yes"}
RAISED = "intake.raise_stop"


@pytest.fixture
def intake(here: Site, clerk: User) -> Intake:
    return factories.open_intake(here, clerk)


def draft(
    client: Client, intake: Intake, user: User, section: str = "red_flags", *, on: str = PAGE, **fields: str
) -> Any:
    """What the page's script sends when a field is left."""
    client.force_login(user)
    intake.refresh_from_db()
    address = reverse("draft", args=[intake.pk, section])
    return client.post(address, {"version": str(intake.version), "page": on} | fields)


def form(client: Client, intake: Intake, user: User, section: str = "red_flags", **fields: str) -> Any:
    """A form that is sent by one of its buttons."""
    client.force_login(user)
    intake.refresh_from_db()
    sent = {"version": str(intake.version), "page": PAGE} | fields
    return client.post(reverse("section", args=[intake.pk, section]), sent)


def row(intake: Intake) -> WorkItem:
    return WorkItem.objects.get(intake=intake)


def titles() -> list[str]:
    return [each["title"] for stop in RaisedStop.objects.all() for each in stop.outcome["because"]]


def entries(action: str = RAISED) -> int:
    return AuditEvent.objects.filter(action=action).count()


def get(client: Client, user: User, name: str, *args: Any) -> str:
    client.force_login(user)
    return client.get(reverse(name, args=args), follow=True).content.decode()


# Raised


def test_saddle_numbness_ticked_and_left_stands_on_the_worklist_and_on_the_patients_page(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    card = draft(client, intake, clerk, **SADDLE, **BLADDER)
    assert card.status_code == 200
    assert "Emergency: act now" in card.content.decode()
    client.logout()
    intake.refresh_from_db()
    assert (intake.version, intake.answers) == (1, {})
    assert (row(intake).kind, row(intake).disposition) == (Work.RAISED, "emergency")
    for page in (get(client, clinician, "worklist"), get(client, clinician, "patient", intake.patient_id)):
        assert "not saved" in page
        assert reverse("raised", args=[intake.pk]) in page
    assert entries() == 1


@pytest.mark.parametrize("number", range(3))
def test_the_same_draft_sent_ten_times_is_one_row_and_one_entry(
    client: Client, intake: Intake, clerk: User, number: int
):
    for _ in range(10):
        draft(client, intake, clerk, on=f"page-0123456789-{number}", **SADDLE)
    assert (RaisedStop.objects.count(), entries()) == (1, 1)


@pytest.mark.parametrize(
    ("section", "fields", "urgency"),
    [
        ("red_flags", {"answer-fever": "yes"}, "24h"),
        ("red_flags", {"answer-chest_pain": "yes"}, "now"),
        ("safety", {"answer-sh_plan": "yes"}, "now"),
        ("feelings", {"answer-phq9_9": "1"}, "24h"),
    ],
)
def test_whatever_could_be_an_emergency_or_of_the_same_day_is_raised(
    client: Client, intake: Intake, clerk: User, section: str, fields: dict[str, str], urgency: str
):
    draft(client, intake, clerk, section, **fields)
    assert [stop.urgency for stop in RaisedStop.objects.all()] == [urgency]


def test_not_sure_is_raised_where_it_is_of_the_same_day(client: Client, here: Site, clinician: User):
    intake = factories.assessment(here, clinician).intake
    draft(client, intake, clinician, **{"answer-ces_saddle": "not_sure"})
    assert RaisedStop.objects.get().urgency == "24h"


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        ("red_flags", {"answer-fever": "no"}),
        ("red_flags", {"answer-weight_loss": "yes"}),
        ("red_flags", {"answer-ces_saddle": "perhaps"}),
        ("red_flags", {"answer-ces_onset_days": "3"}),
        ("feelings", {"answer-phq9_9": "9"}),
        ("pain", {"answer-duration_days": "8 w"}),
    ],
)
def test_what_can_wait_or_is_no_answer_yet_is_not(
    client: Client, intake: Intake, clerk: User, section: str, fields: dict[str, str]
):
    assert draft(client, intake, clerk, section, **fields).status_code == 204
    assert not RaisedStop.objects.exists()


def test_a_field_that_is_no_answer_yet_hides_no_tick_beside_it(client: Client, intake: Intake, clerk: User):
    draft(client, intake, clerk, **SADDLE, **{"answer-ces_onset_days": "a week"})
    assert titles() == ["Saddle numbness, recent or getting worse", "Saddle numbness"]


def test_few_days_since_it_began_make_of_what_is_saved_an_emergency(client: Client, intake: Intake, clerk: User):
    stored = {"ces_saddle": "yes", "ces_onset_days": 40, "ces_worsening": "no"}
    assert intakes.answer(intake=intake, answers=stored, by=clerk).urgency == "24h"
    draft(client, intake, clerk, **{"answer-ces_saddle": "yes", "answer-ces_onset_days": "3"})
    assert titles() == ["Saddle numbness, recent or getting worse"]
    assert row(intake).disposition == "emergency"


def test_a_tick_raises_though_a_number_beside_it_makes_it_less_urgent(client: Client, intake: Intake, clerk: User):
    intakes.answer(intake=intake, answers={"ces_onset_days": 3, "ces_worsening": "no"}, by=clerk)
    draft(client, intake, clerk, **SADDLE, **{"answer-ces_onset_days": "40"})
    assert RaisedStop.objects.get().urgency == "now"


def test_yes_after_not_sure_is_raised_again_as_more_urgent(client: Client, here: Site, clinician: User):
    """Beside another emergency, where flag and rule are the same and only more urgent."""
    intake = factories.assessment(here, clinician, sh_plan="not_sure", chest_pain="yes").intake
    assert draft(client, intake, clinician, "safety", **{"answer-sh_plan": "not_sure"}).status_code == 204
    draft(client, intake, clinician, "safety", **{"answer-sh_plan": "yes"})
    assert [(each["id"], each["level"]) for each in RaisedStop.objects.get().outcome["because"]] == [("sh_plan", "now")]


def test_what_was_typed_in_two_sections_is_read_together(client: Client, intake: Intake, clerk: User):
    """Infection risk alone waits for two weeks; with pain that wakes at night it is of the same day."""
    draft(client, intake, clerk, **{"answer-infection_risk": "yes"})
    assert not RaisedStop.objects.exists()
    section = protocols.get(intake.release).questions["night_pain"].section
    draft(client, intake, clerk, section, on=OTHER, **{"answer-night_pain": "yes"})
    assert "Infection risk with night, constant or progressive pain" in titles()


def test_what_is_saved_already_is_not_raised_again(client: Client, intake: Intake, clerk: User):
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clerk)
    draft(client, intake, clerk, **SADDLE, **{"answer-fever": "no"})
    assert not RaisedStop.objects.exists()
    draft(client, intake, clerk, **SADDLE, **{"answer-fever": "yes"})
    assert titles() == ["Fever with the pain"]


# It lowers nothing


def test_a_draft_no_over_a_stored_yes_changes_nothing(client: Client, intake: Intake, clerk: User):
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clerk)
    before = (row(intake).kind, row(intake).since, row(intake).disposition, Assessment.objects.count())
    draft(client, intake, clerk, **{"answer-ces_saddle": "no"})
    assert (row(intake).kind, row(intake).since, row(intake).disposition, Assessment.objects.count()) == before
    assert not RaisedStop.objects.exists()


def test_a_stored_stop_of_the_same_urgency_goes_first_and_what_was_ticked_after_it(
    client: Client, intake: Intake, clerk: User
):
    saved = intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clerk)
    draft(client, intake, clerk, **SADDLE, **{"answer-chest_pain": "yes"})
    assert row(intake).kind == Work.STOP
    stops.record(assessment=saved, text="Ambulance called.", by=clerk)
    assert row(intake).kind == Work.RAISED
    assert "Chest pain" in get(client, clerk, "raised", intake.pk)


def test_what_is_more_urgent_than_the_stored_stop_goes_first(client: Client, intake: Intake, clerk: User):
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=clerk)
    draft(client, intake, clerk, **SADDLE)
    assert (row(intake).kind, row(intake).disposition) == (Work.RAISED, "emergency")
    assert "Ticked, not saved yet" in get(client, clerk, "stop", intake.pk)


# Confirmed


def test_saving_the_answers_makes_a_stop_of_it(client: Client, intake: Intake, clerk: User, clinician: User):
    """Somebody else does, after the author has left."""
    draft(client, intake, clerk, **SADDLE)
    client.force_login(clinician)
    card = client.post(reverse("raised", args=[intake.pk]), {"shown": str(RaisedStop.objects.get().pk)}, follow=True)
    assert card.redirect_chain[0][0] == reverse("stop", args=[intake.pk])
    intake.refresh_from_db()
    assert intake.answers["ces_saddle"]["value"] == "yes"
    assert row(intake).kind == Work.STOP
    assert raised.standing(intake) == []


def test_saving_saves_no_more_than_what_the_page_showed(client: Client, intake: Intake, clerk: User, clinician: User):
    draft(client, intake, clerk, **SADDLE)
    shown = str(RaisedStop.objects.get().pk)
    draft(client, intake, clerk, **SADDLE, **{"answer-chest_pain": "yes"})
    client.force_login(clinician)
    client.post(reverse("raised", args=[intake.pk]), {"shown": shown})
    intake.refresh_from_db()
    assert set(intake.answers) == {"ces_saddle"}
    assert [each["id"] for stop in raised.standing(intake) for each in stop.outcome["because"]] == ["chest_pain"]


def test_saving_late_makes_nothing_less_urgent(client: Client, here: Site, clinician: User):
    intake = factories.assessment(here, clinician).intake
    draft(client, intake, clinician, **{"answer-ces_saddle": "not_sure"})
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clinician)
    raising.confirm(intake=intake, stops=[str(RaisedStop.objects.get().pk)], by=clinician)
    intake.refresh_from_db()
    assert intake.answers["ces_saddle"]["value"] == "yes"


@pytest.mark.parametrize("door", ["page", "API"])
def test_an_assessment_with_its_reasons_confirms_it(client: Client, intake: Intake, clerk: User, door: str):
    draft(client, intake, clerk, **SADDLE)
    if door == "page":
        form(client, intake, clerk, **SADDLE)
    else:
        intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clerk, source="patient")
    assert raised.standing(intake) == []
    assert row(intake).kind == Work.STOP


def test_an_answer_of_no_does_not_end_it(client: Client, intake: Intake, clerk: User):
    """It was ticked, and nobody has said why it is not so."""
    draft(client, intake, clerk, **SADDLE)
    form(client, intake, clerk, **{"answer-ces_saddle": "no"})
    assert row(intake).kind == Work.RAISED


# Taken back


def taken_back(client: Client, stop: RaisedStop, by: User, reason: str = "Ticked by mistake.") -> Any:
    client.force_login(by)
    said = {"take_back": str(stop.pk), "reason": reason}
    return client.post(reverse("raised", args=[stop.intake_id]), said)


def test_it_is_taken_back_with_a_reason_and_an_entry(client: Client, intake: Intake, clerk: User, clinician: User):
    draft(client, intake, clerk, **SADDLE)
    stop = RaisedStop.objects.get()
    assert taken_back(client, stop, clerk, " ").status_code == 422
    assert not TakenBack.objects.exists()
    for _ in range(2):
        taken_back(client, stop, clerk)
    assert row(intake).kind == Work.ANSWERS
    assert TakenBack.objects.get().reason == "Ticked by mistake."
    assert entries("intake.take_back_stop") == 1
    told = get(client, clinician, "timeline", intake.pk)
    assert "Ticked by mistake." in told
    assert "Ticked, not saved yet" in told


def test_unticking_throwing_away_and_forgetting_do_not_take_it_back(client: Client, intake: Intake, clerk: User):
    draft(client, intake, clerk, **SADDLE)
    shown = draft(client, intake, clerk, **{"answer-ces_saddle": "no"})
    assert str(RaisedStop.objects.get().pk) in shown.content.decode()
    client.post(reverse("draft", args=[intake.pk, "red_flags"]), {"discard": "1", "page": PAGE})
    with clock.at(clock.now() + timedelta(days=15)):
        tidying.tidy()
    assert not Draft.objects.exists()
    assert row(intake).kind == Work.RAISED


def test_ticked_again_it_is_raised_again(client: Client, intake: Intake, clerk: User):
    draft(client, intake, clerk, **SADDLE)
    taken_back(client, RaisedStop.objects.get(), clerk)
    assert not Draft.objects.live().exists()
    draft(client, intake, clerk, **SADDLE)
    assert (RaisedStop.objects.count(), row(intake).kind) == (2, Work.RAISED)


def test_what_one_person_takes_back_stands_for_the_other(client: Client, intake: Intake, clerk: User, clinician: User):
    draft(client, intake, clerk, **SADDLE)
    draft(client, intake, clinician, on=OTHER, **SADDLE)
    assert RaisedStop.objects.count() == 2
    taken_back(client, RaisedStop.objects.get(by=clerk), clerk)
    assert [stop.by for stop in raised.standing(intake)] == [clinician]


def test_what_is_saved_is_corrected_and_not_taken_back(client: Client, intake: Intake, clerk: User):
    draft(client, intake, clerk, **SADDLE)
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clerk)
    with pytest.raises(Conflict):
        raising.take_back(stop=RaisedStop.objects.get(), reason="Not so.", by=clerk)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.INTEGRATOR, Role.ADMIN])
def test_only_who_may_answer_takes_it_back_or_saves_it(
    client: Client, here: Site, intake: Intake, clerk: User, role: Role
):
    draft(client, intake, clerk, **SADDLE)
    stop, other = RaisedStop.objects.get(), factories.user(role, here)
    if role != Role.INTEGRATOR:
        assert taken_back(client, stop, other).status_code in (403, 404)
    assert taken_back(client, stop, factories.user(Role.CLERK, factories.site())).status_code == 404
    assert not TakenBack.objects.exists()


# Seen


def test_others_see_the_tick_that_raised_it_and_not_the_rest_of_the_draft(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    draft(client, intake, clerk, **SADDLE, **{"answer-cancer_history": "no", "answer-weight_loss": "yes"})
    assert set(RaisedStop.objects.get().answers) == {"ces_saddle"}
    shown = get(client, clinician, "raised", intake.pk)
    questions = protocols.get(intake.release).questions
    assert questions["ces_saddle"].text in shown
    assert questions["cancer_history"].text not in shown
    assert questions["weight_loss"].text not in shown


def test_it_is_on_every_page_of_the_intake(client: Client, intake: Intake, clerk: User, clinician: User):
    draft(client, intake, clerk, **SADDLE)
    for name, args in (("section", [intake.pk, "pain"]), ("check", [intake.pk]), ("imaging", [intake.pk])):
        assert "Ticked, not saved yet" in get(client, clinician, name, *args)


def test_the_card_comes_until_the_page_shows_it(client: Client, intake: Intake, clerk: User):
    card = draft(client, intake, clerk, **SADDLE)
    (pk,) = RaisedStop.objects.values_list("pk", flat=True)
    assert f'data-shown="{pk}"' in card.content.decode()
    assert draft(client, intake, clerk, shown=str(pk), **SADDLE).status_code == 204
    assert draft(client, intake, clerk, **SADDLE).status_code == 200


def test_the_card_is_in_the_language_of_the_person(client: Client, intake: Intake, clerk: User):
    client.cookies["django_language"] = "de"
    card = draft(client, intake, clerk, **SADDLE).content.decode()
    assert "Angekreuzt, noch nicht gespeichert" in card
    assert "<strong>Ja</strong>" in card


# Chased, counted, and the end of the intake


def test_it_is_late_after_a_quarter_of_an_hour_and_chased(client: Client, intake: Intake, clerk: User):
    draft(client, intake, clerk, **SADDLE)
    began = row(intake).since
    with clock.at(began + timedelta(minutes=14)):
        assert chasing.chase() == []
        assert "overdue" not in get(client, clerk, "worklist").split("<tbody")[1]
    with clock.at(began + timedelta(minutes=16)):
        assert [each.kind for each in chasing.chase()] == [Work.RAISED]
        assert chasing.chase() == []
        assert "overdue" in get(client, clerk, "worklist").split("<tbody")[1]


def test_an_emergency_is_above_what_is_long_overdue_from_its_first_moment(
    client: Client, here: Site, intake: Intake, clerk: User
):
    with clock.at(clock.now() - timedelta(days=30)):
        factories.open_intake(here, clerk)
    draft(client, intake, clerk, **SADDLE)
    rows = get(client, clerk, "worklist").split("<tbody")[1].split("<tr")[1:]
    assert "Ticked and not saved" in rows[0]
    assert ">now<" in rows[0]


def test_the_list_made_anew_holds_it(client: Client, intake: Intake, clerk: User):
    draft(client, intake, clerk, **SADDLE)
    before = WorkItem.objects.values_list("kind", "since", "due", "disposition").get()
    WorkItem.objects.all().delete()
    work.rebuild()
    assert WorkItem.objects.values_list("kind", "since", "due", "disposition").get() == before


def test_nobody_completes_an_intake_over_it(client: Client, here: Site, clerk: User, clinician: User):
    intake = factories.assessment(here, clinician).intake
    draft(client, intake, clerk, **SADDLE)
    with pytest.raises(Conflict):
        intakes.complete(intake=intake, by=clinician)
    client.force_login(clinician)
    assert close(client, intake, "complete").status_code == 409


def test_it_outlives_the_intake_and_nobody_is_erased_before(
    client: Client, intake: Intake, clerk: User, clinician: User, admin: User
):
    draft(client, intake, clerk, **SADDLE)
    intakes.cancel(intake=intake, reason="Left.", by=clerk)
    assert row(intake).kind == Work.RAISED
    with clock.at(clock.now() + timedelta(days=366 * 40)), pytest.raises(Conflict):
        erasing.erase(patient=intake.patient, reason="As asked.", by=admin)
    client.force_login(clinician)
    client.post(reverse("raised", args=[intake.pk]), {"shown": str(RaisedStop.objects.get().pk)})
    assert row(intake).kind == Work.STOP


def test_it_can_be_taken_back_after_the_intake_has_ended(client: Client, intake: Intake, clerk: User):
    draft(client, intake, clerk, **SADDLE)
    intakes.cancel(intake=intake, reason="Left.", by=clerk)
    taken_back(client, RaisedStop.objects.get(), clerk)
    assert not WorkItem.objects.exists()


def test_a_late_draft_of_a_page_that_was_saved_raises_nothing(client: Client, intake: Intake, clerk: User):
    form(client, intake, clerk, **{"answer-fever": "no"})
    assert draft(client, intake, clerk, **SADDLE).status_code == 202
    assert not RaisedStop.objects.exists()


# Without script


def test_a_group_has_a_save_of_its_own_that_shows_the_stop_card(client: Client, intake: Intake, clerk: User):
    assert 'name="now"' in get(client, clerk, "section", intake.pk, "red_flags")
    answer = form(client, intake, clerk, now="part-1", **SADDLE, **{"answer-ces_onset_days": "a week"})
    assert answer.url == reverse("stop", args=[intake.pk])
    intake.refresh_from_db()
    assert {name: each["value"] for name, each in intake.answers.items()} == {"ces_saddle": "yes"}
    assert Draft.objects.live().get().typed == {"ces_onset_days": {"answer-ces_onset_days": ["a week"]}}


def test_a_save_of_a_group_makes_no_answer_up_and_empties_none(client: Client, intake: Intake, clerk: User):
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=clerk)
    answer = form(client, intake, clerk, now="part-2", **{"answer-leg_weakness": "no"})
    assert answer.url == reverse("section", args=[intake.pk, "red_flags"]) + "#part-2"
    intake.refresh_from_db()
    assert {name: each["value"] for name, each in intake.answers.items()} == {"fever": "yes", "leg_weakness": "no"}


@pytest.mark.parametrize("wrong", ["//evil.example", "x\r\nSet-Cookie: a=b", "part-1#x"])
def test_a_save_of_a_group_leads_nowhere_else(client: Client, intake: Intake, clerk: User, wrong: str):
    answer = form(client, intake, clerk, now=wrong, **{"answer-leg_weakness": "no"})
    assert answer.url == reverse("section", args=[intake.pk, "red_flags"])


def test_a_form_that_is_refused_raises_what_is_ticked_on_it(client: Client, intake: Intake, clerk: User):
    refused = form(client, intake, clerk, **SADDLE, **{"answer-ces_onset_days": "a week"})
    assert refused.status_code == 422
    assert "Ticked, not saved yet" in refused.content.decode()
    assert row(intake).kind == Work.RAISED


def test_a_form_that_somebody_else_was_faster_than_raises_it_too(
    client: Client, intake: Intake, clerk: User, clinician: User
):
    sent = {"version": str(intake.version), "page": PAGE, **SADDLE}
    intakes.answer(intake=intake, answers={"fever": "no"}, by=clinician)
    client.force_login(clerk)
    for button in ({}, {"now": "part-1"}):
        assert client.post(reverse("section", args=[intake.pk, "red_flags"]), sent | button).status_code == 409
    assert RaisedStop.objects.count() == 1


def test_what_a_form_only_showed_is_not_raised(client: Client, intake: Intake, clerk: User, clinician: User):
    """It was corrected by somebody else since."""
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clerk)
    intake.refresh_from_db()
    sent = {"version": str(intake.version), "page": PAGE, **SADDLE, "answer-fever": "no"}
    intakes.answer(intake=intake, answers={"ces_saddle": "no"}, by=clinician)
    client.force_login(clerk)
    assert client.post(reverse("section", args=[intake.pk, "red_flags"]), sent).status_code == 409
    assert client.post(reverse("draft", args=[intake.pk, "red_flags"]), sent).status_code == 204
    assert not RaisedStop.objects.exists()


# The stop card


def test_the_card_names_each_symptom_once_and_what_is_to_be_done_now_first(client: Client, intake: Intake, clerk: User):
    saved = {"ces_saddle": "yes", "ces_bladder": "yes", "ces_onset_days": 3, "fever": "yes"}
    intakes.answer(intake=intake, answers=saved, by=clerk)
    card = get(client, clerk, "stop", intake.pk)
    assert card.count("<h3>Saddle numbness") == card.count("<h3>Bladder trouble") == card.count("<h3>Fever") == 1
    assert card.index("<h3>Now</h3>") < card.index("<h3>Today</h3>")


def test_the_card_is_not_overdue_a_second_after_it_opened(client: Client, intake: Intake, clerk: User):
    intakes.answer(intake=intake, answers={"ces_saddle": "yes"}, by=clerk)
    began = row(intake).since
    with clock.at(began + timedelta(seconds=1)):
        assert "Overdue" not in get(client, clerk, "stop", intake.pk)
    with clock.at(began + timedelta(minutes=16)):
        assert "Overdue" in get(client, clerk, "stop", intake.pk)
    assert drafts.live(intake, "red_flags", clerk) == []
