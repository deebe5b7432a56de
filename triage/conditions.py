"""Conditions: the small language in which a protocol states what it looks for.

    condition  = name | comparison | "not" c | c "and" c | c "or" c | call
    comparison = name (< <= > >= ==) whole number or name, chained as in 2 <= level <= 3
               | name (== !=) "word" | name ("in" | "not in") ("word", ...)
    call       = count(c, c, ...) (< <= > >= ==) whole number
               | certain(c) | possible(c) | presumed(c)
               | flagged("level", ...) | unsure("level", ...)

Text is parsed with Python's own parser and a whitelist of nodes; it never becomes code. A name is
looked up in a `View` of one patient. `docs/protocol-format.md` says what each form means.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from triage.logic import NO, YES, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class View(Protocol):
    """One patient as conditions see them: what is known behind each name."""

    def truth(self, name: str) -> Verdict: ...
    def compare(self, name: str, operator: str, number: int) -> Verdict: ...
    def differ(self, name: str, operator: str, other: str) -> Verdict: ...
    def count(self, statements: Sequence[Verdict], operator: str, number: int) -> Verdict: ...
    def is_one_of(self, name: str, words: tuple[str, ...]) -> Verdict: ...
    def flagged(self, levels: tuple[str, ...]) -> Verdict: ...
    def unsure(self, levels: tuple[str, ...]) -> Verdict: ...


class Condition(ABC):
    """A statement about a patient that can be judged on a view of them."""

    __slots__ = ()

    @abstractmethod
    def verdict(self, view: View) -> Verdict:
        """Judge the statement."""

    @property
    def inner(self) -> tuple[Condition, ...]:
        """The conditions that this one is made of."""
        return ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that this condition itself reads, those of its parts aside."""
        return ()

    def walk(self) -> Iterator[Condition]:
        """This condition and every one inside it, outermost first."""
        yield self
        for part in self.inner:
            yield from part.walk()


@dataclass(frozen=True, slots=True)
class Statement(Condition):
    """The truth behind a name: a yes/no question or a named fact."""

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def verdict(self, view: View) -> Verdict:
        return view.truth(self.name)


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """A named number against a threshold."""

    name: str
    operator: str
    number: int

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def verdict(self, view: View) -> Verdict:
        return view.compare(self.name, self.operator, self.number)


@dataclass(frozen=True, slots=True)
class Difference(Condition):
    """One named number against another."""

    name: str
    operator: str
    other: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, self.other)

    def verdict(self, view: View) -> Verdict:
        return view.differ(self.name, self.operator, self.other)


@dataclass(frozen=True, slots=True)
class OneOf(Condition):
    """A choice against the words it may be."""

    name: str
    words: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def verdict(self, view: View) -> Verdict:
        return view.is_one_of(self.name, self.words)


@dataclass(frozen=True, slots=True)
class Count(Condition):
    """How many statements are true, against a threshold."""

    parts: tuple[Condition, ...]
    operator: str
    number: int

    @property
    def inner(self) -> tuple[Condition, ...]:
        return self.parts

    def verdict(self, view: View) -> Verdict:
        return view.count([part.verdict(view) for part in self.parts], self.operator, self.number)


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """True where its part is false; unknown where that is unknown."""

    part: Condition

    @property
    def inner(self) -> tuple[Condition, ...]:
        return (self.part,)

    def verdict(self, view: View) -> Verdict:
        return ~self.part.verdict(view)


@dataclass(frozen=True, slots=True)
class And(Condition):
    """As true as the least true of its parts."""

    parts: tuple[Condition, ...]

    @property
    def inner(self) -> tuple[Condition, ...]:
        return self.parts

    def verdict(self, view: View) -> Verdict:
        together = self.parts[0].verdict(view)
        for part in self.parts[1:]:
            if together is NO:
                return NO
            together &= part.verdict(view)
        return together


@dataclass(frozen=True, slots=True)
class Or(Condition):
    """As true as the most true of its parts."""

    parts: tuple[Condition, ...]

    @property
    def inner(self) -> tuple[Condition, ...]:
        return self.parts

    def verdict(self, view: View) -> Verdict:
        together = self.parts[0].verdict(view)
        for part in self.parts[1:]:
            if together is YES:
                return YES
            together |= part.verdict(view)
        return together


@dataclass(frozen=True, slots=True)
class Reading(Condition):
    """How an unknown part is taken: `certain`, `possible` or `presumed`."""

    manner: str
    part: Condition

    @property
    def inner(self) -> tuple[Condition, ...]:
        return (self.part,)

    def verdict(self, view: View) -> Verdict:
        judged = self.part.verdict(view)
        match self.manner:
            case "certain":
                return judged.certain()
            case "possible":
                return judged.possible()
        return judged.presumed()


