"""What two evaluations of one patient, told by `triage.explanation`, have in common and what not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Document = Mapping[str, Any]

_URGENT = {"now": 2, "24h": 1}  # to be done today; the sooner, the higher


def same_advice(one: Document, other: Document) -> bool:
    """Whether both say the same is to be done, so that a decision on the one holds for the other."""
    return _advice(one) == _advice(other)


def _advice(document: Document) -> tuple[object, ...]:
    return (
        document["disposition"],
        document["urgency"],
        _pairs(document["referrals"]),
        _pairs(document["deferred"]),
        sorted(each["id"] for each in document["actions"]),
        urgent_reasons(document),
    )


def _pairs(referrals: list[dict[str, str]]) -> list[tuple[str, str]]:
    return sorted((each["service"], each["priority"]) for each in referrals)


def urgent_reasons(document: Document) -> frozenset[str]:
    """The flags and rules for which something is to be done today."""
    return frozenset(_name(each) for each in document["because"] if each["level"] in _URGENT)


def more_urgent(before: Document, after: Document) -> list[dict[str, Any]]:
    """The reasons of the later one for which something is to be done today, and before was not, or not as soon."""
    known: dict[str, int] = {}
    for each in before["because"]:
        known[_name(each)] = max(known.get(_name(each), 0), _soon(each))
    return [each for each in after["because"] if _soon(each) > known.get(_name(each), 0)]


def _name(reason: Document) -> str:
    return f"{reason['kind']}:{reason['id']}"


def _soon(reason: Document) -> int:
    return _URGENT.get(reason["level"], 0)


def changes(before: Document, after: Document) -> dict[str, Any]:
    """What the later of two evaluations says otherwise; empty where they say the same.

    `disposition`, `urgency` and `exclusion` hold the pair of before and after; `referrals` and
    `actions` what was added and removed; `findings` the flags of another state, each with its title.
    """
    found: dict[str, Any] = {
        name: [before[name], after[name]] for name in ("disposition", "urgency") if before[name] != after[name]
    }
    if before["exclusion"]["level"] != after["exclusion"]["level"]:
        found["exclusion"] = [before["exclusion"]["level"], after["exclusion"]["level"]]
    for name, key in (("referrals", "service"), ("actions", "id")):
        added, removed = _beyond(after[name], before[name], key), _beyond(before[name], after[name], key)
        if added or removed:
            found[name] = {"added": added, "removed": removed}
    findings = _findings(before, after)
    return {**found, "findings": findings} if findings else found


def _beyond(these: list[dict[str, Any]], those: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    known = {each[key] for each in those}
    return [each for each in these if each[key] not in known]


def _findings(before: Document, after: Document) -> list[dict[str, str]]:
    states = {each["flag"]: each["state"] for each in before["findings"]}
    return [
        {
            "flag": each["flag"],
            "title": each["title"],
            "before": states.get(each["flag"], "not_asked"),
            "after": each["state"],
        }
        for each in after["findings"]
        if states.get(each["flag"], "not_asked") != each["state"]
    ]
