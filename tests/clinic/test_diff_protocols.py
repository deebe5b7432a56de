"""diff_protocols: what a version says and does otherwise, and its exit status."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import Error

from clinic.management.commands import diff_protocols
from clinic.models import Site, User
from tests import factories
from tests.clinic import small_protocol as small
from triage import symbolic

LESS = ('when = "possible(wish >= 1)"', 'when = "possible(wish >= 2)"')


def diff(*arguments: object) -> tuple[int, str]:
    """The exit status, and what is printed."""
    out, status = io.StringIO(), 0
    try:
        call_command("diff_protocols", *map(str, arguments), stdout=out)
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    return status, out.getvalue()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return written(tmp_path / "old.toml", small.SMALL)


def written(file: Path, source: bytes) -> Path:
    file.write_bytes(source)
    return file


def test_two_texts_that_say_the_same_are_the_same(old: Path, tmp_path: Path) -> None:
    status, said = diff(old, written(tmp_path / "new.toml", small.version("0.2.0")))
    assert status == 0
    assert "small/0.1.0 and small/0.2.0, compared over" in said
    assert said.endswith("Every patient is advised alike.\n")


def test_every_change_is_printed_with_a_patient(old: Path, tmp_path: Path) -> None:
    status, said = diff(old, written(tmp_path / "new.toml", small.version("0.2.0", LESS)))
    assert status == 1
    assert said.startswith("Changed: Flag, Thoughts of being dead (wish)\n  Only where\n    - ")
    assert "LESS URGENT: See a clinician today, the same day -> Self-management, no set time\n" in said
    assert "    Thoughts of being dead, in days of the last week Several days\n" in said
    assert "  before: See a clinician today: it needs a conversation today.\n" in said
    assert "somebody has to answer for each.\n" in said
    assert "past intakes" not in said


def test_another_wording_alone_is_different_too(old: Path, tmp_path: Path) -> None:
    new = written(tmp_path / "new.toml", small.version("0.2.0", ('text = "A fever?"', 'text = "A high fever?"')))
    status, said = diff(old, new)
    assert (status, "    - A fever?\n    + A high fever?\n" in said) == (1, True)


def test_what_is_more_urgent_alone_is_nothing_to_answer_for(old: Path, tmp_path: Path) -> None:
    more = small.version("0.2.0", ('unsure("7d", "14d")', 'unsure("7d", "14d") or possible(limits)'))
    status, said = diff(old, written(tmp_path / "new.toml", more))
    assert (status, said.endswith("Nobody is advised anything less urgent than before.\n")) == (1, True)


@pytest.mark.django_db
def test_a_release_that_is_kept_is_compared_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)
    factories.publish(small.SMALL)
    assert diff("small/0.1.0", written(tmp_path / "new.toml", small.version("0.2.0")))[0] == 0


def test_what_comes_with_the_product_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_names: str) -> None:
        raise Error("no such table")

    monkeypatch.setattr(diff_protocols.ProtocolRelease.objects, "filter", unreachable)
    assert diff("back-pain/1.0.0", factories.FIXTURES / "protocols" / "back-pain" / "1.0.0.toml")[0] == 0


@pytest.mark.django_db
def test_past_intakes_are_counted_on_demand(tmp_path: Path, here: Site, clinician: User) -> None:
    factories.assessment(here, clinician)
    factories.assessment(here, clinician, major_trauma="yes")
    source = factories.BACK_PAIN.decode().replace(
        'when = "major_trauma"\nlevel = "now"', 'when = "major_trauma"\nlevel = "24h"'
    )
    new = written(tmp_path / "new.toml", source.encode())
    status, said = diff("back-pain/1.0.0", new, "--intakes", "--processes", 1)
    assert status == 1
    assert (
        "Of 2 past intakes 1 would be advised otherwise than they were.\n  emergency       urgent_medical          1\n"
        in said
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("no-such-file", "OLD"), "no-such-file: No such file or directory"),
        (("OLD", "back-pain/9.9.9"), "There is no protocol 'back-pain/9.9.9'"),
        (("OLD", "BROKEN"), "not TOML|is missing|Expected"),
        (("OLD", "back-pain/1.0.0"), "small and back-pain are two protocols"),
    ],
)
@pytest.mark.django_db
def test_what_cannot_be_compared_is_refused(arguments: tuple[str, str], why: str, old: Path, tmp_path: Path) -> None:
    files = {"OLD": old, "BROKEN": written(tmp_path / "broken.toml", b"[protocol")}
    with pytest.raises(CommandError, match=why) as refusal:
        diff(*(files.get(each, each) for each in arguments))
    assert refusal.value.returncode == 2


def test_what_is_too_large_to_compare_is_told(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbolic, "MOST_NODES", 50)
    with pytest.raises(CommandError, match="too large to be compared: more than 50 nodes") as refusal:
        diff(old, old)
    assert refusal.value.returncode == 2
