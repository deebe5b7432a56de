"""Lists that are never counted: a page, and whether there is another after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.paginator import Paginator

from clinic.actions import origin
from clinic.admin.asking import PATIENTS, NotOffered
from clinic.models import AuditEvent

if TYPE_CHECKING:
    from django.http import HttpRequest

LAST_PAGE = 100  # whoever has turned so many pages finds it sooner by a search or a filter


class Listing(ChangeList):
    """One page of rows and one row more: as quick at the hundred thousandth record as at the hundredth.

    Counting reads every row that the person may see, and a list that is sorted by any column
    sorts them all.
    """

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return {name: value for name, value in super().get_filters_params(params).items() if name != PATIENTS}

    def get_results(self, request: HttpRequest) -> None:
        if not 1 <= self.page_num <= LAST_PAGE:
            raise NotOffered(PAGE_VAR)
        self.words = request.POST.get(SEARCH_VAR, "")
        before = (self.page_num - 1) * self.list_per_page
        found = list(self.queryset[before : before + self.list_per_page + 1])
        if before and not found:
            raise NotOffered(PAGE_VAR)
        self.result_list = found[: self.list_per_page]
        listed = (
            () if self.model is AuditEvent else self.result_list
        )  # the trail does not tell of itself, entry by entry
        origin.note_found(listed, words=self.query)
        self.has_more = len(found) > self.list_per_page
        self.result_count = self.full_result_count = before + len(self.result_list)
        self.multi_page = self.has_more or before > 0
        self.can_show_all = self.show_admin_actions = self.show_full_result_count = False
        known = before + len(found) if self.page_num < LAST_PAGE else self.result_count
        self.paginator = Paginator(range(known), self.list_per_page)
