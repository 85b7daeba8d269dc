"""Expressions as Trino writes them in its error messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from lakeshell.sql import ast


def expression_text(node: ast.Node) -> str:
    """The expression, parenthesised and spelled as in Trino's messages."""
    form = _FORMS.get(type(node))
    return form(node) if form is not None else "…"


def expression_list(nodes: Iterable[ast.Node]) -> str:
    return ", ".join(expression_text(node) for node in nodes)


def _string(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def identifier_text(node: ast.Identifier) -> str:
    from lakeshell.sql.names import RESERVED

    if node.quoted or node.value.upper() in RESERVED or node.value.lower() in RESERVED:
        return '"' + node.value.replace('"', '""') + '"'
    return node.value


def _double(node: ast.DoubleLiteral) -> str:
    digits = f"{Decimal(repr(float(node.text))):.18E}"
    mantissa, exponent = digits.split("E")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}E{int(exponent)}"


def _interval(node: ast.IntervalLiteral) -> str:
    sign = "-" if node.negative else ""
    end = f" TO {node.end.upper()}" if node.end else ""
    return f"INTERVAL {sign}'{node.value}' {node.start.upper()}{end}"


def _current(node: ast.CurrentTime) -> str:
    return node.name if node.precision is None else f"{node.name}({node.precision})"


def order_by_text(items: Iterable[ast.SortItem]) -> str:
    parts = []
    for item in items:
        text = f"{expression_text(item.key)} {'DESC' if item.descending else 'ASC'}"
        if item.nulls_first is not None:
            text += f" NULLS {'FIRST' if item.nulls_first else 'LAST'}"
        parts.append(text)
    return f"ORDER BY {', '.join(parts)}"


def _call(node: ast.FunctionCall) -> str:
    name = node.name.keys[-1]
    if name in ("coalesce", "nullif", "if", "try") and len(node.name.parts) == 1:
        return f"{name.upper()}({expression_list(node.arguments)})"
    arguments = expression_list(node.arguments)
    if node.star or (not node.arguments and name == "count"):
        arguments = "*"
    if node.distinct:
        arguments = f"DISTINCT {arguments}"
    if node.order_by:
        arguments += f" {order_by_text(node.order_by)}"
    said = ".".join(identifier_text(part) for part in node.name.parts)
    text = f"{said}({arguments})"
    if node.nulls is not None:
        text += f" {node.nulls.upper()} NULLS"
    if node.filter is not None:
        text += f" FILTER (WHERE {expression_text(node.filter)})"
    if node.window is not None:
        text += f" OVER {window_text(node.window)}"
    return text


def window_text(node: ast.WindowSpec | ast.Identifier) -> str:
    if isinstance(node, ast.Identifier):
        return identifier_text(node)
    parts = [] if node.base is None else [identifier_text(node.base)]
    if node.partition_by:
        parts.append(f"PARTITION BY {expression_list(node.partition_by)}")
    if node.order_by:
        parts.append(order_by_text(node.order_by))
    if node.frame is not None:
        start = _bound(node.frame.start)
        kind = node.frame.kind.upper()
        if node.frame.end is None:
            parts.append(f"{kind} {start}")
        else:
            parts.append(f"{kind} BETWEEN {start} AND {_bound(node.frame.end)}")
    return f"({' '.join(parts)})"


def _bound(node: ast.FrameBound) -> str:
    value = "" if node.value is None else f"{expression_text(node.value)} "
    return value + node.kind.upper()


def _case(operand: str, node: ast.SimpleCase | ast.SearchedCase) -> str:
    whens = " ".join(
        f"WHEN {expression_text(w.condition)} THEN {expression_text(w.result)}" for w in node.whens
    )
    default = f" ELSE {expression_text(node.default)}" if node.default is not None else ""
    return f"(CASE{operand} {whens}{default} END)"


def _trim(node: ast.Trim) -> str:
    characters = f" {expression_text(node.characters)}" if node.characters is not None else ""
    return f"trim({node.side.upper()}{characters} FROM {expression_text(node.value)})"


def _like(node: ast.Like) -> str:
    escape = f" ESCAPE {expression_text(node.escape)}" if node.escape is not None else ""
    return f"({expression_text(node.value)} LIKE {expression_text(node.pattern)}{escape})"


def _comparison(node: ast.Comparison) -> str:
    return f"({expression_text(node.left)} {node.op.upper()} {expression_text(node.right)})"


def _unary(node: ast.Unary) -> str:
    value = expression_text(node.value)
    if node.op != "-":
        return f"+{value}"
    if isinstance(node.value, ast.DecimalLiteral):
        return f"DECIMAL '-{node.value.text}'"
    is_literal = isinstance(node.value, ast.LongLiteral | ast.DoubleLiteral)
    return f"-{value}" if is_literal and value[0] != "-" else f"-({value})"


