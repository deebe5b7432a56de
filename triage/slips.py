"""The slips that an author could make in one condition: a part left out, turned round, or a threshold beside the right one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from triage.conditions import And, Comparison, Condition, Count, Difference, Not, OneOf, Or, Raised, Reading, Statement
from triage.written import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    Slip = tuple[str, Condition]

T = TypeVar("T")
_OTHER_READINGS = {"certain": ("possible",), "possible": ("certain",), "presumed": ("possible", "certain")}
_OTHER_RAISED = {"flagged": "unsure", "unsure": "flagged"}


def slips(condition: Condition) -> Iterator[Slip]:
    """Each condition that is one slip away, and what was slipped."""
    for slipped in _here(condition):
        yield f"{written(condition)} -> {written(slipped)}", slipped
    for place, part in enumerate(condition.inner):
        for says, slipped in slips(part):
            yield says, _with_part(condition, place, slipped)


def _here(condition: Condition) -> Iterator[Condition]:
    match condition:
        case Statement() | Difference():
            yield Not(condition)
        case Comparison(number=number):
            yield Not(condition)
            yield from (replace(condition, number=number + step) for step in (-1, 1))
        case OneOf(words=words):
            yield Not(condition)
            yield from (replace(condition, words=left) for left in _each_left_out(words))
        case Count(parts=parts, number=number):
            yield from (replace(condition, number=number + step) for step in (-1, 1))
            yield from (replace(condition, parts=left) for left in _each_left_out(parts))
        case Not(part=part):
            yield part
        case And(parts=parts) | Or(parts=parts):
            yield Or(parts) if isinstance(condition, And) else And(parts)
            yield from (left[0] if len(left) == 1 else replace(condition, parts=left) for left in _each_left_out(parts))
        case Reading(manner=manner, part=part):
            yield part
            yield from (replace(condition, manner=other) for other in _OTHER_READINGS[manner])
        case Raised(manner=manner, levels=levels):
            yield replace(condition, manner=_OTHER_RAISED[manner])
            yield from (replace(condition, levels=left) for left in _each_left_out(levels))


def _each_left_out(listed: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    if len(listed) > 1:
        yield from ((*listed[:place], *listed[place + 1 :]) for place in range(len(listed)))


def _with_part(condition: Condition, place: int, part: Condition) -> Condition:
    match condition:
        case And(parts=parts) | Or(parts=parts) | Count(parts=parts):
            return replace(condition, parts=(*parts[:place], part, *parts[place + 1 :]))
        case Not() | Reading():
            return replace(condition, part=part)
    raise TypeError(f"a condition without parts: {condition}")
