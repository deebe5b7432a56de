"""docs/asvs.md names only tests and documents that are there, gives a reason for the rest, and counts right."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
VERDICTS = ("met", "not applicable", "not yet")
SIZES = {"1": 70, "2": 183, "3": 3}  # of OWASP ASVS 5.0.0 levels 1 and 2, and what was chosen of level 3
OF_DOCUMENTS = ("2.1.", "5.1.", "6.1.", "7.1.", "8.1.", "11.1.", "13.1.", "14.1.", "15.1.", "16.1.")  # met by writing


class Row(NamedTuple):
    """One requirement, in the words of the page."""

    number: str
    asks: str
    level: str
    verdict: str
    shown: str


def rows(part: str) -> list[Row]:
    lines = re.findall(r"^\| *(\d+\.\d+\.\d+) *\|(.*)\|(.*)\|(.*)\|(.*)\|$", part, re.MULTILINE)
    return [Row(*(cell.strip() for cell in line)) for line in lines]


CHAPTERS = {part.partition(" ")[0]: rows(part) for part in PAGE.split("\n## ")[1:]}
ROWS = [row for chapter in CHAPTERS.values() for row in chapter]


@cache
def defined_in(file: Path) -> set[str]:
    """The names of the tests that a file defines."""
    return {node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)}


def is_there(test: str) -> bool:
    """Whether the test of that id is defined; one case of it may be named in brackets."""
    path, _, name = test.partition("::")
    file = ROOT / path
    return file.is_file() and name.startswith("test_") and name.partition("[")[0] in defined_in(file)


def counts(part: list[Row]) -> list[int]:
    return [sum(row.verdict == verdict for row in part) for verdict in VERDICTS]


def test_every_requirement_stands_once_in_its_chapter():
    assert list(CHAPTERS) == [str(number) for number in range(1, 18)]
    assert len(re.findall(r"^\| *\d+\.\d+", PAGE, re.MULTILINE)) == len(ROWS), "a row that is not read"
    assert [number for number, times in Counter(row.number for row in ROWS).items() if times > 1] == []
    assert [row.number for number, part in CHAPTERS.items() for row in part if row.number.split(".")[0] != number] == []
    assert Counter(row.level.partition(",")[0] for row in ROWS) == SIZES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_a_requirement_is_shown_to_be_met_or_there_is_a_reason(row: Row):
    assert all(row)
    assert row.verdict in VERDICTS
    assert len(row.asks.split()) <= 10, "the words are to be few and our own"
    tests = re.findall(r"`(tests/[^`]*)`", row.shown)
    documents = re.findall(r"\]\(([^)]*)\)", row.shown)
    assert [test for test in tests if not is_there(test)] == []
    assert [document for document in documents if not (ROOT / "docs" / document).is_file()] == []
    if row.verdict == "met":
        assert tests or (documents and row.number.startswith(OF_DOCUMENTS))
    else:
        assert not tests
        assert row.shown.endswith(".")


def test_a_test_that_is_not_there_is_noticed():
    assert is_there("tests/test_asvs.py::test_a_test_that_is_not_there_is_noticed[a case]")
    for other in ("tests/test_asvs.py::test_nothing", "tests/test_none.py::test_nothing", "tests/test_asvs.py::counts"):
        assert not is_there(other)


def test_the_counts_are_those_of_the_tables():
    told = re.findall(r"^\| (\d+|all)(?: [^|]*)? \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    found = {number: [int(each) for each in cells] for number, *cells in told}
    assert found == {number: counts(part) for number, part in CHAPTERS.items()} | {"all": counts(ROWS)}
    met, not_applicable, not_yet = counts(ROWS)
    words = f"Of these {len(ROWS)} requirements **{met} are met, {not_applicable} are not applicable, {not_yet} are not yet met**"
    assert words in PAGE
    assert f"All {SIZES['1']} requirements of level 1 and all {SIZES['2']} of level 2" in PAGE
