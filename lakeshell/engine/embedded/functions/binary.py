"""Trino's functions of bytes: digests, encodings, numbers as bytes, and text out of bytes.

In: coerced arguments. Out: DuckDB SQL; what DuckDB lacks or takes otherwise goes to
`binary_python`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    Entry,
    python,
    python_call,
    sql,
    values,
)
from lakeshell.engine.embedded.values.typed import duckdb_type
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context

_CODINGS = ("from_hex", "from_base64", "from_base64url", "from_base32")


def _number(path: str) -> Emission:
    """A Python function that gives a number's text."""

    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        made = python_call(path, values(arguments), t.VARCHAR, context)
        return f"CAST({made} AS {duckdb_type(result)})"

    return emit


SCALARS: tuple[Entry, ...] = (
    ("md5(varbinary) -> varbinary", "unhex(md5($0))"),
    ("sha1(varbinary) -> varbinary", "unhex(sha1($0))"),
    ("sha256(varbinary) -> varbinary", "unhex(sha256($0))"),
    ("sha512(varbinary) -> varbinary", python("binary_python:sha512")),
    *(
        (
            f"hmac_{name}(varbinary, varbinary) -> varbinary",
            python(f"binary_python:hmac_{name}"),
        )
        for name in ("md5", "sha1", "sha256", "sha512")
    ),
    ("crc32(varbinary) -> bigint", python("binary_python:crc32")),
    ("murmur3(varbinary) -> varbinary", python("binary_python:murmur3")),
    ("xxhash64(varbinary) -> varbinary", python("binary_python:xxhash64")),
    ("to_hex(varbinary) -> varchar", "hex($0)"),
    ("to_base64(varbinary) -> varchar", "to_base64($0)"),
    ("to_base64url(varbinary) -> varchar", "translate(to_base64($0), '+/', '-_')"),
    ("to_base32(varbinary) -> varchar", python("binary_python:to_base32")),
    *(
        entry
        for name in _CODINGS
        for entry in (
            (f"{name}(varchar(x)) -> varbinary", python(f"binary_python:{name}")),
            (f"{name}(varbinary) -> varbinary", python(f"binary_python:{name}_bytes")),
        )
    ),
    ("to_big_endian_32(integer) -> varbinary", python("binary_python:to_big_endian_32")),
    ("to_big_endian_64(bigint) -> varbinary", python("binary_python:to_big_endian_64")),
    (
        "from_big_endian_32(varbinary) -> integer",
        python("binary_python:from_big_endian_32"),
    ),
    (
        "from_big_endian_64(varbinary) -> bigint",
        python("binary_python:from_big_endian_64"),
    ),
    ("to_ieee754_32(real) -> varbinary", python("binary_python:to_ieee754_32")),
    ("to_ieee754_64(double) -> varbinary", python("binary_python:to_ieee754_64")),
    ("from_ieee754_32(varbinary) -> real", _number("binary_python:from_ieee754_32")),
    ("from_ieee754_64(varbinary) -> double", _number("binary_python:from_ieee754_64")),
    ("from_utf8(varbinary) -> varchar", python("binary_python:from_utf8")),
    ("from_utf8(varbinary, bigint) -> varchar", python("binary_python:from_utf8_point")),
    (
        "from_utf8(varbinary, varchar(x)) -> varchar",
        python("binary_python:from_utf8_with"),
    ),
    ("uuid() -> uuid", sql("uuid()")),
)
