"""The plan of a query as a tree, with the rows that each step is expected to give.

In: DuckDB's plan as JSON, and the scans with what they read. Out: lines. What only renumbers
columns is left out. A scan is named where only one table can be meant; all are listed below the
tree, each with its rows and bytes from the table's own metadata.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_PASSES = ("PROJECTION", "RESULT_COLLECTOR", "EXPLAIN")
_SAID = ("Join Type", "Conditions", "Groups", "Aggregates", "Order By", "Top", "Expression",
         "Expressions", "Filters")  # fmt: skip
_ROWS = "Estimated Cardinality"
_NAMES = {
    "READ_PARQUET": "Scan",
    "PYTHON_ARROW_SCAN": "Scan",
    "ARROW_SCAN": "Scan",
    "STREAMING_LIMIT": "Limit",
}
_WIDTH = 72


class Scanned(NamedTuple):
    """One read of a table. `size` in bytes, None where it is not metered."""

    name: str
    columns: tuple[str, ...]
    rows: int
    size: int | None
    files: int


class _Step(NamedTuple):
    text: str
    rows: str
    below: Sequence[_Step]


def plan_lines(plan: str, scans: Sequence[Scanned]) -> Iterator[str]:
    """`plan` is JSON: steps with `name`, `children` and `extra_info`."""
    steps = [step for node in json.loads(plan) for step in _steps(node, scans)]
    lines = [line for step in steps for line in _drawn(step, "", "")]
    width = min(_WIDTH, max((len(text) for text, _ in lines), default=0))
    for text, rows in lines:
        yield f"{text:<{width}}  {rows}".rstrip()
    if scans:
        yield ""
    for scan in scans:
        columns = ", ".join(scan.columns) or "only its count of rows"
        yield f"{scan.name} [{columns}]: {_measured(scan)}"


def _measured(scan: Scanned) -> str:
    if scan.size is None:
        return f"{_plural(scan.rows, 'row')}, not metered" if scan.rows else "not metered"
    size = f"{_plural(scan.size, 'byte')} of {_plural(scan.files, 'file')}"
    return f"{_plural(scan.rows, 'row')}, {size}"


def _steps(node: Mapping[str, Any], scans: Sequence[Scanned]) -> list[_Step]:
    below = [step for child in node["children"] for step in _steps(child, scans)]
    kind = str(node["name"]).strip()
    if kind in _PASSES and below:
        return below
    info = node.get("extra_info") or {}
    said = [_text(info[key]) for key in _SAID if info.get(key)]
    name = _NAMES.get(kind, kind.replace("_", " ").capitalize())
    if name == "Scan":
        said[:0] = _read(info, scans)
    detail = f" [{'; '.join(said)}]" if said else ""
    return [_Step(name + detail, _count(str(info.get(_ROWS) or "")), below)]


def _read(info: Mapping[str, Any], scans: Sequence[Scanned]) -> list[str]:
    """The table and the columns that are read of it."""
    given = info.get("Projections") or ()
    columns = [given] if isinstance(given, str) else list(given)
    known = {column for scan in scans for column in scan.columns}
    words = re.findall(r"\w+", _text(info.get("Filters") or ""))
    read = set(columns) | known.intersection(words)
    exact = {scan.name for scan in scans if read == set(scan.columns)}
    tables = exact or {scan.name for scan in scans if read <= set(scan.columns)}
    named = next(iter(tables)) if len(tables) == 1 else ""
    return [text for text in (named, ", ".join(columns)) if text]


def _drawn(step: _Step, first: str, rest: str) -> Iterator[tuple[str, str]]:
    yield first + step.text, step.rows
    for number, below in enumerate(step.below, 1):
        last = number == len(step.below)
        yield from _drawn(
            below, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  ")
        )


def _text(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join(text.split())


def _count(rows: str) -> str:
    return f"about {_plural(int(rows), 'row')}" if rows.isdigit() else ""


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
