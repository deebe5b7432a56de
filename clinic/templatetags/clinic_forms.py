"""What every form that writes holds beside its fields."""

from __future__ import annotations

from django.template import Library
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clinic.actions import form_keys

register = Library()


@register.simple_tag
def form_key() -> SafeString:
    """The key by which the form counts once; a new one for each form that is rendered."""
    return format_html('<input type="hidden" name="{}" value="{}">', form_keys.FIELD, form_keys.new())
