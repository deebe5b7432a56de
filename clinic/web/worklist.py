"""The first page: what a site waits for, what is overdue first, and what one did last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from clinic import permissions, waiting
from clinic.actions import origin
from clinic.permissions import Capability
from clinic.web import recent
from clinic.web.pages import AT, SITE_KEY, StaffPage
from clinic.web.work import describe

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

ROWS_PER_PAGE = 25
MOST_COUNTED = 100


class Worklist(StaffPage):
    """What is waited for, in words: an answer, a decision, a report, the next step of a referral."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whoever sees no patients and looks after the installation works in the administration."""
        if not self.sites and permissions.may_somewhere(self.user, Capability.USE_ADMIN):
            return redirect("admin:index")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        wanted = request.GET.dict()
        cursor = wanted.pop("after", "")
        wanted.pop(AT, None)
        filters = waiting.waiting(user=self.user, site=self.site, wanted=wanted)
        if not filters.is_valid():
            return self._show(filters, None, status=422)
        try:
            page = waiting.page(filters.qs, size=ROWS_PER_PAGE, cursor=cursor)
        except waiting.BadCursor as error:
            raise Http404(str(error)) from error
        origin.note_found(page.rows)
        return self._show(filters, page, is_first=not cursor)

    def _show(
        self,
        filters: waiting.WaitingFilters,
        page: waiting.Page | None,
        *,
        is_first: bool = True,
        status: int = 200,
    ) -> HttpResponseBase:
        chosen = {name: value for name, value in filters.data.items() if value and name in filters.filters}
        whose = {"whose": chosen.get("whose", "")}
        everything = waiting.waiting(user=self.user, site=self.site, wanted=whose).qs
        overdue = waiting.overdue(everything, at=page.at, most=MOST_COUNTED) if page else 0
        sees_results, decides = self.may(Capability.READ_ASSESSMENT), self.may(Capability.DECIDE)
        return self.show(
            "clinic/worklist.html",
            status=status,
            rows=[
                describe(each, at=page.at, site=self.site, sees_results=sees_results, decides=decides)
                for each in page.rows
            ]
            if page
            else [],
            filters=filters.form,
            is_filtered=bool(chosen),
            is_mine=chosen.get("whose") == "mine",
            is_first=is_first,
            query=urlencode({AT: self.site.pk, **chosen}),
            following=urlencode({AT: self.site.pk, **chosen, "after": page.following})
            if page and page.following
            else "",
            overdue=overdue,
            overdue_words=_("%(number)s or more") % {"number": overdue} if overdue == MOST_COUNTED else str(overdue),
            may_start=self.may(Capability.ANSWER),
            recent=recent.work(self.user, self.site) if is_first else [],
        )


class SwitchSite(StaffPage):
    """Choose which of one's sites to work at."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        chosen = request.POST.get("site", "")
        if chosen not in {str(site.pk) for site in self.sites}:
            raise PermissionDenied(_("You do not work at that site."))
        request.session[SITE_KEY] = chosen
        return redirect("worklist")
