"""Listings of the nouns: rows in any of the named text formats."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import click

from lakeshell.output.fit import Fit, fitted
from lakeshell.output.printers import Heading
from lakeshell.output.table import cell_text, write_cells, write_table


def chosen(output_format: str | None) -> str:
    """The format asked for: ALIGNED on a terminal, CSV otherwise."""
    return (output_format or ("ALIGNED" if sys.stdout.isatty() else "CSV")).upper()


def for_eyes(output_format: str | None) -> bool:
    """Whether a person reads it: a terminal, and no format asked for."""
    return output_format is None and sys.stdout.isatty()


def show_listing(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    output_format: str | None,
    fit: Fit | None = None,
) -> None:
    """`fit` says how the listing gives way on a terminal that is too narrow for it."""
    if for_eyes(output_format):
        _show_fitted(columns, rows, fit or Fit())
        return
    format_name = chosen(output_format)
    if output_format is None:
        format_name = "CSV_HEADER"
    write_table(columns, rows, format_name, sys.stdout)


def _show_fitted(columns: Sequence[str], rows: Iterable[Sequence[Any]], fit: Fit) -> None:
    known = [list(row) for row in rows]
    texts = [["" if value is None else cell_text(value) for value in row] for row in known]
    made = fitted(columns, texts, shutil.get_terminal_size().columns, fit)
    numeric = {
        name
        for i, name in enumerate(columns)
        if any(isinstance(row[i], int | float | Decimal) for row in known)
    }
    headings = [Heading(name, numeric=name in numeric) for name in made.columns]
    write_cells(headings, made.rows, "ALIGNED", sys.stdout)
    if made.left_out:
        said = f"no room for: {', '.join(made.left_out)} (--output-format VERTICAL shows all)"
        sys.stdout.flush()
        click.echo(said, err=True)


def say_if_unknown(kind: str, name: str | None, known: Sequence[str]) -> None:
    """After a listing that is empty: there is nothing of that name. One that was removed has its past
    still, so that it is no error."""
    if name is not None and name not in known:
        there = f"there are: {', '.join(known)}" if known else "there is none yet"
        click.echo(f"note: there is no {kind} {name!r}; {there}", err=True)


def show_values(values: Mapping[str, Any], output_format: str | None) -> None:
    """One thing: a key a line, or one row in a format that was asked for."""
    if output_format is None:
        known = [(key, value) for key, value in values.items() if value is not None]
        show_listing(("key", "value"), known, None, Fit(wrapped=("value",)))
    else:
        show_listing(tuple(values), [tuple(values.values())], output_format)
