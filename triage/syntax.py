"""Python code as syntax trees: the few expressions and statements of which decisions are made.

Nothing here takes code as text. Whatever comes out of a protocol is a constant or a name given by number.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_OPERATORS: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq,
    "is": ast.Is, "is not": ast.IsNot, "in": ast.In, "not in": ast.NotIn,
}  # fmt: skip
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


def constant(value: Any) -> ast.expr:
    return ast.Constant(value)


YES, NO, NONE = (constant(value) for value in (True, False, None))


def load(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def every(parts: Iterable[ast.expr]) -> ast.expr:
    """True where all parts are; they are tried from the first on."""
    return _joined(ast.And(), parts, YES, NO)


def some(parts: Iterable[ast.expr]) -> ast.expr:
    """True where one of the parts is; they are tried from the first on."""
    return _joined(ast.Or(), parts, NO, YES)


def _joined(joint: ast.boolop, parts: Iterable[ast.expr], empty: ast.expr, decides: ast.expr) -> ast.expr:
    joined: list[ast.expr] = []
    for part in parts:
        if part is decides:
            return decides
        if isinstance(part, ast.BoolOp) and isinstance(part.op, type(joint)):
            joined += part.values
        elif part is not empty:
            joined.append(part)
    if len(joined) < 2:
        return joined[0] if joined else empty
    return ast.BoolOp(joint, joined)


def negation(part: ast.expr) -> ast.expr:
    match part:
        case ast.Constant():
            return NO if part is YES else YES
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return inner
        case ast.Compare(left=left, ops=[operator], comparators=comparators):
            return ast.Compare(left, [_OPPOSITE[type(operator)]()], comparators)
    return ast.UnaryOp(ast.Not(), part)


def compare(left: ast.expr, operator: str, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [_OPERATORS[operator]()], [right])


def is_among(value: ast.expr, words: Sequence[str]) -> ast.expr:
    if not words:
        return NO
    if len(words) == 1:
        return compare(value, "==", constant(words[0]))
    return compare(value, "in", constant(tuple(words)))


def total(parts: Sequence[ast.expr]) -> ast.expr:
    if not parts:
        return constant(0)
    together = parts[0]
    for part in parts[1:]:
        together = ast.BinOp(together, ast.Add(), part)
    return together


def difference(one: ast.expr, other: ast.expr) -> ast.expr:
    return ast.BinOp(one, ast.Sub(), other)


def choose(test: ast.expr, where_true: ast.expr, otherwise: ast.expr) -> ast.expr:
    if isinstance(test, ast.Constant):
        return where_true if test is YES else otherwise
    return ast.IfExp(test, where_true, otherwise)


def call(function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(load(function), list(arguments), [])


def element(of: ast.expr, place: ast.expr) -> ast.expr:
    return ast.Subscript(of, place, ast.Load())


def attribute(of: ast.expr, name: str) -> ast.expr:
    return ast.Attribute(of, name, ast.Load())


def method(of: ast.expr, name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(attribute(of, name), list(arguments), [])


def is_of_class(value: ast.expr, kind: str) -> ast.expr:
    return compare(attribute(value, "__class__"), "is", load(kind))


def assign(names: Sequence[str], value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store()) for name in names], value)


def unpack(names: Sequence[str], value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())], value)


def when(test: ast.expr, body: Sequence[ast.stmt], otherwise: Sequence[ast.stmt] = ()) -> list[ast.stmt]:
    """The statements that run where the test is true, or else the others."""
    if isinstance(test, ast.Constant):
        return list(body if test is YES else otherwise)
    return [ast.If(test, list(body), list(otherwise))]


def do(value: ast.expr) -> ast.stmt:
    return ast.Expr(value)


def function(name: str, argument: str, body: Sequence[ast.stmt]) -> ast.FunctionDef:
    arguments = ast.arguments([], [ast.arg(argument)], None, [], [], None, [])
    return ast.FunctionDef(name, arguments, list(body), [])


def walk(variable: str, through: ast.expr, body: Sequence[ast.stmt]) -> ast.stmt:
    return ast.For(ast.Name(variable, ast.Store()), through, list(body), [])


def attempt(body: Sequence[ast.stmt], failures: Sequence[str], where_failed: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements; where one of them fails in one of these ways, the others."""
    kinds = ast.Tuple([load(each) for each in failures], ast.Load())
    return [ast.Try(list(body), [ast.ExceptHandler(kinds, None, list(where_failed))], [], [])]


def give_back(value: ast.expr) -> ast.stmt:
    return ast.Return(value)
