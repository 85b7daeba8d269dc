"""A listing's rows in any of the named text formats.

In: column names and rows of plain Python values. Out: text on a stream. For query results, which
are Arrow and carry Trino's types, see `result`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TextIO

from lakeshell.output.printers import CHUNK_ROWS, Cell, Heading, printer
from lakeshell.output.text import printable_lines


def write_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], format_name: str, out: TextIO
) -> None:
    """Writes `rows` in `format_name` (any case). None is NULL; a moment is shown in UTC."""
    known = [list(row) for row in rows]
    headings = [_heading(name, [row[i] for row in known]) for i, name in enumerate(columns)]
    made = printer(format_name.upper(), headings, out.write)
    safe = out.isatty() and format_name.upper() != "JSON"
    for chunk, last in _chunks(known):
        made.rows([[_cell(value, safe) for value in row] for row in chunk], last)


def _chunks(rows: list[list[Any]]) -> Iterator[tuple[list[list[Any]], bool]]:
    for start in range(0, max(1, len(rows)), CHUNK_ROWS):
        yield rows[start : start + CHUNK_ROWS], start + CHUNK_ROWS >= len(rows)


def _heading(name: str, values: Sequence[Any]) -> Heading:
    found = [value for value in values if value is not None]
    numeric = bool(found) and all(
        isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in found
    )
    raw = bool(found) and all(isinstance(v, int | float) for v in found)
    return Heading(name, numeric=numeric, raw=raw)


def _cell(value: Any, safe: bool) -> Cell:
    if value is None:
        return None
    match value:
        case bool():
            text = "true" if value else "false"
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            text = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"
        case Decimal():
            text = f"{value:f}"
        case _:
            text = str(value)
    return printable_lines(text) if safe else text
