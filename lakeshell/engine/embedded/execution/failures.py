"""What DuckDB's errors mean in Trino's words, at one place.

In: an exception out of DuckDB. Out: a `QueryFailed` with Trino's error name and message. An error
that nobody foresaw becomes GENERIC_INTERNAL_ERROR with DuckDB's own first line: no traceback and
none of the SQL that was made from the user's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lakeshell.engine.embedded.values.typed import FAILURE_MARK
from lakeshell.errors import LakeshellError, NotSupported, QueryFailed

_OWN = re.compile(
    re.escape(FAILURE_MARK) + r"(?P<code>[A-Z0-9_]+)\|(?P<message>.*?)(?:' to INT32|\Z)", re.DOTALL
)
_TYPES = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
_OPERATIONS = {"addition": "+", "subtraction": "-", "multiplication": "*", "division": "/"}
_OVERFLOW = re.compile(
    r"Overflow in (?P<operation>\w+) of (?P<type>INT\d+) \((?P<left>-?\d+) \S (?P<right>-?\d+)\)"
)
_OUT_OF_RANGE = "NUMERIC_VALUE_OUT_OF_RANGE"
_NOT_RUN = "the embedded engine does not run "
_BUG = "this is likely a fault of lakeshell; `--debug` shows where"


def translated(error: BaseException) -> LakeshellError:
    """The failure to raise in place of `error`."""
    if isinstance(error, LakeshellError):
        return error
    text = str(error)
    own = _OWN.search(text)
    if own is not None:
        if own["code"] == "NOT_SUPPORTED" and own["message"].startswith(_NOT_RUN):
            return NotSupported(own["message"].removeprefix(_NOT_RUN))
        return QueryFailed(own["message"], code=own["code"])
    for pattern, made in _KNOWN:
        match = pattern.search(text)
        if match is not None:
            return made(match)
    return QueryFailed(
        f"the engine failed: {_first_line(text)}", code="GENERIC_INTERNAL_ERROR", hint=_BUG
    )


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip() or "it gave no reason"


def _overflow(match: re.Match[str]) -> QueryFailed:
    type = _TYPES.get(match["type"], match["type"].lower())
    operation = match["operation"]
    sign = _OPERATIONS.get(operation, "?")
    return QueryFailed(
        f"{type} {operation} overflow: {match['left']} {sign} {match['right']}", code=_OUT_OF_RANGE
    )


def _said(message: str, code: str, hint: str = "") -> Callable[[re.Match[str]], QueryFailed]:
    return lambda match: QueryFailed(message, code=code, hint=hint)


def _file_gone(match: re.Match[str]) -> QueryFailed:
    return QueryFailed(
        f"Error opening Iceberg split {match['path']}: the file cannot be read",
        code="ICEBERG_CANNOT_OPEN_SPLIT",
        hint="see whether the file is still there: lakeshell doctor",
    )


_MEMORY_HINT = "read fewer columns or rows, or raise engine.memory_limit in lakeshell.toml"


def _division(match: re.Match[str]) -> QueryFailed:
    """The least number of an integral type divided by -1."""
    least = match["left"]
    kind = {
        "-128": "Value 128 exceeds MAX_BYTE",
        "-32768": "Value 32768 exceeds MAX_SHORT",
        "-2147483648": "Value 2147483648 exceeds MAX_INT for type integer",
    }.get(least)
    if kind is not None:
        return QueryFailed(kind, code="GENERIC_INTERNAL_ERROR")
    return QueryFailed(f"bigint division overflow: {least} / -1", code=_OUT_OF_RANGE)


def _sum_overflow(match: re.Match[str]) -> QueryFailed:
    """A sum of whole numbers, which are gathered in 128 bits: Trino shows the two it added last."""
    return QueryFailed(f"bigint addition overflow: {match['value']}", code=_OUT_OF_RANGE)


_KNOWN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], QueryFailed]], ...] = (
    (_OVERFLOW, _overflow),
    (re.compile(r"Overflow in division of (?P<left>-\d+) / -1"), _division),
    (
        re.compile(r"Type INT128 with value (?P<value>-?\d+) .*destination type INT64"),
        _sum_overflow,
    ),
    (
        re.compile(r"Overflow in HUGEINT addition|Casting value .* to type DECIMAL\(38"),
        _said("Decimal overflow", _OUT_OF_RANGE),
    ),
    (
        re.compile(r"Overflow in negation"),
        _said("bigint negation overflow: -9223372036854775808", _OUT_OF_RANGE),
    ),
    (
        re.compile(r"Overflow in (?:addition|subtraction|multiplication) of DECIMAL"),
        _said("Decimal overflow", _OUT_OF_RANGE),
    ),
    (
        re.compile(r"(?i)decimal .*overflow|overflow.* decimal|HUGEINT.*out of range"),
        _said("Decimal overflow", _OUT_OF_RANGE),
    ),
    (re.compile(r"(?i)division by zero"), _said("Division by zero", "DIVISION_BY_ZERO")),
    (
        re.compile(r"More than one row returned by a subquery"),
        _said("Scalar sub-query has returned multiple rows", "SUBQUERY_MULTIPLE_ROWS"),
    ),
    (
        re.compile(r"Out of Memory Error"),
        _said(
            "Query exceeded the memory limit of the engine",
            "EXCEEDED_LOCAL_MEMORY_LIMIT",
            _MEMORY_HINT,
        ),
    ),
    (
        re.compile(r"(?:IO Error: Cannot open file|No files found that match the pattern) \"(?P<path>[^\"]*)\""),
        _file_gone,
    ),
    (
        re.compile(r"IO Error: No files found that match the pattern \"(?P<path>[^\"]*)\""),
        _file_gone,
    ),
)  # fmt: skip
