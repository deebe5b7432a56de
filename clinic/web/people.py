"""Find and register patients, and see what a patient has had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import clock, permissions, spoken
from clinic.actions import editing, intakes, limits, origin, patients
from clinic.actions.errors import Conflict, Overtaken
from clinic.actions.limits import Limited
from clinic.models import LIVE, Assessment, Intake, IntakeStatus, Patient, Referral, Site
from clinic.permissions import Capability
from clinic.web import faults, stop_notices
from clinic.web.pages import Link, StaffPage, describe, name_of
from clinic.web.registration import RegistrationForm
from clinic.web.trend import trend
from clinic.web.wording import URGENCIES, Tag, disposition_tag
from triage.protocol import Service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.web.faults import Fault
    from clinic.web.registration import Clash
    from clinic.web.wording import Words

_MOST_FOUND = 20
_MOST_SHOWN = 50
_STATUS_TONES = {
    IntakeStatus.OPEN: "information",
    IntakeStatus.COMPLETED: "done",
    IntakeStatus.CANCELLED: "quiet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRow:
    """One intake of a patient, and the way to it."""

    title: str
    opened_at: datetime
    opened_by: str
    status: Tag
    outcome: Tag | None
    url: str
    step: str
    timeline_url: str
    follows: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralRow:
    """One referral of a patient, and where it stands."""

    service: str
    priority: Words
    created_at: datetime
    status: Tag
    url: str
    is_live: bool


class FindPatient(StaffPage):
    """Look for a patient of the site; the words come in a form, so that no address holds a name."""

    here = "patients"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self._show()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        words = request.POST.get("words", "").strip()
        if not words:
            fault = faults.Fault(anchor="words", about=_("Name or reference"), text=_("Say whom to look for."))
            return self._show(status=422, faults=[fault])
        limits.count_use(Limited.SEARCH, by=self.user)
        rows = Patient.objects.visible_to(self.user).filter(site=self.site).matching(words)
        newest = list(rows.select_related("kept_key")[: _MOST_FOUND + 1])
        found = sorted(newest[:_MOST_FOUND], key=name_of)
        origin.note_found(found, words=words)
        return self._show(
            words=words,
            has_looked=True,
            found=[(name_of(each), each) for each in found],
            has_more=len(newest) > _MOST_FOUND,
        )

    def _show(self, *, status: int = 200, **context: Any) -> HttpResponseBase:
        may = {
            "may_register": self.may(Capability.EDIT_PATIENT),
            "may_break_glass": permissions.may_somewhere(self.user, Capability.BREAK_GLASS),
        }
        return self.show("clinic/find_patient.html", status=status, **may, **context)


class RegisterPatient(StaffPage):
    """Add a patient to the site."""

    here = "patients"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self._show(RegistrationForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        form = RegistrationForm(request.POST)
        if not self._is_for_this_site:
            return self._show(form, status=409, found=[self._elsewhere()])
        if not form.is_valid():
            return self._show(form, status=422, found=faults.of_form(form))
        try:
            return self.once(lambda: self._register(form), said=_("Registered."))
        except ValidationError as error:
            return self._show(form, status=422, found=form.refuse(error))
        except Conflict as conflict:
            return self._show(form, status=409, found=form.refuse_conflict(conflict))

    def find_site(self) -> Site:
        """The site that the form names; where the person works there no more, another one, for the page to say so."""
        try:
            return super().find_site()
        except Http404:
            if self.request.method != "POST":
                raise
            return self.chosen_site()

    @property
    def _is_for_this_site(self) -> bool:
        """Whether the form says that it is; who works at one site only can mean no other."""
        return self.named_site == str(self.site.pk) or not (self.named_site or self.sites[1:])

    def _elsewhere(self) -> Fault:
        text = _("This form was not for %(site)s. It is now: look whether that is right, then send it again.")
        return faults.Fault(anchor="", about="", text=text % {"site": self.site.name})

    def _register(self, form: RegistrationForm) -> str:
        patient = patients.register(site=self.site, by=self.user, **form.cleaned_data)
        return reverse("patient", args=[patient.pk])

    def _show(self, form: RegistrationForm, *, status: int = 200, found: Sequence[Fault] = ()) -> HttpResponseBase:
        return self.show("clinic/register_patient.html", status=status, form=form, faults=found)


class PatientPage(StaffPage):
    """Who a patient is, and every intake and referral of theirs: a second one is never started unseen."""

    here = "patients"
    patient: Patient

    def find_site(self) -> Site:
        self.patient = self.find(Patient.objects.select_related("site", "kept_key"))
        return self.patient.site

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self.show_patient()

    def show_patient(self, *, status: int = 200, **context: Any) -> HttpResponseBase:
        rows = [self._intake_row(each) for each in self._intakes()]
        may_answer = self.may(Capability.ANSWER)
        return self.show(
            "clinic/patient.html",
            status=status,
            person=describe(self.patient, on=clock.today(self.site)),
            patient=self.patient,
            crumbs=[Link(_("Patients"), reverse("find_patient"))],
            intakes=rows,
            live_intake=self._live_intake if may_answer else None,
            may_start=may_answer and not self.patient.is_erased and self._live_intake is None and self.site.is_live,
            may_correct=self.may(Capability.EDIT_PATIENT) and not self.patient.is_erased,
            referrals=(referrals := self._referral_rows()),
            live_referrals=[each for each in referrals if each.is_live],
            trend=trend(self.patient, self.user),
            stops=stop_notices.of_patient(self.patient, self.user),
            all_raised=stop_notices.unsaved_of_patient(self.patient, self.user),
            **context,
        )

    def _intakes(self) -> list[Intake]:
        newest = Assessment.objects.visible_to(self.user).newest().defer("outcome", "answers")
        rows = Intake.objects.visible_to(self.user).filter(patient=self.patient)
        rows = rows.select_related("release", "opened_by", "follows").defer(
            "answers", "release__source", "follows__answers"
        )
        found = list(rows.prefetch_related(Prefetch("assessments", newest, "newest"))[:_MOST_SHOWN])
        self._live_intake = next((each for each in found if each.is_open), None)
        return found

    def _intake_row(self, intake: Any) -> IntakeRow:
        newest = intake.newest[0] if intake.newest else None
        may_ask = intake.is_open and self.may(Capability.ANSWER)
        way = ("intake", _("Continue")) if may_ask else ("check", _("Answers"))
        if newest and not intake.is_open:
            way = ("result", _("Result"))
        return IntakeRow(
            title=str(intake.release),
            opened_at=intake.opened_at,
            opened_by=intake.opened_by.display_name,
            status=Tag(_STATUS_TONES[intake.status], intake.get_status_display()),
            outcome=disposition_tag(newest.disposition) if newest else None,
            url=reverse(way[0], args=[intake.pk]),
            step=way[1],
            timeline_url=reverse("timeline", args=[intake.pk]),
            follows=intake.follows.opened_at if intake.follows else None,
        )

    def _referral_rows(self) -> list[ReferralRow]:
        rows = Referral.objects.visible_to(self.user).filter(patient=self.patient).prefetch_related("statuses")
        joined = rows.select_related("assessment__release")
        lean = joined.defer("assessment__outcome", "assessment__answers", "assessment__release__source")
        return [self._referral_row(each) for each in lean[:_MOST_SHOWN]]

    def _referral_row(self, referral: Referral) -> ReferralRow:
        services = spoken.protocol(referral.assessment.release).services
        stage = referral.status
        return ReferralRow(
            service=services[Service(referral.service)].title,
            priority=URGENCIES[referral.priority],
            created_at=referral.created_at,
            status=Tag("information" if stage in LIVE else "quiet", stage.label),
            url=reverse("referral", args=[referral.pk]),
            is_live=stage in LIVE,
        )


class StartIntake(PatientPage):
    """Open an intake; where one is open already, that one is shown instead."""

    http_method_names = ("post",)

    @property
    def address(self) -> str:
        return reverse("patient", args=[self.patient.pk])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            return self.once(self._open)
        except Conflict as conflict:
            return self.show_patient(status=409, faults=[faults.Fault(anchor="intakes", about="", text=str(conflict))])

    def _open(self) -> str:
        return reverse("intake", args=[intakes.open(patient=self.patient, by=self.user).pk])


class CorrectPatient(PatientPage):
    """Put right what is known of a patient."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        permissions.require(self.user, Capability.EDIT_PATIENT, self.site)
        newest = editing.newest(self.patient)
        return self._show(RegistrationForm(initial=RegistrationForm.of(newest)), version=newest.history_id)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        form, version = RegistrationForm(request.POST), self.version_sent()
        if not form.is_valid():
            return self._show(form, status=422, found=faults.of_form(form))
        try:
            return self.once(lambda: self._correct(form, version), said=_("Corrected."))
        except Overtaken as overtaken:
            return self._show_what_changed(form, overtaken)
        except ValidationError as error:
            return self._show(form, status=422, found=form.refuse(error))
        except Conflict as conflict:
            return self._show(form, status=409, found=form.refuse_conflict(conflict))

    def _correct(self, form: RegistrationForm, version: int) -> str:
        """Change what the person changed on the page that they saw, and nothing else."""
        editing.edit(
            record=self.patient,
            version=version,
            typed=form.cleaned_data,
            change=lambda changes: patients.correct(patient=self.patient, changes=changes, by=self.user),
        )
        return reverse("patient", args=[self.patient.pk])

    def _show_what_changed(self, form: RegistrationForm, overtaken: Overtaken) -> HttpResponseBase:
        """What stands in the record now, with what was typed in its place, and where the two differ."""
        newest = editing.newest(self.patient)
        merged = RegistrationForm(initial=RegistrationForm.of(newest) | RegistrationForm.fill(overtaken.typed))
        changes = [form.clash(name, clash) for name, clash in overtaken.clashes.items()]
        return self._show(merged, status=409, version=newest.history_id, overtaken=changes)

    def _show(
        self,
        form: RegistrationForm,
        *,
        status: int = 200,
        found: Sequence[Fault] = (),
        version: int | None = None,
        overtaken: Sequence[Clash] = (),
    ) -> HttpResponseBase:
        return self.show(
            "clinic/correct_patient.html",
            status=status,
            form=form,
            faults=found,
            version=self.version_sent() if version is None else version,
            overtaken=overtaken,
            crumbs=[Link(name_of(self.patient), reverse("patient", args=[self.patient.pk]))],
        )
