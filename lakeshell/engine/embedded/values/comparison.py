"""Comparisons: `= <> < <= > >=`, IS DISTINCT FROM, BETWEEN and IN.

In: `Typed`s. Out: a boolean `Typed`. DuckDB takes NaN for equal to itself and greatest, and NULL
inside arrays and rows for a value; Trino doesn't, so those are spelled out here. Text compares by
its bytes in both; char pads the shorter side with blanks.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from lakeshell.engine.embedded.values.casts import coerce
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.typed import (
    FAILURE_MARK,
    Context,
    Typed,
    failure,
    refused,
    rejected,
)
from lakeshell.sql import datatypes as t
from lakeshell.sql.ast.nodes import Position
from lakeshell.sql.coercion import common_type, common_type_of, is_comparable, is_orderable

_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compare(op: str, left: Typed, right: Typed, at: Position, context: Context) -> Typed:
    """`left op right`; `at` is the operator's place."""
    if op.lower() == "is distinct from":
        return distinct_from(left, right, at, context)
    common = common_type(left.type, right.type)
    known = is_comparable if op in ("=", "<>") else is_orderable
    if common is None or not known(common):
        message = f"Cannot apply operator: {left.type} {op} {right.type}"
        raise rejected("TYPE_MISMATCH", message, at)
    left, right = coerce(left, common, context), coerce(right, common, context)
    return Typed(_Comparison(common).sql(op, left, right), t.BOOLEAN, at)


def distinct_from(left: Typed, right: Typed, at: Position, context: Context) -> Typed:
    """`left IS DISTINCT FROM right`."""
    common = common_type(left.type, right.type)
    if common is None or not is_comparable(common):
        message = f"Cannot check if {left.type} is identical to {right.type}"
        raise rejected("TYPE_MISMATCH", message, at)
    left, right = coerce(left, common, context), coerce(right, common, context)
    return Typed(f"({left.sql} IS DISTINCT FROM {right.sql})", t.BOOLEAN, at)


_COLUMN = re.compile(r"\b[a-z]+\d*_?[0-9a-f]*\.")


def in_order(op: str, terms: Sequence[str]) -> str:
    """AND or OR of `terms`, which ends as Trino does at the first that decides.

    DuckDB evaluates all of them, in an order of its own: where one may fail, CASE keeps the order.
    """
    op = op.upper()
    plain = "(" + f" {op} ".join(terms) + ")"
    # DuckDB computes a conjunction's constants even for no rows: those stay out of CASE
    failing = any(may_fail(term) and _COLUMN.search(term) for term in terms)
    if not failing or "SELECT " in plain or "random()" in plain:
        return plain
    made = terms[-1]
    for term in reversed(terms[:-1]):
        decides = f"{term} THEN true" if op == "OR" else f"NOT {term} THEN false"
        made = f"(CASE WHEN {decides} ELSE ({term} {op} {made}) END)"
    return made


def may_fail(sql: str) -> bool:
    """Whether evaluating it may raise an error, other than an overflow."""
    return any(mark in sql for mark in (FAILURE_MARK, " // ", " % ", "py_"))


def between(value: Typed, low: Typed, high: Typed, at: Position, context: Context) -> Typed:
    common = common_type(value.type, low.type)
    common = None if common is None else common_type(common, high.type)
    if common is None or not is_orderable(common):
        message = f"Cannot check if {value.type} is BETWEEN {low.type} and {high.type}"
        raise rejected("TYPE_MISMATCH", message, at)
    value, low, high = (coerce(v, common, context) for v in (value, low, high))
    parts = common in (t.REAL, t.DOUBLE) or _is_nested(common) or isinstance(common, t.CharType)
    if parts or may_fail(high.sql):
        made = _Comparison(common)
        sql = in_order("AND", [made.sql(">=", value, low), made.sql("<=", value, high)])
    else:
        sql = f"({value.sql} BETWEEN {low.sql} AND {high.sql})"
    return Typed(sql, t.BOOLEAN, at)


