"""Forms by which a protocol is written and taken from step to step; each is stored by an action."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic import permissions
from clinic.actions import activations, proving
from clinic.actions import protocols as releases
from clinic.actions.errors import Conflict, NotAllowed
from clinic.actions.protocol_steps import STEPS, Verb
from clinic.models import ProtocolRelease, Site, User
from clinic.permissions import Capability
from clinic.protocols import DamagedRelease
from triage.reading import ProtocolError


class ReleaseForm(forms.Form):
    """A form about one release; where its action refuses, the form says why and nothing has changed."""

    button: ClassVar[Any]
    danger: ClassVar[bool] = False

    def __init__(self, *args: Any, release: ProtocolRelease, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.release, self.by = release, by
        self.refusal = ""  # why nothing is done of what the form asks for

    def act(self) -> ProtocolRelease:
        """Do what the form asks for, and return the release to go on with."""
        raise NotImplementedError

    def full_clean(self) -> None:
        super().full_clean()
        if self.refusal:
            self.add_error(None, self.refusal)
        elif self.is_bound and not self.errors:
            self._act_or_say_why()

    def _act_or_say_why(self) -> None:
        try:
            self.release = self.act()
        except ProtocolError as error:
            for fault in error.faults:
                self.add_error(None, fault)
        except ValidationError as error:
            known = set(getattr(error, "error_dict", ())) <= set(self.fields)
            self.add_error(None, error if known else ValidationError(error.messages))
        except (Conflict, NotAllowed, DamagedRelease) as error:
            self.add_error(None, str(error))


def _text(**options: Any) -> forms.CharField:
    """A protocol file, to be typed or pasted: nothing is uploaded anywhere in the product."""
    attributes = {"rows": 30, "cols": 100, "spellcheck": "false", "class": "code"}
    return forms.CharField(strip=False, required=False, widget=forms.Textarea(attrs=attributes), **options)


class DraftForm(ReleaseForm):
    """A new draft: from the text of a release under a new number, or from a text that is pasted."""

    button = _("Make the draft")
    like = forms.ModelChoiceField(
        label=_("The text of"), queryset=ProtocolRelease.objects.defer("source"), required=False
    )
    version = forms.CharField(
        label=_("As version"), required=False, max_length=20, help_text=_("A number that is not there yet: 1.1.0.")
    )
    source = _text(
        label=_("Or another text"), help_text=_("A protocol file: docs/protocol-format.md says what it holds.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("source")) is bool(data.get("like")):
            raise ValidationError(_("Choose a release or paste a text, one of them."))
        if data.get("like") and not data.get("version"):
            self.add_error("version", _("Give the new version its number."))
        return data

    def act(self) -> ProtocolRelease:
        data = self.cleaned_data
        if data["like"]:
            return releases.draft_like(release=data["like"], version=data["version"], by=self.by)
        return releases.draft(source=_bytes(data["source"]), by=self.by)


class TextForm(ReleaseForm):
    """Another text in the place of this one."""

    button = _("Save the text")
    seen = forms.CharField(widget=forms.HiddenInput)
    source = _text(label=_("Text"))

    def act(self) -> ProtocolRelease:
        data = self.cleaned_data
        releases.edit(release=self.release, source=_bytes(data["source"]), by=self.by, seen=data["seen"])
        return self.release


class StepForm(ReleaseForm):
    """The next step, of the text that was read."""

    seen = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, verb: Verb, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verb, self.button = verb, verb.label  # type: ignore[misc]  # the words of the step at hand
        needed = "reason" in STEPS[verb].needs
        self.fields["reason"].help_text = _("Needed; it stays in the history.") if needed else _("May stay empty.")

    def act(self) -> ProtocolRelease:
        data = self.cleaned_data
        releases.advance(release=self.release, verb=self.verb, by=self.by, reason=data["reason"], seen=data["seen"])
        return self.release


class WaiverForm(ReleaseForm):
    """Answer for one withdrawn or expired source."""

    button = _("Answer for it")
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source

    def act(self) -> ProtocolRelease:
        proving.waive(release=self.release, source=self.source, reason=self.cleaned_data["reason"], by=self.by)
        return self.release


class ActivationForm(ReleaseForm):
    """Let one of the person's sites follow the release."""

    button = _("Activate")
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none())
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = permissions.sites_of(self.by, Capability.ACTIVATE_PROTOCOL)
        self.fields["site"].queryset = Site.objects.filter(pk__in=allowed)  # type: ignore[attr-defined]

    def act(self) -> ProtocolRelease:
        data = self.cleaned_data
        activations.activate(site=data["site"], release=self.release, reason=data["reason"], by=self.by)
        return self.release


def _bytes(typed: str) -> bytes:
    """The text as a file: a browser ends the lines of what is typed in a way of its own."""
    return typed.replace("\r\n", "\n").encode()
