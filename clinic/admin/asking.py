"""What a list of the administration may be asked for in its address: what its page offers, and nothing else.

Django's own lists take any look-up on any column, patterns included: they would answer, yes or no, what
stands in columns that are shown to nobody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.db.models import BooleanField
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.contrib.admin import ModelAdmin
    from django.http import HttpRequest

PATIENTS = "patients"  # the ids of those whom a list is about, in its address
LONGEST = 200
_PAGE = re.compile(r"[0-9]{1,4}")
_ORDER = re.compile(r"-?[0-9]{1,2}(\.-?[0-9]{1,2}){0,9}")
_PATIENTS = re.compile(r"[0-9a-f-]{0,36}(,[0-9a-f-]{36}){0,49}")


class NotOffered(Exception):
    """The list was asked for something that its page does not offer."""

    def __init__(self, name: str) -> None:
        super().__init__(_('This list cannot be asked for "%(name)s". Nothing was looked for.') % {"name": name[:80]})


def check(pages: ModelAdmin[Any], request: HttpRequest) -> None:
    """Refuse what the page of the list does not offer."""
    offered = _offered(pages, request)
    for name, values in request.GET.lists():
        if name not in offered or not all(offered[name](value) for value in values):
            raise NotOffered(name)


def _offered(pages: ModelAdmin[Any], request: HttpRequest) -> Mapping[str, Callable[[str], object]]:
    """By parameter, what its values have to be."""
    offered: dict[str, Callable[[str], object]] = {PAGE_VAR: _PAGE.fullmatch}
    if pages.get_sortable_by(request):
        offered[ORDER_VAR] = _ORDER.fullmatch
    if pages.get_search_fields(request):
        offered[SEARCH_VAR] = _is_words
    if getattr(pages, "searches_patients", False):
        offered[PATIENTS] = _PATIENTS.fullmatch
    for each in pages.get_list_filter(request):
        if isinstance(each, str):
            offered[f"{each}__exact"] = _choices(pages, each).__contains__
        else:
            offered[each.parameter_name] = _is_words  # type: ignore[union-attr]  # a choice not offered narrows nothing
    return offered


def _choices(pages: ModelAdmin[Any], name: str) -> frozenset[str]:
    """The values of a column that has few."""
    field = pages.opts.get_field(name)
    if isinstance(field, BooleanField):
        return frozenset({"0", "1"})
    return frozenset(str(value) for value, _title in field.flatchoices)  # type: ignore[union-attr]  # of our own columns


def _is_words(value: str) -> bool:
    return len(value) <= LONGEST and "\0" not in value