def in_list(
    value: Typed, items: Sequence[Typed], at: Position, context: Context, *, folded: bool = False
) -> Typed:
    """`folded` where Trino's planner computes it, which computes every item."""
    types = [value.type, *(item.type for item in items)]
    common = common_type_of(types)
    if common is None:
        raise _no_common("IN value and list items", [value, *items])
    if not is_comparable(common):
        raise rejected("TYPE_MISMATCH", f"Type {common} is not comparable", at)
    value = coerce(value, common, context)
    items = [coerce(item, common, context) for item in items]
    if not value.is_constant and _is_run(items, common):
        known = [item for item in items if item.value is not None]
        low, high = (pick(known, key=lambda item: item.value).sql for pick in (min, max))
        sql = f"({value.sql} BETWEEN {low} AND {high} OR {value.sql} IS NULL)"
        return Typed(sql, t.BOOLEAN, at)
    if any(may_fail(item.sql) for item in items) and not folded:
        # literals are looked up before anything is computed
        items = sorted(items, key=lambda item: not item.is_constant)
        made = _Comparison(common)
        return Typed(in_order("OR", [made.sql("=", value, i) for i in items]), t.BOOLEAN, at)
    finite = all(i.is_constant and i.value == i.value for i in items)
    if _is_nested(common) or (common in (t.REAL, t.DOUBLE) and not finite):
        made = _Comparison(common)
        terms = " OR ".join(made.sql("=", value, item) for item in items)
        return Typed(f"({terms})", t.BOOLEAN, at)
    said = ", ".join(item.sql for item in items)
    return Typed(f"({value.sql} IN ({said}))", t.BOOLEAN, at)


def _is_run(items: Sequence[Typed], type: t.Type) -> bool:
    """Whether the items are neighbours, two or more, and a NULL, which Trino's planner takes for a
    range and a value that NULL equals."""
    if (type not in t.INTEGRAL and type != t.DATE) or not all(i.is_constant for i in items):
        return False
    known = {item.value for item in items if item.value is not None}
    if len(known) < 2 or all(item.value is not None for item in items):
        return False
    span = max(known) - min(known)
    return (span.days if isinstance(span, dt.timedelta) else span) == len(known) - 1


def _no_common(subject: str, values: Sequence[Typed]) -> Exception:
    """The error of the first value that has no type in common with those before it."""
    made: t.Type = t.UNKNOWN
    for value in values:
        found = common_type(made, value.type)
        if found is None:
            distinct = list(dict.fromkeys(str(v.type) for v in values))
            message = (
                f"{subject} must be the same type or coercible to a common type. Cannot find "
                f"common type between {made} and {value.type}, all types (without duplicates): "
                f"[{', '.join(distinct)}]"
            )
            return rejected("TYPE_MISMATCH", message, value.at)
        made = found
    raise AssertionError("the values have a common type")


no_common_type = _no_common


def _is_nested(type: t.Type) -> bool:
    return isinstance(type, t.ArrayType | t.MapType | t.RowType)


def equality(left: str, right: str, type: t.Type) -> str:
    """SQL of `left = right` by Trino's rules, of two values of the same type."""
    return _Comparison(type).sql("=", Typed(left, type), Typed(right, type))


