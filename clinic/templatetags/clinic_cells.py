"""How a cell of the dashboard reads."""

from __future__ import annotations

from django.template import Library

from clinic.reports.tables import cell_text

register = Library()
register.filter("cell", cell_text)
