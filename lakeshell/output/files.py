"""Results in files: ARROW, PARQUET and XLSX, and the text formats with `-o`.

In: a result. Out: one file, which appears under its name only when it is whole; a query that fails
leaves what was there before. A moment with a zone becomes the instant in UTC, for other programs'
sake; fields of rows get their names.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakeshell.errors import LakeshellError, UsageError, in_system_words
from lakeshell.model import Column
from lakeshell.output.formulas import QUOTED_FORMATS, harmless
from lakeshell.output.result import write_result
from lakeshell.sql.datatypes import (
    INTEGRAL,
    ArrayType,
    DecimalType,
    MapType,
    RowType,
    TimestampType,
    TimeType,
    Type,
)
from lakeshell.sql.render import texts

if TYPE_CHECKING:
    import pyarrow as pa

BINARY = ("ARROW", "PARQUET", "XLSX")
_ENDINGS = {
    ".parquet": "PARQUET",
    ".arrow": "ARROW",
    ".xlsx": "XLSX",
    ".json": "JSON",
    ".jsonl": "JSON",
    ".tsv": "TSV",
    ".md": "MARKDOWN",
}
_XLSX_ROWS = 1_048_576
_XLSX_CHARACTERS = 32_767
_XLSX_DIGITS = 15


def format_of(path: Path) -> str:
    """The format that a file's ending stands for; CSV for any other."""
    return _ENDINGS.get(path.suffix.lower(), "CSV")


def write_file(
    columns: Sequence[Column],
    batches: Iterable[pa.RecordBatch],
    format_name: str,
    path: Path,
    *,
    formula_safe: bool = False,
) -> int:
    """Writes the result to `path` and gives its number of rows. `formula_safe` keeps spreadsheets
    from running texts, in the formats where that can be."""
    if formula_safe and format_name in QUOTED_FORMATS:
        columns, batches = harmless(columns, batches)
    with replaced(path) as part:
        if format_name in BINARY:
            return write_binary(columns, batches, format_name, part)
        with part.open("w", encoding="utf-8", newline="") as file:
            return write_result(columns, batches, format_name, file.write)


def write_binary(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], format_name: str, path: Path
) -> int:
    """ARROW, PARQUET or XLSX into `path` itself."""
    match format_name:
        case "ARROW":
            return _write_arrow(columns, batches, path)
        case "PARQUET":
            return _write_parquet(columns, batches, path)
    return _write_xlsx(columns, batches, path)


