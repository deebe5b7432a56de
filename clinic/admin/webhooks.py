"""Programs that are told what happens at a site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin import display
from django.db.models import Count, OuterRef, Subquery
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from clinic import permissions
from clinic.actions import webhooks
from clinic.admin.base import NEWEST_FIRST, EditedAdmin
from clinic.admin.deliveries import STATES
from clinic.admin.filters import SiteFilter
from clinic.admin.forms import ActingAdmin, ActionForm
from clinic.models import Delivery, MessageKind, Site, Webhook
from clinic.permissions import Capability

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from clinic.models import User


class _EventsForm(ActionForm):
    events = forms.MultipleChoiceField(
        label=_("What is told"), choices=MessageKind.choices, widget=forms.CheckboxSelectMultiple
    )


class AddWebhookForm(_EventsForm):
    site = forms.ModelChoiceField(queryset=Site.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = Site.objects.filter(pk__in=permissions.sites_of(self.by, Capability.MANAGE_WEBHOOKS))
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]

    def act(self) -> Webhook:
        data = self.cleaned_data
        return webhooks.add(site=data["site"], url=data["url"], events=data["events"], by=self.by)


class ChangeWebhookForm(_EventsForm):
    stop = forms.BooleanField(
        label=_("Stop sending"), required=False, help_text=_("Nothing is sent any more. This cannot be taken back.")
    )

    def act(self) -> Webhook:
        webhook: Webhook = self.instance
        if self.cleaned_data["stop"]:
            webhooks.stop(webhook=webhook, by=self.by)
        else:
            self.edit(self._change, "url", "events")
        return webhook

    def clean_events(self) -> list[str]:
        return sorted(self.cleaned_data["events"])

    def _change(self, changes: Mapping[str, Any]) -> None:
        """What was not edited is as it stands now."""
        webhook = Webhook.objects.get(pk=self.instance.pk)
        told = {"url": webhook.url, "events": webhook.events, **changes}
        webhooks.change(webhook=webhook, by=self.by, **told)


class WebhookAdmin(ActingAdmin, EditedAdmin):
    reading = writing = Capability.MANAGE_WEBHOOKS
    add_form, change_form = AddWebhookForm, ChangeWebhookForm
    add_fields = ("site", "url", "events")
    change_fields = ("site", "url", "events", "stop")
    read_fields = ("site", "url", "events", "is_active")
    fixed_fields = ("site",)
    list_display = ("url", "site", "is_active", "newest_arrival", "failing", "given_up")
    list_filter = (SiteFilter, "is_active")
    ordering = NEWEST_FIRST
    sortable_by = ()

    def visible(self, user: User) -> QuerySet[Webhook]:
        """With what has become of their messages."""
        arrived = Delivery.objects.filter(webhook=OuterRef("pk"), delivered_at__isnull=False).order_by("-delivered_at")
        return (
            Webhook.objects.visible_to(user)
            .select_related("site")
            .annotate(arrived_at=Subquery(arrived.values("delivered_at")[:1]))
            .annotate(**{name.replace("-", "_"): _number(name) for name in ("failing", "given-up")})
        )

    def may_change(self, user: User, obj: Webhook) -> bool:
        return obj.is_active and permissions.may(user, self.writing, obj.site)

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        """The page that shows the secret, the one time."""
        context = {"title": _("Webhook added"), "subtitle": None, "opts": self.opts, "webhook": obj}
        return TemplateResponse(
            request, "admin/clinic/webhook/added.html", {**self.admin_site.each_context(request), **context}
        )

    @display(description=_("Newest arrival"))
    def newest_arrival(self, webhook: Any) -> datetime | None:
        return webhook.arrived_at  # type: ignore[no-any-return]

    @display(description=_("Failing"))
    def failing(self, webhook: Any) -> str:
        return _link(webhook, "failing", webhook.failing)

    @display(description=_("Given up"))
    def given_up(self, webhook: Any) -> str:
        return _link(webhook, "given-up", webhook.given_up)


def _number(state: str) -> Subquery:
    rows = Delivery.objects.filter(STATES[state][1], webhook=OuterRef("pk")).order_by().values("webhook")
    return Subquery(rows.annotate(number=Count("pk")).values("number"))


def _link(webhook: Webhook, state: str, number: int | None) -> str:
    """How many there are, leading to the list of them."""
    if not number:
        return "0"
    address = reverse("admin:clinic_delivery_changelist")
    return format_html('<a href="{}?webhook={}&amp;state={}">{}</a>', address, webhook.pk, state, number)
