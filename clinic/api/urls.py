"""Which address answers what, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from clinic.api import assessments, evaluation, intakes, nowhere, people, protocols, referrals
from clinic.api.description import Description

app_name = "api"
urlpatterns = [
    path("evaluate/", evaluation.Evaluate.as_view(), name="evaluate"),
    path("patients/", people.Patients.as_view(), name="patients"),
    path("patients/<uuid:id>/", people.OnePatient.as_view(), name="patient"),
    path("intakes/", intakes.Intakes.as_view(), name="intakes"),
    path("intakes/<uuid:id>/", intakes.OneIntake.as_view(), name="intake"),
    path("intakes/<uuid:id>/answers/", intakes.IntakeAnswers.as_view(), name="intake-answers"),
    path("intakes/<uuid:id>/complete/", intakes.IntakeCompletion.as_view(), name="intake-complete"),
    path("intakes/<uuid:id>/assessments/", intakes.IntakeAssessments.as_view(), name="intake-assessments"),
    path("intakes/<uuid:id>/history/", intakes.IntakeHistory.as_view(), name="intake-history"),
    path("assessments/<uuid:id>/", assessments.OneAssessment.as_view(), name="assessment"),
    path("assessments/<uuid:id>/decision/", assessments.AssessmentDecision.as_view(), name="assessment-decision"),
    path("referrals/", referrals.Referrals.as_view(), name="referrals"),
    path("referrals/<uuid:id>/", referrals.OneReferral.as_view(), name="referral"),
    path("referrals/<uuid:id>/accept/", referrals.ReferralAcceptance.as_view(), name="referral-accept"),
    path("protocols/", protocols.Releases.as_view(), name="protocols"),
    path("protocols/<slug:id>/<str:version>/", protocols.OneProtocol.as_view(), name="protocol"),
    path("schema/", Description.as_view(), name="schema"),
    path("<path:rest>", nowhere.Nowhere.as_view(), name="nowhere"),
]