class Discarded(Exception):
    """Raised inside `replaced` to leave what was there before; goes no further."""


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A new file beside `path` that takes its place when the block ends well."""
    target = path.resolve() if path.is_symlink() else path
    if target.is_dir():
        raise UsageError(f"{path} is a folder", hint="-o takes a file")
    # A device such as /dev/null, or a pipe, is written to: there is nothing to replace.
    part = target if target.exists() and not target.is_file() else _beside(target)
    try:
        yield part
        if part is not target:
            _keep_mode(target, part)
            part.replace(target)
    except Discarded:
        pass
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LakeshellError(
            f"{path} cannot be written: {in_system_words(error)}",
            hint="what was there before is untouched; make room, or write elsewhere",
        ) from error
    finally:
        if part is not target:
            part.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    try:
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix
        )
    except OSError as error:
        raise UsageError(
            f"{target} cannot be written: {error.strerror}",
            hint="-o takes a file that you may write",
        ) from error
    os.close(handle)
    return Path(name)


def _keep_mode(target: Path, part: Path) -> None:
    """The rights of the file that is replaced, or those of any new file."""
    with suppress(FileNotFoundError):
        part.chmod(target.stat().st_mode & 0o777)
        return
    mask = os.umask(0)
    os.umask(mask)
    part.chmod(0o666 & ~mask)


# --- Arrow and Parquet ---------------------------------------------------------------------


def _write_arrow(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], path: Path) -> int:
    import pyarrow as pa

    schema = _schema(columns)
    count = 0
    with pa.ipc.new_file(str(path), schema) as writer:
        for batch in batches:
            writer.write_batch(_plain(batch, columns, schema))
            count += batch.num_rows
    return count


def _write_parquet(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], path: Path) -> int:
    import pyarrow.parquet as pq

    repeated = [c.name for i, c in enumerate(columns) if c.name in {d.name for d in columns[:i]}]
    if repeated:
        raise UsageError(
            f"two columns are named {repeated[0]!r}, which a Parquet file cannot have",
            hint="name them apart: SELECT … AS another_name",
        )
    schema = _schema(columns)
    count = 0
    with pq.ParquetWriter(str(path), schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(_plain(batch, columns, schema))
            count += batch.num_rows
    return count


def _schema(columns: Sequence[Column]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([pa.field(c.name, plain_type(c.type)) for c in columns])


def plain_type(type: Type) -> pa.DataType:
    """The Arrow type that other programs expect of a Trino type."""
    import pyarrow as pa

    from lakeshell.sql.arrow import arrow_type

    match type:
        case TimestampType(with_zone=True):
            return pa.timestamp("us", "UTC")
        case TimeType(with_zone=True):
            return pa.string()
        case ArrayType():
            return pa.list_(plain_type(type.element))
        case MapType():
            # The keys of an empty map have no type of their own, and Arrow wants one.
            key = pa.string() if type.key.name == "unknown" else plain_type(type.key)
            return pa.map_(key, plain_type(type.value))
        case RowType():
            return pa.struct(
                [(f.name or f"field{i}", plain_type(f.type)) for i, f in enumerate(type.fields)]
            )
    if type.name == "unknown":
        return pa.null()
    return pa.string() if type.name in _AS_TEXT else arrow_type(type)


_AS_TEXT = ("interval day to second", "interval year to month", "char")


def _plain(batch: pa.RecordBatch, columns: Sequence[Column], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    arrays = [plain_array(batch.column(i), c.type) for i, c in enumerate(columns)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def plain_array(array: pa.Array, type: Type) -> pa.Array:
    """`array` as `plain_type` has it."""
    import pyarrow as pa

    wanted = plain_type(type)
    if isinstance(type, TimestampType) and type.with_zone:
        return array.flatten()[0].cast(wanted)
    if (isinstance(type, TimeType) and type.with_zone) or type.name in _AS_TEXT:
        return pa.array(texts(array, type), pa.string())
    if type.name == "unknown":
        return pa.nulls(len(array))
    if isinstance(type, ArrayType | MapType) and array.offset:
        array = pa.concat_arrays([array.slice(0, 0), array])
    mask = array.is_null()
    match type:
        case ArrayType():
            values = plain_array(array.values, type.element)
            return pa.ListArray.from_arrays(array.offsets, values, type=wanted, mask=mask)
        case MapType():
            keys = plain_array(array.keys, type.key).cast(wanted.key_type)
            items = plain_array(array.items, type.value)
            return pa.MapArray.from_arrays(array.offsets, keys, items, type=wanted, mask=mask)
        case RowType():
            children = [
                plain_array(child, field.type)
                for child, field in zip(array.flatten(), type.fields, strict=True)
            ]
            return pa.StructArray.from_arrays(children, fields=list(wanted), mask=mask)
    return array if array.type == wanted else array.cast(wanted)


# --- a spreadsheet -------------------------------------------------------------------------


def _write_xlsx(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], path: Path) -> int:
    from zipfile import ZIP_DEFLATED, ZipFile

    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("result")
    count = 0
    try:
        sheet.append([_xlsx_text(sheet, c.name) for c in columns])
        for batch in batches:
            if count + batch.num_rows >= _XLSX_ROWS:
                raise UsageError(
                    f"the result has more rows than a sheet holds ({_XLSX_ROWS - 1:,})",
                    hint="write it as CSV or PARQUET, or add a LIMIT",
                )
            cells = [_xlsx_cells(sheet, batch.column(i), c.type) for i, c in enumerate(columns)]
            for row in zip(*cells, strict=True):
                sheet.append(row)
            count += batch.num_rows
    finally:
        # Its rows are on the way to a temporary file, which only this ends.
        sheet.close()
    # Not `book.save`: on a full disk that leaves the archive to the garbage collector, which prints
    # a traceback when it cannot close it.
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).save()
    return count


def _xlsx_cells(sheet: Any, array: pa.Array, type: Type) -> list[Any]:
    """Numbers, booleans and dates as the sheet's own where it holds them exactly, else as text."""
    if type in INTEGRAL or isinstance(type, DecimalType):
        return [
            v if v is None or len(str(abs(v)).replace(".", "")) <= _XLSX_DIGITS else str(v)
            for v in array.to_pylist()
        ]
    if type.name == "boolean":
        found: list[Any] = array.to_pylist()
        return found
    if type.name in ("double", "real"):
        return [
            v if v is None or v - v == 0 else t
            for v, t in zip(array.to_pylist(), texts(array, type), strict=True)
        ]
    return [None if t is None else _xlsx_text(sheet, t) for t in texts(array, type)]


def _xlsx_text(sheet: Any, text: str) -> Any:
    """A cell that is text, also when it begins like a formula."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    from lakeshell.output.text import printable

    if len(text) > _XLSX_CHARACTERS:
        raise LakeshellError(
            f"a value of {len(text):,} characters does not fit into a cell of a sheet",
            hint="write the result as CSV or PARQUET",
        )
    if ILLEGAL_CHARACTERS_RE.search(text):
        text = printable(text)
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    return cell
