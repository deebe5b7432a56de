"""What people typed, shown so that it does not turn round what stands beside it."""

from __future__ import annotations

from django.template import Library
from django.utils.html import format_html

from triage.wording import without_direction

register = Library()


@register.filter
def undirected(text: object) -> str:
    """As a paragraph of its own."""
    return without_direction(str(text))


@register.filter
def isolated(text: object) -> str:
    """Within a line."""
    return format_html("<bdi>{}</bdi>", without_direction(str(text)))
