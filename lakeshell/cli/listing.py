"""Listings of the nouns: rows in any of the named text formats."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lakeshell.output.table import write_table


def chosen(output_format: str | None) -> str:
    """The format asked for: ALIGNED on a terminal, CSV otherwise."""
    return (output_format or ("ALIGNED" if sys.stdout.isatty() else "CSV")).upper()


def show_listing(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], output_format: str | None
) -> None:
    format_name = chosen(output_format)
    if output_format is None and format_name == "CSV":
        format_name = "CSV_HEADER"
    write_table(columns, rows, format_name, sys.stdout)


def show_values(values: Mapping[str, Any], output_format: str | None) -> None:
    """One thing: a key a line, or one row in a format that was asked for."""
    if output_format is None:
        show_listing(("key", "value"), [(k, v) for k, v in values.items() if v is not None], None)
    else:
        show_listing(tuple(values), [tuple(values.values())], output_format)
