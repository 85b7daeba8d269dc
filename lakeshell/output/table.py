"""A listing's rows in any of the named text formats.

In: column names and rows of plain Python values. Out: text on a stream. For query results, which
are Arrow and carry Trino's types, see `result`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TextIO

from lakeshell.output.printers import CHUNK_ROWS, Cell, Heading, Row, printer
from lakeshell.output.text import printable_lines


def write_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], format_name: str, out: TextIO
) -> None:
    """Writes `rows` in `format_name` (any case). None is NULL; a moment is shown in UTC."""
    known = [list(row) for row in rows]
    headings = [_heading(name, [row[i] for row in known]) for i, name in enumerate(columns)]
    safe = out.isatty() and format_name.upper() != "JSON"
    write_cells(
        headings, [[_cell(value, safe) for value in row] for row in known], format_name, out
    )


def write_cells(
    headings: Sequence[Heading], rows: Sequence[Row], format_name: str, out: TextIO
) -> None:
    """The same for cells that are texts already."""
    made = printer(format_name.upper(), headings, out.write)
    for start in range(0, max(1, len(rows)), CHUNK_ROWS):
        made.rows(rows[start : start + CHUNK_ROWS], start + CHUNK_ROWS >= len(rows))


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
    text = cell_text(value)
    return printable_lines(text) if safe else text


def cell_text(value: Any) -> str:
    """A value that is not None, as it is listed."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
