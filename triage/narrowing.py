"""What is left of diagrams once some answers are known, and which variables it still asks.

Sets of variables are whole numbers here, with one bit for each: most of the work is to find that
nothing below a node is known, so that it stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from triage.diagram import Diagrams, Node

OPEN = -1


def as_bits(places: Iterable[int]) -> int:
    """A set of variables."""
    return sum(1 << place for place in places)


def places_of(bits: int) -> Iterator[int]:
    """The variables of a set, the last first."""
    while bits:
        place = bits.bit_length() - 1
        yield place
        bits ^= 1 << place


class Asked:
    """What each node of a store asks, and what of that matters.

    From `first_fact` on stand the facts about studies. There a node may differ from another only
    where no list of studies leads, which `nowhere` says; a fact matters where several other things
    are said below it.
    """

    def __init__(self, diagrams: Diagrams, first_fact: int, nowhere: object) -> None:
        self.all: list[int] = []
        self.that_matter: list[int] = []
        said: list[frozenset[object]] = []
        for node in range(len(diagrams)):  # a node comes after all below it
            below, place = diagrams.branches[node], diagrams.variable[node]
            itself = 1 << place if below else 0
            is_fact = place >= first_fact
            ends = {diagrams.value(node)} - {nowhere} if not below else {end for each in below for end in said[each]}
            said.append(frozenset(ends) if is_fact else frozenset())
            self.all.append(_together(self.all, below) | itself)
            matters = not is_fact or len(ends) > 1
            self.that_matter.append(_together(self.that_matter, below) | (itself if matters else 0))


def _together(sets: Sequence[int], nodes: Collection[Node]) -> int:
    together = 0
    for node in nodes:
        together |= sets[node]
    return together


class Narrowing:
    """Narrows diagrams to one patient, without adding to the store that everybody shares.

    `matters` gathers the variables that still matter. Nodes of one narrowing are equal exactly if
    what is left of them is.
    """

    def __init__(self, diagrams: Diagrams, asked: Asked) -> None:
        self.matters = 0
        self._diagrams, self._asked = diagrams, asked
        self._made: dict[tuple[int, tuple[Node, ...]], Node] = {}

    def narrow(self, node: Node, known: Sequence[int]) -> Node:
        """What is left of a diagram, given the value of each variable, or OPEN."""
        variable, branches, made = self._diagrams.variable, self._diagrams.branches, self._made
        asked, that_matter, first_free = self._asked.all, self._asked.that_matter, len(self._diagrams)
        answered = as_bits(place for place, value in enumerate(known) if value != OPEN)
        done: dict[Node, Node] = {}
        found = self._diagrams.found

        def at(node: Node) -> Node:
            left = done.get(node)
            if left is not None:
                return left
            if not asked[node] & answered:
                self.matters |= that_matter[node]
                left = node
            elif known[variable[node]] != OPEN:
                left = at(branches[node][known[variable[node]]])
            else:
                ways = tuple([at(each) for each in branches[node]])
                left = ways[0]
                if ways.count(left) < len(ways):
                    self.matters |= 1 << variable[node]
                    left = found(variable[node], ways)
                    if left is None:
                        left = made.setdefault((variable[node], ways), first_free + len(made))
            done[node] = left
            return left

        return at(node)
