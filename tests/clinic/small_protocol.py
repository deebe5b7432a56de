"""The small protocol as the clinic would hold it, with what can be proved of it at will."""

from pathlib import Path

import pytest

from clinic import expectations
from clinic.actions import protocols as releases
from clinic.actions import proving
from clinic.models import ProtocolRelease, User
from clinic.permissions import Role
from tests import factories
from triage.obligations import Obligations
from triage.proofs import Certificate, Proof
from triage.protocol import Protocol

SMALL = (Path(__file__).parent.parent / "triage" / "small.toml").read_bytes()


def version(number: str, *changes: tuple[str, str]) -> bytes:
    """The small protocol under another number, with some of its text replaced."""
    text = SMALL.decode().replace('version = "0.1.0"', f'version = "{number}"', 1)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode()


def expect_of_it_what_these_tests_do(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Path(__file__).parent
    monkeypatch.setattr(expectations, "VIGNETTES", here / "vignettes")
    monkeypatch.setattr(expectations, "OBLIGATIONS", here / "obligations")


def let_proofs(monkeypatch: pytest.MonkeyPatch, *, hold: bool) -> None:
    """The small protocol means nothing, so what is proved of it is left to the test."""

    def prove(protocol: Protocol, owed: Obligations) -> Certificate:
        words = () if hold else ("An adult with nothing remarkable but:", "A fever? Yes", "Outcome: Self-management.")
        answers = {} if hold else {"fever": "yes"}
        return Certificate(
            protocol=protocol.id,
            version=protocol.version,
            digest=protocol.digest,
            obligations=owed.digest,
            engine=proving.ENGINE_VERSION,
            space=12_345_678_901_234,
            nodes=120,
            milliseconds=3,
            proofs=(
                Proof("no_outcome_without_review", "Every outcome has its review in time.", "F23", holds=True),
                Proof("fever_same_day", "A fever is never waited with.", "F2", hold, words, answers),
            ),
        )

    monkeypatch.setattr(proving, "prove_protocol", prove)
    monkeypatch.setattr(proving, "_documents", {})


def draft(source: bytes = SMALL, by: User | None = None) -> ProtocolRelease:
    return releases.draft(source=source, by=by or factories.user(Role.AUTHOR, factories.site()))


def in_review(source: bytes = SMALL, by: User | None = None) -> ProtocolRelease:
    author = by or factories.user(Role.AUTHOR, factories.site())
    release = draft(source, author)
    releases.advance(release=release, verb="send", by=author)
    return release
