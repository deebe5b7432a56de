"""Names as they are searched for: whatever their case, by how they begin, and by an index on every database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Func, Q, Value
from django.db.models.functions import Concat
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThan

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

_LAST = "\U0010ffff"  # the character that comes after every other


class Folded(Func):
    """A text in capitals, in the order of its bytes: what starts alike stands together."""

    function = "UPPER"
    arity = 1
    output_field = CharField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template='(UPPER(%(expressions)s) COLLATE "C")', **context)


def starts(column: str, words: str) -> Q:
    """Rows whose column starts with these words: a range of the index, which LIKE is not everywhere."""
    first = Folded(Value(words))
    return Q(GreaterThanOrEqual(Folded(column), first)) & Q(
        LessThan(Folded(column), Concat(first, Value(_LAST), output_field=CharField()))
    )


def is_called(column: str, words: str) -> Q:
    """Rows whose column is these words."""
    return Q(Exact(Folded(column), Folded(Value(words))))