def _arithmetic(node: ast.Arithmetic) -> str:
    left, right = expression_text(node.left), expression_text(node.right)
    return f"concat({left}, {right})" if node.op == "||" else f"({left} {node.op} {right})"


def _listagg(node: ast.Listagg) -> str:
    separator = "''" if node.separator is None else expression_text(node.separator)
    overflow = node.overflow.upper()
    if overflow == "TRUNCATE":
        filler = "" if node.filler is None else f" {_string(node.filler)}"
        overflow += f"{filler} {'WITH' if node.with_count else 'WITHOUT'} COUNT"
    distinct = "DISTINCT " if node.distinct else ""
    text = f"LISTAGG({distinct}{expression_text(node.value)}, {separator} ON OVERFLOW  {overflow})"
    text += f" WITHIN GROUP ({order_by_text(node.order_by)})"
    if node.filter is not None:
        text += f" FILTER (WHERE {expression_text(node.filter)})"
    return text


def _subquery(query: ast.Query) -> str:
    from lakeshell.engine.embedded.wording.queries import query_text

    return f"({query_text(query)})"


def _between(node: ast.Between) -> str:
    low, high = expression_text(node.low), expression_text(node.high)
    return f"({expression_text(node.value)} BETWEEN {low} AND {high})"


def _cast(node: ast.Cast) -> str:
    word = "TRY_CAST" if node.safe else "CAST"
    return f"{word}({expression_text(node.value)} AS {node.type.spelled or node.type.text})"


def _is_null(node: ast.IsNull) -> str:
    return f"({expression_text(node.value)} IS {'NOT ' if node.negated else ''}NULL)"


_FORMS: dict[type[ast.Node], Callable[[Any], str]] = {
    ast.Identifier: identifier_text,
    ast.Dereference: lambda n: f"{expression_text(n.base)}.{identifier_text(n.field)}",
    ast.NullLiteral: lambda n: "null",
    ast.BooleanLiteral: lambda n: "true" if n.value else "false",
    ast.LongLiteral: lambda n: str(n.value),
    ast.DecimalLiteral: lambda n: f"DECIMAL '{n.text}'",
    ast.DoubleLiteral: _double,
    ast.StringLiteral: lambda n: _string(n.value),
    ast.BinaryLiteral: lambda n: f"X'{n.value.hex().upper()}'",
    ast.GenericLiteral: lambda n: f"{n.spelled or n.type} {_string(n.value)}",
    ast.IntervalLiteral: _interval,
    ast.Parameter: lambda n: "?",
    ast.Unary: _unary,
    ast.Arithmetic: _arithmetic,
    ast.Comparison: _comparison,
    ast.Logical: lambda n: (
        "(" + f" {n.op.upper()} ".join(expression_text(t) for t in n.terms) + ")"
    ),
    ast.Not: lambda n: f"(NOT {expression_text(n.value)})",
    ast.IsNull: _is_null,
    ast.Between: _between,
    ast.InList: lambda n: f"({expression_text(n.value)} IN ({expression_list(n.items)}))",
    ast.InSubquery: lambda n: f"({expression_text(n.value)} IN {_subquery(n.query)})",
    ast.Exists: lambda n: f"(EXISTS {_subquery(n.query)})",
    ast.ScalarSubquery: lambda n: _subquery(n.query),
    ast.Quantified: lambda n: (
        f"({expression_text(n.value)} {n.op} {n.quantifier.upper()} {_subquery(n.query)})"
    ),
    ast.Listagg: _listagg,
    ast.Like: _like,
    ast.Cast: _cast,
    ast.FunctionCall: _call,
    ast.Lambda: lambda n: (
        f"({', '.join(p.value for p in n.parameters)}) -> {expression_text(n.body)}"
    ),
    ast.SimpleCase: lambda n: _case(f" {expression_text(n.operand)}", n),
    ast.SearchedCase: lambda n: _case("", n),
    ast.Subscript: lambda n: f"{expression_text(n.base)}[{expression_text(n.index)}]",
    ast.ArrayConstructor: lambda n: f"ARRAY[{','.join(expression_text(i) for i in n.items)}]",
    ast.RowConstructor: lambda n: f"ROW ({expression_list(n.items)})",
    ast.AtTimeZone: lambda n: f"{expression_text(n.value)} AT TIME ZONE {expression_text(n.zone)}",
    ast.Extract: lambda n: f"EXTRACT({n.field.upper()} FROM {expression_text(n.value)})",
    ast.Trim: _trim,
    ast.CurrentTime: _current,
    ast.CurrentName: lambda n: n.name.upper(),
    ast.Grouping: lambda n: f"GROUPING ({expression_list(n.columns)})",
}
