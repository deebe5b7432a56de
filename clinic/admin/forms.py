"""Forms of the administration: checked like any, and stored by an action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from clinic import permissions
from clinic.actions.errors import Conflict, NotAllowed
from clinic.admin.base import ReadingAdmin, person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model
    from django.http import HttpRequest

    from clinic.models import User
    from clinic.permissions import Capability

    StockForm = forms.ModelForm[Any]
else:  # Django's class is generic to the type checker only
    StockForm = forms.ModelForm


class ActionForm(StockForm):
    """A form that is stored by an action; where the action refuses, the form says why."""

    by: ClassVar[User]  # set on the class that is made for each request

    def act(self) -> Any:
        """Do what the form asks for, and return the row."""
        raise NotImplementedError

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and not self.errors:
            self._act_or_say_why()

    def _act_or_say_why(self) -> None:
        try:
            self.instance = self.act()
        except ValidationError as error:
            self.add_error(None, self._of_this_form(error))
        except (Conflict, NotAllowed) as error:
            self.add_error(None, str(error))

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
        return form

    def _form(self, request: HttpRequest, obj: Any) -> type[forms.ModelForm[Any]]:
        if obj is None:
            return self.add_form
        return self.change_form if self.has_change_permission(request, obj) else forms.ModelForm

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Nothing: the form's action has stored it."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Nothing: no row here has others that are edited with it."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the action has left an audit entry."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the action has left an audit entry."""


def given(data: Mapping[str, Any], *names: str) -> dict[str, object]:
    """Those entries of a form."""
    return {name: data[name] for name in names}
