"""The truth tables of statements and verdicts, against definitions that share no code with them."""

import copy
import operator
import pickle
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.logic import NO, NOT_ASKED, NOT_SURE, YES, Truth, Verdict, verdict

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE

AND = {
    (F, F): F, (F, U): F, (F, T): F,
    (U, F): F, (U, U): U, (U, T): U,
    (T, F): F, (T, U): U, (T, T): T,
}  # fmt: skip
OR = {
    (F, F): F, (F, U): U, (F, T): T,
    (U, F): U, (U, U): U, (U, T): T,
    (T, F): T, (T, U): T, (T, T): T,
}  # fmt: skip
NOT = {F: T, U: U, T: F}

ANSWERS = (YES, NO, NOT_SURE, NOT_ASKED)
verdicts = st.builds(verdict, *[st.sampled_from(Truth)] * 3)
# The verdicts that statements over answers can have: from the least to the most true in steps.
grown = st.recursive(
    st.sampled_from(ANSWERS),
    lambda inner: st.one_of(
        st.builds(operator.and_, inner, inner),
        st.builds(operator.or_, inner, inner),
        inner.map(operator.invert),
        inner.map(Verdict.certain),
        inner.map(Verdict.possible),
        inner.map(Verdict.presumed),
    ),
)


@pytest.mark.parametrize(("one", "other"), AND)
def test_and_and_or_follow_the_tables_of_kleene(one: Truth, other: Truth):
    assert one & other is AND[one, other]
    assert one | other is OR[one, other]


@pytest.mark.parametrize("truth", Truth)
def test_not_leaves_unknown_unknown(truth: Truth):
    assert ~truth is NOT[truth]


@pytest.mark.parametrize("statement", [*Truth, *ANSWERS])
@pytest.mark.parametrize(
    "use",
    [
        bool,
        operator.not_,
        lambda each: each and 1,
        lambda each: each or 1,
        lambda each: 1 if each else 2,
        lambda each: [1 for _ in "x" if each],
        lambda each: any([each]),
    ],
)
def test_neither_a_truth_nor_a_verdict_ever_acts_as_a_bool(statement, use):
    with pytest.raises(TypeError, match="is not a bool"):
        use(statement)


@pytest.mark.parametrize(("one", "other"), list(product(ANSWERS, repeat=2)))
def test_a_verdict_combines_each_of_its_three_truths_alone(one: Verdict, other: Verdict):
    both, either = one & other, one | other
    for bound in ("now", "least", "most"):
        pair = getattr(one, bound), getattr(other, bound)
        assert getattr(both, bound) is AND[pair]
        assert getattr(either, bound) is OR[pair]


@given(verdicts)
def test_not_swaps_the_bounds(statement: Verdict):
    negated = ~statement
    assert (negated.now, negated.least, negated.most) == (
        NOT[statement.now],
        NOT[statement.most],
        NOT[statement.least],
    )


@given(verdicts, verdicts, verdicts)
def test_the_laws_of_and_and_or_hold(a: Verdict, b: Verdict, c: Verdict):
    assert a & b is b & a
    assert a | b is b | a
    assert (a & b) & c is a & (b & c)
    assert (a | b) | c is a | (b | c)
    assert a & (b | c) is (a & b) | (a & c)
    assert ~(a & b) is ~a | ~b
    assert ~(a | b) is ~a & ~b
    assert ~~a is a
    assert a & a is a | a is a


@given(grown)
def test_the_least_is_never_above_the_most(statement: Verdict):
    assert statement.least.value <= statement.most.value


@given(grown)
def test_what_is_settled_as_true_or_false_is_so_now(statement: Verdict):
    if statement.is_decided:
        assert statement.now is statement.least


@pytest.mark.parametrize(
    ("answer", "certain", "possible", "presumed"),
    [
        (YES, YES, YES, YES),
        (NO, NO, NO, NO),
        (NOT_SURE, NO, YES, YES),
        (NOT_ASKED, NOT_ASKED, NOT_ASKED, verdict(T, F, T)),
        # The two below: not sure or not asked, and not sure and not asked.
        (NOT_SURE | NOT_ASKED, NOT_ASKED, YES, YES),
        (NOT_SURE & NOT_ASKED, NO, NOT_ASKED, verdict(T, F, T)),
        (~NOT_ASKED.presumed(), verdict(F, F, T), verdict(F, F, T), verdict(F, F, T)),
    ],
)
def test_each_reading_of_unknown(answer: Verdict, certain: Verdict, possible: Verdict, presumed: Verdict):
    assert answer.certain() is certain
    assert answer.possible() is possible
    assert answer.presumed() is presumed


@pytest.mark.parametrize(
    ("answer", "settled", "decided", "doubted"),
    [
        (YES, True, True, True),
        (NO, True, True, False),
        (NOT_SURE, True, False, True),
        (NOT_ASKED, False, False, False),
        (NOT_SURE | NOT_ASKED, False, False, True),
        (NOT_SURE & NOT_ASKED, False, False, False),
    ],
)
def test_what_a_verdict_says_of_itself(answer: Verdict, settled, decided, doubted):
    assert answer.is_settled is settled
    assert answer.is_decided is decided
    assert answer.is_doubted is doubted


@given(verdicts)
def test_there_is_one_object_for_each_verdict(statement: Verdict):
    assert verdict(statement.now, statement.least, statement.most) is statement
    assert copy.deepcopy(statement) is statement
    assert pickle.loads(pickle.dumps(statement)) is statement  # noqa: S301  (our own bytes)


def test_a_verdict_shows_its_three_truths():
    assert repr(NOT_ASKED) == "Verdict(now=UNKNOWN, least=FALSE, most=TRUE)"
