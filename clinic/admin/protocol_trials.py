"""The pages on which a release is seen tried: on the intakes of the past, and as the shadow of the live one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import permissions
from clinic.actions import shadowing
from clinic.actions.errors import Conflict
from clinic.actions.protocol_steps import WRITABLE
from clinic.admin.base import person
from clinic.admin.protocol_forms import ReleaseForm
from clinic.admin.protocol_pages import CHANGE, ReleasePages
from clinic.admin.replays import Shown
from clinic.models import ProtocolRelease, Replay, Site
from clinic.permissions import Capability

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

    from clinic.models import User

_SHOWN = 10


class Trials:
    """How a release has been tried, for its page."""

    def __init__(self, release: ProtocolRelease, user: User) -> None:
        self._release, self._user = release, user

    @cached_property
    def replays(self) -> list[Replay]:
        """The newest runs over the past, that of the present text first."""
        rows = self._release.replays.of_the_past().select_related("by")
        return sorted(rows[:_SHOWN], key=lambda each: each.sha256 != self._release.sha256)

    @property
    def newest(self) -> Replay | None:
        """The newest of the present text."""
        return next((each for each in self.replays if each.sha256 == self._release.sha256), None)

    @cached_property
    def shadows(self) -> list[Replay]:
        """Where it shadows, or did, at the person's sites."""
        sites = permissions.sites_of(self._user, Capability.USE_ADMIN)
        rows = self._release.replays.shadows().filter(shadow_at__in=sites)
        return list(rows.select_related("shadow_at", "by")[:_SHOWN])

    @property
    def stoppable(self) -> list[Replay]:
        return [each for each in self.shadows if not each.finished_at and self._may_choose_at(each.shadow_at)]

    @property
    def may_shadow(self) -> bool:
        chooses = permissions.may_somewhere(self._user, Capability.ACTIVATE_PROTOCOL)
        return self._release.status in WRITABLE and chooses

    def _may_choose_at(self, site: Site | None) -> bool:
        return site is not None and permissions.may(self._user, Capability.ACTIVATE_PROTOCOL, site)


class ShadowForm(ReleaseForm):
    """Let the release shadow at one of the person's sites."""

    button = gettext_lazy("Let it shadow")
    site = forms.ModelChoiceField(label=gettext_lazy("Site"), queryset=Site.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = permissions.sites_of(self.by, Capability.ACTIVATE_PROTOCOL)
        self.fields["site"].queryset = Site.objects.filter(pk__in=allowed)  # type: ignore[attr-defined]

    def act(self) -> ProtocolRelease:
        shadowing.start(release=self.release, site=self.cleaned_data["site"], by=self.by)
        return self.release


class TrialPages(ReleasePages):
    """The addresses of trials, beside those of what is done with a release."""

    def get_urls(self) -> list[URLPattern]:
        own = [
            self._address("replay/<uuid:replay>", self.replay_page),
            self._address("shadow", self.shadow_page),
            self._address("stop/<uuid:replay>", self.stop_page),
        ]
        return [*own, *super().get_urls()]

    def replay_page(self, request: HttpRequest, pk: UUID, replay: UUID) -> HttpResponse:
        """What came of one trial: counts for everybody here, and who it is for those who may know."""
        found = self._visible(request, pk, replay)
        release = found.release
        assert release is not None  # noqa: S101 -- it was looked for by its release
        shown = Shown(found, person(request), request.GET.get("page", "1"))
        title = _("%(release)s tried on past intakes") if found.shadow_at is None else _("%(release)s as a shadow")
        context = {"title": title % {"release": release}, "shown": shown}
        return self.page(request, "admin/clinic/protocol/replay.html", release, context)

    def shadow_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Let it be evaluated beside the live release at a site."""
        self._require(request, Capability.ACTIVATE_PROTOCOL)
        release = get_object_or_404(ProtocolRelease.objects.defer("source"), pk=pk)
        form = self.filled(ShadowForm, request, release)
        intro = [
            _("On every new assessment of the site this very text is evaluated beside the release that is followed."),
            _("Nobody is told what it says; where it disagrees is listed here."),
        ]
        title = _("Let %(release)s shadow at a site") % {"release": release}
        return self.answer(request, form, title=title, intro=intro, done=_("It shadows from now on."))

    def stop_page(self, request: HttpRequest, pk: UUID, replay: UUID) -> HttpResponse:
        """Stop a shadow; what it has found stays."""
        self._require(request, Capability.ACTIVATE_PROTOCOL)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        shadow = self._visible(request, pk, replay)

        def stop() -> str:
            shadowing.stop(shadow=shadow, by=person(request))
            return reverse(CHANGE, args=[pk])

        try:
            return self.once(request, stop, done=_("It shadows no longer.")) or redirect(CHANGE, pk)
        except (Conflict, permissions.NotAllowed) as error:
            messages.error(request, str(error))
            return redirect(CHANGE, pk)

    def _visible(self, request: HttpRequest, pk: UUID, replay: UUID) -> Replay:
        """A shadow is the matter of its site; a replay of the past is of all sites, and says no names."""
        rows = Replay.objects.filter(release=pk).select_related("release", "shadow_at", "by").defer("release__source")
        found = get_object_or_404(rows, pk=replay)
        sites = permissions.sites_of(person(request), Capability.USE_ADMIN)
        if found.shadow_at_id is not None and found.shadow_at_id not in sites:
            return get_object_or_404(rows.none())
        return found
