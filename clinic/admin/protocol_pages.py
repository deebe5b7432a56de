"""The pages on which something is done with a release: a form each, and the certificate to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import permissions
from clinic.actions import entry, form_keys, proving
from clinic.actions.errors import Conflict
from clinic.actions.protocol_steps import STEPS, Verb
from clinic.admin.base import EditedAdmin, person
from clinic.admin.certificates import Shown
from clinic.admin.forms import sent_before
from clinic.admin.protocol_forms import ActivationForm, ReleaseForm, StepForm, TextForm, WaiverForm
from clinic.models import Certificate, Intake, ProtocolRelease
from clinic.permissions import Capability
from clinic.protocols import DamagedRelease

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.functional import _StrPromise

CHANGE = "admin:clinic_protocolrelease_change"
_Form = TypeVar("_Form", bound=ReleaseForm)
_MEANS: Mapping[Verb, _StrPromise] = {
    Verb.SEND: gettext_lazy(
        "It is put before those who approve protocols. It can be taken back until it is published."
    ),
    Verb.TAKE_BACK: gettext_lazy("It becomes a draft again; if it was approved, it no longer is."),
    Verb.SEND_BACK: gettext_lazy("It becomes a draft again, with your reason for the author; an approval is void."),
    Verb.APPROVE: gettext_lazy(
        "You say that you have read this very text and answer for it: %(digest)s. Nobody is asked by it before it is published."
    ),
    Verb.PUBLISH: gettext_lazy(
        "Its text never changes again. New intakes follow it at every site that has not chosen another release."
    ),
    Verb.RETIRE: gettext_lazy("No new intake follows it. Those that are open go on: %(open)s."),
}


class ReleasePages(EditedAdmin):
    """The addresses of what is done with a release, beside the stock ones."""

    def get_urls(self) -> list[URLPattern]:
        pages: Mapping[str, Callable[..., HttpResponse]] = {
            "text": self.text_page,
            "step/<slug:verb>": self.step_page,
            "proof": self.proof_page,
            "certificate/<uuid:certificate>": self.certificate_page,
            "waiver/<str:source>": self.waiver_page,
            "activation": self.activation_page,
        }
        own = [self._address(address, page) for address, page in pages.items()]
        return [*own, *super().get_urls()]

    def _address(self, address: str, page: Callable[..., HttpResponse]) -> URLPattern:
        name = f"protocol_{address.partition('/')[0]}"
        return path(f"<uuid:pk>/{address}/", self.admin_site.admin_view(page), name=name)

    def text_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Write another text in the place of this one."""
        self._require(request, Capability.WRITE_PROTOCOL)
        release = get_object_or_404(ProtocolRelease, pk=pk)
        shown = {"seen": release.sha256, "source": release.source}
        form = self.filled(TextForm, request, release, initial=shown)
        title = _("Text of %(release)s") % {"release": release}
        intro = [_("Saving another text makes this a draft: an approval of the old text is none of the new one.")]
        return self.answer(request, form, title=title, intro=intro, done=_("The text is saved."))

    def step_page(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Take one step, after reading what it means."""
        if verb not in Verb.values:
            raise Http404
        taken = Verb(verb)
        self._require(request, STEPS[taken].capability)
        if STEPS[taken].fresh and (asked := entry.ask_again(request, person(request))):
            return asked
        release = get_object_or_404(ProtocolRelease, pk=pk)
        form = self.filled(StepForm, request, release, initial={"seen": release.sha256}, verb=taken)
        title = f"{release}: {taken.label}"
        still_open = Intake.objects.open().filter(release=release).count()
        intro = [_MEANS[taken] % {"digest": release.sha256, "open": still_open}]
        return self.answer(request, form, title=title, intro=intro, done=_("Done: %(what)s.") % {"what": taken.label})

    def proof_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Prove the text as it stands; it takes some seconds, and what comes of it is a page to read."""
        self._require(request, Capability.WRITE_PROTOCOL)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        release = get_object_or_404(ProtocolRelease, pk=pk)

        def prove() -> str:
            made = proving.prove(release=release, by=person(request))
            return reverse("admin:protocol_certificate", args=[pk, made.pk])

        try:
            return self.once(request, prove) or redirect(CHANGE, pk)
        except (Conflict, DamagedRelease) as error:
            messages.error(request, str(error))
            return redirect(CHANGE, pk)

    def certificate_page(self, request: HttpRequest, pk: UUID, certificate: UUID) -> HttpResponse:
        """What was proved or refuted, each property as a sentence, with a patient who refutes it."""
        found = get_object_or_404(Certificate.objects.select_related("release", "by"), pk=certificate, release=pk)
        context = {"title": _("Certificate of %(release)s") % {"release": found.release}, "shown": Shown(found)}
        return self.page(request, "admin/clinic/protocol/certificate.html", found.release, context)

    def waiver_page(self, request: HttpRequest, pk: UUID, source: str) -> HttpResponse:
        """Answer for one source that may not be relied on."""
        self._require(request, Capability.PUBLISH_PROTOCOL)
        release = get_object_or_404(ProtocolRelease, pk=pk)
        places = proving.unwaived(release).get(source)
        if places is None:
            return self.repeat(request)
        form = self.filled(WaiverForm, request, release, source=source)
        intro = [
            _("It is cited by %(places)s. Your name and reason stay with this release.") % {"places": ", ".join(places)}
        ]
        title = _("Answer for citing %(source)s in %(release)s") % {"source": source, "release": release}
        return self.answer(request, form, title=title, intro=intro, done=_("Your reason is kept."))

    def activation_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Let a site follow the release, be it a newer one or an earlier one again."""
        self._require(request, Capability.ACTIVATE_PROTOCOL)
        release = get_object_or_404(ProtocolRelease.objects.defer("source"), pk=pk)
        form = self.filled(ActivationForm, request, release)
        intro = [_("New intakes of the site follow this release from now on. Those that are open go on as they began.")]
        title = _("Activate %(release)s at a site") % {"release": release}
        return self.answer(request, form, title=title, intro=intro, done=_("The site follows this release."))

    def filled(self, form: type[_Form], request: HttpRequest, release: ProtocolRelease, **kwargs: Any) -> _Form:
        """The form with what was sent, or empty; where all is well it has acted already."""
        sent = request.POST if request.method == "POST" else None
        return form(sent, release=release, by=person(request), **kwargs)

    def answer(
        self, request: HttpRequest, form: ReleaseForm, *, title: str, done: str, intro: Sequence[str] = ()
    ) -> HttpResponse:
        """On to the release where the form has acted; else the form, with the reasons why it has not."""
        if form.is_bound and (answer := self._act(request, form, done)):
            return answer
        context = {"title": title, "form": form, "intro": intro}
        return self.page(request, "admin/clinic/protocol/act.html", form.release, context)

    def _act(self, request: HttpRequest, form: ReleaseForm, done: str) -> HttpResponse | None:
        try:
            return self.once(request, lambda: _changed(form), done=done)
        except Conflict as conflict:
            form.refusal = str(conflict)
            return None

    def once(self, request: HttpRequest, act: Callable[[], str | None], *, done: str = "") -> HttpResponse | None:
        """Do it and go where that leads; what was sent before only leads there. None where nothing came of it."""
        reply = form_keys.once(sent=request.POST, path=request.path, by=person(request), run=act)
        if reply.replayed:
            return sent_before(request, reply.body)
        if reply.body and done:
            messages.success(request, done)
        return redirect(reply.body) if reply.body else None

    def repeat(self, request: HttpRequest) -> HttpResponse:
        """To what came of a form whose page is there no more because it was sent; to nothing, if it was not."""
        reply = form_keys.once(sent=request.POST, path=request.path, by=person(request), run=lambda: None)
        if not reply.replayed:
            raise Http404
        return sent_before(request, reply.body)

    def page(
        self, request: HttpRequest, template: str, release: ProtocolRelease, context: dict[str, Any]
    ) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": ProtocolRelease._meta, "release": release}
        return TemplateResponse(request, template, {**shared, **context})

    def _require(self, request: HttpRequest, capability: Capability) -> None:
        if not permissions.may_somewhere(person(request), capability):
            raise PermissionDenied


def _changed(form: ReleaseForm) -> str | None:
    """Where the form leads, if it has acted."""
    return reverse(CHANGE, args=[form.release.pk]) if form.is_valid() else None
