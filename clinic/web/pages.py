"""What every staff page has: a person who is logged in, the site it is about, and the way on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from clinic import permissions, spoken
from clinic.actions import break_glass, errors
from clinic.models import Assessment, Intake, Patient, Site, User
from clinic.permissions import Capability
from clinic.web import stop_notices
from clinic.web.errors import refuse_conflict

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.models.base import SiteQuerySet
    from triage.protocol import Protocol

Row = TypeVar("Row", bound=Model)
SITE_KEY = "site"


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere to go."""

    text: str
    url: str
    is_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a page is about, as shown at its top."""

    name: str
    born: date | None  # unknown, with the age, of a patient who was erased
    age: int | None
    sex: str
    reference: str


@method_decorator(never_cache, name="dispatch")
class StaffPage(View):
    """A page for people who see patients at a site; everybody else is refused.

    What an action refuses becomes the page for its status: 403, 404 or 409. No copy of a page
    stays behind in the browser.
    """

    here = "worklist"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.site = self.find_site()
            return super().dispatch(request, *args, **kwargs)
        except errors.NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except errors.NotFound as refusal:
            raise Http404(str(refusal)) from refusal
        except (errors.Conflict, errors.Stale) as refusal:
            return refuse_conflict(str(refusal))

    @property
    def user(self) -> User:
        user = self.request.user
        if not isinstance(user, User):
            raise PermissionDenied
        return user

    @cached_property
    def sites(self) -> list[Site]:
        """The sites at which the person sees patients."""
        return list(Site.objects.filter(pk__in=permissions.sites_of(self.user, Capability.READ_PATIENT)))

    def find_site(self) -> Site:
        """The site that the person chose last, or the first of theirs."""
        chosen = self.request.session.get(SITE_KEY)
        for site in self.sites:
            if str(site.pk) == chosen:
                return site
        if not self.sites:
            raise PermissionDenied(_("You see patients at no site."))
        return self.sites[0]

    def find(self, rows: SiteQuerySet[Row]) -> Row:
        """The record of the address, if it is the person's to see; in an emergency access, if they only look at it."""
        pk = self.kwargs["pk"]
        found = rows.visible_to(self.user).filter(pk=pk).first()
        if found is None and self.request.method == "GET" and break_glass.open_record(rows, pk, by=self.user):
            found = rows.visible_to(self.user).filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def may(self, capability: Capability) -> bool:
        return permissions.may(self.user, capability, self.site)

    def show(self, template: str, *, status: int = 200, **context: Any) -> HttpResponseBase:
        """The page, in the frame of its site."""
        frame = {
            "site": self.site,
            "sites": self.sites,
            "who": self.user.display_name,
            "navigation": self._navigation(),
            "emergency": self.user.emergency,
        }
        return render(self.request, template, frame | context, status=status)

    def _navigation(self) -> list[Link]:
        links = [
            Link(_("Worklist"), reverse("worklist"), self.here == "worklist"),
            Link(_("Patients"), reverse("find_patient"), self.here == "patients"),
        ]
        if permissions.may_somewhere(self.user, Capability.USE_ADMIN):
            links.append(Link(_("Admin"), reverse("admin:index")))
        return links


class IntakePage(StaffPage):
    """A page about one intake, at its patient's site."""

    intake: Intake

    def find_site(self) -> Site:
        self.intake = self.find(Intake.objects.with_context())
        return self.intake.site

    @cached_property
    def protocol(self) -> Protocol:
        return spoken.protocol(self.intake.release)

    @cached_property
    def newest(self) -> Assessment | None:
        """The assessment of the answers as they are now, if the person may see it."""
        return Assessment.objects.visible_to(self.user).newest().filter(intake=self.intake).first()

    @cached_property
    def urgent(self) -> Assessment | None:
        """The same for whoever acts on what cannot wait, whoever completed the intake."""
        found = Assessment.objects.to_act_on(self.user).newest().filter(intake=self.intake)
        return self.newest or found.first()

    @property
    def raised(self) -> stop_notices.Unsaved | None:
        """What was ticked and cannot wait, and is not saved."""
        return stop_notices.unsaved(self.intake, self.user)

    @property
    def sees_decisions(self) -> bool:
        return permissions.may_read(self.user, Capability.READ_ASSESSMENT, self.site, self.intake.patient_id)

    def result_url(self, assessment: UUID) -> str:
        """The way to the result, for whoever may see the assessment."""
        is_seen = Assessment.objects.visible_to(self.user).filter(pk=assessment).exists()
        return reverse("result", args=[self.intake.pk]) if is_seen else ""

    def show(self, template: str, *, status: int = 200, **context: Any) -> HttpResponseBase:
        patient = self.intake.patient
        about = {
            "person": describe(patient, on=timezone.localdate()),
            "crumbs": [
                Link(_("Worklist"), reverse("worklist")),
                Link(name_of(patient), reverse("patient", args=[patient.pk])),
            ],
            "stop": stop_notices.notice(self.urgent),
            "raised": self.raised,
        }
        return super().show(template, status=status, **(about | context))


def name_of(patient: Patient) -> str:
    """The name as lists are sorted by it: family name first."""
    return str(patient) if patient.is_erased else f"{patient.family_name}, {patient.given_name}"


def describe(patient: Patient, *, on: date) -> Person:
    return Person(
        name=name_of(patient),
        born=patient.date_of_birth,
        age=None if patient.is_erased else patient.age(on=on),
        sex=patient.get_sex_display(),
        reference=patient.reference,
    )
