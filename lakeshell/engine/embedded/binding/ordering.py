"""ORDER BY, OFFSET, LIMIT and FETCH FIRST of a query, and the SELECT that carries them.

In: the clauses as parsed, the columns that they may name. Out: sort keys and bounds, and a SELECT
in DuckDB's SQL. NULLs are last in either direction unless the query says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from lakeshell.engine.embedded.binding.scope import Field
from lakeshell.engine.embedded.values.typed import Typed, ordering_key, rejected, sort_terms
from lakeshell.sql import ast
from lakeshell.sql.coercion import can_coerce, is_orderable
from lakeshell.sql.datatypes import BIGINT, CharType

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.binder import Binder
    from lakeshell.engine.embedded.binding.expressions import Expressions


class Key(NamedTuple):
    """A bound sort key. `ordinal` counts the output columns from 1, None for anything else."""

    value: Typed
    direction: str
    ordinal: int | None
    node: ast.Expression


class Bounds(NamedTuple):
    """Rows skipped and rows kept; None keeps all."""

    offset: int = 0
    kept: int | None = None
    with_ties: bool = False


def direction(item: ast.SortItem) -> str:
    nulls = "FIRST" if item.nulls_first else "LAST"
    return f"{'DESC' if item.descending else 'ASC'} NULLS {nulls}"


def clause_place(items: Sequence[ast.SortItem]) -> ast.Position:
    """Where an ORDER BY of these keys begins, if one space stands between its words."""
    at = items[0].at
    return ast.Position(at.line, max(1, at.column - len("ORDER BY ")))


class Ordering:
    """The clauses at the end of a query. `effective` unless nothing can tell the order of rows."""

    def __init__(self, query: ast.Query, top: bool) -> None:
        self.items = query.order_by
        self.offset = query.offset
        self.limit = query.limit
        self.effective = top or query.offset is not None or query.limit is not None

    @classmethod
    def of(cls, query: ast.Query, top: bool) -> Ordering | None:
        """None where the query has none of these clauses."""
        if not query.order_by and query.offset is None and query.limit is None:
            return None
        return cls(query, top)

    def keys(
        self, expressions: Expressions, outputs: Sequence[Field], statement: ast.Node
    ) -> list[Key]:
        """The sort keys; `expressions` sees the output columns first. `outputs` are those."""
        keys: list[Key] = []
        for item in self.items:
            key = self._key(expressions, outputs, item)
            if not is_orderable(key.value.type):
                from lakeshell.engine.embedded.wording.expressions import expression_text

                message = (
                    f"Type {key.value.type} is not orderable, and therefore cannot be used in "
                    f"ORDER BY: {expression_text(item.key)}"
                )
                raise rejected("TYPE_MISMATCH", message, statement.at)
            keys.append(key)
        return keys

    def _key(self, expressions: Expressions, outputs: Sequence[Field], item: ast.SortItem) -> Key:
        node = item.key
        if isinstance(node, ast.LongLiteral):
            if not 1 <= node.value <= len(outputs):
                message = f"ORDER BY position {node.value} is not in select list"
                raise rejected("INVALID_COLUMN_REFERENCE", message, node.at)
            field = outputs[node.value - 1]
            expressions.binder.refer(field)
            value = Typed(field.sql, field.type, node.at, zone=field.zone)
            return Key(value, direction(item), node.value, node)
        value = expressions.bind(node)
        if isinstance(node, ast.Identifier):
            for n, field in enumerate(outputs):
                if field.name is not None and field.name.lower() == node.key:
                    return Key(value, direction(item), n + 1, node)
        return Key(value, direction(item), None, node)

    def bounds(self, expressions: Expressions) -> Bounds:
        """Raises Trino's errors of row counts."""
        offset = 0
        if self.offset is not None:
            offset = _count(expressions, self.offset, "OFFSET") or 0
            if offset < 0:
                raise _out_of_range(
                    "OFFSET row count must be greater or equal to 0", offset, self.offset
                )
        limit = self.limit
        if limit is None:
            return Bounds(offset)
        word = "FETCH FIRST" if limit.fetch else "LIMIT"
        count = None if limit.count is None else _count(expressions, limit.count, word)
        if limit.fetch:
            count = 1 if count is None else count
            if count <= 0:
                raise _out_of_range("FETCH FIRST row count must be positive", count, limit)
        elif count is not None and count < 0:
            raise _out_of_range("LIMIT row count must be greater or equal to 0", count, limit)
        if limit.with_ties and not self.items:
            message = "FETCH FIRST WITH TIES clause requires ORDER BY"
            raise rejected("MISSING_ORDER_BY", message, limit.at)
        return Bounds(offset, count, limit.with_ties)


def _out_of_range(message: str, count: int, node: ast.Node) -> Exception:
    return rejected("NUMERIC_VALUE_OUT_OF_RANGE", f"{message} (actual value: {count})", node.at)


