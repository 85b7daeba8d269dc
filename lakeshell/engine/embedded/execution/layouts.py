"""Columns of data files as columns of the engine, whatever the files call and type them.

In: a column as the table's metadata writes it and, where the files may differ from that, the
column as a file's own footer has it. Out: DuckDB SQL of the engine's representation: rows with
fields by position, instants without a zone, narrower types widened, fields that the file lacks
NULL. Fields are matched by their ids, never by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from lakeshell.engine.embedded.values.typed import duckdb_type, quote_name, quote_text
from lakeshell.store.metadata import trino_type

_ZONED = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
FOOTERS = "SELECT file_name, name, num_children, field_id, duckdb_type FROM parquet_schema({paths})"
"""What `layouts` takes, for a list of paths in DuckDB's SQL."""


class Node(NamedTuple):
    """A column or group of a file; `id` None where the footer gives none."""

    name: str
    id: int | None
    held: str
    children: tuple[Node, ...]

    def find(self, id: int) -> Node | None:
        return next((child for child in self.children if child.id == id), None)


def layouts(rows: Iterable[Sequence[Any]]) -> dict[str, Node]:
    """Each file's columns under a root, from the rows of `FOOTERS`."""
    files: dict[str, list[Sequence[Any]]] = {}
    for row in rows:
        files.setdefault(row[0], []).append(row)
    return {path: _node(iter(lines)) for path, lines in files.items()}


def _node(lines: Iterator[Sequence[Any]]) -> Node:
    _, name, children, id, held = next(lines)
    return Node(name, id, held or "", tuple(_node(lines) for _ in range(children or 0)))


# --- a column's SQL ------------------------------------------------------------------------


def absent(written: Any) -> str:
    """A column that a file does not have."""
    return f"CAST(NULL AS {duckdb_type(trino_type(written))})"


def as_written(sql: str, written: Any, depth: int = 0) -> str:
    """The column where the file is known to have it just as the metadata writes it."""
    return _held(sql, written, None, depth)


def as_found(written: Any, node: Node, relation: str) -> str:
    """The column as a file has it, read from the relation."""
    return _held(f"{relation}.{quote_name(node.name)}", written, node, 0)


def _held(sql: str, written: Any, node: Node | None, depth: int) -> str:
    if isinstance(written, str):
        return _leaf(sql, written, node)
    match written["type"]:
        case "list":
            return _list(sql, written, node, depth)
        case "map":
            return _map(sql, written, node, depth)
        case _:
            return _row(sql, written, node, depth)


def _leaf(sql: str, written: str, node: Node | None) -> str:
    if node is None:
        return f"({sql} AT TIME ZONE 'UTC')" if written == "timestamptz" else sql
    if node.held in _ZONED:
        return f"({sql} AT TIME ZONE 'UTC')"
    wanted = duckdb_type(trino_type(written))
    return sql if node.held == wanted else f"CAST({sql} AS {wanted})"


def _list(sql: str, written: Any, node: Node | None, depth: int) -> str:
    item = f"e{depth}"
    element = _below(node, 0, 0)
    inner = _held(item, written["element"], element, depth + 1)
    return sql if inner == item else f"list_transform({sql}, lambda {item}: {inner})"


def _map(sql: str, written: Any, node: Node | None, depth: int) -> str:
    item = f"e{depth}"
    key = _held(f"{item}.key", written["key"], _below(node, 0, 0), depth + 1)
    value = _held(f"{item}.value", written["value"], _below(node, 0, 1), depth + 1)
    if (key, value) == (f"{item}.key", f"{item}.value"):
        return sql
    entry = f"struct_pack(key := {key}, value := {value})"
    entries = f"list_transform(map_entries({sql}), lambda {item}: {entry})"
    return f"CASE WHEN {sql} IS NOT NULL THEN map_from_entries({entries}) END"


def _below(node: Node | None, *path: int) -> Node | None:
    """A list's element and a map's entries lie under one repeated group."""
    for step in path:
        if node is not None:
            node = node.children[step]
    return node


def _row(sql: str, written: Any, node: Node | None, depth: int) -> str:
    parts = []
    for n, field in enumerate(written["fields"]):
        name = field["name"]
        inner: Node | None = None
        if node is not None:
            inner = node.find(field["id"])
            if inner is None:
                parts.append(f"f{n} := {absent(field['type'])}")
                continue
            name = inner.name
        read = f"struct_extract({sql}, {quote_text(name)})"
        parts.append(f"f{n} := {_held(read, field['type'], inner, depth + 1)}")
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(parts)}) END"
