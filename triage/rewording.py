"""What two versions of a protocol say otherwise, part by part: added, removed, changed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.protocol import Protocol

# The parts whose entries have a name of their own, in the order in which a reader asks for them.
_PARTS = (
    "questions",
    "flags",
    "rules",
    "texts",
    "facts",
    "levels",
    "instruments",
    "actions",
    "exclusions",
    "must_hold",
)
_WORDS = ("sections", "dispositions", "services", "sources")
_WHOLE = ("title", "summary", "signed_off", "review_due", "fresh_days", "cites", "imaging_question")


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that an entry says, before and after."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Rewording:
    """One entry of one part; `old` is None where it is added, `new` where it is removed."""

    part: str
    id: str
    old: Any
    new: Any
    details: tuple[Detail, ...] = ()


def rewordings(old: Protocol, new: Protocol) -> tuple[Rewording, ...]:
    """Everything that is not word for word the same, but for the number of the version."""
    return tuple(_rewordings(old, new))


def _rewordings(old: Protocol, new: Protocol) -> Iterator[Rewording]:
    for part in (*_PARTS, *_WORDS):
        yield from _of_part(part, _entries(old, part), _entries(new, part))
    yield from _of_order(old, new)
    yield from _changed("incomplete", "", old.incomplete, new.incomplete)
    whole = [Detail(name, getattr(old, name), getattr(new, name)) for name in _WHOLE]
    others = tuple(each for each in whole if each.old != each.new)
    if others:
        yield Rewording("protocol", new.id, old, new, others)


def _entries(protocol: Protocol, part: str) -> dict[str, Any]:
    entries: Any = getattr(protocol, part)
    if isinstance(entries, tuple):
        return {each.level if part == "exclusions" else each.id: each for each in entries}
    return dict(entries)


def _of_part(part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Rewording]:
    for name in {**new, **old}:
        if name in old and name in new:
            yield from _changed(part, name, old[name], new[name])
        else:
            yield Rewording(part, name, old.get(name), new.get(name))


def _changed(part: str, name: str, old: Any, new: Any) -> Iterator[Rewording]:
    every = [Detail(each.name, getattr(old, each.name), getattr(new, each.name)) for each in fields(old)]
    details = tuple(each for each in every if each.old != each.new)
    if details:
        yield Rewording(part, name, old, new, details)


def _of_order(old: Protocol, new: Protocol) -> Iterator[Rewording]:
    """The order of the rules decides; those of both in the order of each."""
    before, after = ([each.id for each in version.rules] for version in (old, new))
    then, now = ([each for each in ids if each in before and each in after] for ids in (before, after))
    if then != now:
        yield Rewording("rules", "", old, new, (Detail("order", tuple(then), tuple(now)),))
