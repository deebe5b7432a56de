"""Which address shows which page. No address holds anything that names a patient."""

from __future__ import annotations

from django.urls import path

from clinic.web import (
    break_glass,
    decisions,
    entry,
    imaging,
    intakes,
    letters,
    people,
    referrals,
    reopen,
    results,
    second_factor,
    stops,
    timeline,
    trend,
    worklist,
)

urlpatterns = [
    path("", worklist.Worklist.as_view(), name="worklist"),
    path("site/", worklist.SwitchSite.as_view(), name="switch_site"),
    path("login/", entry.LogIn.as_view(), name="login"),
    path("login/code/", entry.GiveCode.as_view(), name="login_code"),
    path("logout/", entry.LogOut.as_view(), name="logout"),
    path("second-factor/", second_factor.SetUp.as_view(), name="second_factor"),
    path("second-factor/picture.svg", second_factor.Picture.as_view(), name="second_factor_picture"),
    path("second-factor/again/", second_factor.ShowAgain.as_view(), name="second_factor_again"),
    path("patients/", people.FindPatient.as_view(), name="find_patient"),
    path("patients/new/", people.RegisterPatient.as_view(), name="register_patient"),
    path("emergency-access/", break_glass.BreakGlassPage.as_view(), name="break_glass"),
    path("emergency-access/<uuid:pk>/stop/", break_glass.Stop.as_view(), name="break_glass_stop"),
    path("patients/<uuid:pk>/", people.PatientPage.as_view(), name="patient"),
    path("patients/<uuid:pk>/correct/", people.CorrectPatient.as_view(), name="correct_patient"),
    path("patients/<uuid:pk>/trend.svg", trend.TrendPlot.as_view(), name="trend"),
    path("patients/<uuid:pk>/intakes/", people.StartIntake.as_view(), name="start_intake"),
    path("intakes/<uuid:pk>/", intakes.ContinueIntake.as_view(), name="intake"),
    path("intakes/<uuid:pk>/sections/<slug:section>/", intakes.SectionPage.as_view(), name="section"),
    path("intakes/<uuid:pk>/stop/", stops.StopPage.as_view(), name="stop"),
    path("intakes/<uuid:pk>/check/", intakes.CheckPage.as_view(), name="check"),
    path("intakes/<uuid:pk>/complete/", intakes.CompleteIntake.as_view(), name="complete"),
    path("intakes/<uuid:pk>/cancel/", intakes.CancelIntake.as_view(), name="cancel"),
    path("intakes/<uuid:pk>/imaging/", imaging.ImagingPage.as_view(), name="imaging"),
    path("intakes/<uuid:pk>/reopen/", reopen.Reopen.as_view(), name="reopen"),
    path("intakes/<uuid:pk>/result/", results.NewestResult.as_view(), name="result"),
    path("intakes/<uuid:pk>/timeline/", timeline.Timeline.as_view(), name="timeline"),
    path("assessments/<uuid:pk>/", results.ResultPage.as_view(), name="assessment"),
    path("assessments/<uuid:pk>/decision/", decisions.Decide.as_view(), name="decide"),
    path("assessments/<uuid:pk>/letters/<slug:kind>/", letters.AssessmentLetter.as_view(), name="assessment_letter"),
    path("letters/<uuid:pk>/", letters.IssuedLetter.as_view(), name="letter"),
    path("referrals/<uuid:pk>/", referrals.ReferralPage.as_view(), name="referral"),
    path("referrals/<uuid:pk>/letter/", letters.ReferralLetter.as_view(), name="referral_letter"),
    path("referrals/<uuid:pk>/<slug:verb>/", referrals.TakeStep.as_view(), name="referral_step"),
]
