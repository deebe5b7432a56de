"""German dates: the pages name a format by itself, such as "j M Y", and German has a dot behind the day."""

from __future__ import annotations


def __getattr__(name: str) -> str:
    """The German form of a format that names the day of the month; Django knows all others."""
    if not name.startswith(("j ", "l j ")):
        raise AttributeError(name)
    return name.replace("l j", "l, j").replace("j ", "j. ", 1)
