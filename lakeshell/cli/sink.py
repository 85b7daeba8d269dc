"""Where the rows of a command's statements go: stdout, or one file that appears when it is whole."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from lakeshell.cli.options import FORMATS
from lakeshell.cli.streams import discard_output
from lakeshell.errors import LakeshellError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.model import Column
    from lakeshell.query.run import RunningQuery

BINARY = FORMATS[11:]


class Sink:
    """Takes results one after the other. `keep` says at the end whether the file shall appear."""

    def __init__(
        self,
        format_name: str,
        write: Callable[[str], object],
        path: Path | None,
        safe: bool,
        formula_safe: bool,
    ) -> None:
        self.format_name = format_name
        self.keep = True
        self._write = write
        self._path = path
        self._safe = safe
        self._formula_safe = formula_safe
        self._results = 0

    @property
    def to_file(self) -> bool:
        return self._path is not None or _is_file(sys.stdout)

    def write(self, query: RunningQuery, before_rows: Callable[[], None]) -> None:
        """The rows of a query; of a statement that changes something, only runs it.

        `before_rows` is called when the first rows are there.
        """
        if query.update_type is not None or not query.columns:
            for _ in query.batches():
                pass
        else:
            self.write_rows(query.columns, _announced(query.batches(), before_rows))

    def write_rows(self, columns: Sequence[Column], batches: Iterable[pa.RecordBatch]) -> None:
        self._results += 1
        if self.format_name not in BINARY:
            self._write_text(columns, batches)
            return
        from lakeshell.output.files import write_binary

        if self._results > 1:
            raise UsageError(
                f"a file of {self.format_name} holds one result, and this is another",
                hint="write each to its own file, or use a text format",
            )
        assert self._path is not None
        write_binary(columns, batches, self.format_name, self._path)

    def _write_text(self, columns: Sequence[Column], batches: Iterable[pa.RecordBatch]) -> None:
        from lakeshell.cli.pager import paged, pager
        from lakeshell.output.result import write_result

        if self._formula_safe:
            from lakeshell.output.formulas import harmless

            columns, batches = harmless(columns, batches)
        command = "" if self._path is not None else pager()
        if not command:
            write_result(columns, batches, self.format_name, self._write, safe=self._safe)
            return
        with paged(command) as write:
            write_result(columns, batches, self.format_name, write, safe=True)


def _announced(
    batches: Iterator[pa.RecordBatch], before_rows: Callable[[], None]
) -> Iterator[pa.RecordBatch]:
    first = next(batches, None)
    before_rows()
    if first is not None:
        yield first
        yield from batches


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return False


def chosen_format(output_format: str | None, output: Path | None) -> str:
    """The format asked for; by a file's ending; ALIGNED on a terminal, CSV otherwise."""
    if output_format is not None:
        name = output_format.upper()
    elif output is not None:
        from lakeshell.output.files import format_of

        name = format_of(output)
    else:
        name = "ALIGNED" if sys.stdout.isatty() else "CSV"
    if name in BINARY and output is None:
        raise click.UsageError(f"{name} goes into a file: name it with -o FILE")
    return name


def _check_formula_safe(format_name: str) -> None:
    from lakeshell.output.formulas import QUOTED_FORMATS

    if format_name not in QUOTED_FORMATS:
        raise click.UsageError(
            f"--formula-safe goes with {', '.join(QUOTED_FORMATS)} and XLSX, not {format_name}: "
            "name one with --output-format"
        )


@contextmanager
def open_sink(
    output_format: str | None, output: Path | None, formula_safe: bool = False
) -> Iterator[Sink]:
    """`formula_safe` keeps spreadsheets from running texts; XLSX says of each cell what it is."""
    name = chosen_format(output_format, output)
    if formula_safe and name != "XLSX":
        _check_formula_safe(name)
    if output is None:
        with _stdout() as write:
            yield Sink(name, write, None, sys.stdout.isatty(), formula_safe)
        return
    from lakeshell.output.files import Discarded, replaced

    with replaced(output) as part:
        if name in BINARY:
            sink = Sink(name, sys.stdout.write, part, False, formula_safe)
            yield sink
        else:
            with part.open("w", encoding="utf-8", newline="") as file:
                sink = Sink(name, file.write, output, False, formula_safe)
                yield sink
        if not sink.keep:
            raise Discarded


@contextmanager
def _stdout() -> Iterator[Callable[[str], object]]:
    """Writes to stdout as UTF-8. A full disk behind it is an error like others; a reader that went
    away (head, less) has what it wanted, and ends the command in silence."""
    stream = sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", newline="\n")
    try:
        yield _checked(stream.write)
        _checked(lambda _: stream.flush())("")
    except BrokenPipeError:
        discard_output()
    except LakeshellError as error:
        if isinstance(error.__cause__, OSError):
            discard_output()
        raise


def _checked(write: Callable[[str], object]) -> Callable[[str], object]:
    def checked(text: str) -> None:
        try:
            write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise LakeshellError(
                f"the output cannot be written: {error.strerror or error}",
                hint="make room, or write elsewhere with -o",
            ) from error

    return checked
