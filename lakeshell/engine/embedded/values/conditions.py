"""AND, OR, NOT, IS NULL, LIKE, CASE, and the common type of several values.

In: `Typed`s. Out: a `Typed`, or Trino's TYPE_MISMATCH at the value to blame.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lakeshell.engine.embedded.values.casts import coerce
from lakeshell.engine.embedded.values.comparison import compare, in_order, may_fail, no_common_type
from lakeshell.engine.embedded.values.typed import (
    Context,
    Typed,
    common_zone,
    failure,
    has_zone,
    rejected,
)
from lakeshell.sql import datatypes as t
from lakeshell.sql.ast.nodes import Position
from lakeshell.sql.coercion import common_type, common_type_of


def as_boolean(value: Typed, subject: str, context: Context) -> Typed:
    """The value as a condition; `subject` begins Trino's message."""
    if value.type not in (t.BOOLEAN, t.UNKNOWN):
        message = f"{subject} must evaluate to a boolean (actual: {value.type})"
        raise rejected("TYPE_MISMATCH", message, value.at)
    return coerce(value, t.BOOLEAN, context)


def logical(
    op: str, terms: Sequence[Typed], at: Position, context: Context, *, folded: bool = False
) -> Typed:
    """`folded` where Trino's planner computes it, which asks first what can't fail."""
    checked = [as_boolean(term, "Logical expression term", context) for term in terms]
    if folded:
        checked.sort(key=lambda term: may_fail(term.sql))
    else:
        checked.sort(key=lambda term: not term.is_constant)
    return Typed(in_order(op, [c.sql for c in checked]), t.BOOLEAN, at)


def conjunction(
    terms: Sequence[Typed],
    simple: Sequence[bool],
    at: Position,
    context: Context,
    *,
    folded: bool = False,
) -> Typed:
    """The terms of a WHERE over one relation. Trino tests those that are `simple` first, columns
    against literals, then the others in order."""
    checked = [as_boolean(term, "Logical expression term", context).sql for term in terms]
    first = [sql for sql, plain in zip(checked, simple, strict=True) if plain]
    rest = [sql for sql, plain in zip(checked, simple, strict=True) if not plain]
    if folded:
        rest.sort(key=may_fail)
    made = [*first, in_order("AND", rest)] if rest else first
    return Typed("(" + " AND ".join(made) + ")", t.BOOLEAN, at)


def not_(value: Typed, at: Position, context: Context) -> Typed:
    checked = as_boolean(value, "Value of logical NOT expression", context)
    return Typed(f"(NOT {checked.sql})", t.BOOLEAN, at)


def is_null(value: Typed, negated: bool, at: Position, context: Context) -> Typed:
    return Typed(f"({value.sql} IS {'NOT ' if negated else ''}NULL)", t.BOOLEAN, at)


def common(values: Sequence[Typed], at: Position, subject: str, context: Context) -> list[Typed]:
    """The values, all of their common type; `subject` begins the message, `All CASE results`."""
    type = common_type_of(v.type for v in values)
    if type is None:
        raise no_common_type(subject, values)
    return [coerce(v, type, context) for v in values]


def simple_case(
    operand: Typed,
    whens: Sequence[tuple[Typed, Typed]],
    default: Typed | None,
    at: Position,
    context: Context,
) -> Typed:
    """`CASE operand WHEN value THEN result … END`."""
    conditions: list[tuple[Typed, Typed]] = []
    for value, result in whens:
        if common_type(operand.type, value.type) is None:
            message = (
                "CASE operand type does not match WHEN clause operand type: "
                f"{operand.type} vs {value.type}"
            )
            raise rejected("TYPE_MISMATCH", message, value.at)
        conditions.append((compare("=", operand, value, value.at, context), result))
    return case(conditions, default, at, context)


def case(
    whens: Sequence[tuple[Typed, Typed]], default: Typed | None, at: Position, context: Context
) -> Typed:
    """`CASE WHEN condition THEN result … END`."""
    conditions = [as_boolean(c, "CASE WHEN clause", context) for c, _ in whens]
    results = [result for _, result in whens]
    if default is not None:
        results.append(default)
    results = common(results, at, "All CASE results", context)
    zone = common_zone(results, at) if has_zone(results[0].type) else None
    sql = "(CASE"
    for condition, result in zip(conditions, results, strict=False):
        sql += f" WHEN {condition.sql} THEN {result.sql}"
    if default is not None:
        sql += f" ELSE {results[-1].sql}"
    return Typed(f"{sql} END)", results[0].type, at, zone=zone)


# --- LIKE ----------------------------------------------------------------------------------------

_BAD_ESCAPE = "Escape character must be followed by '%', '_' or the escape character itself"
_LONG_ESCAPE = "Escape string must be a single character"
_INVALID = "INVALID_FUNCTION_ARGUMENT"


def like(
    value: Typed, pattern: Typed, escape: Typed | None, at: Position, context: Context
) -> Typed:
    if not isinstance(value.type, t.VarcharType | t.CharType) and value.type != t.UNKNOWN:
        raise _not_text("Left side of LIKE", value)
    if not isinstance(pattern.type, t.VarcharType) and pattern.type != t.UNKNOWN:
        raise _not_text("Pattern for LIKE", pattern)
    if escape is not None and not isinstance(escape.type, t.VarcharType):
        raise _not_text("Escape for LIKE", escape)
    subject, matched = coerce_text(value, context), coerce_text(pattern, context)
    if escape is None:
        return Typed(f"({subject} LIKE {matched})", t.BOOLEAN, at)
    if isinstance(pattern.value, str) and isinstance(escape.value, str):
        return Typed(_constant_like(subject, pattern.value, escape.value), t.BOOLEAN, at)
    return Typed(_checked_like(subject, matched, escape), t.BOOLEAN, at)


def _not_text(subject: str, value: Typed) -> Exception:
    message = f"{subject} expression must evaluate to a varchar (actual: {value.type})"
    return rejected("TYPE_MISMATCH", message, value.at)


def coerce_text(value: Typed, context: Context) -> str:
    """Text as Trino matches it: char with its blanks."""
    if isinstance(value.type, t.CharType):
        return f"rpad({value.sql}, {value.type.length}, ' ')"
    return coerce(value, t.VARCHAR, context).sql


def _constant_like(subject: str, pattern: str, escape: str) -> str:
    from lakeshell.engine.embedded.values.typed import quote_text

    if len(escape) != 1:
        return failure(_INVALID, _LONG_ESCAPE, t.BOOLEAN)
    mark = re.escape(escape)
    if not re.fullmatch(f"(?s)(?:[^{mark}]|{mark}[%_{mark}])*", pattern):
        return failure(_INVALID, _BAD_ESCAPE, t.BOOLEAN)
    return f"({subject} LIKE {quote_text(pattern)} ESCAPE {quote_text(escape)})"


def _checked_like(subject: str, pattern: str, escape: Typed) -> str:
    if not isinstance(escape.value, str) or len(escape.value) != 1:
        from lakeshell.engine.embedded.values.typed import refused

        raise refused("LIKE with an escape character that is no literal", escape.at)
    from lakeshell.engine.embedded.values.typed import quote_text

    mark = re.escape(escape.value)
    sound = quote_text(f"(?s)(?:[^{mark}]|{mark}[%_{mark}])*")
    failing = failure(_INVALID, _BAD_ESCAPE, t.BOOLEAN)
    return (
        f"(CASE WHEN NOT regexp_full_match({pattern}, {sound}) THEN {failing} "
        f"ELSE {subject} LIKE {pattern} ESCAPE {quote_text(escape.value)} END)"
    )
