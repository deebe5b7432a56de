"""Which address answers what, below /api/v1/."""

from __future__ import annotations

from django.urls import path, re_path

from clinic.actions.referral_steps import Verb
from clinic.api import (
    assessments,
    evaluation,
    imaging,
    intakes,
    letters,
    nowhere,
    people,
    protocols,
    referral_steps,
    referrals,
    worklist,
)
from clinic.api.description import Description

app_name = "api"
urlpatterns = [
    path("evaluate/", evaluation.Evaluate.as_view(), name="evaluate"),
    path("patients/", people.Patients.as_view(), name="patients"),
    path("patients/search/", people.PatientSearch.as_view(), name="patient-search"),
    path("patients/<uuid:id>/", people.OnePatient.as_view(), name="patient"),
    path("intakes/", intakes.Intakes.as_view(), name="intakes"),
    path("intakes/<uuid:id>/", intakes.OneIntake.as_view(), name="intake"),
    path("intakes/<uuid:id>/answers/", intakes.IntakeAnswers.as_view(), name="intake-answers"),
    path("intakes/<uuid:id>/complete/", intakes.IntakeCompletion.as_view(), name="intake-complete"),
    path("intakes/<uuid:id>/reopen/", intakes.IntakeReopening.as_view(), name="intake-reopen"),
    path("intakes/<uuid:id>/cancel/", intakes.IntakeCancellation.as_view(), name="intake-cancel"),
    path("intakes/<uuid:id>/imaging/", imaging.Studies.as_view(), name="intake-imaging"),
    *(
        path(f"intakes/<uuid:id>/imaging/<int:number>/{name}/", imaging.address(name).as_view(), name=f"imaging-{name}")
        for name in imaging.NAMES
    ),
    path("intakes/<uuid:id>/assessments/", intakes.IntakeAssessments.as_view(), name="intake-assessments"),
    path("intakes/<uuid:id>/history/", intakes.IntakeHistory.as_view(), name="intake-history"),
    path("assessments/<uuid:id>/", assessments.OneAssessment.as_view(), name="assessment"),
    path("assessments/<uuid:id>/changes/", assessments.AssessmentChanges.as_view(), name="assessment-changes"),
    path("assessments/<uuid:id>/stop/", assessments.AssessmentStops.as_view(), name="assessment-stop"),
    path("assessments/<uuid:id>/letters/", letters.AssessmentLetters.as_view(), name="assessment-letters"),
    path("letters/<uuid:id>/pdf/", letters.LetterFile.as_view(), name="letter-pdf"),
    path("assessments/<uuid:id>/decision/", assessments.AssessmentDecision.as_view(), name="assessment-decision"),
    path("referrals/", referrals.Referrals.as_view(), name="referrals"),
    path("referrals/<uuid:id>/", referrals.OneReferral.as_view(), name="referral"),
    *(
        path(f"referrals/<uuid:id>/{verb}/", referral_steps.address(verb).as_view(), name=f"referral-{verb}")
        for verb in Verb
    ),
    path("worklist/", worklist.Worklist.as_view(), name="worklist"),
    path("escalations/", worklist.Escalations.as_view(), name="escalations"),
    path("protocols/", protocols.Releases.as_view(), name="protocols"),
    path("protocols/<slug:id>/<str:version>/", protocols.OneProtocol.as_view(), name="protocol"),
    path("schema/", Description.as_view(), name="schema"),
    re_path(r"^(?P<rest>[\s\S]+)$", nowhere.Nowhere.as_view(), name="nowhere"),
]
