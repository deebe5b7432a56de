"""Forms of the administration: checked like any, and stored by an action."""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, BadRequest, ValidationError
from django.http import QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic import permissions
from clinic.actions import editing, form_keys
from clinic.actions.errors import Conflict, NotAllowed, Overtaken
from clinic.admin.base import ReadingAdmin, person
from clinic.models.base import EditedRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

    from clinic.models import User
    from clinic.permissions import Capability

    StockForm = forms.ModelForm[Any]
else:  # Django's class is generic to the type checker only
    StockForm = forms.ModelForm


VERSION = "version"  # of what the form shows: the number of its newest row of history
_NUMBER = re.compile(r"[0-9]{1,9}")


class ActionForm(StockForm):
    """A form that is stored by an action; where the action refuses, the form says why."""

    by: ClassVar[User]  # set on the class that is made for each request
    refusal: ClassVar[str] = ""  # why nothing is done of what the form asks for
    is_overtaken = False

    def act(self) -> Any:
        """Do what the form asks for, and return the row."""
        raise NotImplementedError

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.refusal:
            self.add_error(None, self.refusal)
        elif self.is_bound and not self.errors:
            self._act_or_say_why()

    def _act_or_say_why(self) -> None:
        try:
            self.instance = self.act()
        except Overtaken as overtaken:
            self._show_what_changed(overtaken)
        except ValidationError as error:
            self.add_error(None, self._of_this_form(error))
        except (Conflict, NotAllowed) as error:
            self.add_error(None, str(error))

    def edit(self, change: Callable[[Mapping[str, object]], None], *names: str) -> None:
        """Pass on to `change` which of these fields the person edited on the page that they saw."""
        version = self.data.get(VERSION, "")
        if not _NUMBER.fullmatch(version):
            raise BadRequest("a form without the version of what it shows")
        typed = given(self.cleaned_data, *names)
        editing.edit(record=self.instance, version=int(version), typed=typed, change=change)

    def _show_what_changed(self, overtaken: Overtaken) -> None:
        """What was typed stays where it was edited, with what somebody else has made of it; all else is as it stands now."""
        newest = editing.newest(self.instance)
        self.is_overtaken, data = True, QueryDict(mutable=True)
        data.update(self.data)
        data[VERSION] = str(newest.history_id)
        for name in self.changed_data:
            if name not in overtaken.typed and hasattr(newest, name):
                _fill_in(data, name, getattr(newest, name))
        self.data = data
        for name, clash in overtaken.clashes.items():
            text = _(
                "Somebody else has changed this meanwhile. It was %(was)s, and is now %(now)s. To put yours in its place, save again."
            )
            self.add_error(name, text % {"was": in_words(clash.was), "now": in_words(clash.now)})

    def _of_this_form(self, error: ValidationError) -> ValidationError:
        """The error at its fields, or above the form where it names one that is not on it."""
        known = {*self.fields, NON_FIELD_ERRORS}
        return error if set(getattr(error, "error_dict", ())) <= known else ValidationError(error.messages)

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Nothing: the action has stored it."""
        return self.instance


class ActingAdmin(ReadingAdmin):
    """Rows to be added and changed by those who hold `writing`, each time through an action.

    The action leaves history and audit entry; Django's own log of the administration stays empty.
    """

    writing: ClassVar[Capability]
    add_form: ClassVar[type[ActionForm]]
    change_form: ClassVar[type[ActionForm]]
    add_fields: ClassVar[tuple[str, ...]]
    change_fields: ClassVar[tuple[str, ...]]
    change_form_template = "admin/clinic/change_form.html"
    fixed_fields: ClassVar[tuple[str, ...]] = ()
    read_fields: ClassVar[tuple[str, ...]]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return permissions.may_somewhere(person(request), self.writing)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_add_permission(request) and (obj is None or self.may_change(person(request), obj))

    def may_change(self, user: User, obj: Any) -> bool:
        return permissions.may(user, self.writing, obj.site)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return self.add_fields
        return self.change_fields if self.has_change_permission(request, obj) else self.read_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return self.fixed_fields if self.has_change_permission(request, obj) else self.read_fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        form = super().get_form(request, obj, change, **{"form": self._form(request, obj), **kwargs})
        form.by = person(request)  # type: ignore[attr-defined]  # read by action forms; to others it is nothing
        form.refusal = getattr(request, "refusal", "")  # type: ignore[attr-defined]
        return form

    def _form(self, request: HttpRequest, obj: Any) -> type[forms.ModelForm[Any]]:
        if obj is None:
            return self.add_form
        return self.change_form if self.has_change_permission(request, obj) else forms.ModelForm

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The form; sent twice it counts once, and leads to the row that came of it."""
        show = partial(super().changeform_view, request, object_id, form_url, extra_context)
        return self._once(request, show) if request.method == "POST" else show()

    def _once(self, request: HttpRequest, show: Callable[[], Any]) -> Any:
        shown: list[Any] = []

        def act() -> str | None:
            shown.append(show())
            return getattr(request, "led_to", None)

        try:
            reply = form_keys.once(sent=request.POST, path=request.path, by=person(request), run=act)
        except Conflict as conflict:
            request.refusal = str(conflict)  # type: ignore[attr-defined]  # read by `get_form`
            return show()
        return shown[0] if shown else sent_before(request, reply.body)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row as it stands at the version that its form bears, or after it, never before: so nothing is put back."""
        found = super().get_object(request, object_id, from_field)
        if not isinstance(found, EditedRecord):
            return found
        request.version = editing.newest(found).history_id  # type: ignore[attr-defined]  # read by `render_change_form`
        return super().get_object(request, object_id, from_field)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form = context["adminform"].form
        sent = form.data.get(VERSION, "") if form.is_bound else ""
        context["version"] = sent or getattr(request, "version", None)
        answer = super().render_change_form(request, context, *args, **kwargs)
        if getattr(form, "is_overtaken", False):
            answer.status_code = HTTPStatus.CONFLICT
        return answer

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Only where it leads: the form's action has stored it."""
        start = f"admin:{self.opts.label_lower.replace('.', '_')}"
        led_to = reverse(f"{start}_change", args=[obj.pk]) if obj.pk else reverse(f"{start}_changelist")
        request.led_to = led_to  # type: ignore[attr-defined]  # read when the form has been answered

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Nothing: no row here has others that are edited with it."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the action has left an audit entry."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the action has left an audit entry."""


def sent_before(request: HttpRequest, led_to: str) -> HttpResponse:
    """To where a form led when it was sent the first time."""
    messages.info(request, gettext("This form was sent twice. It counts once."))
    return redirect(led_to)


def _fill_in(data: QueryDict, name: str, value: Any) -> None:
    """Let a field of a form say that."""
    if value is False:
        data.pop(name, None)
    else:
        data.setlist(name, [str(each) for each in value] if isinstance(value, list) else [str(value)])


def in_words(value: Any) -> str:
    """A value of a form as people read it."""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    return (", ".join(value) if isinstance(value, list) else str(value)) or gettext("nothing")


def given(data: Mapping[str, Any], *names: str) -> dict[str, object]:
    """Those entries of a form."""
    return {name: data[name] for name in names}
