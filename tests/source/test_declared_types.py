from __future__ import annotations

import pytest

from lakeshell.source.declared import Unmapped, trino_type


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("TINYINT(1)", "tinyint"),
        ("tinyint unsigned", "smallint"),
        ("SMALLINT UNSIGNED", "integer"),
        ("MEDIUMINT", "integer"),
        ("MEDIUMINT(8) UNSIGNED ZEROFILL", "integer"),
        ("INT", "integer"),
        ("int(11)", "integer"),
        ("INT UNSIGNED", "bigint"),
        ("INTEGER", "bigint"),
        ("BIGINT", "bigint"),
        ("BIGINT UNSIGNED", "decimal(20,0)"),
        ("UNSIGNED BIG INT", None),
        ("DECIMAL(10,2)", "decimal(10,2)"),
        ("numeric( 38 , 38 )", "decimal(38,38)"),
        ("DECIMAL(7)", "decimal(7,0)"),
        ("DECIMAL(5,-2)", "decimal(7,0)"),
        ("DECIMAL", None),
        ("NUMERIC", None),
        ("REAL", "double"),
        ("FLOAT", "double"),
        ("Double Precision", "double"),
        ("BOOLEAN", "boolean"),
        ("BIT", "boolean"),
        ("BIT(1)", "boolean"),
        ("VARCHAR(160)", "varchar(160)"),
        ("NVARCHAR(160)", "varchar(160)"),
        ("character varying(5)", "varchar(5)"),
        ("VARCHAR", "varchar"),
        ("CHAR(2)", "char(2)"),
        ("CHAR(65537)", "varchar(65537)"),
        ("TEXT", "varchar"),
        ("TINYTEXT", "varchar(255)"),
        ("ENUM('a','longest','c,d')", "varchar(7)"),
        ("SET('a','it''s')", "varchar(6)"),
        ("JSON", "json"),
        ("YEAR", "date"),
        ("DATE", "date"),
        ("TIME", "time(6)"),
        ("TIME(3)", "time(3)"),
        ("DATETIME", "timestamp(6)"),
        ("DATETIME(0)", "timestamp(0)"),
        ("TIMESTAMP(3)", "timestamp(3)"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp(6) with time zone"),
        ("VARBINARY(16)", "varbinary"),
        ("LONGBLOB", "varbinary"),
        ("UUID", "uuid"),
        ("", None),
        ("whatever(3)", None),
    ],
)
def test_types_map_as_trinos_connectors_map_them(declared: str, expected: str | None) -> None:
    found = trino_type(declared)
    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize("declared", ["DECIMAL(65,30)", "NUMERIC(39)", "BIT(8)"])
def test_what_no_type_holds_is_left_out(declared: str) -> None:
    found = trino_type(declared)
    assert isinstance(found, Unmapped)
    assert declared in found.reason
