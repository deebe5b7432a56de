"""Nothing is changed without a trace, and what is written once stays as it is."""

import hashlib
from datetime import date

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic.actions import intakes, patients, people
from clinic.actions.errors import Conflict
from clinic.models import AuditEvent, Intake, Membership, Patient, ProtocolRelease, Replay, Site, Unaudited, User
from clinic.models.base import AppendOnlyRecord, EditedRecord, Record, uuid7
from clinic.permissions import Role
from tests import factories
from tests.passwords import QuickHasher

RECORDS = [model for model in apps.get_app_config("clinic").get_models() if issubclass(model, Record)]


def test_every_record_is_either_edited_with_history_or_append_only() -> None:
    """But for a replay, of which only how far it has come is written again."""
    audited = [model for model in RECORDS if model is not Replay]
    assert all(issubclass(model, EditedRecord | AppendOnlyRecord) for model in audited)
    assert all(hasattr(model, "history") for model in RECORDS if issubclass(model, EditedRecord))


@pytest.mark.parametrize("model", RECORDS)
def test_a_queryset_refuses_what_would_leave_no_history(model: type[Record]) -> None:
    rows = model.objects.all()
    for write in (rows.update, rows.delete, lambda: rows.bulk_create([]), lambda: rows.bulk_update([], ["id"])):
        with pytest.raises(Unaudited):
            write()


def test_a_related_manager_refuses_it_too(here: Site, clerk: User) -> None:
    with pytest.raises(Unaudited):
        clerk.memberships.update(role=Role.ADMIN)


@pytest.mark.parametrize("model", RECORDS)
def test_no_record_is_deleted(model: type[Record]) -> None:
    with pytest.raises(Unaudited):
        model().delete()


def test_an_assessment_is_never_changed(here: Site, clinician: User) -> None:
    assessment = factories.assessment(here, clinician)
    with pytest.raises(Unaudited):
        assessment.save()


def test_an_edited_record_is_not_saved_unsigned(here: Site) -> None:
    here.name = "Changed by nobody"
    with pytest.raises(Unaudited):
        here.save()
    with pytest.raises(Unaudited):
        Site.objects.create(slug="from-nowhere", name="From nowhere")


@pytest.mark.untold
def test_a_signature_holds_for_one_save(here: Site, admin: User) -> None:
    here.save_as(by=admin, reason="renamed")
    with pytest.raises(Unaudited):
        here.save()


def test_every_change_names_who_and_why(here: Site, clerk: User, clinician: User) -> None:
    patient = factories.patient(here, by=clerk)
    patients.correct(patient=patient, changes={"phone": "01234 567890"}, by=clinician)
    rows = patient.history.order_by("history_id")
    assert [(row.history_user, row.history_change_reason) for row in rows] == [
        (clerk, "registered"),
        (clinician, "corrected: phone"),
    ]


def test_no_history_anywhere_is_without_a_name_and_a_reason(here: Site, clinician: User) -> None:
    intakes.complete(intake=factories.assessment(here, clinician).intake, by=clinician)
    for model in RECORDS:
        if issubclass(model, EditedRecord):
            nameless = model.history.filter(history_user__isnull=True) | model.history.filter(
                history_change_reason__isnull=True
            )
            assert not nameless.exists(), model
    assert Intake.history.exists()


def test_a_change_of_nothing_leaves_no_trace(here: Site, clerk: User) -> None:
    patient = factories.patient(here, by=clerk, given_name="Ada")
    patients.correct(patient=patient, changes={"given_name": " Ada "}, by=clerk)
    assert patient.history.count() == 1


def test_a_renewed_password_hash_is_in_the_persons_own_name(here: Site, clerk: User) -> None:
    clerk.password = QuickHasher().encode(factories.PASSWORD, "grain-of-salt", iterations=2)
    clerk.save_as(by=clerk, reason="hash of an older kind")
    people.renew_hash(user=clerk, password=factories.PASSWORD)
    assert clerk.history.latest("history_id").history_change_reason == "password hash renewed"
    assert AuditEvent.objects.latest("pk").action == "user.renew_hash"
    assert clerk.check_password(factories.PASSWORD)
    before = clerk.history.count()
    people.renew_hash(user=clerk, password=factories.PASSWORD)
    assert clerk.history.count() == before
    assert not any(field.name == "password" for field in User.history.model._meta.fields)


