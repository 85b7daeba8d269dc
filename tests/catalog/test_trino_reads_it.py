"""Trino, a client of its own, sees in the Metastore what Lakeshell put there, and the other way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
import trino
from real_trino import new_schema, trino_url

from lakeshell.catalog.hive import HiveCatalog
from lakeshell.errors import LakeshellError
from lakeshell.model import CatalogTable, Column, Database, TableKind, TableName
from lakeshell.sql.arrow import arrow_schema
from lakeshell.sql.datatypes import parse_type
from lakeshell.store.iceberg import IcebergStore
from lakeshell.store.metastore import Metastore
from lakeshell.store.opening import s3_store
from lakeshell.store.s3 import S3Files
from tests import reach

COLUMNS = tuple(
    Column(name, parse_type(type))
    for name, type in {
        "id": "integer", "title": "varchar", "rate": "decimal(20,4)", "made": "timestamp(6)",
        "at": "timestamp(6) with time zone", "day": "date", "clock": "time(6)", "raw": "varbinary",
        "tags": "array(varchar)", "yes": "boolean", "share": "double",
    }.items()
)  # fmt: skip
ROW = {
    "id": 1, "title": "海辺 é", "rate": Decimal("1234567890123456.7891"),
    "made": datetime(2024, 2, 29, 1, 2, 3, 4), "at": datetime(2024, 1, 1, 12, tzinfo=UTC),
    "day": date(1969, 12, 31), "clock": time(23, 59, 59, 999999), "raw": b"\x00\xff",
    "tags": ["a", None], "yes": False, "share": 0.1,
}  # fmt: skip


@dataclass
class Both:
    schema: str
    store: IcebergStore
    catalog: HiveCatalog
    cursor: Any

    def ask(self, sql: str) -> list[Any]:
        self.cursor.execute(sql.replace("SCHEMA", f"lake.{self.schema}"))
        found: list[Any] = self.cursor.fetchall()
        return found


@pytest.fixture
def both() -> Iterator[Both]:
    url = urlsplit(trino_url())
    metastore, files = Metastore(reach.metastore()), S3Files(reach.s3("lakeshell_trino"))
    catalog = HiveCatalog(metastore=metastore, files=files, warehouse=files.address.warehouse)
    connection = trino.dbapi.connect(host=url.hostname, port=url.port, user="ada")
    made = Both(new_schema(), s3_store(metastore, files), catalog, connection.cursor())
    catalog.create_database(Database(made.schema))
    yield made
    for table in catalog.tables(made.schema):
        with suppress(LakeshellError):
            if table.kind is TableKind.ICEBERG:
                made.store.drop(table.name)
            else:
                catalog.drop(table.name)
    catalog.drop_database(made.schema)
    catalog.close()


def rows(*found: dict[str, Any]) -> list[pa.RecordBatch]:
    schema = arrow_schema(COLUMNS)
    zoned = [
        {**row, "at": {"instant": row["at"], "zone": "UTC"} if row["at"] else None} for row in found
    ]
    return [pa.RecordBatch.from_pylist(zoned, schema)]


def test_trino_reads_and_writes_the_stores_tables(both: Both) -> None:
    name = TableName(both.schema, "film")
    nothing = dict.fromkeys(ROW) | {"id": 2}
    both.store.write(name, rows(ROW, nothing), mode="overwrite", columns=COLUMNS)
    full, empty = both.ask("SELECT * FROM SCHEMA.film ORDER BY id")
    assert list(full) == list(ROW.values())
    assert list(empty) == list(nothing.values())
    both.ask("INSERT INTO SCHEMA.film (id) VALUES (3)")
    both.store.write(name, rows(ROW | {"id": 4}), mode="append")
    both.ask("DELETE FROM SCHEMA.film WHERE id = 2")
    assert both.ask("SELECT id FROM SCHEMA.film ORDER BY id") == [[1], [3], [4]]
    assert [c.name for c in both.catalog.table(name).columns] == list(ROW)


NUMBERS = tuple(
    Column(name, parse_type(type))
    for name, type in {
        "id": "bigint", "n": "integer", "short": "decimal(5,2)", "long": "decimal(18,4)",
        "day": "date", "clock": "time(6)", "made": "timestamp(6)", "seldom": "bigint",
        "nothing": "bigint", "kind": "integer", "tags": "array(bigint)", "share": "double",
    }.items()
)  # fmt: skip
SIGNS = (1, -1)


def number(n: int) -> dict[str, Any]:
    """Values that jump about, so that their differences do, too."""
    jump = (n * 2_654_435_761) % 2**31 * SIGNS[n % 2]
    return {
        "id": n, "n": jump, "short": Decimal(jump % 99_999) / 100, "long": Decimal(jump) * 10_000,
        "day": date.fromordinal(700_000 + n % 30_000), "clock": time(n % 24, n % 60, 0, n),
        "made": datetime(1969, 1, 1 + n % 28, n % 24, microsecond=n), "kind": n % 3,
        "seldom": 2**63 - 1 - n if n % 7 == 0 else -(2**63) + n if n % 7 == 1 else None,
        "nothing": None, "tags": [n, None, -jump] if n % 5 else None, "share": n / 7,
    }  # fmt: skip


def test_trino_reads_every_number_as_the_store_encodes_it(both: Both) -> None:
    found = [number(n) for n in range(20_000)]
    both.store.write(
        TableName(both.schema, "numbers"),
        [pa.RecordBatch.from_pylist(found, arrow_schema(NUMBERS))],
        mode="overwrite",
        columns=NUMBERS,
    )
    names = [column.name for column in NUMBERS]
    read = both.ask("SELECT * FROM SCHEMA.numbers ORDER BY id")
    assert [list(row) for row in read] == [[row[name] for name in names] for row in found]
    # Within the row group, by the pages' own bounds.
    ((count,),) = both.ask("SELECT count(*) FROM SCHEMA.numbers WHERE id BETWEEN 7 AND 9")
    assert count == 3


def test_a_query_for_one_column_scans_no_other(both: Both) -> None:
    name = TableName(both.schema, "wide")
    columns = tuple(Column(f"c{n}", parse_type("double")) for n in range(6))
    chaos = random.Random(7)
    batches = []
    for _ in range(4):
        values = pa.array([chaos.random() for _ in range(250_000)])
        arrays = [values] + [values.take(pa.array(_mixed(len(values), n))) for n in range(1, 6)]
        batches.append(pa.RecordBatch.from_arrays(arrays, [c.name for c in columns]))
    written = both.store.write(name, batches, mode="overwrite", columns=columns)
    for asked in ("c0", "c3"):
        both.ask(f"SELECT sum({asked}) FROM SCHEMA.wide")
        scanned = both.cursor.stats["physicalInputBytes"]
        # A sixth of it, and the ends of the file for its row groups.
        assert scanned < written.bytes / 6 * 1.05


def _mixed(count: int, step: int) -> list[int]:
    return [(n * (2 * step + 1)) % count for n in range(count)]


def test_views_of_either_are_the_others(both: Both) -> None:
    both.ask("CREATE VIEW SCHEMA.theirs COMMENT 'one' AS SELECT 1 AS x, 'é' AS y")
    theirs = both.catalog.table(TableName(both.schema, "theirs"))
    assert (theirs.kind, theirs.comment) == (TableKind.VIEW, "one")
    assert [(c.name, str(c.type)) for c in theirs.columns] == [
        ("x", "integer"),
        ("y", "varchar(1)"),
    ]
    assert "SELECT" in theirs.definition
    ours = CatalogTable(
        TableName(both.schema, "ours"), TableKind.VIEW, (Column("z", parse_type("integer")),),
        definition="SELECT x + 1 AS z FROM theirs", owner="ada",
    )  # fmt: skip
    both.catalog.put(ours)
    assert both.ask("SELECT z FROM SCHEMA.ours") == [[2]]


def test_crawled_tables_are_listed_beside_the_others(both: Both) -> None:
    crawled = CatalogTable(
        TableName(both.schema, "movies_film"), TableKind.SOURCE, COLUMNS,
        {"classification": "mysql", "connectionName": "movies", "recordCount": "7"},
    )  # fmt: skip
    both.catalog.put(crawled)
    both.store.create(TableName(both.schema, "film"), COLUMNS)
    assert both.ask("SHOW TABLES FROM SCHEMA") == [["film"], ["movies_film"]]
    assert [t.kind for t in both.catalog.tables(both.schema)] == [
        TableKind.ICEBERG,
        TableKind.SOURCE,
    ]
