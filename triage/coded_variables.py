"""The variables of a decision that is written down as code: what is used more than once is calculated once.

A variable is set just before it is first needed. How often a value is used is counted in a first go, of
which nothing else remains.
"""

from __future__ import annotations

import ast
from collections import Counter
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from triage.syntax import assign, load

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator


class Variables:
    """The statements so far, and what their variables hold; `counted` is the first go."""

    def __init__(self, constants: dict[str, Any] | None = None, counted: Variables | None = None) -> None:
        self.body: list[ast.stmt] = []
        self.constants = {} if constants is None else constants
        self._counted = counted
        self._uses: Counter[str] = Counter()
        self._holds: dict[str, Hashable] = {}
        self._names: dict[Hashable, str] = {}
        self._constant_names: dict[Hashable, str] = {}
        self._outermost = self.body, self._names

    def constant(self, key: Hashable, value: object) -> ast.expr:
        """A constant that no syntax tree can hold, under a name of its own."""
        if key not in self._constant_names:
            self._constant_names[key] = f"k{len(self.constants)}"
            self.constants[self._constant_names[key]] = value
        return load(self._constant_names[key])

    def once(self, key: Hashable, value: Callable[[], ast.expr]) -> ast.expr:
        """A value that is calculated at most once; a variable holds it if it is needed again."""
        if key not in self._names:
            calculated = value()
            if isinstance(calculated, ast.Name | ast.Constant) or (
                self._counted and not self._counted.is_needed_again(key)
            ):
                return calculated
            self._names[key] = f"v{len(self._holds)}"
            self._holds[self._names[key]] = key
            self.body.append(assign([self._names[key]], calculated))
        self._uses[self._names[key]] += 1
        return load(self._names[key])

    def is_needed_again(self, key: Hashable) -> bool:
        return key in self._needed_again

    @cached_property
    def _needed_again(self) -> set[Hashable]:
        return {self._holds[name] for name, uses in self._uses.items() if uses > 1}

    @contextmanager
    def branch(self) -> Iterator[list[ast.stmt]]:
        """Statements of their own, which may be passed over: what only they need is calculated there."""
        before = self.body, self._names
        self.body, self._names = [], dict(self._names)
        yield self.body
        self.body, self._names = before

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Outside all branches, where what is set is set for everything that follows."""
        before = self.body, self._names
        self.body, self._names = self._outermost
        yield
        self.body, self._names = before
