"""Verdicts and quantities as code: what `triage.logic` and `triage.quantities` calculate, written down to be run.

A verdict has three truths, each true, false or neither: six yes/no expressions, made only where
they are asked for. What holds of the verdict on everybody leaves some of them out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from triage.syntax import YES, choose, compare, constant, difference, every, negation, some, total

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Hashable, Iterable, Sequence

    _Join = Callable[[Iterable[ast.expr]], ast.expr]

NOW, LEAST, MOST = "now", "least", "most"
_MIRRORED = {NOW: NOW, LEAST: MOST, MOST: LEAST}
# Where a truth is like that of now unless an answer may be lost again or is presumed.
_PLAIN_TRUTHS = ((LEAST, True), (MOST, False))
_PLAIN_ENDS = ((LEAST, False), (MOST, True))


@dataclass(frozen=True, slots=True)
class Nature:
    """What holds of a verdict or a quantity, whoever the patient is.

    `settled`: its three truths are one. `sure`: settled, and never unknown. `plain`: it is true at
    least, or false at most, exactly where it is so now. `needs`: it says nothing of a patient
    unless, for each of these, one of the verdicts with these keys is true.
    """

    settled: bool = False
    sure: bool = False
    plain: bool = True
    needs: frozenset[frozenset[Hashable]] = frozenset()

    def __and__(self, other: Nature) -> Nature:
        return Nature(
            settled=self.settled and other.settled,
            sure=self.sure and other.sure,
            plain=self.plain and other.plain,
            needs=self.needs | other.needs,
        )

    def beside(self, keys: frozenset[Hashable]) -> Nature:
        """That of a whole which is false anyway where one of the verdicts with these keys is."""
        return replace(self, needs=frozenset(each for each in self.needs if not each & keys))


CONSTANT = Nature(settled=True, sure=True)


class CodedVerdict:
    """The code of a verdict; `key` is the same for verdicts that are the same on everybody.

    It is true where one of the verdicts with the keys `follows_from` is, and true now only where
    one of the variables `only_if` is, if there are any.
    """

    __slots__ = ("_rail", "follows_from", "key", "nature", "only_if")

    def __init__(
        self,
        key: Hashable,
        rail: Callable[[str, bool], ast.expr],
        nature: Nature,
        follows_from: frozenset[Hashable] = frozenset(),
        only_if: tuple[str, ...] = (),
    ) -> None:
        self.key, self._rail, self.nature, self.only_if = key, rail, nature, only_if
        self.follows_from = follows_from | {key}

    def is_true(self, truth: str) -> ast.expr:
        return self.rail(truth, wanted=True)

    def is_false(self, truth: str) -> ast.expr:
        return self.rail(truth, wanted=False)

    def rail(self, truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
        """The expression that one of the truths is true, or that it is false."""
        if self.nature.sure and not wanted:
            return negation(self.is_true(NOW))
        return self._rail(self.same(truth, wanted), wanted)

    def same(self, truth: str, wanted: bool) -> str:  # noqa: FBT001
        """The truth of now, where it says the same."""
        alike = self.nature.settled or (self.nature.plain and (truth, wanted) in _PLAIN_TRUTHS)
        return NOW if alike else truth

    def is_known(self) -> ast.expr:
        """That it is true, or false whatever is answered yet."""
        return some([self.is_true(NOW), self.is_false(MOST)])

    def is_decided(self) -> ast.expr:
        """That no answer can change it, and that it is known."""
        return YES if self.nature.sure else some([self.is_true(LEAST), self.is_false(MOST)])

    def is_settled(self) -> ast.expr:
        """That no answer can change it, though it may be unknown for good."""
        if self.nature.settled:
            return YES
        unknown = every([negation(self.is_false(LEAST)), negation(self.is_true(MOST))])
        return some([self.is_true(LEAST), self.is_false(MOST), unknown])

    def __and__(self, other: CodedVerdict) -> CodedVerdict:
        return _Joined("and", every, some, self, other)

    def __or__(self, other: CodedVerdict) -> CodedVerdict:
        return _Joined("or", some, every, self, other)

    def __invert__(self) -> CodedVerdict:
        def rail(truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            return self.is_false(_MIRRORED[truth]) if wanted else self.is_true(_MIRRORED[truth])

        return CodedVerdict(("not", self.key), rail, self.nature)

    def certain(self) -> CodedVerdict:
        """Not sure counts as no: true where it is true, and false where it cannot become so."""

        def rail(truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            if truth != NOW:
                return self.is_true(truth) if wanted else negation(self.is_true(truth))
            if wanted:
                return self.is_true(NOW)
            impossible = negation(self.is_true(MOST))
            return impossible if self.nature.plain else some([self.is_false(NOW), impossible])

        return CodedVerdict(("certain", self.key), rail, replace(self.nature, sure=self.nature.settled))

    def possible(self) -> CodedVerdict:
        """Not sure counts as yes, which is not sure counting as no of the opposite."""
        return ~(~self).certain()

    def presumed(self) -> CodedVerdict:
        """Acts as true until it is answered no, asked or not."""

        def rail(truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            return negation(self.is_false(truth)) if wanted else self.is_false(truth)

        nature = replace(self.nature, sure=self.nature.settled, plain=self.nature.settled)
        return CodedVerdict(("presumed", self.key), rail, nature)


class _Joined(CodedVerdict):
    """Several verdicts joined by "and" or by "or", side by side however many they are."""

    __slots__ = ("_joint", "_parts")

    def __init__(self, joint: str, true: _Join, false: _Join, one: CodedVerdict, other: CodedVerdict) -> None:
        self._joint = joint
        before = one._parts if isinstance(one, _Joined) and one._joint == joint else (one,)
        self._parts: tuple[CodedVerdict, ...] = (*before, other)
        # What guards is tried before what it guards.
        parts = sorted(self._parts, key=lambda part: bool(part.nature.needs))

        def rail(truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            return (
                true(part.is_true(truth) for part in parts) if wanted else false(part.is_false(truth) for part in parts)
            )

        keys = tuple(part.key for part in self._parts)
        nature = one.nature & other.nature
        conditions = [part.only_if for part in self._parts]
        if joint == "and":
            only_if = next(filter(None, conditions), ())
            super().__init__((joint, *keys), rail, nature.beside(frozenset(keys)), only_if=only_if)
        else:
            follows_from = frozenset(chain.from_iterable(part.follows_from for part in parts))
            only_if = tuple(dict.fromkeys(chain(*conditions))) if all(conditions) else ()
            super().__init__((joint, *keys), rail, nature, follows_from, only_if)


class CodedQuantity:
    """The code of a number that may be known only in part: the low and the high end of each of its three ranges."""

    __slots__ = ("_end", "is_counted", "key", "nature")

    def __init__(
        self, key: Hashable, end: Callable[[str, bool], ast.expr], nature: Nature, *, is_counted: bool = False
    ) -> None:
        self.key, self._end, self.nature, self.is_counted = key, end, nature, is_counted

    def end(self, truth: str, top: bool) -> ast.expr:  # noqa: FBT001
        if self.nature.settled or (self.nature.plain and (truth, top) in _PLAIN_ENDS):
            truth = NOW
        return self._end(truth, top and not self.nature.sure)

    def low(self, truth: str) -> ast.expr:
        return self.end(truth, top=False)

    def high(self, truth: str) -> ast.expr:
        return self.end(truth, top=True)

    @classmethod
    def total(cls, parts: Sequence[CodedQuantity]) -> CodedQuantity:
        def end(truth: str, top: bool) -> ast.expr:  # noqa: FBT001
            return total([part.end(truth, top) for part in parts])

        return cls(("total", *(part.key for part in parts)), end, _together([part.nature for part in parts]))

    @classmethod
    def count(cls, statements: Sequence[CodedVerdict]) -> CodedQuantity:
        """How many of the statements are true."""

        def end(truth: str, top: bool) -> ast.expr:  # noqa: FBT001
            counted = [negation(each.is_false(truth)) if top else each.is_true(truth) for each in statements]
            return total(counted)

        nature = _together([each.nature for each in statements])
        return cls(("count", *(each.key for each in statements)), end, nature, is_counted=True)

    @classmethod
    def level(cls, steps: Sequence[CodedVerdict]) -> CodedQuantity:
        """The highest step that is true, between the highest certain and the highest possible one."""

        def end(truth: str, top: bool) -> ast.expr:  # noqa: FBT001
            reached = constant(0)
            for number, step in enumerate(steps, 1):
                reached = choose(
                    negation(step.is_false(truth)) if top else step.is_true(truth), constant(number), reached
                )
            return reached

        nature = _together([step.nature for step in steps])
        return cls(("level", *(step.key for step in steps)), end, nature, is_counted=True)

    def minus(self, other: CodedQuantity) -> CodedQuantity:
        def end(truth: str, top: bool) -> ast.expr:  # noqa: FBT001
            return difference(self.end(truth, top), other.end(_MIRRORED[truth], not top))

        return CodedQuantity(("minus", self.key, other.key), end, self.nature & other.nature)

    def at_least(self, threshold: int) -> CodedVerdict:
        def rail(truth: str, wanted: bool) -> ast.expr:  # noqa: FBT001
            if wanted:
                return compare(self.low(truth), ">=", constant(threshold))
            return compare(self.high(truth), "<", constant(threshold))

        return CodedVerdict(("at least", self.key, threshold), rail, self.nature)

    def compare(self, operator: str, number: int) -> CodedVerdict:
        match operator:
            case ">=":
                return self.at_least(number)
            case ">":
                return self.at_least(number + 1)
            case "<":
                return ~self.at_least(number)
            case "<=":
                return ~self.at_least(number + 1)
        if self.nature.sure and self.is_counted:
            return CodedVerdict(("equal", self.key, number), lambda *_: self._is(number), self.nature)
        return self.at_least(number) & ~self.at_least(number + 1)

    def _is(self, number: int) -> ast.expr:
        return compare(self.low(NOW), "==", constant(number))


def _together(natures: Sequence[Nature]) -> Nature:
    together = CONSTANT
    for nature in natures:
        together = together & nature
    return together