@dataclass(frozen=True, slots=True)
class Raised(Condition):
    """Whether some flag of these levels is present (`flagged`) or in doubt (`unsure`)."""

    manner: str
    levels: tuple[str, ...]

    def verdict(self, view: View) -> Verdict:
        if self.manner == "flagged":
            return view.flagged(self.levels)
        return view.unsure(self.levels)


class ConditionError(ValueError):
    """A line that is not a condition; the message says which part and why."""


_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==",
}  # fmt: skip
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_READINGS = ("certain", "possible", "presumed")
_RAISED = ("flagged", "unsure")
_LONGEST = 2000  # characters; far above any line that could be read aloud
_LARGEST = 1_000_000  # far above any age, score or number of days
_DEEPEST = 50  # layers of Python's syntax tree; keeps every recursion over a condition short


def parse(text: str) -> Condition:
    """The condition that the text states; raises ConditionError."""
    if len(text) > _LONGEST:
        raise ConditionError(f"longer than {_LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConditionError(f"not a condition: {error}") from error
    if _is_too_deep(tree):
        raise ConditionError("nested too deeply")
    return _condition(tree.body)


def _is_too_deep(tree: ast.AST) -> bool:
    layer = [tree]
    for _ in range(_DEEPEST):
        layer = [inner for node in layer for inner in ast.iter_child_nodes(node)]
    return bool(layer)


def _condition(node: ast.expr) -> Condition:
    match node:
        case ast.Name(id=name):
            return Statement(name)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return Not(_condition(part))
        case ast.BoolOp(op=ast.And(), values=parts):
            return And(tuple(_condition(part) for part in parts))
        case ast.BoolOp(op=ast.Or(), values=parts):
            return Or(tuple(_condition(part) for part in parts))
        case ast.Compare():
            return _comparison(node)
        case ast.Call(func=ast.Name(id=name), args=[part], keywords=[]) if name in _READINGS:
            return Reading(name, _condition(part))
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as levels, keywords=[]) if name in _RAISED:
            return Raised(name, tuple(_word(level) for level in levels))
        case ast.Call(func=ast.Name(id="count")):
            raise ConditionError("count(...) needs a comparison, such as count(a, b) >= 2")
    raise ConditionError(f"not allowed in a condition: {ast.unparse(node)}")


def _comparison(node: ast.Compare) -> Condition:
    left, parts = node.left, []
    for operator, right in zip(node.ops, node.comparators, strict=True):
        parts.append(_pair(left, operator, right))
        left = right
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _pair(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Condition:
    match left, operator, right:
        case ast.Name(id=name), ast.In(), ast.Tuple(elts=[_, *_] as words):
            return OneOf(name, tuple(_word(word) for word in words))
        case ast.Name(id=name), ast.NotIn(), ast.Tuple(elts=[_, *_] as words):
            return Not(OneOf(name, tuple(_word(word) for word in words)))
        case ast.Name(id=name), ast.Eq(), ast.Constant(value=str(word)):
            return OneOf(name, (word,))
        case ast.Name(id=name), ast.NotEq(), ast.Constant(value=str(word)):
            return Not(OneOf(name, (word,)))
    sign = _OPERATORS.get(type(operator))
    if sign is None:
        raise ConditionError(f"not a comparison that conditions have: {_shown(left, right)}")
    match left, right:
        case ast.Name(id=name), ast.Constant(value=int(number)):
            return Comparison(name, sign, _whole(number))
        case ast.Name(id=name), ast.Name(id=other):
            return Difference(name, sign, other)
        case ast.Constant(value=int(number)), ast.Name(id=name):
            return Comparison(name, _MIRRORED[sign], _whole(number))
        case ast.Call(func=ast.Name(id="count"), args=[_, *_] as parts, keywords=[]), ast.Constant(value=int(number)):
            return Count(tuple(_condition(part) for part in parts), sign, _whole(number))
    raise ConditionError(f"only a name with a whole number or a word: {_shown(left, right)}")


def _whole(number: int) -> int:
    if isinstance(number, bool):
        raise ConditionError("True and False are not numbers")
    if number > _LARGEST:
        raise ConditionError(f"no number is beyond {_LARGEST}")
    return number


def _word(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ConditionError(f"a word in quotes is needed, not {ast.unparse(node)}")


def _shown(left: ast.expr, right: ast.expr) -> str:
    return f"{ast.unparse(left)} with {ast.unparse(right)}"
