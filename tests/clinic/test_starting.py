"""A server is ready for the first patient, or does not start."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from clinic import guard, protocols
from clinic.actions import starting
from clinic.models import ProtocolRelease
from tests import factories


def test_what_is_published_is_read_before_the_first_request(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    release = factories.published_release()
    monkeypatch.setattr(protocols, "_compiled", {})
    starting.ready()
    assert release.sha256 in protocols._compiled


def test_a_damaged_protocol_is_told_and_keeps_nobody_from_the_others(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    release = factories.published_release()
    monkeypatch.setattr(protocols, "_compiled", {})
    with guard.lowered():
        models.QuerySet(ProtocolRelease).filter(pk=release.pk).update(source="#")
    starting.ready()
    assert "damaged" in caplog.text


def test_without_the_guard_no_server_starts(db: None) -> None:
    with guard.lowered(), pytest.raises(ImproperlyConfigured, match=r"manage\.py migrate"):
        starting.ready()
