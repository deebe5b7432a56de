"""The dashboard: what a practice manager steers by, as tables, plots and CSV. No patient is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic import clock, permissions, plots, protocols
from clinic.actions import limits
from clinic.actions.limits import Limited
from clinic.admin.base import person
from clinic.models import Site
from clinic.permissions import Capability
from clinic.reports.export import dictionary_as_csv, tables_as_csv
from clinic.reports.figures import Period, figures
from clinic.reports.tables import Table, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import HttpRequest
    from django.urls import URLPattern

    from clinic.admin.site import YellowflagAdmin
    from clinic.models import User

_PERIODS = {"4": 28, "12": 84, "52": 364, "all": 3650}
_PROTOCOL = "back-pain"


class Choice(forms.Form):
    """Which sites and which period; what is not chosen is all of one's sites, and twelve weeks."""

    site = forms.ChoiceField(label=_("Site"), required=False)
    period = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=[("12", _("12 weeks")), ("4", _("4 weeks")), ("52", _("A year")), ("all", _("All time"))],
    )

    def __init__(self, data: Any, sites: Sequence[Site]) -> None:
        super().__init__(data)
        field = self.fields["site"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- declared above
        for each in self.fields.values():
            each.widget.attrs["class"] = "input"
        field.choices = [("", _("All of mine")), *((str(site.pk), site.name) for site in sites)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Everything on the page."""

    form: Choice
    tables: Sequence[Table]
    counted_at: datetime | None
    query: str


def dashboard(user: User, data: Any) -> Dashboard:
    """The figures that the person chose; where the choice is not one, the form says so and nothing is shown."""
    sites = _sites(user)
    form = Choice(data, sites)
    if not form.is_valid():
        return Dashboard(form=form, tables=(), counted_at=None, query="")
    chosen = form.cleaned_data["site"]
    wanted = [site for site in sites if not chosen or str(site.pk) == chosen]
    today = max(map(clock.today, wanted), default=clock.today(None))
    days = _PERIODS[form.cleaned_data["period"] or "12"]
    period = Period(first=today - timedelta(days=days), last=today, today=today)
    found = figures([site.pk for site in wanted], period)
    shown = tables(found, protocols.newest(_PROTOCOL))
    query = "&".join(f"{name}={value}" for name, value in form.cleaned_data.items() if value)
    return Dashboard(form=form, tables=shown, counted_at=found.counted_at, query=query)


def _sites(user: User) -> list[Site]:
    """The sites whose figures the person may see: those that they help to look after."""
    return list(Site.objects.filter(pk__in=permissions.sites_of(user, Capability.USE_ADMIN)))


def urls(site: YellowflagAdmin) -> list[URLPattern]:
    """The addresses beside the page itself: its plots, and itself as CSV."""
    return [
        path("dashboard/<slug:name>.svg", site.admin_view(_plot), name="dashboard_plot"),
        path("dashboard/figures.csv", site.admin_view(_figures), name="dashboard_csv"),
        path("dashboard/dictionary.csv", site.admin_view(_dictionary), name="dashboard_dictionary"),
    ]


def _plot(request: HttpRequest, name: str) -> HttpResponse:
    table = next((each for each in _of(request).tables if each.name == name and each.plotted), None)
    if table is None:
        raise Http404
    labels = [label for label, _cells in table.rows]
    columns = table.columns[: table.plotted]
    series = {name: [_height(cells[n]) for _label, cells in table.rows] for n, name in enumerate(columns)}
    title = gettext("%(table)s (no group under 10 is drawn)") % {"table": table.title}
    return HttpResponse(plots.bars(labels, series, title=title), content_type="image/svg+xml")


def _height(cell: int | str | None) -> float | None:
    return cell if isinstance(cell, int) else None


def _figures(request: HttpRequest) -> HttpResponse:
    limits.count_use(Limited.EXPORT, by=person(request))
    return _download(tables_as_csv(_of(request).tables), "yellowflag-figures.csv")


def _dictionary(request: HttpRequest) -> HttpResponse:
    return _download(dictionary_as_csv(), "yellowflag-data-dictionary.csv")


def _of(request: HttpRequest) -> Dashboard:
    found = dashboard(person(request), request.GET)
    if found.form.errors:
        raise Http404(gettext("There are no such figures."))
    return found


def _download(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
