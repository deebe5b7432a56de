"""Arrays of verdicts and quantities calculate as one verdict and one quantity do."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.arrays import Quantities, Ranges, Verdicts, byte_of, bytes_of
from triage.logic import NO, VERDICTS, Truth, Verdict
from triage.patient_view import level
from triage.quantities import Quantity, Range

PAIRS = list(product(VERDICTS, repeat=2))
ONES, OTHERS = (Verdicts(bytes_of(each)) for each in zip(*PAIRS, strict=True))
EVERY = Verdicts(bytes_of(VERDICTS))


def verdicts(of: Verdicts) -> list[Verdict]:
    known = {byte_of(each): each for each in VERDICTS}
    return [known[each] for each in of.bytes.tolist()]


def test_every_verdict_has_a_byte_of_its_own():
    assert len({byte_of(each) for each in VERDICTS}) == len(VERDICTS) == 27


def test_joined_verdicts_are_those_of_each_pair():
    assert verdicts(ONES & OTHERS) == [one & other for one, other in PAIRS]
    assert verdicts(ONES | OTHERS) == [one | other for one, other in PAIRS]
    assert verdicts(ONES.joined(Verdict.__and__, OTHERS)) == [one & other for one, other in PAIRS]


@pytest.mark.parametrize("change", ["__invert__", "certain", "possible", "presumed"])
def test_a_changed_verdict_is_that_of_each(change: str):
    assert verdicts(getattr(EVERY, change)()) == [getattr(each, change)() for each in VERDICTS]


def test_what_holds_of_a_verdict_is_told_of_each():
    assert EVERY.is_true.tolist() == [each.now is Truth.TRUE for each in VERDICTS]
    assert EVERY.where(_is_settled).tolist() == [each.is_settled for each in VERDICTS]


def _is_settled(verdict: Verdict) -> bool:
    return verdict.is_settled


def test_none_of_no_verdicts_is_true():
    assert verdicts(Verdicts.any(2, ())) == [NO, NO]


ends = st.tuples(st.integers(-40, 40), st.integers(-40, 40)).map(lambda pair: Range(min(pair), max(pair)))
quantity = st.builds(Quantity, ends, ends, ends)
listed = st.lists(st.lists(quantity, min_size=3, max_size=3), min_size=1, max_size=5)


def together(quantities: list[Quantity]) -> Quantities:
    def ranges(name: str) -> Ranges:
        each = [getattr(quantity, name) for quantity in quantities]
        low, high = (np.array([getattr(known, end) for known in each], np.int32) for end in ("low", "high"))
        return Ranges(low, high)

    return Quantities(ranges("now"), ranges("least"), ranges("most"))


def apart(quantities: Quantities) -> list[Quantity]:
    def ranges(of: Ranges) -> list[Range]:
        return [Range(low, high) for low, high in zip(of.low.tolist(), of.high.tolist(), strict=True)]

    three = zip(ranges(quantities.now), ranges(quantities.least), ranges(quantities.most), strict=True)
    return [Quantity(*each) for each in three]


@given(listed, st.integers(-40, 40))
def test_quantities_are_calculated_with_as_each_one_is(rows: list[list[Quantity]], number: int):
    parts = [together(list(column)) for column in zip(*rows, strict=True)]
    assert apart(Quantities.total(parts)) == [Quantity.total(row) for row in rows]
    assert apart(parts[0].minus(parts[1])) == [row[0].minus(row[1]) for row in rows]
    for operator in ("<", "<=", ">", ">=", "=="):
        assert verdicts(parts[0].compare(operator, number)) == [row[0].compare(operator, number) for row in rows]


@given(st.lists(st.lists(st.sampled_from(VERDICTS), min_size=4, max_size=4), min_size=1, max_size=5))
def test_counts_and_levels_are_those_of_each_patient(rows: list[list[Verdict]]):
    columns = [Verdicts(bytes_of(column)) for column in zip(*rows, strict=True)]
    assert apart(Quantities.count(columns)) == [Quantity.count(row) for row in rows]
    assert apart(Quantities.level(columns)) == [level(row) for row in rows]
