"""Queries as Trino lays them out: in SHOW CREATE VIEW, `view_definition` and prepared statements.

In: a query's tree. Out: its text, with line breaks where Trino has them; an error inside a prepared
statement is placed in that text. `wording` writes the expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lakeshell.engine.embedded.values.typed import refused
from lakeshell.engine.embedded.wording.expressions import (
    expression_list,
    expression_text,
    identifier_text,
    order_by_text,
    window_text,
)
from lakeshell.errors import QueryFailed
from lakeshell.sql import ast

_INDENT = "   "


def query_text(query: ast.Query, indent: int = 0) -> str:
    """Ends with a line break. Raises `NotSupported` for what has no text here."""
    text = ""
    if query.with_ is not None:
        text += _with(query.with_, indent)
    text += _body(query.body, indent)
    pad = _INDENT * indent
    if query.order_by:
        text += f"{pad}{order_by_text(query.order_by)}\n"
    if query.offset is not None:
        text += f"{pad}OFFSET {expression_text(query.offset)} ROWS\n"
    if query.limit is not None:
        text += f"{pad}{_limit(query.limit)}\n"
    return text


def checked_text(query: ast.Query) -> str:
    """The query's text, which is sure to mean a query again."""
    from lakeshell.sql.parser import parse_statement

    text = query_text(query)
    try:
        parse_statement(text)
    except QueryFailed as error:
        raise refused("the laid out text of this query", query.at) from error
    return text


def view_text(definition: str) -> str:
    """The query of a view, which is kept as it was written."""
    from lakeshell.sql.parser import parse_statement

    query = parse_statement(definition)
    assert isinstance(query, ast.Query)
    return checked_text(query)


def _with(node: ast.With, indent: int) -> str:
    pad = _INDENT * indent
    tables = []
    for table in node.tables:
        columns = f" {_names(table.columns)}" if table.columns is not None else ""
        inner = _parenthesised(table.query, indent)
        tables.append(f"{pad}  {identifier_text(table.name)}{columns} AS {inner}\n")
    listed = tables[0] + "".join(f"{pad}, {t[len(pad) + 2 :]}" for t in tables[1:])
    return f"{pad}WITH{' RECURSIVE' if node.recursive else ''}\n{listed}"


def _parenthesised(query: ast.Query, indent: int) -> str:
    return f"(\n{query_text(query, indent + 1)}{_INDENT * indent}) "


def _limit(node: ast.Limit) -> str:
    if not node.fetch:
        return f"LIMIT {'ALL' if node.count is None else expression_text(node.count)}"
    count = "" if node.count is None else f"{expression_text(node.count)} "
    unit = "ROWS" if node.count is not None else "ROW"
    return f"FETCH FIRST {count}{unit} {'WITH TIES' if node.with_ties else 'ONLY'}"


def _body(node: ast.Body, indent: int) -> str:
    match node:
        case ast.Select():
            return _select(node, indent)
        case ast.SetOperation():
            distinct = "" if node.distinct else "ALL "
            return (
                f"{_body(node.left, indent)}{node.op.upper()} {distinct}{_body(node.right, indent)}"
            )
        case ast.Values():
            return _values(node, indent)
        case ast.TableBody():
            return f"TABLE {_table(node.table, indent)}\n"
        case ast.Query():
            return _parenthesised(node, indent)
    raise refused(f"the text of {type(node).__name__}", node.at)


def _values(node: ast.Values, indent: int) -> str:
    return " VALUES " + _listed(map(expression_text, node.rows), indent) + "\n"


def _listed(texts: Iterable[str], indent: int) -> str:
    """Each on its own line, the commas in front."""
    pad = _INDENT * indent
    return "".join(f"\n{pad}{', ' if n else '  '}{text}" for n, text in enumerate(texts))


def _select(node: ast.Select, indent: int) -> str:
    pad = _INDENT * indent
    text = f"{pad}SELECT{' DISTINCT' if node.distinct else ''}"
    items = [_item(item) for item in node.items]
    text += _listed(items, indent) if len(items) > 1 else f" {items[0]}"
    text += "\n"
    if node.from_ is not None:
        text += f"{pad}FROM\n{pad}  {_relation(node.from_, indent)}"
    text += "\n"
    if node.where is not None:
        text += f"{pad}WHERE {expression_text(node.where)}\n"
    if node.group_by is not None:
        text += f"{pad}GROUP BY {_group_by(node.group_by)}\n"
    if node.having is not None:
        text += f"{pad}HAVING {expression_text(node.having)}\n"
    if node.windows:
        text += f"{pad}WINDOW{_windows(node.windows, indent)}\n"
    return text


def _item(node: ast.SelectExpression | ast.SelectAll) -> str:
    if isinstance(node, ast.SelectAll):
        target = "*" if node.target is None else f"{expression_text(node.target)}.*"
        return f"{target} AS {_names(node.aliases)}" if node.aliases else target
    text = expression_text(node.value)
    return text if node.alias is None else f"{text} {identifier_text(node.alias)}"


