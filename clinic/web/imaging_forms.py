"""The forms about a study: one for each thing that can become of it. Nothing is chosen beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

from clinic.actions import imaging
from clinic.models import StudyStep
from clinic.web.studies import label
from triage.imaging import STUDY_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from clinic.models import Assessment, Intake, User
    from clinic.web.wording import Words

# What each class means (evidence B); "age-related" is a clinician's choice and never a default.
_MEANINGS: Mapping[str, Words] = {
    "no_significant_finding": _("No significant finding, in the region of the pain and by a fitting method"),
    "age_related": _("Age-related: changes that many people without pain have too"),
    "significant_structural": _(
        "Significant structural change, such as an extrusion, a stenosis or a slipped vertebra"
    ),
    "serious_pathology": _("Serious pathology: fracture, tumour, infection, compression or inflamed joints"),
    "non_diagnostic": _("Not diagnostic: the question is still open"),
    "incidental_nonspinal": _("Incidental, outside the spine, such as an aneurysm or a mass"),
}
_CONCORDANCE: Mapping[str, Words] = {
    "concordant": _("Yes, it fits the pain"),
    "discordant": _("No, it does not fit the pain"),
    "unclear": _("Unclear"),
}
_STATES: Mapping[str, Words] = {
    "requested": _("Asked for"),
    "awaiting_report": _("Done, report awaited"),
    "reported": _("Reported"),
}


def _select(text: Words, options: Iterable[tuple[str, Words]], *, required: bool = True) -> forms.ChoiceField:
    first = ("", _("Choose") if required else _("Not stated"))
    return forms.ChoiceField(label=text, choices=[first, *options], required=required)


def _day() -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d")
    return forms.DateField(label=_("Done on"), required=False, widget=widget)


def _text(text: Words, *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "class": "input", "maxlength": 2000})
    return forms.CharField(label=text, required=required, max_length=2000, widget=widget)


class StepForm(forms.Form):
    """What has to be said with a step; `act` takes it."""

    title: Words = ""
    button: Words = _("Record")

    def __init__(self, number: int, today: date, data: Any = None) -> None:
        super().__init__(data, auto_id=f"id_{self.step}_{number}_%s")
        self.number = number
        passed = MaxValueValidator(today, _("Give a day that is not in the future."))
        for each in self.fields.values():
            if isinstance(each, forms.DateField):
                each.validators.append(passed)

    step = ""

    def act(self, intake: Intake, by: User, version: int | None) -> Assessment:
        raise NotImplementedError


class Record(StepForm):
    step, title = StudyStep.RECORDED.value, _("Record a study")
    modality = _select(_("Kind"), [(word, label(word)) for word in STUDY_WORDS["modality"]])
    region = _select(_("Region"), [(word, label(word)) for word in STUDY_WORDS["region"]])
    status = _select(_("Status"), _STATES.items())
    reason = _select(_("Asked for because of"), [(word, label(word)) for word in STUDY_WORDS["reason"]], required=False)
    performed_on = _day()

    def act(self, intake: Intake, by: User, version: int | None) -> Assessment:
        said = {name: value for name, value in self.cleaned_data.items() if value}
        if "performed_on" in said:
            said["performed_on"] = said["performed_on"].isoformat()
        return imaging.record(intake=intake, study=said, by=by, expected_version=version)


class Performed(StepForm):
    step, title = StudyStep.PERFORMED.value, _("The scan was done")
    on = _day()

    def act(self, intake: Intake, by: User, version: int | None) -> Assessment:
        return imaging.performed(
            intake=intake, number=self.number, by=by, expected_version=version, **self.cleaned_data
        )


class Reported(StepForm):
    step, title = StudyStep.REPORTED.value, _("The report has come")
    on = _day()
    finding = _text(_("What the report says (shown to people, read by no rule)"))

    def act(self, intake: Intake, by: User, version: int | None) -> Assessment:
        return imaging.reported(intake=intake, number=self.number, by=by, expected_version=version, **self.cleaned_data)


class Unavailable(StepForm):
    step, title = StudyStep.UNAVAILABLE.value, _("The report cannot be had")
    reason = _text(_("Why"))

    def act(self, intake: Intake, by: User, version: int | None) -> Assessment:
        return imaging.unavailable(
            intake=intake, number=self.number, by=by, expected_version=version, **self.cleaned_data
        )


class Classify(StepForm):
    step, title = StudyStep.CLASSED.value, _("Class the report")
    study_class = _select(_("Class"), _MEANINGS.items())
    concordance = _select(_("Does it fit the pain?"), _CONCORDANCE.items())
    report_urgency = _select(
        _("Urgency in the report"), [(word, label(word)) for word in STUDY_WORDS["report_urgency"]], required=False
    )

    def act(self, intake: Intake, by: User, version: int | None) -> Assessment:
        return imaging.classify(intake=intake, number=self.number, by=by, expected_version=version, **self.cleaned_data)


class Cancel(StepForm):
    step, title = StudyStep.CANCELLED.value, _("The study is cancelled")
    reason = _text(_("Why"))

    def act(self, intake: Intake, by: User, version: int | None) -> Assessment:
        return imaging.cancel(intake=intake, number=self.number, by=by, expected_version=version, **self.cleaned_data)


FORMS: Mapping[str, type[StepForm]] = {
    form.step: form for form in (Record, Performed, Reported, Unavailable, Classify, Cancel)
}
FOR_CLINICIANS = (StudyStep.CLASSED, StudyStep.CANCELLED)
