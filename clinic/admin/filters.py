"""What lists are narrowed by; a choice that is not offered narrows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin import SimpleListFilter
from django.utils.translation import gettext_lazy as _

from clinic import permissions
from clinic.admin.base import person
from clinic.models import BreakGlass, Finding
from clinic.reports.tables import in_words
from triage.protocol import Disposition, Service

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from clinic.models.audit import AuditRows


class ChoiceFilter(SimpleListFilter):
    """Rows whose column is what was chosen."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        offered: set[str] = {str(value) for value, _title in self.lookup_choices}
        return queryset.filter(**{str(self.parameter_name): chosen}) if chosen in offered else queryset


class SiteFilter(ChoiceFilter):
    """Of the sites that the person reads these rows at."""

    title = "site"
    parameter_name = "site"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        read = permissions.sites_of(person(request), model_admin.reading)
        return [(str(site.pk), site.name) for site in person(request).sites if site.pk in read]


class ReviewFilter(SimpleListFilter):
    """What an auditor looks through first."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("refused", _("What was refused")),
            ("after_hours", _("Weekends, and before 7 or after 20 o'clock")),
            ("many", _("Records of more than 30 patients in an hour")),
            ("seen", _("Who was shown what")),
            ("exports", _("Letters, prints and exports")),
            ("break_glass", _("Emergency accesses that nobody has reviewed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "refused":
                return queryset.filter(action__endswith=".refused")
            case "after_hours":
                return cast("AuditRows", queryset).after_hours()
            case "many":
                return cast("AuditRows", queryset).of_many_patients()
            case "seen":
                return queryset.filter(action__regex=r"\.(read|list|list_late|list_cases|search|print)$")
            case "exports":
                return queryset.filter(action__regex=r"\.(print|issue|export_audit)$")
            case "break_glass":
                unreviewed = BreakGlass.objects.unreviewed().order_by().values("pk")
                return queryset.filter(action="break_glass.start", object_id__in=unreviewed)
        return queryset


class ServiceFilter(ChoiceFilter):
    title = "service"
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(each.value, each.value) for each in Service]


class DispositionFilter(ChoiceFilter):
    title = "disposition"
    parameter_name = "disposition"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(each.value, in_words(each)) for each in Disposition]


class FindingFilter(ChoiceFilter):
    title = _("review")
    parameter_name = "finding"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", _("Not reviewed yet")), *Finding.choices]
