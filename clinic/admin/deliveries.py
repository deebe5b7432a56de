"""What has become of each message to a webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin import SimpleListFilter
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic import permissions
from clinic.actions import webhooks
from clinic.admin.base import NEWEST_FIRST, person
from clinic.admin.filters import ChoiceFilter
from clinic.admin.forms import ActingAdmin, ActionForm
from clinic.admin.history import Entry, History
from clinic.models import Delivery, Webhook
from clinic.permissions import Capability

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from clinic.models import User

STATES = {
    "waiting": (_("Waiting"), Q(delivered_at__isnull=True, gave_up_at__isnull=True)),
    "failing": (_("Failing"), Q(delivered_at__isnull=True, gave_up_at__isnull=True) & ~Q(last_error="")),
    "given-up": (_("Given up"), Q(delivered_at__isnull=True, gave_up_at__isnull=False)),
    "arrived": (_("Arrived"), Q(delivered_at__isnull=False)),
}


class WebhookFilter(ChoiceFilter):
    title = _("webhook")
    parameter_name = "webhook"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Webhook.objects.visible_to(person(request)).values_list("pk", "url")
        return [(str(pk), url) for pk, url in rows]


class StateFilter(SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(words)) for name, (words, _condition) in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(STATES[chosen][1]) if chosen in STATES else queryset


class AgainForm(ActionForm):
    again = forms.BooleanField(
        label=_("Try again"),
        help_text=_("It is sent with the next round, as if it were new; so is all that waits with it."),
    )

    def act(self) -> Delivery:
        delivery: Delivery = self.instance
        webhooks.try_again(delivery=delivery, by=self.by)
        return delivery


class DeliveryAdmin(ActingAdmin):
    """One message on its way; what has not arrived is tried again from its page."""

    reading = writing = Capability.MANAGE_WEBHOOKS
    change_form = AgainForm
    read_fields = fixed_fields = (
        *("message", "webhook", "asked_at", "attempts", "next_at", "delivered_at", "gave_up_at"),
        *("last_status", "last_error"),
    )
    change_fields = (*read_fields, "again")
    list_display = ("message", "webhook", "asked_at", "attempts", "delivered_at", "gave_up_at", "last_error")
    list_filter = (StateFilter, WebhookFilter)
    ordering = NEWEST_FIRST
    sortable_by = ()

    def visible(self, user: User) -> QuerySet[Delivery]:
        rows = Delivery.objects.filter(webhook__site__in=permissions.sites_of(user, self.reading))
        return rows.select_related("message", "webhook__site")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request) and (obj is None or self.may_change(person(request), obj))

    def may_change(self, user: User, obj: Delivery) -> bool:
        is_open = obj.delivered_at is None and obj.webhook.is_active
        return is_open and permissions.may(user, self.writing, obj.webhook.site)

    def history_of(self, obj: Delivery, page: str) -> History:
        announced = Entry(at=obj.message.created_at, who="Yellowflag", why=str(_("Announced.")))
        return History((announced,))
