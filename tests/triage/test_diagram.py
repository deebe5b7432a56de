"""The diagrams themselves: whatever is drawn says of everybody what the function says, and the same function is one node."""

from collections.abc import Callable, Iterator
from itertools import product
from operator import and_, ne, or_, sub
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.diagram import Diagrams, Node, TooLarge

SIZES = (2, 3, 2, 4)
EVERYBODY = list(product(*(range(size) for size in SIZES)))
Function = dict[tuple[int, ...], Any]
many = settings(max_examples=80, deadline=None)


def functions(values: Any) -> st.SearchStrategy[Function]:
    """A value for each patient; mostly one of few, so that diagrams have something to share."""
    rows = st.lists(values, min_size=len(EVERYBODY), max_size=len(EVERYBODY))
    return rows.map(lambda said: dict(zip(EVERYBODY, said, strict=True)))


numbers, truths = functions(st.integers(0, 2)), functions(st.booleans())


def store() -> Diagrams:
    return Diagrams(SIZES, limit=100_000)


def drawn(diagrams: Diagrams, function: Function) -> Node:
    """Drawn from the top, without any of the operations that are tested."""

    def at(known: tuple[int, ...]) -> Node:
        if len(known) == len(SIZES):
            return diagrams.constant(function[known])
        return diagrams.ask(len(known), tuple(at((*known, value)) for value in range(SIZES[len(known)])))

    return at(())


def says(diagrams: Diagrams, node: Node) -> Function:
    """What a diagram says of each patient, read along their answers."""

    def of(patient: tuple[int, ...]) -> Any:
        at = node
        while not diagrams.is_end(at):
            at = diagrams.branches[at][patient[diagrams.variable[at]]]
        return diagrams.value(at)

    return {patient: of(patient) for patient in EVERYBODY}


def matters(function: Function, variable: int) -> bool:
    return any(function[patient] != function[other] for patient in EVERYBODY for other in changes(patient, variable))


def changes(patient: tuple[int, ...], variable: int) -> Iterator[tuple[int, ...]]:
    for value in range(SIZES[variable]):
        yield (*patient[:variable], value, *patient[variable + 1 :])


@many
@given(numbers)
def test_a_diagram_says_of_everybody_what_the_function_says(function: Function):
    diagrams = store()
    assert says(diagrams, drawn(diagrams, function)) == function


@many
@given(numbers, numbers)
def test_two_functions_are_the_same_exactly_if_their_diagrams_are(one: Function, other: Function):
    diagrams = store()
    assert (drawn(diagrams, one) == drawn(diagrams, other)) == (one == other)
    assert drawn(diagrams, one) == drawn(diagrams, dict(one))


@many
@given(numbers)
def test_a_diagram_asks_exactly_the_variables_that_matter(function: Function):
    diagrams = store()
    node = drawn(diagrams, function)
    asked = {variable for variable in range(len(SIZES)) if matters(function, variable)}
    assert diagrams.asks(node) == asked
    assert {variable for variable in diagrams.by_variable(node) if variable != diagrams.end} == asked
    assert diagrams.says(node) == set(function.values())


@many
@given(numbers, numbers)
def test_an_operation_is_done_for_everybody(one: Function, other: Function):
    diagrams = store()
    made = diagrams.combine(sub, drawn(diagrams, one), drawn(diagrams, other))
    assert says(diagrams, made) == {patient: one[patient] - other[patient] for patient in EVERYBODY}
    assert made == drawn(diagrams, says(diagrams, made))
    diagrams.forget()
    assert diagrams.combine(sub, drawn(diagrams, one), drawn(diagrams, other)) == made


@pytest.mark.parametrize(("operation", "decides"), [(and_, False), (or_, True)], ids=["and", "or"])
@many
@given(truths, truths)
def test_what_decides_or_adds_nothing_changes_no_result(
    operation: Callable, decides: Any, one: Function, other: Function
):
    diagrams = store()
    constants = {"decides": diagrams.constant(decides), "adds_nothing": diagrams.constant(not decides)}
    joined = diagrams.joined(operation, drawn(diagrams, one), drawn(diagrams, other), **constants)
    assert says(diagrams, joined) == {patient: operation(one[patient], other[patient]) for patient in EVERYBODY}


@many
@given(numbers)
def test_other_values_may_be_said(function: Function):
    diagrams = store()
    converted = diagrams.convert(lambda value: value > 0, drawn(diagrams, function))
    assert says(diagrams, converted) == {patient: value > 0 for patient, value in function.items()}
    assert converted == drawn(diagrams, says(diagrams, converted))


