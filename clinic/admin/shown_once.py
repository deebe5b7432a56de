"""A page that shows a secret: the one time, and the secret is stored nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.template.response import TemplateResponse
from django.urls import reverse

from clinic.admin.forms import ActingAdmin, ActionForm

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import _StrOrPromise


class SecretForm(ActionForm):
    """A form whose action makes a secret, or none."""

    secret = ""


class ShowsOnce(ActingAdmin):
    """Rows that come with a secret."""

    def save_model(self, request: Any, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        request.secret = getattr(form, "secret", "")  # read by `response_add` and `response_change`

    def show_once(
        self, request: HttpRequest, *, title: _StrOrPromise, words: str, back: _StrOrPromise
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "subtitle": None,
            "words": words,
            "secret": request.secret,  # type: ignore[attr-defined]
            "back": back,
            "back_url": reverse(f"admin:{self.opts.label_lower.replace('.', '_')}_changelist"),
        }
        return TemplateResponse(request, "admin/clinic/shown_once.html", context)
