"""Whole numbers of which only a part is known: ages, days, scores while items are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from triage.logic import Truth, Verdict, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self


class _Statement(Protocol):
    def __and__(self, other: Self) -> Self: ...
    def __invert__(self) -> Self: ...


S = TypeVar("S", bound=_Statement)


@dataclass(frozen=True, slots=True)
class Range:
    """The whole numbers from `low` to `high`, both included."""

    low: int
    high: int

    def at_least(self, threshold: int) -> Truth:
        """True only when the low end reaches the threshold, false only when the high end does not."""
        if self.low >= threshold:
            return Truth.TRUE
        return Truth.FALSE if self.high < threshold else Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it stands now, and at the least and the most that open answers can make it.

    Each of the three is a range, because an answer "not sure" leaves the number open for good:
    no further question closes it.
    """

    now: Range
    least: Range
    most: Range

    @classmethod
    def known(cls, value: int) -> Quantity:
        exactly = Range(value, value)
        return cls(exactly, exactly, exactly)

    @classmethod
    def within(cls, bounds: Range) -> Quantity:
        """Somewhere in a range, and no further question says where."""
        return cls(bounds, bounds, bounds)

    @classmethod
    def not_sure(cls, low: int, high: int) -> Quantity:
        return cls.within(Range(low, high))

    @classmethod
    def not_asked(cls, low: int, high: int) -> Quantity:
        return cls(Range(low, high), Range(low, low), Range(high, high))

    @classmethod
    def total(cls, parts: Iterable[Quantity]) -> Quantity:
        """The sum, bounded by what the missing parts can still add; nothing is prorated."""
        listed = list(parts)
        return cls(
            _sum(part.now for part in listed),
            _sum(part.least for part in listed),
            _sum(part.most for part in listed),
        )

    @classmethod
    def count(cls, statements: Iterable[Verdict]) -> Quantity:
        """How many of the statements are true."""
        listed = list(statements)
        return cls(
            _count([statement.now for statement in listed]),
            _count([statement.least for statement in listed]),
            _count([statement.most for statement in listed]),
        )

    def minus(self, other: Quantity) -> Quantity:
        """The difference; at the least where this one is least and the other most."""
        return Quantity(
            _difference(self.now, other.now),
            _difference(self.least, other.most),
            _difference(self.most, other.least),
        )

    def at_least(self, threshold: int) -> Verdict:
        return verdict(
            self.now.at_least(threshold),
            self.least.at_least(threshold),
            self.most.at_least(threshold),
        )

    def compare(self, operator: str, number: int) -> Verdict:
        """The verdict on `self operator number`, for one of `<`, `<=`, `>`, `>=`, `==`."""
        return compared(self.at_least, operator, number)


def compared(at_least: Callable[[int], S], operator: str, number: int) -> S:
    """What a comparison says of something of which it is known whether it is at least so high."""
    match operator:
        case ">=":
            return at_least(number)
        case ">":
            return at_least(number + 1)
        case "<":
            return ~at_least(number)
        case "<=":
            return ~at_least(number + 1)
        case "==":
            return at_least(number) & ~at_least(number + 1)
    raise ValueError(f"no such comparison: {operator}")


def _difference(one: Range, other: Range) -> Range:
    return Range(one.low - other.high, one.high - other.low)


def _sum(ranges: Iterable[Range]) -> Range:
    listed = list(ranges)
    return Range(sum(each.low for each in listed), sum(each.high for each in listed))


def _count(truths: list[Truth]) -> Range:
    true = truths.count(Truth.TRUE)
    return Range(true, true + truths.count(Truth.UNKNOWN))
