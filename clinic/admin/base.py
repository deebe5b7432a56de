"""What every page of the administration has in common: who may read it, and that nothing is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic import clock, permissions
from clinic.actions import limits, origin
from clinic.actions.limits import Limited
from clinic.admin.asking import PATIENTS, NotOffered, check
from clinic.admin.history import Entry, History, read_history
from clinic.admin.links import link_what_opens
from clinic.admin.listing import Listing
from clinic.models import Patient, Site, User

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

    from clinic.admin.answers import AnswerWords
    from clinic.permissions import Capability

    StockAdmin = admin.ModelAdmin[Any]
else:  # Django's class is generic to the type checker only
    StockAdmin = admin.ModelAdmin


_MOST_FOUND = 50
NEWEST_FIRST = ("-id",)  # ids are in the order of time, and indexed


def person(request: HttpRequest) -> User:
    """Who is asking; the site has let nobody in who is not a user."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


class ReadingAdmin(StockAdmin):
    """Rows to be read by those who hold `reading`, at the sites where they hold it."""

    reading: ClassVar[Capability]
    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False

    def visible(self, user: User) -> QuerySet[Any]:
        """The rows that the person may read."""
        rows: QuerySet[Any] = self.model._default_manager.visible_to(user)
        return rows

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Listing]:
        return Listing

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = self.visible(person(request))
        return found.order_by(*self.get_ordering(request)) if self.get_ordering(request) else found

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, str] | None = None) -> HttpResponse:
        if request.GET.get(SEARCH_VAR):
            limits.count_use(Limited.SEARCH, by=person(request))
        try:
            return super().changelist_view(request, extra_context)
        except NotOffered as refusal:
            return _refuse(str(refusal))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        check(self, request)
        return super().get_changelist_instance(request)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row by its id and no other column, or 404: what is not the person's to see does not exist for them."""
        found = super().get_object(request, object_id)
        if found is None:
            raise Http404
        clock.show(found if isinstance(found, Site) else getattr(found, "site", None) or person(request).home)
        return found

    def has_module_permission(self, request: HttpRequest) -> bool:
        return permissions.may_somewhere(person(request), self.reading)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        link_what_opens(context["adminform"], self.opts.fields, lambda row: self._opens(row, request))
        return super().render_change_form(request, context, *args, **kwargs)

    def _opens(self, row: Model, request: HttpRequest) -> bool:
        """Whether the row has a page that opens for whoever asks."""
        pages = self.admin_site._registry.get(type(row))
        if pages is None or not pages.has_view_permission(request):
            return False
        return pages.get_queryset(request).filter(pk=row.pk).exists()

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who changed the row, when, from what to what."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        obj = self.get_object(request, unquote(object_id))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("History of %(record)s") % {"record": obj},
            "subtitle": None,
            "opts": self.opts,
            "object": obj,
            "history": self.history_of(obj, request.GET.get("page", "1")),
        }
        return TemplateResponse(request, "admin/clinic/history.html", context)

    def history_of(self, obj: Any, page: str) -> History:
        raise NotImplementedError


def _refuse(text: str) -> HttpResponse:
    """A page that says what was wrong with the address of a list."""
    context = {
        "status": 400,
        "title": gettext("The request could not be read"),
        "text": text,
        "home": reverse("worklist"),
    }
    return HttpResponse(render_to_string("clinic/error.html", context), status=400)


class PatientSearch(ReadingAdmin):
    """Rows about patients, found by the patient's whole names or reference; `patient_path` says how to get there.

    The words come in a form; the address of what they find holds the ids of the patients.
    """

    patient_path: ClassVar[str]
    search_help_text = _("Whole names or references of patients")
    searches_patients = True

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, str] | None = None) -> HttpResponse:
        if SEARCH_VAR in request.GET:  # an address that holds a name is not answered
            return redirect(request.path)
        if words := request.POST.get(SEARCH_VAR, "").strip():
            self._look_for(words, request)
        request.method = "GET"
        return super().changelist_view(request, extra_context)

    def _look_for(self, words: str, request: HttpRequest) -> None:
        """Let the request be about those who are called so."""
        limits.count_use(Limited.SEARCH, by=person(request))
        origin.note_found((), words=words)
        found = Patient.objects.visible_to(person(request)).called(words).values_list("pk", flat=True)
        newest = [str(pk) for pk in found[: _MOST_FOUND + 1]]
        address = request.GET.copy()
        address[PATIENTS] = ",".join(newest[:_MOST_FOUND])
        request.GET = address  # type: ignore[assignment]
        if len(newest) > _MOST_FOUND:
            messages.warning(request, _("More patients than can be shown are called so: these are the newest."))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if PATIENTS not in request.GET:
            return rows
        return rows.filter(**{f"{self.patient_path}__in": _ids(request.GET[PATIENTS])})


def _ids(text: str) -> list[UUID]:
    """Ids as an address holds them; none where they are something else."""
    try:
        return [UUID(each) for each in text.split(",")]
    except ValueError:
        return []


class EditedAdmin(ReadingAdmin):
    """Rows that change, with every change in their history."""

    hidden_in_history: ClassVar[tuple[str, ...]] = ()

    def history_of(self, obj: Any, page: str) -> History:
        return read_history(obj, page=page, hidden=self.hidden_in_history, answers=self.answer_words(obj))

    def answer_words(self, obj: Any) -> AnswerWords | None:
        """The words for the answers that the row holds, if it holds any."""
        return None


class WrittenOnceAdmin(ReadingAdmin):
    """Rows that are written once: their history is that."""

    ordering = NEWEST_FIRST
    sortable_by = ()

    def history_of(self, obj: Any, page: str) -> History:
        return History((Entry(at=obj.at, who=str(obj.by), why=gettext("Recorded; never changed since.")),))