def test_the_account_of_the_installation_is_made_once_and_told_of(db: None) -> None:
    accounts = {people.system().pk for _ in range(2)}
    (entry,) = AuditEvent.objects.all()
    assert (entry.action, {entry.object_id}, entry.site) == ("user.add", accounts, None)


def test_ids_are_in_the_order_of_creation() -> None:
    ids = [uuid7() for _ in range(3)]
    assert all(each.version == 7 and each.variant == "specified in RFC 4122" for each in ids)
    assert len(set(ids)) == 3
    stamps = [each.int >> 80 for each in ids]
    assert stamps == sorted(stamps)


BAD_PEOPLE = [
    {"given_name": "A\x00da"},
    {"given_name": "A\ud800da"},
    {"given_name": "Ada\nExample"},
    {"given_name": "\u200d"},
    {"family_name": "x" * 81},
    {"reference": ""},
    {"date_of_birth": date(2999, 1, 1)},
    {"date_of_birth": date(1850, 1, 1)},
    {"date_of_birth": "the day before"},
    {"sex": "unheard of"},
    {"phone": 12.5},
]


@pytest.mark.parametrize("details", BAD_PEOPLE)
def test_a_patient_that_cannot_be_stored_is_refused_by_field(
    here: Site, clerk: User, details: dict[str, object]
) -> None:
    with pytest.raises(ValidationError) as refused:
        factories.patient(here, by=clerk, **details)
    assert list(refused.value.message_dict) == list(details)
    assert not Patient.objects.exists()


def test_text_is_stored_composed_and_without_blanks_around_it(here: Site, clerk: User) -> None:
    patient = factories.patient(here, by=clerk, given_name=" Zoe\u0308 ")
    assert patient.given_name == "Zo\u00eb"


def test_a_patient_is_found_by_the_start_of_names_and_reference(here: Site, clerk: User) -> None:
    ada = factories.patient(here, by=clerk, given_name="Ada", family_name="Winter", reference="NF-7")
    factories.patient(here, by=clerk, given_name="Ada", family_name="Summer", reference="NF-8")
    for words in ("win", "ada w", "NF-7", "winter  ADA"):
        assert list(Patient.objects.matching(words)) == [ada]
    for words in ("da", "winter nobody", "\x00", "\ud800"):
        assert not Patient.objects.matching(words).exists()


def test_two_patients_of_a_site_have_two_references(here: Site, clerk: User) -> None:
    first, second = (factories.patient(here, by=clerk, reference=each) for each in ("NF-7", "NF-8"))
    with pytest.raises(Conflict, match="Another patient"):
        patients.correct(patient=second, changes={"reference": "NF-7"}, by=clerk)
    factories.patient(factories.site(), reference="NF-7")  # elsewhere it is another's
    patients.correct(patient=first, changes={"reference": "NF-9"}, by=clerk)
    patients.correct(patient=second, changes={"reference": "NF-7"}, by=clerk)
    assert [*Patient.objects.called("nf-7").filter(site=here)] == [second]


def _refused_by_the_database(record: EditedRecord, by: User) -> bool:
    try:
        with transaction.atomic():
            record.save_as(by=by, reason="tried")
    except IntegrityError:
        return True
    return False


def test_the_database_holds_the_rules_that_it_can(here: Site, clerk: User, clinician: User) -> None:
    intake = factories.open_intake(here, clerk)
    now = timezone.now()
    second = Intake(patient=intake.patient, site=here, release=intake.release, opened_by=clerk)
    nobody = Intake.objects.get(pk=intake.pk)
    nobody.status, nobody.completed_at = "completed", now
    text = {"protocol": "own", "version": "1.0.0", "source": "x", "sha256": hashlib.sha256(b"x").hexdigest()}
    text |= {"authored_by": clerk, "review_due": now.date()}
    approval = {"approved_by": clinician, "approved_at": now, "approved_sha256": text["sha256"]}
    own = ProtocolRelease(**text, status="approved", **approval | {"approved_by": clerk})
    other = ProtocolRelease(**text, status="approved", **approval | {"approved_sha256": "0" * 64})
    edited = ProtocolRelease(**text, **approval)
    unapproved = ProtocolRelease(**text, status="published", published_at=now)
    twice = Membership(user=clerk, site=here, role=Role.CLERK)
    numberless = Site(slug="numberless", name="Numberless", is_live=True)
    for record in (second, nobody, own, other, edited, unapproved, twice, numberless):
        assert _refused_by_the_database(record, clinician), record
