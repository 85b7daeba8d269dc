"""The SQL of a command: from `-e`, files and stdin to single statements with their place.

In: what the user gave. Out: statements, each with the text it came from, so that a fault can be
shown there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lakeshell.errors import UsageError

if TYPE_CHECKING:
    from lakeshell.sql.statement import StatementText


@dataclass(frozen=True, slots=True)
class Text:
    """SQL as the user gave it; `name` is its file's, empty for the command line's own."""

    sql: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of `text`, which it begins in at `line` and `column`. `sql` has `?` where
    `as_written` has named parameters; `parameters` are the literals for them."""

    sql: str
    as_written: str
    parameters: tuple[str, ...]
    text: str
    name: str
    line: int
    column: int


def given_texts(texts: Sequence[str], files: Sequence[Path], stdin: bool) -> Sequence[Text]:
    """The texts in the order -e, -f, stdin; stdin also when nothing is named and it is no
    terminal."""
    made = [Text(text) for text in texts]
    made += [Text(read_sql(path), str(path)) for path in files]
    if stdin or (not made and not sys.stdin.isatty()):
        made.append(Text(_decoded(sys.stdin.buffer.read(), "stdin"), "stdin"))
    if not made:
        raise click.UsageError("no SQL: give it with -e, in a file with -f, or to - on stdin")
    return made


def statements_of(
    texts: Sequence[Text],
    split: Callable[[str], Sequence[StatementText]],
    values: Mapping[str, str],
) -> Sequence[Statement]:
    """Every statement with its parameters bound; raises `UsageError` for one that nothing takes, and
    for one without a value, before any statement runs."""
    from lakeshell.query.parameters import bind, names, require
    from lakeshell.query.statement import is_blank

    made: list[Statement] = []
    known: set[str] = set()
    for text in texts:
        for found in split(text.sql):
            if is_blank(found.text):
                continue
            if values:
                known |= names(found.text)
            require(found.text, values)
            sql, literals = bind(found.text, values)
            made.append(
                Statement(sql, found.text, literals, text.sql, text.name, found.line, found.column)
            )
    unknown = sorted(set(values) - known)
    if unknown:
        raise UsageError(
            f"no statement has a parameter {unknown[0]!r}",
            hint="write it as :NAME in the SQL, or as ? and give its number: --param 1=VALUE",
        )
    return made


def read_sql(path: Path, option: str = "-f") -> str:
    """A file of SQL; raises `UsageError` for one that cannot be read as text."""
    try:
        return _decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}",
            hint=f"{option} takes a file of SQL",
        ) from error


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{name} is not UTF-8: line {line}", hint="save it as UTF-8 and run it again"
        ) from error
