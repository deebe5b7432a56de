"""Where a clinician opens the records of a patient of another site in an emergency, and closes them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from clinic import permissions
from clinic.actions import break_glass, entry, form_keys, origin
from clinic.models import BreakGlass, EmergencyReason, Site
from clinic.models.base import Line
from clinic.models.break_glass import SHORTEST_NOTE
from clinic.permissions import Capability
from clinic.web import entering, faults
from clinic.web.birth_form import BirthForm
from clinic.web.pages import Link, StaffPage

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinic.models import User

_WIDE = {"class": "input input-wide", "autocomplete": "off"}


class BreakGlassForm(BirthForm):
    """Who the patient is, exactly; why; and the password once more."""

    field_order = ("site", "reference", "date_of_birth", "birth_in_part", "reason", "note", "password")

    site = forms.ModelChoiceField(
        Site.objects.none(),
        label=gettext_lazy("Site of the patient"),
        empty_label=gettext_lazy("Choose"),
        widget=forms.Select({"class": "input"}),
    )
    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        help_text=gettext_lazy("The whole number by which that site knows the patient."),
        max_length=40,
        widget=forms.TextInput(_WIDE),
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[("", gettext_lazy("Choose")), *EmergencyReason.choices],
        widget=forms.Select({"class": "input input-wide"}),
    )
    note = forms.CharField(
        label=gettext_lazy("What has happened"),
        help_text=gettext_lazy("In a sentence; whoever reviews the access reads it."),
        min_length=SHORTEST_NOTE,
        max_length=1000,
        widget=forms.Textarea({"class": "input input-wide", "rows": 3}),
    )
    password = forms.CharField(
        label=gettext_lazy("Your password, once more"),
        strip=False,
        widget=forms.PasswordInput({"class": "input input-wide", "autocomplete": "current-password"}),
    )

    def __init__(self, data: Any = None, *, by: User) -> None:
        super().__init__(data)
        own = permissions.sites_of(by, Capability.READ_PATIENT)
        self.fields["site"].queryset = Site.objects.exclude(pk__in=own)  # type: ignore[attr-defined]

    def clean_reference(self) -> str:
        return str(Line().to_python(self.cleaned_data["reference"]))


class BreakGlassPage(StaffPage):
    """The form; behind it the patient's page, with a banner for as long as it may be seen."""

    here = "patients"

    def find_site(self) -> Site:
        permissions.require_somewhere(self.user, Capability.BREAK_GLASS)
        return super().find_site()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return entry.ask_again(request, self.user) or super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self._show(BreakGlassForm(by=self.user))

    @method_decorator(sensitive_post_parameters())
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        form = BreakGlassForm(request.POST, by=self.user)
        records = self._start(form) if form.is_valid() else None
        return redirect(records) if records else self._show(form, status=422)

    def _start(self, form: BreakGlassForm) -> str | None:
        """Where the records are, or None and what to put right in the form."""
        said = form.cleaned_data
        if not entering.knows_password(self.request, self.user, said.pop("password")):
            form.add_error("password", _("This is not your password."))
            return None
        try:
            sent: dict[str, Any] = {"sent": self.request.POST, "path": self.request.path, "by": self.user}
            reply = form_keys.once(**sent, run=lambda: self._open(said))
        except ValidationError as error:
            form.add_error(None, error)
            return None
        if reply.body is None:
            form.add_error("reference", _("There is nobody with this reference and date of birth. The try is noted."))
        return reply.body  # type: ignore[no-any-return]  # JSON

    def _open(self, said: dict[str, Any]) -> str | None:
        access = break_glass.start(by=self.user, **said)
        return reverse("patient", args=[access.patient_id]) if access else None

    def _show(self, form: BreakGlassForm, *, status: int = 200) -> HttpResponseBase:
        held = BreakGlass.objects.open().filter(by=self.user).select_related("site", "patient__kept_key")
        still = [each for each in held if not each.is_over]
        origin.note_found(still)
        return self.show(
            "clinic/break_glass.html",
            status=status,
            form=form,
            faults=faults.of_form(form),
            open=still,
            crumbs=[Link(_("Patients"), reverse("find_patient"))],
        )


class Stop(StaffPage):
    """The button of the banner."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        access = get_object_or_404(BreakGlass, by=self.user, pk=kwargs["pk"])
        break_glass.stop(access=access, by=self.user)
        messages.success(request, _("The emergency access has ended."))
        return redirect("find_patient")
