"""A hazard without a control, a flag without a hazard, a page that is not up to date: each is named."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clinic.expectations import obligations_of
from clinic.management.commands import safety_case
from tests.triage.worlds import FIXTURES
from triage.proofs import prove
from triage.reading import read_protocol
from triage.safety import gaps, read_safety_case

SOURCE = (FIXTURES / "safety/back-pain-1.0.0.toml").read_text()
PROTOCOL = (FIXTURES / "protocols/back-pain/1.0.0.toml").read_text()


def found(source: str = SOURCE, protocol: str = PROTOCOL) -> list[str]:
    case, faults = read_safety_case(source.encode())
    read = read_protocol(protocol.encode())
    return [*faults, *gaps(case, read, obligations_of(read))]


def planted(old: str, new: str) -> str:
    assert SOURCE.count(old) == 1
    return SOURCE.replace(old, new)


def test_every_hazard_has_its_control_and_every_flag_its_hazard() -> None:
    assert found() == []


# What is planted in the file, and what is then said.
GAPS = {
    "a hazard without control": (
        'controls = ["No diagnosis words in any text."]',
        "controls = []",
        "H20 has no control that anything shows",
    ),
    "a property that is not proved": (
        '"no_words_never_to_be_said"',
        '"no_such_property"',
        "H20: nothing called no_such_property is proved",
    ),
    "another version": ('version = "1.0.0"', 'version = "2.0.0"', "it is about back-pain/2.0.0, not back-pain/1.0.0"),
    "a severity that there is not": (
        'severity = "significant"',
        'severity = "huge"',
        'hazards[H20].severity: "huge" is not one of catastrophic, major, considerable, significant, minor',
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), GAPS.values(), ids=list(GAPS))
def test_a_gap_is_named(old: str, new: str, said: str) -> None:
    assert found(planted(old, new)) == [said]


def test_a_red_flag_without_hazard_is_named() -> None:
    without = PROTOCOL.replace('cites = ["R7", "A13"]\nhazards = ["H2"]', 'cites = ["R7", "A13"]', 1)
    assert without != PROTOCOL
    assert [each.endswith("guards against no hazard") for each in found(protocol=without)] == [True]


def test_a_hazard_of_a_flag_that_nobody_describes_is_named() -> None:
    start = SOURCE.index('[[hazards]]\nid = "H22"')
    assert "the flag overdose names H22, which is no hazard here" in found(SOURCE[:start])


@pytest.fixture(scope="module")
def proofs() -> Any:
    """Of the shipped protocol, made once: `make check` makes them anew."""
    protocol = read_protocol(PROTOCOL.encode())
    return prove(protocol, obligations_of(protocol))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Any) -> Path:
    """Pages and file of a safety case that may be changed."""
    monkeypatch.setattr(safety_case, "prove", lambda *_: proofs)
    for page in safety_case.PAGES.glob("*.md"):
        (tmp_path / page.name).write_text(page.read_text())
    file = tmp_path / "back-pain-1.0.0.toml"
    file.write_text(SOURCE)
    monkeypatch.setattr(safety_case, "PAGES", tmp_path)
    monkeypatch.setattr(safety_case, "_files", lambda: [file])
    return tmp_path


def test_pages_that_are_up_to_date_pass(folder: Path) -> None:
    call_command("safety_case", check=True)


def test_a_page_that_is_not_up_to_date_is_named_and_made_anew(folder: Path) -> None:
    page = folder / "hazard-log.md"
    page.write_text(page.read_text() + "A line by hand.\n")
    with pytest.raises(CommandError, match=r"docs/safety/hazard-log\.md is not up to date"):
        call_command("safety_case", check=True)
    call_command("safety_case")
    call_command("safety_case", check=True)


@pytest.mark.parametrize("name", ["tests/clinic/test_nothing.py", "tests/clinic/test_stops.py::test_nothing"])
def test_a_test_that_does_not_exist_is_named(folder: Path, name: str) -> None:
    (folder / "back-pain-1.0.0.toml").write_text(planted('"tests/clinic/test_stops.py"', f'"{name}"'))
    with pytest.raises(CommandError, match="H3: there is no test"):
        call_command("safety_case", check=True)
