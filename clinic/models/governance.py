"""What a protocol has to show before anybody is asked by it, and which one a site follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

from clinic import clock
from clinic.models.base import AppendOnlyRecord, AuditedQuerySet, Line, Paragraph
from clinic.models.people import Site
from clinic.models.protocol import ProtocolRelease

if TYPE_CHECKING:
    from typing import Self


class CertificateRows(AuditedQuerySet["Certificate"]):
    def of(self, *, digest: str, engine: str) -> Self:
        """Those of exactly this text under exactly this version of the engine."""
        return self.filter(sha256=digest, engine_version=engine)


class Certificate(AppendOnlyRecord):
    """What was proved, or refuted, of a protocol's text: over every possible patient, by one engine.

    `document` is `triage.proofs.Certificate.as_document()`, with what the vignettes said.
    """

    release = models.ForeignKey(ProtocolRelease, on_delete=models.PROTECT, related_name="certificates")
    sha256 = models.CharField(max_length=64)
    engine_version = models.CharField(max_length=20)
    holds = models.BooleanField()
    document: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = CertificateRows.as_manager()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.release}, engine {self.engine_version}, {self.at:%Y-%m-%d}"


class WaiverRows(AuditedQuerySet["SourceWaiver"]):
    """Written once, like everything that is answered for."""


class SourceWaiver(AppendOnlyRecord):
    """Somebody answers for citing a withdrawn or expired source in one release, and says why."""

    release = models.ForeignKey(ProtocolRelease, on_delete=models.PROTECT, related_name="waivers")
    source = Line(max_length=60)
    reason = Paragraph()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = WaiverRows.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("release", "source"), name="waiver_once"),)

    def __str__(self) -> str:
        return f"{self.source} in {self.release}"


class ComparisonRows(AuditedQuerySet["ReleaseComparison"]):
    def of(self, *, digest: str, against: ProtocolRelease, engine: str) -> Self:
        """That of exactly this text with the release that it would replace, under this version of the engine."""
        return self.filter(sha256=digest, against=against, engine_version=engine)


class ReleaseComparison(AppendOnlyRecord):
    """Everything that a release advises otherwise than the one it would replace, to whomever it would.

    `document` is `triage.comparison.Comparison.as_document()`.
    """

    release = models.ForeignKey(ProtocolRelease, on_delete=models.PROTECT, related_name="comparisons")
    against = models.ForeignKey(ProtocolRelease, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    engine_version = models.CharField(max_length=20)
    document: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = ComparisonRows.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("release", "against", "sha256", "engine_version"), name="release_compared_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.release} with {self.against.version}, engine {self.engine_version}"


class LoweringRows(AuditedQuerySet["LoweringWaiver"]):
    """Written once, like everything that is answered for."""


class LoweringWaiver(AppendOnlyRecord):
    """Somebody answers for one change by which patients are advised something less urgent, and says why.

    It is of one comparison, so of two texts and one engine; `change` is `triage.comparison.Change.name`.
    """

    comparison = models.ForeignKey(ReleaseComparison, on_delete=models.PROTECT, related_name="waivers")
    change = models.CharField(max_length=100)
    reason = Paragraph()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = LoweringRows.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("comparison", "change"), name="lowering_waived_once"),)

    def __str__(self) -> str:
        return f"{self.change} in {self.comparison}"


class ActivationRows(AuditedQuerySet["Activation"]):
    def newest(self, site: Site, protocol: str) -> Activation | None:
        """What the site chose last for this protocol, whatever became of it since."""
        rows = self.filter(site=site, release__protocol=protocol).select_related("release")
        return rows.defer("release__source").order_by("-seq").first()


class Activation(AppendOnlyRecord):
    """A site follows a release from now on; going back to an earlier one is another activation."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="activations")
    release = models.ForeignKey(ProtocolRelease, on_delete=models.PROTECT, related_name="activations")
    seq = models.PositiveIntegerField()
    reason = Paragraph()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    objects = ActivationRows.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("site", "seq"), name="activation_in_order"),)

    def __str__(self) -> str:
        return f"{self.release} at {self.site}"