def _count(expressions: Expressions, node: ast.Expression, word: str) -> int | None:
    if isinstance(node, ast.LongLiteral):
        return node.value
    from lakeshell.engine.embedded.values import casts

    bound = expressions.bind(node)
    if isinstance(node, ast.Parameter) and not can_coerce(bound.type, BIGINT):
        at = expressions.context.parameters[node.index].at
        raise rejected("TYPE_MISMATCH", f"Cannot cast type {bound.type} to bigint", at)
    value = casts.coerce(bound, BIGINT, expressions.context)
    given = value.value
    if isinstance(node, ast.Parameter):
        from lakeshell.engine.embedded.wording.expressions import expression_text

        said = expression_text(expressions.context.parameters[node.index])
        if given is None:
            message = f"Parameter value provided for {word} is NULL: {said}"
            raise rejected("INVALID_ARGUMENTS", message, node.at)
        if not isinstance(given, int):
            message = f"Non constant parameter value for {word}: {said}"
            raise rejected("INVALID_ARGUMENTS", message, node.at)
    assert isinstance(given, int)
    return given


def emit(
    binder: Binder,
    items: Sequence[str],
    source: str,
    keys: Sequence[Key] = (),
    bounds: Bounds | None = None,
    *,
    distinct: bool = False,
) -> str:
    """`SELECT items AS c0, … source` in the order of `keys` and within `bounds`.

    With `distinct` every key that counts is one of the items.
    """
    bounds = bounds or Bounds()
    chosen = ", ".join(f"{item} AS c{n}" for n, item in enumerate(items))
    word = "SELECT DISTINCT" if distinct else "SELECT"
    keys = [key for key in keys if not (key.value.is_constant and key.ordinal is None)]
    plain = f"{word} {chosen} {source}"
    if bounds.with_ties:
        return _with_ties(binder, items, source, keys, bounds, distinct)
    if not keys:
        return plain + _bounded(bounds)
    if distinct and any(
        sort_terms(key.value, key.direction) != f"{key.value.sql} {key.direction}" for key in keys
    ):
        alias = binder.alias()
        outer = [f"{alias}.c{n}" for n in range(len(items))]
        moved = [_moved(key, outer) for key in keys]
        return emit(binder, outer, f"FROM ({plain}) AS {alias}", moved, bounds)
    order = ", ".join(map(_sorted_by, keys))
    return f"{plain} ORDER BY {order}{_bounded(bounds)}"


def _bounded(bounds: Bounds) -> str:
    limit = "" if bounds.kept is None else f" LIMIT {bounds.kept}"
    return limit + (f" OFFSET {bounds.offset}" if bounds.offset else "")


def _sorted_by(key: Key) -> str:
    by = sort_terms(key.value, key.direction)
    if key.ordinal is not None and by == f"{key.value.sql} {key.direction}":
        return f"{key.ordinal} {key.direction}"
    return by


def _moved(key: Key, outer: Sequence[str]) -> Key:
    """The key of an output column, seen from outside the query."""
    assert key.ordinal is not None
    value = key.value
    outside = Typed(outer[key.ordinal - 1], value.type, value.at, zone=value.zone)
    return key._replace(value=outside)


def _with_ties(
    binder: Binder,
    items: Sequence[str],
    source: str,
    keys: Sequence[Key],
    bounds: Bounds,
    distinct: bool,
) -> str:
    """Ranks the rows that follow the offset; those ranked within the count are kept."""
    alias, ranked = binder.alias(), binder.alias()
    outer = [f"{alias}.c{n}" for n in range(len(items))]
    carried = [*items, *(ordering_key(k.value) for k in keys if not distinct)]
    inner = emit(binder, carried, source, keys, Bounds(bounds.offset), distinct=distinct)
    if distinct:
        order = [sort_terms(_moved(k, outer).value, k.direction) for k in keys]
    else:
        places = [f"{alias}.c{len(items) + n}" for n in range(len(keys))]
        order = [
            f"{place} {k.direction}"
            if isinstance(k.value.type, CharType)
            else sort_terms(Typed(place, k.value.type), k.direction)
            for place, k in zip(places, keys, strict=True)
        ]
    rank = f"rank() OVER (ORDER BY {', '.join(order)})" if order else "1"
    chosen = ", ".join(f"{column} AS c{n}" for n, column in enumerate(outer))
    kept = ", ".join(f"{ranked}.c{n} AS c{n}" for n in range(len(items)))
    return (
        f"SELECT {kept} FROM (SELECT {chosen}, {rank} AS place FROM ({inner}) AS {alias}) "
        f"AS {ranked} WHERE {ranked}.place <= {bounds.kept} ORDER BY {ranked}.place"
    )
