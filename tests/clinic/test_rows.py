"""What a digest covers stays what it was: a column that comes later leaves every earlier entry as it verifies today."""

from pathlib import Path
from runpy import run_path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.guard import guarded
from clinic.models import Patient, Site, User, rows
from clinic.models.rows import TOLD_SINCE, canonical, covered, digest
from tests import factories

# By table, as they were when entries began to tell of rows. A line is added here only with a table, never changed.
COLUMNS = Path(__file__).parent / "digested_columns.txt"
VERIFIER = run_path(str(Path(__file__).parents[2] / "docs" / "verify_audit_export.py"))
words = st.text(st.characters(exclude_categories=["Cs"]))
whole = st.integers(-(2**63), 2**64 - 1)
documents = st.recursive(
    st.none() | st.booleans() | whole | words,
    lambda inside: st.lists(inside) | st.dictionaries(words, inside),
    max_leaves=30,
)


def test_the_columns_of_the_first_digests_are_for_good() -> None:
    told = [f"{table}: {' '.join(covered(guarded.model_of(table), TOLD_SINCE))}" for table in sorted(guarded.kept())]
    assert told == COLUMNS.read_text().splitlines()


def test_a_column_that_came_later_is_not_in_the_digests_of_before(
    here: Site, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = factories.patient(here, by=clerk).history.get()
    before = digest(row, TOLD_SINCE)
    monkeypatch.setitem(rows.SINCE, (Patient.history.model._meta.db_table, "phone"), TOLD_SINCE + 1)
    assert digest(row, TOLD_SINCE) != before, "as if the column had not been there"
    assert digest(row, TOLD_SINCE + 1) == before


@given(documents)
def test_a_digest_is_taken_over_the_bytes_that_whoever_verifies_an_export_makes_with_the_standard_library(
    document: object,
) -> None:
    assert canonical(document) == VERIFIER["canonical"](document)


@pytest.mark.parametrize(
    "value", ["\ud800", 2**64, {1: "a"}, object()], ids=["half a character", "huge", "key", "thing"]
)
def test_of_what_has_no_one_form_no_digest_is_taken(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)
