"""CSV, TSV and JSON of large batches, column by column in Arrow instead of value by value in Python.

In: a batch of results. Out: its lines, byte for byte those of `printers`. Types without a fast way
are rendered by `sql.render`. Importing this imports pyarrow's compute functions, which takes 25 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lakeshell.model import Column
from lakeshell.output.jsontext import is_raw, json_texts
from lakeshell.output.printers import json_string
from lakeshell.sql.datatypes import INTEGRAL, CharType, DecimalType, TimestampType, Type
from lakeshell.sql.javanumbers import double_text
from lakeshell.sql.render import texts

_TSV = (("\\", "\\\\"), ("\0", "\\0"), ("\b", "\\b"), ("\f", "\\f"), ("\n", "\\n"), ("\r", "\\r"),
        ("\t", "\\t"))  # fmt: skip
_FIRST_DAY, _END_DAY = -719_162, 2_932_897
_DAY = 86_400_000_000
_FREE_OF_MARKS = ("date", "boolean", "double", "real", "uuid", "varbinary", "timestamp", "time")


def _json_lines(batch: pa.RecordBatch, columns: Sequence[Column]) -> str:
    """The rows of `batch` as JSON objects, one a line."""
    parts: list[pa.Array | str] = []
    for i, column in enumerate(columns):
        parts.append(f"{',' if i else '{'}{json_string(column.name)}:")
        parts.append(pc.fill_null(_json(batch.column(i), column.type), "null"))
    rows = pc.binary_join_element_wise(*parts, "}\n", "")
    whole = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)
    text: str = pc.binary_join(whole, "")[0].as_py()
    return text


def _json(array: pa.Array, type: Type) -> pa.Array:
    if type in INTEGRAL or type.name == "boolean":
        return text_array(array, type)
    if type.name == "double":
        cells = text_array(array, type)
        odd = pc.invert(pc.is_finite(array))
        quoted = pc.binary_join_element_wise('"', cells, '"', "")
        return pc.if_else(odd, quoted, cells) if pc.any(odd).as_py() else cells
    if is_raw(type):
        return pa.array(json_texts(array, type), pa.string())
    cells = text_array(array, type)
    if type.name not in _FREE_OF_MARKS:
        if pc.any(pc.match_substring_regex(cells, "[\\x00-\\x1f]")).as_py():
            return pa.array(json_texts(array, type), pa.string())
        for mark in ("\\", '"'):
            if pc.any(pc.match_substring(cells, mark)).as_py():
                cells = pc.replace_substring(cells, mark, "\\" + mark)
    return pc.binary_join_element_wise('"', cells, '"', "")


def lines(batch: pa.RecordBatch, columns: Sequence[Column], format_name: str) -> str:
    """The rows of `batch` in JSON or a format of the CSV or TSV family, without a header."""
    if format_name == "JSON":
        return _json_lines(batch, columns)
    tsv = format_name.startswith("TSV")
    quoted = not tsv and "UNQUOTED" not in format_name
    cells = [
        _escaped(text_array(batch.column(i), column.type), column.type, tsv, quoted)
        for i, column in enumerate(columns)
    ]
    between, end = ("\t", "\n") if tsv else ('","', '"\n"') if quoted else (",", "\n")
    if len(cells) > 1:
        rows = pc.binary_join_element_wise(
            *cells, between, null_handling="replace", null_replacement=""
        )
    else:
        rows = pc.fill_null(cells[0], "")
    whole = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)
    body: str = pc.binary_join(whole, end)[0].as_py()
    return f'"{body}"\n' if quoted else f"{body}\n"


def _escaped(cells: pa.Array, type: Type, tsv: bool, quoted: bool) -> pa.Array:
    if type in INTEGRAL or isinstance(type, DecimalType) or type.name in _FREE_OF_MARKS:
        return cells
    if tsv:
        for mark, escape in _TSV:
            if pc.any(pc.match_substring(cells, mark)).as_py():
                cells = pc.replace_substring(cells, mark, escape)
    elif quoted and pc.any(pc.match_substring(cells, '"')).as_py():
        cells = pc.replace_substring(cells, '"', '""')
    return cells


def text_array(array: pa.Array, type: Type) -> pa.Array:
    """The texts of `array` as an Arrow array of strings, NULL for NULL."""
    made: pa.Array | None = None
    match type:
        case DecimalType():
            made = _decimals(array)
        case CharType():
            made = pc.utf8_rpad(array.cast(pa.string()), type.length)
        case TimestampType(with_zone=False) if type.precision <= 6:
            made = _timestamps(array, type.precision)
    if type in INTEGRAL or type.name == "boolean":
        made = pc.cast(array, pa.string())
    elif type.name in ("varchar", "json", "uuid"):
        made = array.cast(pa.string()) if array.type != pa.string() else array
    elif type.name == "double":
        made = _doubles(array)
    elif type.name == "date":
        made = _dates(array)
    return pa.array(texts(array, type), pa.string()) if made is None else made


def _patched(
    cells: pa.Array,
    odd: pa.Array,
    array: pa.Array,
    text: Callable[[pa.Array], Sequence[str | None]],
) -> pa.Array:
    """`cells` with those marked `odd` made anew by `text` from their values."""
    if not pc.any(odd).as_py():
        return cells
    mask = pc.fill_null(odd, False)
    return pc.replace_with_mask(cells, mask, pa.array(text(array.filter(mask)), pa.string()))


def _doubles(array: pa.Array) -> pa.Array:
    cells = pc.cast(array, pa.string())
    cells = pc.if_else(
        pc.match_substring(cells, "."), cells, pc.binary_join_element_wise(cells, "0", ".")
    )
    size = pc.abs(array)
    plain = pc.or_(pc.and_(pc.greater_equal(size, 1e-3), pc.less(size, 1e7)), pc.equal(size, 0.0))
    return _patched(
        cells, pc.invert(plain), array, lambda odd: [double_text(v) for v in odd.to_pylist()]
    )


def _decimals(array: pa.Array) -> pa.Array:
    cells = pc.cast(array, pa.string())
    return _patched(
        cells,
        pc.match_substring(cells, "E"),
        array,
        lambda odd: [f"{v:f}" for v in odd.to_pylist()],
    )


def _dates(array: pa.Array) -> pa.Array | None:
    span = pc.min_max(array.view(pa.int32())).as_py()
    if span["min"] is not None and not _FIRST_DAY <= span["min"] <= span["max"] < _END_DAY:
        return None
    return pc.cast(array, pa.string())


def _timestamps(array: pa.Array, precision: int) -> pa.Array | None:
    if array.type.unit != "us":
        return None
    span = pc.min_max(array.view(pa.int64())).as_py()
    first, end = _FIRST_DAY * _DAY, _END_DAY * _DAY
    if span["min"] is not None and not first <= span["min"] <= span["max"] < end:
        return None
    cells = pc.cast(array, pa.string())
    return pc.utf8_slice_codeunits(cells, 0, 20 + precision if precision else 19)
