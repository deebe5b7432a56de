"""The dashboard as CSV, and what its columns mean: as the spreadsheets of each language open it.

Where a comma stands in numbers, spreadsheets take a semicolon between cells; and without a
byte-order mark they take letters beyond ASCII for others.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from django.utils.formats import get_format

from clinic.reports.tables import cell_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clinic.reports.tables import Table

# What a spreadsheet would take for a formula at the beginning of a cell (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
DICTIONARY: Sequence[tuple[str, str, str]] = (
    ("table", "text", "which table of the dashboard; the name is stable"),
    ("row", "text", "the label of the row as shown, such as a week, a service, a flag or a rule with its version"),
    ("column", "text", "the label of the column as shown"),
    ("value", "text", "a whole number, a percentage, a dash for no number, or < 10 for a group of 1 to 9"),
    ("overdue", "table", "open work as it is at the moment of export: not a count of patients, never suppressed"),
    ("weekly", "table", "intakes by the week of completion and the outcome as it stood at completion"),
    ("outcomes", "table", "the same without the weeks"),
    ("referrals", "table", "open referrals now, and those closed or cancelled within the period"),
    ("times", "table", "whole days from proposal to a state, for steps taken within the period"),
    ("flags", "table", "flags present or not sure at completion"),
    ("unknown", "table", "questions answered not sure, or not asked though they could have mattered, at completion"),
    ("rules", "table", "decisions by the rule that had decided and the protocol version; shares of completed intakes"),
)


def tables_as_csv(tables: Iterable[Table]) -> str:
    """Every cell of every table as a line of its own."""
    lines = [
        (table.name, label, column, cell_text(cell))
        for table in tables
        for label, cells in table.rows
        for column, cell in zip(table.columns, cells, strict=True)
    ]
    return _written(("table", "row", "column", "value"), lines)


def dictionary_as_csv() -> str:
    return _written(("name", "kind", "meaning"), DICTIONARY)


def _written(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=_between())
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in line] for line in lines)
    return "\ufeff" + out.getvalue()


def _between() -> str:
    return ";" if get_format("DECIMAL_SEPARATOR") == "," else ","


def _harmless(cell: str) -> str:
    """What begins so, behind whatever blanks, is text; the wide forms of these signs are taken for them too."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) or cell[:1] in ("\t", "\r", "\n") else cell
