"""An emergency access stands on the list of the auditors of the patient's site until one of them says what to think of it."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from clinic.actions import break_glass, people, verifying
from clinic.actions.errors import Conflict
from clinic.models import AuditEvent, BreakGlass, Site, User
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic.apps import later


@pytest.fixture
def auditor(here: Site) -> User:
    return factories.user(Role.AUDITOR, here)


@pytest.fixture
def client(auditor: User) -> Client:
    client = Client()
    client.force_login(auditor)
    return client


@pytest.fixture
def stranger(elsewhere: Site) -> User:
    return factories.user(Role.CLINICIAN, elsewhere)


@pytest.fixture
def access(here: Site, stranger: User) -> BreakGlass:
    """To a patient of here, by somebody from elsewhere, who has read a page."""
    made = factories.emergency_access(factories.patient(here, family_name="Quillfeather"), stranger)
    reader = Client()
    reader.force_login(stranger)
    assert reader.get(reverse("patient", args=[made.patient_id])).status_code == 200
    return made


@pytest.fixture
def over(access: BreakGlass, stranger: User) -> BreakGlass:
    break_glass.stop(access=access, by=stranger)
    return access


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:clinic_breakglass_{name}", args=args)


def review(client: Client, access: BreakGlass, **said: str) -> Any:
    return client.post(page("change", access.pk), {"finding": "justified", "remark": "", **said})


def listed(client: Client, **wanted: str) -> list[BreakGlass]:
    return list(client.get(page("changelist"), wanted).context["cl"].result_list)


def test_it_stands_on_the_lists_until_it_is_reviewed(client: Client, over: BreakGlass, auditor: User):
    trail = reverse("admin:clinic_auditevent_changelist")

    def waiting() -> tuple[int, int, bool]:
        entries = client.get(trail, {"review": "break_glass"}).context["cl"].result_list
        said = "1 emergency access that nobody has reviewed" in client.get(reverse("admin:index")).content.decode()
        return len(listed(client, finding="")), len(entries), said

    assert waiting() == (1, 1, True)
    assert review(client, over, finding="unclear", remark="Asked the person.").status_code == 302
    assert waiting() == (0, 0, False)
    assert listed(client, finding="unclear") == listed(client) == [over]
    over.refresh_from_db()
    assert (over.finding, over.remark, over.reviewed_by) == ("unclear", "Asked the person.", auditor)
    entry = AuditEvent.objects.get(site=over.site, action="break_glass.review")
    assert (entry.actor, entry.object_id, entry.subject) == (auditor, over.pk, over.patient_id)
    assert entry.detail == {"purpose": "BTG", "finding": "unclear"}
    assert verifying.first_broken(over.site) is None


def test_the_page_says_who_why_how_long_and_how_much_was_read_and_no_name_of_the_patient(
    client: Client, over: BreakGlass, stranger: User
):
    for address in (page("change", over.pk), page("changelist"), page("history", over.pk)):
        shown = client.get(address).content.decode()
        assert "Quillfeather" not in shown
    shown = client.get(page("change", over.pk)).content.decode()
    assert f"{stranger.display_name} ({stranger.username})" in shown
    assert "Numb saddle" in shown
    assert f'?q={over.patient_id}">1</a>' in shown
    assert "Stopped by the person" in shown


def test_those_that_nobody_has_reviewed_stand_first(client: Client, over: BreakGlass, here: Site, stranger: User):
    later_one = factories.emergency_access(factories.patient(here), stranger)
    break_glass.stop(access=later_one, by=stranger)
    assert listed(client) == [later_one, over]
    review(client, later_one)
    assert listed(client) == [over, later_one]


def test_what_still_holds_is_seen_and_not_reviewed(client: Client, access: BreakGlass, auditor: User):
    assert client.get(page("change", access.pk)).status_code == 200
    assert review(client, access).status_code == 403
    with pytest.raises(Conflict, match="still holds"):
        break_glass.review(access=access, finding="justified", remark="", by=auditor)
    with later(minutes=31):
        assert review(client, access).status_code == 302
    access.refresh_from_db()
    assert (access.ending, access.finding) == ("expired", "justified")


def test_it_is_reviewed_once(client: Client, over: BreakGlass, auditor: User):
    review(client, over)
    assert review(client, over, finding="not_justified", remark="Another thought.").status_code == 403
    with pytest.raises(Conflict, match="has been reviewed"):
        break_glass.review(access=over, finding="not_justified", remark="Another thought.", by=auditor)
    over.refresh_from_db()
    assert over.finding == "justified"


@pytest.mark.parametrize("said", [{"finding": ""}, {"finding": "fine"}, {"finding": "not_justified"}])
def test_a_finding_is_one_of_the_list_and_says_what_was_found(
    client: Client, over: BreakGlass, auditor: User, said: dict[str, str]
):
    answer = review(client, over, **said)
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode()
    with pytest.raises(ValidationError):
        break_glass.review(access=over, remark=" ", by=auditor, **said)
    over.refresh_from_db()
    assert over.reviewed_at is None


def test_nobody_reviews_their_own(here: Site, over: BreakGlass, stranger: User):
    people.grant(user=stranger, site=here, role=Role.AUDITOR, by=people.system())
    client = Client()
    client.force_login(stranger)
    assert client.get(page("change", over.pk)).status_code == 200
    assert review(client, over).status_code == 403
    with pytest.raises(NotAllowed):
        break_glass.review(access=over, finding="justified", remark="", by=User.objects.get(pk=stranger.pk))


def test_only_auditors_of_the_patients_site_see_and_review_it(over: BreakGlass, here: Site, elsewhere: Site):
    others = [factories.user(role, here) for role in set(Role) - {Role.AUDITOR}]
    others.append(factories.user(Role.AUDITOR, elsewhere))
    for somebody in others:
        client = Client()
        client.force_login(somebody)
        assert client.get(page("change", over.pk)).status_code in (302, 404), somebody
        assert review(client, over).status_code in (302, 404), somebody
        with pytest.raises(NotAllowed):
            break_glass.review(access=over, finding="justified", remark="", by=somebody)
        assert "emergency access that nobody" not in client.get(reverse("admin:index"), follow=True).content.decode()
