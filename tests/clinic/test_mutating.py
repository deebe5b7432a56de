"""A slip in a protocol is noticed by what is expected of it, or somebody has said why not."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clinic.expectations import survivors_of
from clinic.management.commands import mutate_protocol
from tests.factories import FIXTURES
from triage.mutants import mutants
from triage.reading import read_protocol

BACK_PAIN = FIXTURES / "protocols" / "back-pain" / "1.0.0.toml"
SMALL = Path(__file__).parent.parent / "triage" / "small.toml"


def test_a_sample_of_the_slips_in_back_pain_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them take ten minutes: `make soak`."""
    call_command("mutate_protocol", BACK_PAIN, every=250)
    number = len(range(0, len(mutants(read_protocol(BACK_PAIN.read_bytes()))), 250))
    assert f"of {number} slips are noticed, 100.0 %" in capsys.readouterr().out


def test_a_slip_that_nobody_notices_is_named_and_has_to_be_explained(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    survivor = next(reversed(survivors_of("back-pain")))
    names = [each.name for each in mutants(read_protocol(BACK_PAIN.read_bytes()))]
    monkeypatch.setattr(mutate_protocol, "survivors_of", lambda _: {})
    with pytest.raises(CommandError, match="1 slips are neither noticed nor explained"):
        call_command("mutate_protocol", BACK_PAIN, every=names.index(survivor))
    assert f"not noticed: {survivor}: nobody has said why" in capsys.readouterr().out


def test_a_protocol_that_is_not_what_is_expected_is_not_tried() -> None:
    with pytest.raises(CommandError, match="every slip would be noticed"):
        call_command("mutate_protocol", SMALL)


def test_every_slip_that_is_explained_can_be_made() -> None:
    names = {each.name for each in mutants(read_protocol(BACK_PAIN.read_bytes()))}
    explained = survivors_of("back-pain")
    assert explained
    assert explained.keys() <= names
