"""The pages on which a release is compared with the one it would replace, and answered for where it is less urgent."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.actions import comparing
from clinic.actions.errors import Conflict, NotAllowed
from clinic.actions.protocol_steps import WRITABLE
from clinic.admin.base import person
from clinic.admin.comparisons import Shown
from clinic.admin.protocol_forms import ReleaseForm
from clinic.admin.protocol_pages import CHANGE, ReleasePages
from clinic.models import ProtocolRelease, ReleaseComparison
from clinic.permissions import Capability, may_somewhere
from clinic.protocols import DamagedRelease
from triage.reading import ProtocolError

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

    from clinic.models import User


class Comparisons:
    """What is known of the difference to the release that would be replaced, for the page of a release."""

    def __init__(self, release: ProtocolRelease, user: User) -> None:
        self._release, self._user = release, user

    @cached_property
    def against(self) -> ProtocolRelease | None:
        """What it would replace; what is published replaces nothing any more."""
        return comparing.replaced_by(self._release) if self._release.status in WRITABLE else None

    @cached_property
    def present(self) -> ReleaseComparison | None:
        return comparing.comparison_of(self._release) if self.against else None

    @property
    def unanswered(self) -> int:
        return len(comparing.unanswered(self.present)) if self.present else 0

    @cached_property
    def earlier(self) -> list[ReleaseComparison]:
        """Those with other releases, of other texts or by other engines."""
        rows = self._release.comparisons.select_related("against").defer("document", "against__source")
        return list(rows.exclude(pk=self.present.pk) if self.present else rows)

    @property
    def may_compare(self) -> bool:
        either = (Capability.WRITE_PROTOCOL, Capability.PUBLISH_PROTOCOL)
        return self.against is not None and any(may_somewhere(self._user, each) for each in either)


class LoweringForm(ReleaseForm):
    """Answer for one change to something less urgent."""

    button = gettext_lazy("Answer for it")
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, comparison: ReleaseComparison, change: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.comparison, self.change = comparison, change

    def act(self) -> ProtocolRelease:
        reason = self.cleaned_data["reason"]
        comparing.accept(comparison=self.comparison, change=self.change, reason=reason, by=self.by)
        return self.release


class ComparisonPages(ReleasePages):
    """The addresses of comparisons, beside those of what is done with a release."""

    def get_urls(self) -> list[URLPattern]:
        own = [
            self._address("compare", self.compare_page),
            self._address("comparison/<uuid:comparison>", self.comparison_page),
            self._address("lowering/<uuid:comparison>/<str:change>", self.lowering_page),
        ]
        return [*own, *super().get_urls()]

    def compare_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Compare the text as it stands; it takes some seconds, and what comes of it is a page to read."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        release = get_object_or_404(ProtocolRelease, pk=pk)

        def compare() -> str:
            made = comparing.compare(release=release, by=person(request))
            return reverse("admin:protocol_comparison", args=[pk, made.pk])

        try:
            return self.once(request, compare) or redirect(CHANGE, pk)
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except (Conflict, DamagedRelease) as error:
            messages.error(request, str(error))
            return redirect(CHANGE, pk)

    def comparison_page(self, request: HttpRequest, pk: UUID, comparison: UUID) -> HttpResponse:
        """What it says otherwise, and who would be advised otherwise."""
        found = _found(pk, comparison)
        title = _("%(release)s compared with %(against)s") % {"release": found.release, "against": found.against}
        try:
            shown = Shown(found, person(request))
        except (DamagedRelease, ProtocolError) as error:
            messages.error(request, str(error))
            return redirect(CHANGE, pk)
        context = {"title": title, "shown": shown}
        return self.page(request, "admin/clinic/protocol/comparison.html", found.release, context)

    def lowering_page(self, request: HttpRequest, pk: UUID, comparison: UUID, change: str) -> HttpResponse:
        """Answer for one change by which patients are advised something less urgent."""
        self._require(request, Capability.PUBLISH_PROTOCOL)
        found = _found(pk, comparison)
        region = next((each for each in comparing.unanswered(found) if each["change"] == change), None)
        if region is None:
            return self.repeat(request)
        form = self.filled(LoweringForm, request, found.release, comparison=found, change=change)
        shown = next(each for each in Shown(found, person(request)).changes if each.name == change)
        intro = [
            f"{shown.was} → {shown.would_be}",
            _("Your name and reason stay with this release."),
        ]
        title = _("Answer for something less urgent in %(release)s") % {"release": found.release}
        return self.answer(request, form, title=title, intro=intro, done=_("Your reason is kept."))


def _found(release: UUID, comparison: UUID) -> ReleaseComparison:
    rows = ReleaseComparison.objects.select_related("release", "against", "by")
    return get_object_or_404(rows, pk=comparison, release=release)
