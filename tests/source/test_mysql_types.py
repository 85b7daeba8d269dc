"""Columns of `information_schema` as Trino's types, without a server."""

from __future__ import annotations

import pytest

from lakeshell.source.declared import Unmapped
from lakeshell.source.mysql_types import Described, trino_type


def described(written: str, **parts: object) -> Described:
    kind = written.partition("(")[0].split()[0]
    values = {"length": None, "precision": None, "scale": None, "fraction": None} | parts
    return Described("c", kind, written, nullable="YES", comment="", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "type"),
    [
        (described("tinyint(1)"), "tinyint"),
        (described("tinyint unsigned"), "smallint"),
        (described("smallint unsigned"), "integer"),
        (described("mediumint unsigned"), "integer"),
        (described("int unsigned zerofill"), "bigint"),
        (described("bigint"), "bigint"),
        (described("bigint unsigned"), "decimal(20,0)"),
        (described("float unsigned"), "real"),
        (described("decimal(38,10)", precision=38, scale=10), "decimal(38,10)"),
        (described("bit(1)", precision=1), "boolean"),
        (described("char(0)", length=0), "char(0)"),
        (described("text", length=65535), "varchar(65535)"),
        (described("longtext", length=4294967295), "varchar"),
        (described("enum('a','bcd')", length=3), "varchar(3)"),
        (described("time(3)", fraction=3), "time(3)"),
        (described("datetime", fraction=0), "timestamp(0)"),
        (described("timestamp(6)", fraction=6), "timestamp(6) with time zone"),
        (described("year"), "date"),
        (described("varbinary(3)", length=3), "varbinary"),
    ],
)
def test_types_are_those_of_trinos_connector(column: Described, type: str) -> None:
    assert str(trino_type(column)) == type


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (described("decimal(65,30)", precision=65, scale=30), "38 digits"),
        (described("bit(8)", precision=8), "string of bits"),
        (described("point"), "spatial"),
        (described("vector(3)"), "no type of the lake"),
    ],
)
def test_what_no_type_holds_is_left_out_with_a_reason(column: Described, reason: str) -> None:
    found = trino_type(column)
    assert isinstance(found, Unmapped)
    assert reason in found.reason
