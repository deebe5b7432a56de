"""What every staff page has: a person who is logged in, the site it is about, and the way on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Model
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from clinic import clock, permissions, spoken
from clinic.actions import break_glass, errors, form_keys
from clinic.actions.answers import AGE, SEX, age_of
from clinic.models import Assessment, Intake, Patient, Sex, Site, User
from clinic.models.birth import in_years
from clinic.permissions import Capability
from clinic.web import stop_notices
from clinic.web.errors import refuse_conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from uuid import UUID

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.models.base import SiteQuerySet
    from clinic.models.birth import Birth
    from triage.protocol import Protocol

Row = TypeVar("Row", bound=Model)
SITE_KEY = "site"
AT = "at"  # the site that a form or a link is about, whatever site was chosen since in another tab
_VERSION = re.compile(r"[0-9]{1,9}")


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
    born: Birth | None  # unknown, with the age, of a patient who was erased
    age: str
    sex: str
    reference: str
    is_corrected_since: bool = False  # the outcome beside it used another age than the record gives for its day


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
            clock.show(self.site)
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
        """The site that the page names, or that the person chose last, or the first of theirs."""
        if not self.named_site:
            return self.chosen_site()
        for site in self.sites:
            if str(site.pk) == self.named_site:
                return site
        raise Http404

    @property
    def named_site(self) -> str:
        sent = self.request.POST if self.request.method == "POST" else self.request.GET
        return sent.get(AT, "")

    @property
    def address(self) -> str:
        """Where the page can be read again, be it in another language."""
        return (
            f"{self.request.path}?{urlencode({AT: self.site.pk})}" if self.named_site else self.request.get_full_path()
        )

    def chosen_site(self) -> Site:
        chosen = self.request.session.get(SITE_KEY)
        for site in self.sites:
            if str(site.pk) == chosen:
                return site
        if not self.sites:
            raise PermissionDenied(_("You see patients at no site."))
        return self.sites[0]

    def version_sent(self) -> int:
        """The version of what the person saw while filling in the form."""
        version = self.request.POST.get("version", "")
        if not _VERSION.fullmatch(version):
            raise BadRequest("a form without the version of what it shows")
        return int(version)

    def once(self, act: Callable[[], str], *, said: str = "", is_guarded: bool = False) -> HttpResponseBase:
        """Do what the form asks for and go where that leads; a form that was sent before only leads there."""
        sent, path = self.request.POST, self.request.path
        reply = form_keys.once(sent=sent, path=path, by=self.user, run=act, is_guarded=is_guarded)
        if reply.replayed:
            messages.info(self.request, _("This form was sent twice. It counts once."))
        elif said:
            messages.success(self.request, said)
        return redirect(reply.body)

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
            "address": self.address,
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
    def outcome_shown(self) -> Assessment | None:
        """The assessment whose outcome the page tells of: a fact beside it is the one that it used."""
        return self.urgent

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
            "person": describe(patient, on=clock.today(self.site), beside=self.outcome_shown),
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
    return patient.sorted_name


def describe(patient: Patient, *, on: date, beside: Assessment | None = None) -> Person:
    """Whom a page is about; beside an outcome, with the facts that it used."""
    on, age = (beside.on if beside else on), _used(beside, AGE)
    is_corrected_since = not patient.is_erased and age not in (None, age_of(patient, on=on))
    known = "" if patient.is_erased else patient.date_of_birth.age_said(on)
    return Person(
        name=name_of(patient),
        born=patient.date_of_birth,
        age=in_years(*_ends(age)) if is_corrected_since else known,
        sex=str(Sex(_used(beside, SEX) or patient.sex).label),
        reference=patient.reference,
        is_corrected_since=is_corrected_since,
    )


def _used(beside: Assessment | None, name: str) -> Any:
    """What an outcome took from the record of the patient."""
    return beside.answers.get(name, {}).get("value") if beside else None


def _ends(age: int | Mapping[str, int]) -> tuple[int, int]:
    return (age, age) if isinstance(age, int) else (age["from"], age["to"])
