"""Patients, and the people who work with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers
from rest_framework.response import Response

from clinic import permissions
from clinic.actions import limits, origin, patients
from clinic.actions.errors import NotFound
from clinic.actions.limits import Limited
from clinic.api.description import reads, writes
from clinic.api.door import Address, find, shown
from clinic.api.fields import DayOfBirth, Strict, Text
from clinic.api.listing import ListQuery
from clinic.models import Patient, Sex, Site
from clinic.permissions import Capability

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse
    from rest_framework.request import Request


class Person(serializers.Serializer[Any]):
    """Somebody who did something."""

    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")


class PatientBody(Strict):
    """A person to be known at one site."""

    site = Text(max_length=50, help_text="the short name of one of your sites")
    reference = Text(max_length=40, help_text="what the site knows the patient by")
    given_name = Text(max_length=80, required=False, allow_blank=True, help_text="one of the two names is enough")
    family_name = Text(max_length=80, required=False, allow_blank=True)
    date_of_birth = DayOfBirth(help_text="1986-03-04; 1986-03 or 1986 if no more is known; 1986~ for about 1986")
    sex = serializers.ChoiceField(Sex.choices, required=False)
    phone = Text(max_length=40, required=False, allow_blank=True)


class PatientShown(serializers.ModelSerializer[Patient]):
    """A person in the care of a site; of one who was erased nothing is known but that they were here."""

    site: serializers.SlugRelatedField[Site] = serializers.SlugRelatedField("slug", read_only=True)

    date_of_birth = DayOfBirth(allow_null=True)
    is_erased = serializers.BooleanField()

    class Meta:
        model = Patient
        fields = (
            "id",
            "site",
            "reference",
            "given_name",
            "family_name",
            "date_of_birth",
            "sex",
            "phone",
            "registered_at",
            "is_erased",
        )
        read_only_fields = fields


class PatientSearchBody(Strict):
    """Whom to look for; in the body, so that no address holds a name."""

    words = Text(max_length=100, help_text="starts of names or of the reference, all of which have to fit")


class PatientsFound(serializers.Serializer[Any]):
    """The newest of those whom the words fit."""

    results = PatientShown(many=True)
    has_more = serializers.BooleanField(help_text="there are more: look for more of the name")


_MOST_FOUND = 50


class Patients(Address):
    """The patients of your sites."""

    @reads("List patients, newest first", PatientShown(many=True), problems=(403, 404, 422), parameters=(ListQuery,))
    def get(self, request: Request) -> Response:
        permissions.require_somewhere(self.caller, Capability.READ_PATIENT)
        self.query(ListQuery)
        return self.page(Patient.objects.visible_to(self.caller).select_related("site", "kept_key"), PatientShown)

    @writes("Register a patient", PatientShown, body=PatientBody, status=201, problems=(404, 409))
    def post(self, request: Request) -> Response:
        body = {"sex": Sex.UNKNOWN, **self.body(PatientBody)}
        body["site"] = self._site(body["site"])
        return self.reply(201, lambda: shown(PatientShown, patients.register(**body, by=self.caller)))

    def _site(self, slug: str) -> Site:
        site = Site.objects.visible_to(self.caller).filter(slug=slug).first()
        if site is None:
            raise NotFound("None of your sites has this short name.")
        return site


class PatientSearch(Address):
    """Some of the patients of your sites."""

    only_reads = True

    @writes("Look for patients", PatientsFound, body=PatientSearchBody, problems=(429,), parameters=())
    def post(self, request: Request) -> Response:
        permissions.require_somewhere(self.caller, Capability.READ_PATIENT)
        words = self.body(PatientSearchBody)["words"]
        limits.count_use(Limited.SEARCH, by=self.caller)
        rows = Patient.objects.visible_to(self.caller).matching(words).select_related("site", "kept_key")
        newest = list(rows[: _MOST_FOUND + 1])
        found = newest[:_MOST_FOUND]
        origin.note_found(found, words=words)
        return Response(PatientsFound({"results": found, "has_more": len(newest) > _MOST_FOUND}).data)


class OnePatient(Address):
    """One patient."""

    @reads("Read a patient", PatientShown, problems=(404,), tagged=True)
    def get(self, request: Request, id: UUID) -> HttpResponse:  # noqa: A002 -- as the address calls it
        patient = find(Patient.objects.visible_to(self.caller).select_related("site", "kept_key"), id)
        return self.show(shown(PatientShown, patient))
