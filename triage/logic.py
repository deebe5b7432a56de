"""The truth of clinical statements while answers are still missing."""

from __future__ import annotations

from enum import Enum
from itertools import product
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


class Truth(Enum):
    """The truth of a clinical statement, given what has been answered so far.

    "And" is the minimum, "or" the maximum and "not" the negation of the values below.
    A Truth refuses to act as a bool, so that no `if red_flag:` can ever take "not asked" for
    "answered no"; write `red_flag is Truth.FALSE` instead.
    """

    # An enum's own hash is Python code, and truths are looked up by the thousand.
    __hash__ = object.__hash__

    FALSE = -1
    UNKNOWN = 0
    TRUE = 1

    def __and__(self, other: Truth) -> Truth:
        return Truth(min(self.value, other.value))

    def __or__(self, other: Truth) -> Truth:
        return Truth(max(self.value, other.value))

    def __invert__(self) -> Truth:
        return Truth(-self.value)

    def __bool__(self) -> NoReturn:
        raise TypeError("a Truth is not a bool: compare it with `is Truth.TRUE`")


class Verdict:
    """What can be said of a statement: its truth now, and the least and most true it may become.

    `now` is the Kleene truth on the answers so far. `least` and `most` bound what the questions
    still open can make of it: they fall together when nothing open matters any more. An answer
    "not sure" is settled as unknown; a question not asked is unknown and can become anything.

    There is one object for each of the 27 combinations, so verdicts compare by identity.
    """

    __slots__ = ("_index", "least", "most", "now")

    now: Truth
    least: Truth
    most: Truth

    def __init__(self, now: Truth, least: Truth, most: Truth, index: int) -> None:
        self.now, self.least, self.most, self._index = now, least, most, index

    def __and__(self, other: Verdict) -> Verdict:
        return _AND[self._index][other._index]

    def __or__(self, other: Verdict) -> Verdict:
        return _OR[self._index][other._index]

    def __invert__(self) -> Verdict:
        return _NOT[self._index]

    def __bool__(self) -> NoReturn:
        raise TypeError("a Verdict is not a bool: compare its `now` with `is Truth.TRUE`")

    def __repr__(self) -> str:
        return f"Verdict(now={self.now.name}, least={self.least.name}, most={self.most.name})"

    def __reduce__(self) -> tuple[object, tuple[Truth, Truth, Truth]]:
        return verdict, (self.now, self.least, self.most)

    @property
    def is_settled(self) -> bool:
        """No open question can change it, though it may be settled as unknown."""
        return self.least is self.most

    @property
    def is_decided(self) -> bool:
        """Settled as true or as false."""
        return self.least is self.most and self.least is not Truth.UNKNOWN

    @property
    def is_doubted(self) -> bool:
        """Asked and not answered no: even the best of further answers leaves it possible."""
        return self.least is not Truth.FALSE

    def certain(self) -> Verdict:
        """Not sure counts as no; an open question stays open."""
        return _CERTAIN[self._index]

    def possible(self) -> Verdict:
        """Not sure counts as yes; an open question stays open."""
        return _POSSIBLE[self._index]

    def presumed(self) -> Verdict:
        """Acts as true until it is answered no, asked or not."""
        return _PRESUMED[self._index]


def _if(statement: bool) -> Truth:  # noqa: FBT001  (a predicate's own value)
    return Truth.TRUE if statement else Truth.FALSE


_EVERY = {
    (now, least, most): Verdict(now, least, most, index)
    for index, (now, least, most) in enumerate(product(Truth, repeat=3))
}


def verdict(now: Truth, least: Truth, most: Truth) -> Verdict:
    """The one verdict with these three truths."""
    return _EVERY[now, least, most]


def _read(verdict: Verdict, is_true: Callable[[Truth], bool]) -> Verdict:
    """Each bound read as plainly true or false; what that leaves open stays unknown now."""
    least, most = _if(is_true(verdict.least)), _if(is_true(verdict.most))
    now = least if least is most and verdict.now is Truth.UNKNOWN else verdict.now
    return _EVERY[now, least, most]


def _presume(verdict: Verdict) -> Verdict:
    truths = (verdict.now, verdict.least, verdict.most)
    now, least, most = (_if(truth is not Truth.FALSE) for truth in truths)
    return _EVERY[now, least, most]


# The tables are filled once from the definitions above, so that a verdict costs one look-up.
_AND = [[_EVERY[a.now & b.now, a.least & b.least, a.most & b.most] for b in _EVERY.values()] for a in _EVERY.values()]
_OR = [[_EVERY[a.now | b.now, a.least | b.least, a.most | b.most] for b in _EVERY.values()] for a in _EVERY.values()]
_NOT = [_EVERY[~each.now, ~each.most, ~each.least] for each in _EVERY.values()]
_CERTAIN = [_read(each, lambda truth: truth is Truth.TRUE) for each in _EVERY.values()]
_POSSIBLE = [_read(each, lambda truth: truth is not Truth.FALSE) for each in _EVERY.values()]
_PRESUMED = [_presume(each) for each in _EVERY.values()]

VERDICTS = tuple(_EVERY.values())
YES = verdict(Truth.TRUE, Truth.TRUE, Truth.TRUE)
NO = verdict(Truth.FALSE, Truth.FALSE, Truth.FALSE)
NOT_SURE = verdict(Truth.UNKNOWN, Truth.UNKNOWN, Truth.UNKNOWN)
NOT_ASKED = verdict(Truth.UNKNOWN, Truth.FALSE, Truth.TRUE)
