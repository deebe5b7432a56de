"""What is left of diagrams once some answers are known, and which variables it still asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.diagram import Diagrams, Node

OPEN = -1


class Narrowing:
    """Narrows diagrams to one patient, without adding to the store that everybody shares.

    `asked` gathers the variables that still matter, `reached` the nodes found at or below the
    variable `down_to`, which are left as they are. Nodes of one narrowing are equal exactly if
    what is left of them is.
    """

    def __init__(self, diagrams: Diagrams, down_to: int) -> None:
        self.asked: set[int] = set()
        self.reached: set[Node] = set()
        self._diagrams, self._down_to = diagrams, down_to
        self._made: dict[tuple[int, tuple[Node, ...]], Node] = {}

    def narrow(self, node: Node, known: Sequence[int]) -> Node:
        """What is left of a diagram, given the value of each variable, or OPEN."""
        variable, branches, made = self._diagrams.variable, self._diagrams.branches, self._made
        down_to, first_free = self._down_to, len(self._diagrams)
        done: dict[Node, Node] = {}

        def at(node: Node) -> Node:
            left = done.get(node)
            if left is not None:
                return left
            place = variable[node]
            if place >= down_to:
                self.reached.add(node)
                left = node
            elif known[place] != OPEN:
                left = at(branches[node][known[place]])
            else:
                ways = tuple([at(each) for each in branches[node]])
                left = ways[0]
                if ways.count(left) < len(ways):
                    self.asked.add(place)
                    left = made.setdefault((place, ways), first_free + len(made))
            done[node] = left
            return left

        return at(node)
