"""Clinical records, to be read by those who may read them, at their sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import display
from django.db.models import OuterRef, Subquery
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy

from clinic import spoken
from clinic.admin.answers import AnswerWords
from clinic.admin.base import NEWEST_FIRST, EditedAdmin, PatientSearch, WrittenOnceAdmin
from clinic.admin.filters import DispositionFilter, ServiceFilter, SiteFilter
from clinic.admin.history import Entry, History
from clinic.models import (
    Assessment,
    Decision,
    Escalation,
    Intake,
    Letter,
    RaisedStop,
    Referral,
    ReferralStatus,
    Stage,
    StopRecord,
    StudyEvent,
    TakenBack,
)
from clinic.permissions import Capability
from clinic.reports.tables import in_words
from triage.protocol import Disposition

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from clinic.models import Patient, User


class PatientAdmin(PatientSearch, EditedAdmin):
    reading = Capability.READ_PATIENT
    fields = readonly_fields = (
        *("reference", "given_name", "family_name", "born", "sex", "phone", "site", "registered_at"),
    )
    list_display = ("reference", "family_name", "given_name", "born", "sex", "site")
    list_filter = (SiteFilter,)
    list_select_related = ("site", "kept_key")
    ordering = NEWEST_FIRST
    sortable_by = ()
    patient_path = "pk"

    @display(description=gettext_lazy("Date of birth"))
    def born(self, patient: Patient) -> str:
        return patient.date_of_birth.said() if patient.date_of_birth else ""


class IntakeAdmin(PatientSearch, EditedAdmin):
    reading = Capability.READ_PATIENT
    fields = readonly_fields = (
        *("patient", "site", "release", "status", "version", "opened_at", "opened_by", "completed_at", "completed_by"),
        *("cancelled_at", "cancelled_by", "cancel_reason", "answer_table"),
    )
    list_display = ("patient", "site", "release", "status", "version", "opened_at", "opened_by")
    list_filter = (SiteFilter, "status")
    ordering = NEWEST_FIRST
    sortable_by = ()
    patient_path = "patient"

    def visible(self, user: User) -> QuerySet[Intake]:
        return Intake.objects.visible_to(user).with_context().select_related("opened_by").defer("answers")

    def answer_words(self, obj: Intake) -> AnswerWords:
        return AnswerWords(spoken.protocol(obj.release))

    @display(description="Answers")
    def answer_table(self, intake: Intake) -> str:
        lines = self.answer_words(intake).table(intake.answers)
        return render_to_string("admin/clinic/answers.html", {"lines": list(lines)})


class AssessmentAdmin(PatientSearch, WrittenOnceAdmin):
    reading = Capability.READ_ASSESSMENT
    fields = readonly_fields = (
        *("patient", "site", "release", "engine_version", "protocol_digest", "at", "by"),
        *("disposition", "urgency", "floor", "ceiling", "exclusion", "outcome_in_words"),
    )
    list_display = ("patient", "site", "leads_to", "urgency", "exclusion", "version", "at", "by")
    list_filter = (SiteFilter, DispositionFilter)
    patient_path = "intake__patient"

    def visible(self, user: User) -> QuerySet[Assessment]:
        read = Assessment.objects.visible_to(user).select_related("intake__patient__kept_key", "site", "release", "by")
        return read.defer("outcome", "answers", "release__source", "intake__answers")

    @display(description="Disposition", ordering="disposition")
    def leads_to(self, assessment: Assessment) -> str:
        return in_words(Disposition(assessment.disposition))

    def patient(self, assessment: Assessment) -> Patient:
        return assessment.intake.patient

    @display(description="Outcome")
    def outcome_in_words(self, assessment: Assessment) -> str:
        return render_to_string("admin/clinic/outcome.html", {"outcome": assessment.outcome, "site": assessment.site})


class DecisionAdmin(PatientSearch, WrittenOnceAdmin):
    reading = Capability.READ_ASSESSMENT
    fields = readonly_fields = (
        "patient",
        "site",
        "kind",
        "reason",
        "note",
        "suggested",
        "disposition",
        "services",
        "lowers",
        "by",
        "at",
    )
    list_display = ("patient", "site", "kind", "suggested", "disposition", "lowers", "by", "at")
    list_filter = (SiteFilter, "kind", "lowers")
    patient_path = "assessment__intake__patient"

    def visible(self, user: User) -> QuerySet[Decision]:
        return Decision.objects.visible_to(user).with_patient().select_related("site")

    @display(description="Patient")
    def patient(self, decision: object) -> Patient:
        return decision.assessment.intake.patient  # type: ignore[attr-defined, no-any-return]

    @display(description="Suggested")
    def suggested(self, decision: object) -> str:
        return in_words(Disposition(decision.assessment.disposition))  # type: ignore[attr-defined]


class StopRecordAdmin(PatientSearch, WrittenOnceAdmin):
    reading = Capability.READ_PATIENT
    fields = readonly_fields = ("patient", "site", "text", "by", "at")
    list_display = ("patient", "site", "text", "by", "at")
    list_filter = (SiteFilter,)
    patient_path = "assessment__intake__patient"

    def visible(self, user: User) -> QuerySet[StopRecord]:
        return StopRecord.objects.visible_to(user).with_patient().select_related("site")

    @display(description="Patient")
    def patient(self, record: object) -> Patient:
        return record.assessment.intake.patient  # type: ignore[attr-defined, no-any-return]


class RaisedStopAdmin(PatientSearch, WrittenOnceAdmin):
    reading = Capability.READ_PATIENT
    fields = readonly_fields = ("patient", "site", "intake", "disposition", "urgency", "reasons", "by", "at")
    list_display = ("patient", "site", "disposition", "urgency", "by", "at")
    list_filter = (SiteFilter, "urgency")
    patient_path = "intake__patient"

    def visible(self, user: User) -> QuerySet[RaisedStop]:
        rows = RaisedStop.objects.visible_to(user).select_related("intake__patient__kept_key", "site", "by")
        return rows.defer("intake__answers")

    @display(description="Patient")
    def patient(self, stop: RaisedStop) -> Patient:
        return stop.intake.patient

    @display(description="Reasons")
    def reasons(self, stop: RaisedStop) -> str:
        return "; ".join(each["title"] for each in spoken.outcome(stop.outcome)["because"])


class TakenBackAdmin(PatientSearch, WrittenOnceAdmin):
    reading = Capability.READ_PATIENT
    fields = readonly_fields = ("patient", "site", "raised", "reason", "by", "at")
    list_display = ("patient", "site", "raised", "reason", "by", "at")
    list_filter = (SiteFilter,)
    patient_path = "raised__intake__patient"

    def visible(self, user: User) -> QuerySet[TakenBack]:
        rows = TakenBack.objects.visible_to(user).select_related("raised__intake__patient__kept_key", "site", "by")
        return rows.defer("raised__intake__answers")

    @display(description="Patient")
    def patient(self, done: TakenBack) -> Patient:
        return done.raised.intake.patient


class ReferralAdmin(PatientSearch, WrittenOnceAdmin):
    reading = Capability.READ_REFERRAL
    fields = readonly_fields = ("patient", "site", "service", "priority", "stage", "due", "created_at", "created_by")
    list_display = ("patient", "site", "service", "priority", "stage", "due", "created_at")
    list_filter = (SiteFilter, ServiceFilter)
    list_select_related = ("patient__kept_key", "site")
    patient_path = "patient"

    def visible(self, user: User) -> QuerySet[Referral]:
        newest = ReferralStatus.objects.filter(referral=OuterRef("pk")).order_by("-seq")
        return Referral.objects.visible_to(user).annotate(
            stage_now=Subquery(newest.values("status")[:1]), due_now=Subquery(newest.values("due")[:1])
        )

    @display(description="Status")
    def stage(self, referral: Any) -> str:
        return str(Stage(referral.stage_now).label)

    @display(description="Next step due")
    def due(self, referral: Any) -> datetime | None:
        return referral.due_now  # type: ignore[no-any-return]

    def history_of(self, obj: Referral, page: str) -> History:
        steps = obj.statuses.select_related("by").order_by("-seq")
        return History(
            tuple(Entry(at=each.at, who=str(each.by), why=_step(each.status, each.reason)) for each in steps)
        )


class EscalationAdmin(WrittenOnceAdmin):
    reading = Capability.READ_PATIENT
    fields = readonly_fields = ("site", "intake", "kind", "stage", "study", "due", "level", "by", "at")
    list_display = ("intake", "site", "kind", "stage", "due", "level", "at")
    list_filter = (SiteFilter, "level", "kind")

    def visible(self, user: User) -> QuerySet[Escalation]:
        rows = Escalation.objects.visible_to(user).select_related("intake__patient__kept_key", "site", "by")
        return rows.defer("intake__answers")


class StudyEventAdmin(WrittenOnceAdmin):
    reading = Capability.READ_PATIENT
    fields = readonly_fields = ("site", "intake", "number", "step", "note", "by", "at")
    list_display = ("intake", "site", "number", "step", "by", "at")
    list_filter = (SiteFilter, "step")

    def visible(self, user: User) -> QuerySet[StudyEvent]:
        rows = StudyEvent.objects.visible_to(user).select_related("intake__patient__kept_key", "site", "by")
        return rows.defer("intake__answers")


class LetterAdmin(WrittenOnceAdmin):
    reading = Capability.READ_ASSESSMENT
    fields = readonly_fields = ("site", "patient", "kind", "destination", "language", "sha256", "by", "at")
    list_display = ("patient", "site", "kind", "destination", "language", "by", "at")
    list_filter = (SiteFilter, "kind")

    def visible(self, user: User) -> QuerySet[Letter]:
        return Letter.objects.visible_to(user).with_patient().select_related("site")

    @display(description="Patient")
    def patient(self, letter: object) -> Patient:
        return letter.assessment.intake.patient  # type: ignore[attr-defined, no-any-return]


def _step(status: str, reason: str) -> str:
    label = str(Stage(status).label)
    return f"{label}: {reason}" if reason else label
