"""The forms of what may be done about a referral now: one for each step, filled in as far as it has been."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.actions.referral_steps import STEPS, Verb
from clinic.models import Stage
from clinic.web.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import QueryDict

    from clinic.models import Referral
    from clinic.web.wording import Words

_NEXT: Mapping[Stage, Verb] = {
    Stage.PROPOSED: Verb.ACCEPT,
    Stage.ACCEPTED: Verb.SEND,
    Stage.SENT: Verb.RECEIVE,
    Stage.RECEIVED: Verb.BOOK,
    Stage.BOOKED: Verb.SEE,
    Stage.SEEN: Verb.CLOSE,
    Stage.DECLINED: Verb.ACCEPT,
}
_TITLES: Mapping[Verb, Words] = {
    Verb.ACCEPT: gettext_lazy("Accept it"),
    Verb.SEND: gettext_lazy("Send it"),
    Verb.RECEIVE: gettext_lazy("It was received"),
    Verb.BOOK: gettext_lazy("An appointment was given"),
    Verb.SEE: gettext_lazy("The patient was seen"),
    Verb.CLOSE: gettext_lazy("Close it"),
    Verb.DECLINE: gettext_lazy("The service declined it"),
    Verb.CANCEL: gettext_lazy("Cancel it"),
}
_BUTTONS: Mapping[Verb, Words] = {
    Verb.ACCEPT: gettext_lazy("Accept the referral"),
    Verb.SEND: gettext_lazy("Send the referral"),
    Verb.CLOSE: gettext_lazy("Close the referral"),
    Verb.CANCEL: gettext_lazy("Cancel the referral"),
}
_HINTS: Mapping[Verb, Words] = {
    Verb.ACCEPT: gettext_lazy("You take responsibility for it until it is sent."),
    Verb.SEND: gettext_lazy("The letter is made at the same time; it cannot be changed afterwards."),
    Verb.DECLINE: gettext_lazy("It comes back to the worklist, to be sent elsewhere or cancelled."),
    Verb.CANCEL: gettext_lazy("Nothing is waited for then. It stays in the record."),
}
_LABELS: Mapping[str, Words] = {
    "destination": gettext_lazy("Whom it goes to"),
    "appointment": gettext_lazy("Day of the appointment"),
    "reason": gettext_lazy("Note"),
    "letter": gettext_lazy("Letter"),
}
_WHY: Mapping[Verb, Words] = {
    Verb.CLOSE: gettext_lazy("What came of it"),
    Verb.DECLINE: gettext_lazy("Why they declined it"),
    Verb.CANCEL: gettext_lazy("Why it is cancelled"),
}
_WITHOUT_NOTE = (Verb.ACCEPT,)
_SAID = ("destination", "appointment", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that is said with a step."""

    name: str
    anchor: str
    label: Words
    value: str
    is_required: bool
    faults: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForm:
    """What is filled in to take one step."""

    verb: Verb
    title: Words
    hint: Words
    button: Words
    url: str
    fields: Sequence[Field]
    is_next: bool
    is_tried: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A step as somebody tried to take it, and what was wrong with it."""

    verb: Verb
    said: Mapping[str, str]
    faults: Sequence[Fault] = ()

    @property
    def typed(self) -> list[str]:
        """What would be lost if the step is no longer offered."""
        return [self.said[name] for name in _SAID if self.said[name].strip()]


def read(data: QueryDict) -> dict[str, str]:
    return {name: data.get(name, "") for name in _SAID}


def number(seq: str) -> int:
    """The newest step that the person had seen; 0, which none is, where the form does not say."""
    return int(seq) if seq.isascii() and seq.isdecimal() and len(seq) < 6 else 0


def values(said: Mapping[str, str]) -> dict[str, Any]:
    """What was said, as the action takes it."""
    day = said["appointment"].strip()
    return {
        "reason": said["reason"],
        "destination": said["destination"],
        "appointment": _day(day) if day else None,
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValidationError({"appointment": _("Give a day, for example 2026-05-31.")}) from None


def faults_of(verb: Verb, error: ValidationError) -> list[Fault]:
    """What an action would not take, with the way to its field."""
    columns = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return [
        Fault(anchor=_anchor(verb, name if name in _SAID else ""), about=_about(verb, name), text=text)
        for name, texts in columns.items()
        for text in texts
    ]


def _about(verb: Verb, name: str) -> str:
    return str(_label(verb, name)) if name in _LABELS else str(_TITLES[verb])


def forms(
    referral: Referral, stage: Stage, verbs: Sequence[Verb], attempt: Attempt | None, *, is_ready: bool
) -> list[StepForm]:
    """A form for each verb that may be taken now; the expected one first, if nothing stands in its way."""
    expected = _NEXT.get(stage) if is_ready else None
    made = [
        _form(referral, stage, verb, attempt if attempt and attempt.verb == verb else None, is_next=verb == expected)
        for verb in verbs
    ]
    return sorted(made, key=lambda form: not form.is_next)


def _form(referral: Referral, stage: Stage, verb: Verb, attempt: Attempt | None, *, is_next: bool) -> StepForm:
    asked = [name for name in _SAID if name in STEPS[verb].needs or (name == "reason" and verb not in _WITHOUT_NOTE)]
    return StepForm(
        verb=verb,
        title=_title(verb, stage),
        hint=_HINTS.get(verb, ""),
        button=_button(verb),
        url=reverse("referral_step", args=[referral.pk, verb.value]),
        fields=[_field(verb, name, attempt) for name in asked],
        is_next=is_next,
        is_tried=attempt is not None,
    )


def _button(verb: Verb) -> Words:
    """A button names what it does: on this page "Cancel" alone could mean the form."""
    return _BUTTONS.get(verb, verb.label)


def _title(verb: Verb, stage: Stage) -> Words:
    if (verb, stage) == (Verb.BOOK, Stage.BOOKED):
        return _("The appointment was changed")
    if (verb, stage) == (Verb.ACCEPT, Stage.DECLINED):
        return _("Accept it again, to send it elsewhere")
    return _TITLES[verb]


def _field(verb: Verb, name: str, attempt: Attempt | None) -> Field:
    anchor = _anchor(verb, name)
    return Field(
        name=name,
        anchor=anchor,
        label=_label(verb, name),
        value=attempt.said[name] if attempt else "",
        is_required=name in STEPS[verb].needs,
        faults=[each.text for each in attempt.faults if each.anchor == anchor] if attempt else (),
    )


def _label(verb: Verb, name: str) -> Words:
    return _WHY.get(verb, _LABELS[name]) if name == "reason" else _LABELS[name]


def _anchor(verb: Verb, name: str) -> str:
    return f"id_{verb}_{name}" if name else f"step-{verb}"
