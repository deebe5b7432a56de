"""Verdicts and quantities of many patients at once, as arrays: what `triage.logic` and `triage.quantities` calculate.

A verdict takes one byte: two bits for each of its truths, that it is true and that it may be. So "and"
and "or" of verdicts are those of their bits. All else is looked up in tables that the verdicts
themselves have filled.
"""

from __future__ import annotations

from functools import cache, reduce
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from triage.logic import NO, VERDICTS, Truth, Verdict
from triage.quantities import Quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

Bytes: TypeAlias = "NDArray[np.uint8]"
Numbers: TypeAlias = "NDArray[np.int32]"
Where: TypeAlias = "NDArray[np.bool_]"

_MAY_BE, _IS = 0b01, 0b10
_TRUTHS = {Truth.FALSE: 0, Truth.UNKNOWN: _MAY_BE, Truth.TRUE: _MAY_BE | _IS}
_NOW, _LEAST, _MOST = 0, 2, 4  # where the bits of each truth begin
_EACH = 64  # bytes that a verdict can be; not every one is


def byte_of(verdict: Verdict) -> int:
    """The byte that stands for a verdict."""
    return _TRUTHS[verdict.now] << _NOW | _TRUTHS[verdict.least] << _LEAST | _TRUTHS[verdict.most] << _MOST


def bytes_of(verdicts: Iterable[Verdict]) -> Bytes:
    """A table of verdicts, for patients to have theirs taken from."""
    return np.array([byte_of(each) for each in verdicts], np.uint8)


def _table(change: Callable[[Verdict], Verdict]) -> Bytes:
    table = np.zeros(_EACH, np.uint8)
    for verdict in VERDICTS:
        table[byte_of(verdict)] = byte_of(change(verdict))
    return table


@cache
def _table_of_two(operation: Callable[[Verdict, Verdict], Verdict]) -> Bytes:
    table = np.zeros(_EACH * _EACH, np.uint8)
    for one in VERDICTS:
        for other in VERDICTS:
            table[byte_of(one) * _EACH + byte_of(other)] = byte_of(operation(one, other))
    return table


@cache
def _table_of_truths(holds: Callable[[Verdict], bool]) -> Where:
    table = np.zeros(_EACH, np.bool_)
    for verdict in VERDICTS:
        table[byte_of(verdict)] = holds(verdict)
    return table


_NOT = _table(Verdict.__invert__)
_CERTAIN = _table(Verdict.certain)
_POSSIBLE = _table(Verdict.possible)
_PRESUMED = _table(Verdict.presumed)


class Verdicts:
    """A verdict on each of many patients, calculated with as one verdict is."""

    __slots__ = ("bytes",)

    def __init__(self, each: Bytes) -> None:
        self.bytes = each

    @classmethod
    def all(cls, number: int, verdict: Verdict) -> Verdicts:
        return cls(np.full(number, byte_of(verdict), np.uint8))

    @classmethod
    def any(cls, number: int, verdicts: Iterable[Verdicts]) -> Verdicts:
        """Whether one of the verdicts is true; none of none."""
        return reduce(cls.__or__, verdicts, cls.all(number, NO))

    def __and__(self, other: Verdicts) -> Verdicts:
        return Verdicts(self.bytes & other.bytes)

    def __or__(self, other: Verdicts) -> Verdicts:
        return Verdicts(self.bytes | other.bytes)

    def __invert__(self) -> Verdicts:
        return Verdicts(_NOT.take(self.bytes))

    def certain(self) -> Verdicts:
        return Verdicts(_CERTAIN.take(self.bytes))

    def possible(self) -> Verdicts:
        return Verdicts(_POSSIBLE.take(self.bytes))

    def presumed(self) -> Verdicts:
        return Verdicts(_PRESUMED.take(self.bytes))

    def joined(self, operation: Callable[[Verdict, Verdict], Verdict], other: Verdicts) -> Verdicts:
        """What an operation on two verdicts makes of them, for each patient."""
        places = self.bytes.astype(np.uint16) * _EACH + other.bytes
        return Verdicts(_table_of_two(operation).take(places))

    def where(self, holds: Callable[[Verdict], bool]) -> Where:
        """Of which patients something holds of the verdict."""
        return _table_of_truths(holds).take(self.bytes)

    @property
    def is_true(self) -> Where:
        """Of whom it is true now."""
        return (self.bytes & (_IS << _NOW)).astype(np.bool_)


class Ranges:
    """A range of whole numbers for each of many patients."""

    __slots__ = ("high", "low")

    def __init__(self, low: Numbers, high: Numbers) -> None:
        self.low, self.high = low, high

    def at_least(self, threshold: int) -> Bytes:
        """The two bits of the truth, for each patient."""
        may_be: Bytes = (self.high >= threshold).view(np.uint8)
        if self.low is self.high:
            return may_be * np.uint8(_IS | _MAY_BE)
        return (self.low >= threshold).view(np.uint8) * np.uint8(_IS) | may_be

    def plus(self, other: Ranges) -> Ranges:
        return Ranges(self.low + other.low, self.high + other.high)

    def minus(self, other: Ranges) -> Ranges:
        return Ranges(self.low - other.high, self.high - other.low)


class Quantities:
    """A number for each of many patients, as it stands now and at the least and the most."""

    __slots__ = ("least", "most", "now")

    def __init__(self, now: Ranges, least: Ranges, most: Ranges) -> None:
        self.now, self.least, self.most = now, least, most

    @classmethod
    def total(cls, parts: Sequence[Quantities]) -> Quantities:
        return reduce(cls.plus, parts)

    @classmethod
    def count(cls, statements: Sequence[Verdicts]) -> Quantities:
        """How many of the statements are true."""
        return cls(*(_counted(statements, begin) for begin in (_NOW, _LEAST, _MOST)))

    @classmethod
    def level(cls, steps: Sequence[Verdicts]) -> Quantities:
        """The highest step that is true."""
        return cls(*(_highest(steps, begin) for begin in (_NOW, _LEAST, _MOST)))

    def plus(self, other: Quantities) -> Quantities:
        return Quantities(self.now.plus(other.now), self.least.plus(other.least), self.most.plus(other.most))

    def minus(self, other: Quantities) -> Quantities:
        return Quantities(self.now.minus(other.now), self.least.minus(other.most), self.most.minus(other.least))

    def at_least(self, threshold: int) -> Verdicts:
        bits = [each.at_least(threshold) for each in (self.now, self.least, self.most)]
        return Verdicts(bits[0] | bits[1] << np.uint8(_LEAST) | bits[2] << np.uint8(_MOST))

    def compare(self, operator: str, number: int) -> Verdicts:
        """The verdicts on `self operator number`: which comparisons there are is said of one quantity."""
        compared: Any = Quantity.compare(cast("Any", self), operator, number)
        return cast("Verdicts", compared)


def _counted(statements: Sequence[Verdicts], begin: int) -> Ranges:
    low, high = (
        reduce(np.add, [(each.bytes >> np.uint8(begin) & bit != 0).astype(np.int32) for each in statements])
        for bit in (_IS, _MAY_BE)
    )
    return Ranges(low, high)


def _highest(steps: Sequence[Verdicts], begin: int) -> Ranges:
    ends = [np.zeros(len(steps[0].bytes), np.int32) for _ in (_IS, _MAY_BE)]
    for number, step in enumerate(steps, 1):
        for end, bit in zip(ends, (_IS, _MAY_BE), strict=True):
            end[(step.bytes >> np.uint8(begin) & bit).astype(np.bool_)] = number
    return Ranges(*ends)