given_values = st.fixed_dictionaries(
    {}, optional={variable: st.integers(0, size - 1) for variable, size in enumerate(SIZES)}
)


@many
@given(numbers, given_values)
def test_given_answers_are_read_as_those_of_everybody(function: Function, values: dict[int, int]):
    diagrams = store()
    left = diagrams.given(values)(drawn(diagrams, function))
    told = {patient: function[tuple(values.get(v, own) for v, own in enumerate(patient))] for patient in EVERYBODY}
    assert left == drawn(diagrams, told)


@many
@given(numbers, given_values)
def test_what_matters_alone_is_found(function: Function, values: dict[int, int]):
    diagrams = store()
    found = diagrams.effective_alone(drawn(diagrams, function), values)
    expected = set()
    for variable in values:
        others = {v: value for v, value in values.items() if v != variable}
        calm = [patient for patient in EVERYBODY if all(patient[v] == value for v, value in others.items())]
        if any(function[patient] != function[other] for patient in calm for other in changes(patient, variable)):
            expected.add(variable)
    assert found == expected


@many
@given(numbers, st.integers(0, len(SIZES) - 1))
def test_branches_of_a_variable_are_replaced_where_it_is_asked(function: Function, variable: int):
    diagrams = store()
    nowhere = diagrams.constant(False)  # noqa: FBT003  (what a diagram says)

    def differing(branches: tuple[Node, ...]) -> Node:
        """Where each answer says otherwise than the first."""
        return diagrams.ask(variable, tuple(diagrams.combine(ne, each, branches[0]) for each in branches))

    made = diagrams.replaced(variable, drawn(diagrams, function), differing, nowhere)
    first = {patient: next(changes(patient, variable)) for patient in EVERYBODY}
    assert says(diagrams, made) == {patient: function[patient] != function[first[patient]] for patient in EVERYBODY}


weights = st.tuples(*(st.tuples(*[st.integers(0, 9)] * size) for size in SIZES))


@many
@given(numbers, weights)
def test_patients_are_counted_with_their_weights(function: Function, weights: tuple[tuple[int, ...], ...]):
    diagrams = store()

    def number(patient: tuple[int, ...]) -> int:
        product = 1
        for variable, value in enumerate(patient):
            product *= weights[variable][value]
        return product

    weights = tuple(tuple(max(each, 1) for each in row) for row in weights)
    counted = diagrams.count(drawn(diagrams, function), lambda value: value == 1, weights)
    assert counted == sum(number(patient) for patient, value in function.items() if value == 1)


@many
@given(numbers, weights)
def test_the_cheapest_way_to_a_value_is_found(function: Function, costs: tuple[tuple[int, ...], ...]):
    diagrams = store()

    node = drawn(diagrams, function)

    def cost(patient: tuple[int, ...]) -> int:
        """Of the answers that are asked on the way of this patient."""
        at, spent = node, 0
        while not diagrams.is_end(at):
            variable = diagrams.variable[at]
            spent, at = spent + costs[variable][patient[variable]], diagrams.branches[at][patient[variable]]
        return spent

    way = diagrams.path(node, lambda value: value == 1, costs)
    ones = [patient for patient, value in function.items() if value == 1]
    if not ones:
        assert way is None
        return
    assert way is not None
    there = [patient for patient in EVERYBODY if all(patient[v] == value for v, value in way.items())]
    assert {function[patient] for patient in there} == {1}
    assert {cost(patient) for patient in there} == {min(map(cost, ones))}


@many
@given(numbers, numbers)
def test_a_store_of_what_is_kept_says_the_same_and_holds_nothing_else(one: Function, other: Function):
    diagrams = store()
    drawn(diagrams, other)
    kept, (moved,) = diagrams.kept(drawn(diagrams, one))
    assert says(kept, moved) == one
    assert len(kept) == sum(1 for _ in kept.below(moved))


@many
@given(st.sets(st.sampled_from(EVERYBODY)))
def test_rows_are_told_from_all_others(rows: set[tuple[int, ...]]):
    diagrams = store()
    assert says(diagrams, diagrams.among(0, rows)) == {patient: patient in rows for patient in EVERYBODY}


def test_a_store_has_a_limit():
    diagrams = Diagrams(SIZES, limit=10)
    with pytest.raises(TooLarge, match="more than 10 nodes"):
        drawn(diagrams, {patient: number for number, patient in enumerate(EVERYBODY)})
