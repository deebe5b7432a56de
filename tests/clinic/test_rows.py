"""What a digest covers stays what it was: a column that comes later leaves every earlier entry as it verifies today."""

from pathlib import Path

import pytest

from clinic.guard import guarded
from clinic.models import Patient, Site, User, rows
from clinic.models.rows import TOLD_SINCE, covered, digest
from tests import factories

# By table, as they were when entries began to tell of rows. A line is added here only with a table, never changed.
COLUMNS = Path(__file__).parent / "digested_columns.txt"


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
