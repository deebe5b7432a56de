"""Decision diagrams: a function of many answers, drawn once with every repetition shared.

A diagram is a tree of questions read from the top, in one order for all, in which equal subtrees
are one node and a question whose every answer leads to the same place is left out. Two functions
are therefore the same exactly if their nodes are, and a question matters exactly if a node asks
it. (Reduced ordered multi-valued decision diagrams: Bryant 1986; Srinivasan et al. 1990.)

Variables are numbered from the top; a node is a whole number. Values at the ends are compared as
dictionary keys are.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence

Node = int
_STEPS = 20  # for each node that a store may hold: the branches that are looked at
Operation = "Callable[[Any, Any], Hashable]"


class TooLarge(Exception):
    """The diagrams of a protocol outgrow their limit: too many answers hang on one another."""


@contextmanager
def too_deep_is_too_large() -> Iterator[None]:
    """Say of answers that hang on one another in a long chain what is said of a large protocol."""
    try:
        yield
    except RecursionError as error:
        raise TooLarge("too many answers hang on one another in a chain") from error


class Diagrams:
    """A store of diagrams over the same variables; `sizes` holds the number of values of each.

    Raises TooLarge once it would hold more than `limit` nodes, or making them has taken many times as many steps.
    """

    def __init__(self, sizes: Sequence[int], *, limit: int) -> None:
        self.sizes = tuple(sizes)
        self.end = len(self.sizes)
        self.variable: list[int] = []
        self.branches: list[tuple[Node, ...]] = []
        self._limit = limit
        self._steps_left = _STEPS * limit
        self._values: dict[Node, Any] = {}
        self._ends: dict[Hashable, Node] = {}
        self._inner: list[dict[tuple[Node, ...], Node]] = [{} for _ in self.sizes]
        self._combined: dict[Hashable, dict[tuple[Node, Node], Node]] = {}

    def __len__(self) -> int:
        return len(self.variable)

    def constant(self, value: Hashable) -> Node:
        """The diagram that asks nothing and always says `value`."""
        known = self._ends.get(value)
        if known is None:
            known = self._ends[value] = self._add(self.end, ())
            self._values[known] = value
        return known

    def ask(self, variable: int, branches: tuple[Node, ...]) -> Node:
        """Ask a variable and go on in the branch of its value; branches ask later variables only."""
        self._steps_left -= len(branches)
        if self._steps_left < 0:
            raise TooLarge(f"more than {_STEPS * self._limit} steps")
        first = branches[0]
        if branches.count(first) == len(branches):
            return first
        inner = self._inner[variable]
        known = inner.get(branches)
        if known is None:
            known = inner[branches] = self._add(variable, branches)
        return known

    def _add(self, variable: int, branches: tuple[Node, ...]) -> Node:
        if len(self.variable) >= self._limit:
            raise TooLarge(f"more than {self._limit} nodes")
        self.variable.append(variable)
        self.branches.append(branches)
        return len(self.variable) - 1

    def is_end(self, node: Node) -> bool:
        """Whether it is a constant."""
        return self.variable[node] == self.end

    def found(self, variable: int, branches: tuple[Node, ...]) -> Node | None:
        """The node that asks this, if there is one in the store."""
        return self._inner[variable].get(branches)

    def value(self, node: Node) -> Any:
        """What a constant says."""
        return self._values[node]

    def combine(
        self,
        operation: Callable[[Any, Any], Hashable],
        one: Node,
        other: Node,
        shortcut: Callable[[Node, Node], Node | None] | None = None,
    ) -> Node:
        """The operation on the values of two diagrams, for every patient at once.

        What `operation` made of two nodes is remembered under it, so pass the same function for
        the same meaning. `shortcut` may know the result of two nodes without a look below them.
        """
        done = self._combined.setdefault(operation, {})
        variable, branches, end = self.variable, self.branches, self.end

        def at(one: Node, other: Node) -> Node:
            known = done.get((one, other))
            if known is not None:
                return known
            made = shortcut(one, other) if shortcut else None
            if made is None:
                first, second = variable[one], variable[other]
                if first < second:
                    made = self.ask(first, tuple([at(each, other) for each in branches[one]]))
                elif second < first:
                    made = self.ask(second, tuple([at(one, each) for each in branches[other]]))
                elif first < end:
                    pairs = zip(branches[one], branches[other], strict=True)
                    made = self.ask(first, tuple([at(each, beside) for each, beside in pairs]))
                else:
                    made = self.constant(operation(self._values[one], self._values[other]))
            done[one, other] = made
            return made

        return at(one, other)

    def forget(self) -> None:
        """Forget what operations made of diagrams, which takes more room than the diagrams; these stay."""
        self._combined.clear()

    def joined(
        self, operation: Callable[[Any, Any], Hashable], one: Node, other: Node, *, decides: Node, adds_nothing: Node
    ) -> Node:
        """An operation like "and": one constant decides it whatever the other says, and one leaves the other as it is."""

        def known(one: Node, other: Node) -> Node | None:
            if decides in (one, other):
                return decides
            if one in (other, adds_nothing):
                return other
            return one if other == adds_nothing else None

        return self.combine(operation, one, other, known)

    def convert(self, change: Callable[[Any], Hashable], node: Node) -> Node:
        """The same diagram with other values at its ends."""
        done: dict[Node, Node] = {}

        def at(node: Node) -> Node:
            known = done.get(node)
            if known is None:
                if self.variable[node] == self.end:
                    known = self.constant(change(self._values[node]))
                else:
                    known = self.ask(self.variable[node], tuple([at(each) for each in self.branches[node]]))
                done[node] = known
            return known

        return at(node)

    def given(self, values: Mapping[int, int]) -> Callable[[Node], Node]:
        """Makes of a diagram that of those patients who have these values."""
        done: dict[Node, Node] = {}

        def at(node: Node) -> Node:
            known = done.get(node)
            if known is None:
                variable, branches = self.variable[node], self.branches[node]
                if variable in values:
                    known = at(branches[values[variable]])
                else:
                    known = self.ask(variable, tuple([at(each) for each in branches])) if branches else node
                done[node] = known
            return known

        return at

    def effective_alone(self, node: Node, values: Mapping[int, int]) -> set[int]:
        """Of these variables, those that matter where all the others have these values."""
        given, found = self.given(values), set[int]()
        seen, waiting = {node}, [node]
        while waiting:
            node = waiting.pop()
            variable, branches = self.variable[node], self.branches[node]
            if variable in values:
                if len({given(each) for each in branches}) > 1:
                    found.add(variable)
                branches = (branches[values[variable]],)
            fresh = set(branches) - seen
            seen |= fresh
            waiting += fresh
        return found

    def replaced(self, variable: int, node: Node, change: Callable[[tuple[Node, ...]], Node], otherwise: Node) -> Node:
        """The diagram with what `change` makes of the branches of a variable; `otherwise` where that is not asked."""
        done: dict[Node, Node] = {}

        def at(node: Node) -> Node:
            known = done.get(node)
            if known is None:
                place, branches = self.variable[node], self.branches[node]
                if place < variable:
                    known = self.ask(place, tuple([at(each) for each in branches]))
                else:
                    known = change(branches) if place == variable else otherwise
                done[node] = known
            return known

        return at(node)

    def by_variable(self, node: Node) -> dict[int, list[Node]]:
        """The nodes of a diagram by the variable that they ask."""
        asking: dict[int, list[Node]] = {}
        for each in self.below(node):
            asking.setdefault(self.variable[each], []).append(each)
        return asking

    def below(self, *nodes: Node) -> Iterator[Node]:
        """These nodes and all under them, each once."""
        seen, waiting = set(nodes), list(nodes)
        while waiting:
            node = waiting.pop()
            yield node
            fresh = set(self.branches[node]) - seen
            seen |= fresh
            waiting += fresh

    def kept(self, *nodes: Node) -> tuple[Diagrams, list[Node]]:
        """A store of these diagrams and nothing else, with what they are called there."""
        store = Diagrams(self.sizes, limit=self._limit)
        moved: dict[Node, Node] = {}
        for node in sorted(self.below(*nodes)):  # a node comes after all below it
            if self.variable[node] == self.end:
                moved[node] = store.constant(self._values[node])
            else:
                moved[node] = store.ask(self.variable[node], tuple(moved[each] for each in self.branches[node]))
        return store, [moved[node] for node in nodes]

    def asks(self, node: Node) -> frozenset[int]:
        """The variables on which the diagram depends."""
        return frozenset(self.variable[each] for each in self.below(node)) - {self.end}

    def says(self, node: Node) -> set[Any]:
        """The values at its ends."""
        return {self._values[each] for each in self.below(node) if self.variable[each] == self.end}

    def count(self, node: Node, wanted: Callable[[Any], bool], weights: Sequence[Sequence[int]]) -> int:
        """How many patients end at a wanted value; each value of a variable stands for its weight in answers."""
        everybody = [1]
        for each in reversed(weights):
            everybody.append(everybody[-1] * sum(each))
        everybody.reverse()  # from a variable on: how many patients there are below it
        done: dict[Node, int] = {}

        def at(node: Node) -> int:
            known = done.get(node)
            if known is None:
                variable = self.variable[node]
                if variable == self.end:
                    known = int(wanted(self._values[node]))
                else:
                    below = zip(weights[variable], self.branches[node], strict=True)
                    known = sum(weight * between(variable + 1, each) for weight, each in below)
                done[node] = known
            return known

        def between(variable: int, node: Node) -> int:
            """Counted from `variable` on: those between it and the node may have any answer."""
            return at(node) * everybody[variable] // everybody[self.variable[node]]

        return between(0, node)

    def path(self, node: Node, wanted: Callable[[Any], bool], costs: Sequence[Sequence[int]]) -> dict[int, int] | None:
        """The cheapest way to a wanted value, as the value of each variable that it asks; None if there is none."""
        done: dict[Node, tuple[int, int] | None] = {}

        def at(node: Node) -> tuple[int, int] | None:
            if node not in done:
                variable = self.variable[node]
                if variable == self.end:
                    done[node] = (0, 0) if wanted(self._values[node]) else None
                else:
                    ways = [
                        (costs[variable][index] + way[0], index)
                        for index, each in enumerate(self.branches[node])
                        if (way := at(each)) is not None
                    ]
                    done[node] = min(ways, default=None)
            return done[node]

        if at(node) is None:
            return None
        chosen: dict[int, int] = {}
        while (way := done[node]) is not None and self.variable[node] != self.end:
            chosen[self.variable[node]] = way[1]
            node = self.branches[node][way[1]]
        return chosen

    def among(self, first: int, rows: Collection[tuple[int, ...]]) -> Node:
        """Whether the variables from `first` on have the values of one of the rows."""
        if not rows:
            return self.constant(False)  # noqa: FBT003  (what a diagram says)
        if () in rows:
            return self.constant(True)  # noqa: FBT003
        branches = [
            self.among(first + 1, {row[1:] for row in rows if row[0] == value}) for value in range(self.sizes[first])
        ]
        return self.ask(first, tuple(branches))
