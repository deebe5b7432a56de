"""The releases of protocols, and each as a document that a form or a reader can be made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from clinic import protocols
from clinic.actions.errors import NotFound
from clinic.api.description import reads
from clinic.api.door import Address
from clinic.api.listing import ListQuery
from clinic.api.protocol_document import ProtocolDocument, document
from clinic.models import ProtocolRelease, ReleaseStatus

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request
    from rest_framework.response import Response


class ReleaseShown(serializers.ModelSerializer[ProtocolRelease]):
    """A protocol that is or was in use."""

    status = serializers.ChoiceField([ReleaseStatus.PUBLISHED.value, ReleaseStatus.RETIRED.value], read_only=True)

    class Meta:
        model = ProtocolRelease
        fields = ("protocol", "version", "sha256", "status", "published_at", "retired_at")
        read_only_fields = fields


class Releases(Address):
    """What intakes follow or have followed."""

    @reads("List protocol releases", ReleaseShown(many=True), problems=(404, 422), parameters=(ListQuery,))
    def get(self, request: Request) -> Response:
        self.query(ListQuery)
        return self.page(ProtocolRelease.objects.filter(published_at__isnull=False).defer("source"), ReleaseShown)


class OneProtocol(Address):
    """One release as a document."""

    @reads("Read a protocol: questions, flags, rules, sources", ProtocolDocument, problems=(404,), tagged=True)
    def get(self, request: Request, id: str, version: str) -> HttpResponse:  # noqa: A002 -- as the address calls it
        release = protocols.version_of(id, version)
        if release is None:
            raise NotFound("There is no published protocol of this name and version.")
        return self.show(_shown(release))


_documents: dict[str, Any] = {}


def _shown(release: ProtocolRelease) -> Any:
    """The document of a release, made once in a process."""
    if release.sha256 not in _documents:
        _documents[release.sha256] = ProtocolDocument(document(release.source, protocols.get(release))).data
    return _documents[release.sha256]
