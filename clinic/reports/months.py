"""Whole months within a time, so that a long time is added up from months and a few days."""

from __future__ import annotations

from datetime import date, timedelta


def after(day: date) -> date:
    """The first day of the month after the day's."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def within(first: date, last: date, *, today: date) -> tuple[date, date]:
    """The whole months between two days: from the first day of one to before that of another.

    The present month is whole as far as it has come; where there is none, both are the first day.
    """
    start = first if first.day == 1 else after(first)
    until = after(last) if last >= today else last.replace(day=1)
    return (start, until) if start < until else (first, first)
