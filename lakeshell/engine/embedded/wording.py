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


def _list(nodes: Iterable[ast.Node]) -> str:
    return ", ".join(expression_text(node) for node in nodes)


def _string(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _identifier(node: ast.Identifier) -> str:
    from lakeshell.sql.names import RESERVED

    if node.quoted or node.value.upper() in RESERVED or node.value.lower() in RESERVED:
        return '"' + node.value.replace('"', '""') + '"'
    return node.value


def _double(node: ast.DoubleLiteral) -> str:
    digits = f"{Decimal(repr(float(node.text))):.18E}"
    mantissa, exponent = digits.split("E")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def _interval(node: ast.IntervalLiteral) -> str:
    sign = "-" if node.negative else ""
    end = f" TO {node.end.upper()}" if node.end else ""
    return f"INTERVAL {sign}'{node.value}' {node.start.upper()}{end}"


def _current(node: ast.CurrentTime) -> str:
    return node.name if node.precision is None else f"{node.name}({node.precision})"


def _order_by(items: Iterable[ast.SortItem]) -> str:
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
        return f"{name.upper()}({_list(node.arguments)})"
    arguments = _list(node.arguments)
    if node.star or (not node.arguments and name == "count"):
        arguments = "*"
    if node.distinct:
        arguments = f"DISTINCT {arguments}"
    if node.order_by:
        arguments += f" {_order_by(node.order_by)}"
    said = ".".join(_identifier(part) for part in node.name.parts)
    text = f"{said}({arguments})"
    if node.nulls is not None:
        text += f" {node.nulls.upper()} NULLS"
    if node.filter is not None:
        text += f" FILTER (WHERE {expression_text(node.filter)})"
    if node.window is not None:
        text += f" OVER {_window(node.window)}"
    return text


def _window(node: ast.WindowSpec | ast.Identifier) -> str:
    if isinstance(node, ast.Identifier):
        return _identifier(node)
    parts = [] if node.base is None else [_identifier(node.base)]
    if node.partition_by:
        parts.append(f"PARTITION BY {_list(node.partition_by)}")
    if node.order_by:
        parts.append(_order_by(node.order_by))
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
    return f"-({value})" if node.op == "-" else f"+{value}"


def _between(node: ast.Between) -> str:
    low, high = expression_text(node.low), expression_text(node.high)
    return f"({expression_text(node.value)} BETWEEN {low} AND {high})"


def _cast(node: ast.Cast) -> str:
    word = "TRY_CAST" if node.safe else "CAST"
    return f"{word}({expression_text(node.value)} AS {node.type.text})"


def _is_null(node: ast.IsNull) -> str:
    return f"({expression_text(node.value)} IS {'NOT ' if node.negated else ''}NULL)"


_FORMS: dict[type[ast.Node], Callable[[Any], str]] = {
    ast.Identifier: _identifier,
    ast.Dereference: lambda n: f"{expression_text(n.base)}.{_identifier(n.field)}",
    ast.NullLiteral: lambda n: "null",
    ast.BooleanLiteral: lambda n: "true" if n.value else "false",
    ast.LongLiteral: lambda n: str(n.value),
    ast.DecimalLiteral: lambda n: f"DECIMAL '{n.text}'",
    ast.DoubleLiteral: _double,
    ast.StringLiteral: lambda n: _string(n.value),
    ast.BinaryLiteral: lambda n: f"X'{n.value.hex().upper()}'",
    ast.GenericLiteral: lambda n: f"{n.type} {_string(n.value)}",
    ast.IntervalLiteral: _interval,
    ast.Parameter: lambda n: "?",
    ast.Unary: _unary,
    ast.Arithmetic: lambda n: f"({expression_text(n.left)} {n.op} {expression_text(n.right)})",
    ast.Comparison: _comparison,
    ast.Logical: lambda n: (
        "(" + f" {n.op.upper()} ".join(expression_text(t) for t in n.terms) + ")"
    ),
    ast.Not: lambda n: f"(NOT {expression_text(n.value)})",
    ast.IsNull: _is_null,
    ast.Between: _between,
    ast.InList: lambda n: f"({expression_text(n.value)} IN ({_list(n.items)}))",
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
    ast.RowConstructor: lambda n: f"ROW ({_list(n.items)})",
    ast.AtTimeZone: lambda n: f"{expression_text(n.value)} AT TIME ZONE {expression_text(n.zone)}",
    ast.Extract: lambda n: f"EXTRACT({n.field.upper()} FROM {expression_text(n.value)})",
    ast.Trim: _trim,
    ast.CurrentTime: _current,
    ast.CurrentName: lambda n: n.name.upper(),
    ast.Grouping: lambda n: f"GROUPING ({_list(n.columns)})",
}
