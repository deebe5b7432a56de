"""What a page of the administration names is a link only where that opens for whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import display
from django.urls import reverse
from django.utils.html import format_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.contrib.admin.helpers import AdminForm
    from django.db.models import Field, Model

    Shown = Callable[[Model], str]

_NOTHING = "-"


def link_what_opens(page: AdminForm, fields: Iterable[Field[Any, Any]], opens: Callable[[Model], bool]) -> None:
    """Show the other rows that a page names in our way; Django's links lead to "not found" as well."""
    named = {each.name: _shown(each, opens) for each in fields if each.many_to_one or each.one_to_one}
    ours: dict[str, Any] = {name: named.get(name, name) for name in page.readonly_fields}
    page.readonly_fields = list(ours.values())
    page.fieldsets = [
        (title, {**options, "fields": [ours.get(name, name) for name in options["fields"]]})
        for title, options in page.fieldsets
    ]


def _shown(field: Field[Any, Any], opens: Callable[[Model], bool]) -> Shown:
    @display(description=field.verbose_name)
    def shown(row: Model) -> str:
        other = getattr(row, field.name)
        if other is None:
            return _NOTHING
        return _link(other) if opens(other) else str(other)

    shown.__name__ = field.name  # by which its label and its help are found
    return shown


def _link(row: Model) -> str:
    address = reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, row)
