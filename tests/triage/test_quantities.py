"""Numbers of which a part is missing, against every way in which the missing parts could turn out."""

import operator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.logic import NO, NOT_ASKED, NOT_SURE, YES, Truth, Verdict
from triage.quantities import Quantity, Range

OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}
LOW, HIGH = 0, 3
KNOWN = st.integers(LOW, HIGH)
# A part is a number, "not_sure" (for good) or None (not asked).
parts = st.lists(st.one_of(KNOWN, st.just("not_sure"), st.none()), min_size=1, max_size=3)
operators = st.sampled_from(sorted(OPERATORS))
thresholds = st.integers(-1, 10)


def quantity(part) -> Quantity:
    if part is None:
        return Quantity.not_asked(LOW, HIGH)
    return Quantity.not_sure(LOW, HIGH) if part == "not_sure" else Quantity.known(part)


def answered(listed):
    """Every way in which the parts not asked could be answered, "not sure" among them."""
    return product(*([*range(LOW, HIGH + 1), "not_sure"] if part is None else [part] for part in listed))


def judged(listed, statement) -> Truth:
    """The truth of a statement about numbers, some of them not sure, by trying every value they could have."""
    every = product(*(range(LOW, HIGH + 1) if part in ("not_sure", None) else [part] for part in listed))
    truths = {statement(numbers) for numbers in every}
    return Truth.UNKNOWN if len(truths) == 2 else Truth.TRUE if truths == {True} else Truth.FALSE


def assert_bounded(verdict: Verdict, listed, statement) -> None:
    assert verdict.now is judged(listed, statement)
    outcomes = [judged(completed, statement).value for completed in answered(listed)]
    assert verdict.least.value <= min(outcomes)
    assert max(outcomes) <= verdict.most.value


@given(parts, operators, thresholds)
def test_a_comparison_bounds_every_way_in_which_open_parts_can_be_answered(listed, sign, threshold):
    total = Quantity.total(map(quantity, listed))
    assert_bounded(total.compare(sign, threshold), listed, lambda numbers: OPERATORS[sign](sum(numbers), threshold))


@given(parts, st.sampled_from(["<", "<=", ">", ">="]), thresholds)
def test_the_bounds_of_a_threshold_are_reached(listed, sign, threshold):
    verdict = Quantity.total(map(quantity, listed)).compare(sign, threshold)
    outcomes = [
        judged(each, lambda numbers: OPERATORS[sign](sum(numbers), threshold)).value for each in answered(listed)
    ]
    assert (verdict.least.value, verdict.most.value) == (min(outcomes), max(outcomes))


@given(st.tuples(*[st.one_of(KNOWN, st.just("not_sure"), st.none())] * 2), operators)
def test_a_difference_bounds_every_way_in_which_open_parts_can_be_answered(pair, sign):
    verdict = quantity(pair[0]).minus(quantity(pair[1])).compare(sign, 0)
    assert_bounded(verdict, pair, lambda numbers: OPERATORS[sign](*numbers))


ANSWERS = {YES: "yes", NO: "no", NOT_SURE: "not_sure", NOT_ASKED: None}


def counted(listed) -> Range:
    return Range(listed.count("yes"), len(listed) - listed.count("no"))


@given(st.lists(st.sampled_from(list(ANSWERS)), max_size=4), operators, st.integers(0, 4))
def test_a_count_bounds_every_way_in_which_open_statements_can_be_answered(verdicts, sign, threshold):
    verdict = Quantity.count(verdicts).compare(sign, threshold)
    listed = [ANSWERS[each] for each in verdicts]
    for completed in product(*(["yes", "no", "not_sure"] if each is None else [each] for each in listed)):
        bounds = counted(completed)
        truths = {OPERATORS[sign](number, threshold) for number in range(bounds.low, bounds.high + 1)}
        truth = Truth.UNKNOWN if len(truths) == 2 else Truth.TRUE if truths == {True} else Truth.FALSE
        assert verdict.least.value <= truth.value <= verdict.most.value


def test_a_missing_item_widens_a_total_and_is_never_prorated():
    eight_of_nine = [Quantity.known(1)] * 8
    total = Quantity.total([*eight_of_nine, Quantity.not_asked(0, 3)])
    assert total == Quantity(Range(8, 11), Range(8, 8), Range(11, 11))
    total = Quantity.total([*eight_of_nine, Quantity.not_sure(0, 3)])
    assert total == Quantity(Range(8, 11), Range(8, 11), Range(8, 11))


def test_a_total_of_nothing_is_zero():
    assert Quantity.total([]) == Quantity.known(0) == Quantity.count([])


@pytest.mark.parametrize(
    ("threshold", "truth"), [(4, Truth.TRUE), (5, Truth.UNKNOWN), (7, Truth.UNKNOWN), (8, Truth.FALSE)]
)
def test_a_threshold_is_met_only_by_the_low_end_and_missed_only_by_the_high_end(threshold, truth):
    assert Range(4, 7).at_least(threshold) is truth


def test_an_unknown_comparison_is_refused():
    with pytest.raises(ValueError, match="no such comparison: !="):
        Quantity.known(1).compare("!=", 1)