def _group_by(node: ast.GroupBy) -> str:
    if node.auto:
        raise refused("the text of GROUP BY AUTO", node.at)
    elements = ", ".join(map(_grouping, node.elements))
    return f" DISTINCT {elements}" if node.distinct else elements


def _grouping(node: ast.GroupingSet) -> str:
    if node.kind == "simple":
        (columns,) = node.sets
        return expression_text(columns[0]) if len(columns) == 1 else f"({expression_list(columns)})"
    word = {"sets": "GROUPING SETS", "rollup": "ROLLUP", "cube": "CUBE"}[node.kind]
    return f"{word} ({', '.join(f'({expression_list(columns)})' for columns in node.sets)})"


def _windows(windows: Sequence[tuple[ast.Identifier, ast.WindowSpec]], indent: int) -> str:
    texts = [f"{identifier_text(name)} AS {window_text(spec)}" for name, spec in windows]
    if len(texts) == 1:
        return f" {texts[0]}"
    pad = _INDENT * (indent + 1)
    return "\n" + ",\n".join(f"{pad}{text}" for text in texts)


# --- relations -----------------------------------------------------------------------------


def _relation(node: ast.Relation, indent: int) -> str:
    form = _RELATIONS.get(type(node))
    if form is None:
        raise refused(f"the text of {type(node).__name__}", node.at)
    return form(node, indent)


def _table(node: ast.Table, indent: int) -> str:
    name = _name(node.name)
    if node.version is None:
        return name
    return f"{name} FOR {node.version.kind.upper()} AS OF {expression_text(node.version.value)}"


def _inner(node: ast.Relation, indent: int) -> str:
    """What an alias or a sample follows."""
    if isinstance(node, ast.Aliased | ast.Sampled):
        return f"( {_relation(node, indent + 1)})"
    return _relation(node, indent)


def _aliased(node: ast.Aliased, indent: int) -> str:
    columns = f" {_names(node.columns)}" if node.columns is not None else ""
    return f"{_inner(node.relation, indent)} {identifier_text(node.alias)}{columns}"


def _sampled(node: ast.Sampled, indent: int) -> str:
    sample = f"TABLESAMPLE {node.method.upper()} ({expression_text(node.percentage)})"
    return f"{_inner(node.relation, indent)} {sample}"


def _join(node: ast.Join, indent: int) -> str:
    left, right = _relation(node.left, indent), _relation(node.right, indent)
    pad = _INDENT * indent
    if node.kind == "implicit":
        return f"{left}\n{pad}, {right}"
    text = f"({left}\n{pad}{'NATURAL ' if node.natural else ''}{node.kind.upper()} JOIN {right}"
    if node.using is not None:
        text += f" USING {_names(node.using)}"
    if node.on is not None:
        text += f" ON {expression_text(node.on)}"
    return f"{text})"


def _lateral(node: ast.Lateral, indent: int) -> str:
    return f"LATERAL ({query_text(node.query, indent + 1)}{_INDENT * indent})"


def _unnest(node: ast.Unnest, indent: int) -> str:
    ordinality = " WITH ORDINALITY" if node.ordinality else ""
    return f"UNNEST({expression_list(node.expressions)}){ordinality}"


_RELATIONS: dict[type[ast.Node], Callable[[Any, int], str]] = {
    ast.Table: _table,
    ast.Aliased: _aliased,
    ast.Sampled: _sampled,
    ast.Join: _join,
    ast.TableSubquery: lambda node, indent: _parenthesised(node.query, indent),
    ast.Lateral: _lateral,
    ast.Unnest: _unnest,
    ast.Values: lambda node, indent: f"(\n{_values(node, indent + 1)}{_INDENT * indent}) ",
}


def _names(names: Iterable[ast.Identifier]) -> str:
    return f"({', '.join(map(identifier_text, names))})"


# --- statements that are prepared ----------------------------------------------------------


def statement_text(statement: ast.Node) -> str | None:
    """What a prepared statement is kept as; None where that has no text here."""
    try:
        match statement:
            case ast.Query():
                return checked_text(statement)
            case ast.Insert():
                columns = f" {_names(statement.columns)}" if statement.columns is not None else ""
                query = checked_text(statement.query)
                return f"INSERT INTO {_name(statement.table)}{columns}\n{query}"
            case ast.Delete():
                return f"DELETE FROM {_name(statement.table)}{_where(statement.where, ' ')}"
            case ast.Update():
                values = ",\n".join(
                    f"{_INDENT}{identifier_text(a.column)} = {expression_text(a.value)}"
                    for a in statement.assignments
                )
                name, where = _name(statement.table), _where(statement.where, "\n")
                return f"UPDATE {name} SET\n{values}{where}"
    except QueryFailed:
        return None
    return None


def _name(name: ast.QualifiedName) -> str:
    return ".".join(map(identifier_text, name.parts))


def _where(where: ast.Expression | None, before: str) -> str:
    return "" if where is None else f"{before}WHERE {expression_text(where)}"