class _Comparison:
    """Comparisons of two values of one type, nested parts included."""

    def __init__(self, type: t.Type, depth: int = 0) -> None:
        self.type = type
        self.depth = depth

    def sql(self, op: str, left: Typed, right: Typed) -> str:
        match self.type:
            case t.ArrayType() | t.RowType() | t.MapType():
                return self._nested(op, left.sql, right.sql)
            case t.CharType(length=n) if op not in ("=", "<>"):
                a, b = (f"rpad({v.sql}, {n}, ' ')" for v in (left, right))
                return f"({a} {op} {b})"
            case t.REAL | t.DOUBLE:
                return self._floats(op, left, right)
        return f"({left.sql} {op} {right.sql})"

    def _floats(self, op: str, left: Typed, right: Typed) -> str:
        a, b = left.sql, right.sql
        l_finite, r_finite = (v.is_constant and v.value == v.value for v in (left, right))
        if op in ("=", "<>"):
            if l_finite or r_finite:
                return f"({a} {op} {b})"
            if op == "=":
                return f"({a} = {b} AND (NOT isnan({a}) OR {b} IS NULL))"
            return f"({a} <> {b} OR (isnan({a}) AND isnan({b})))"
        # DuckDB has NaN above everything, so only the greater side can be wrong
        if op in (">", ">="):
            great, small, great_finite = a, b, l_finite
        else:
            great, small, great_finite = b, a, r_finite
        if great_finite:
            return f"({a} {op} {b})"
        return f"({a} {op} {b} AND (NOT isnan({great}) OR {small} IS NULL))"

    def _nested(self, op: str, a: str, b: str) -> str:
        if op in ("=", "<>"):
            body = filled(self._equal(), [a, b])
            return f"(NOT {body})" if op == "<>" else body
        if not self._plainly_ordered(self.type):
            raise refused(f"ordering values of {self.type}")
        message = f"{self.type.name.upper()} comparison not supported for {self._what()}"
        failing = failure("NOT_SUPPORTED", message, t.BOOLEAN)
        return filled(
            f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL WHEN {self._has_null('$0')} OR "
            f"{self._has_null('$1')} THEN {failing} ELSE $0 {op} $1 END)",
            [a, b],
        )

    def _what(self) -> str:
        return (
            "arrays with null elements"
            if isinstance(self.type, t.ArrayType)
            else "rows with null fields"
        )

    def _has_null(self, x: str) -> str:
        match self.type:
            case t.RowType(fields=fields):
                tests = (f"struct_extract({x}, 'f{i}') IS NULL" for i in range(len(fields)))
                return f"({' OR '.join(tests)})"
        return f"(list_count({x}) < len({x}))"

    def _plainly_ordered(self, type: t.Type) -> bool:
        parts: Sequence[t.Type] = ()
        match type:
            case t.ArrayType(element=element):
                parts = (element,)
            case t.RowType(fields=fields):
                parts = [f.type for f in fields]
        return not any(
            _is_nested(p) or p in (t.REAL, t.DOUBLE) or isinstance(p, t.CharType) for p in parts
        )

    def _equal(self) -> str:
        """Three-valued equality of `$0` and `$1`."""
        match self.type:
            case t.RowType(fields=fields):
                terms = (
                    self._part(f.type, f"struct_extract($0, 'f{i}')", f"struct_extract($1, 'f{i}')")
                    for i, f in enumerate(fields)
                )
                said = " AND ".join(terms)
                return f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL ELSE {said} END)"
            case t.ArrayType(element=element):
                i = f"i{self.depth}"
                same = self._part(element, f"$0[{i}]", f"$1[{i}]")
                compared = f"list_transform(range(1, len($0) + 1), lambda {i}: {same})"
                return self._folded("len($0) <> len($1)", compared)
            case t.MapType(value=value):
                k = f"k{self.depth}"
                same = self._part(value, f"$0[{k}]", f"$1[{k}]")
                compared = f"list_transform(map_keys($0), lambda {k}: {same})"
                differ = (
                    "(len(map_keys($0)) <> len(map_keys($1)) OR "
                    "NOT list_has_all(map_keys($0), map_keys($1)))"
                )
                return self._folded(differ, compared)
        raise AssertionError(self.type)

    def _folded(self, differ: str, compared: str) -> str:
        return (
            f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL WHEN {differ} THEN false "
            f"WHEN list_contains({compared}, false) THEN false "
            f"WHEN list_count({compared}) < len({compared}) THEN NULL ELSE true END)"
        )

    def _part(self, type: t.Type, a: str, b: str) -> str:
        inner = _Comparison(type, self.depth + 1)
        if _is_nested(type):
            return inner._equal().replace("$0", a).replace("$1", b)
        return inner.sql("=", Typed(a, type), Typed(b, type))
