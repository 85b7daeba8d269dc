"""The SQLite file behind the local catalog: shared, migrated, full of Iceberg tables."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lakeshell.catalog.local import LocalCatalog
from lakeshell.errors import (
    AlreadyExists,
    ConfigurationError,
    ConnectionFailed,
    LakeshellError,
    NotEmpty,
    QueryFailed,
    UsageError,
)
from lakeshell.model import CatalogTable, Column, Database, TableKind, TableName
from lakeshell.sql.datatypes import parse_type

METADATA = {
    "format-version": 2,
    "location": "/warehouse/raw/film",
    "last-updated-ms": 1_700_000_100_000,
    "current-schema-id": 1,
    "schemas": [
        {
            "type": "struct",
            "schema-id": 0,
            "fields": [{"id": 1, "name": "film_id", "required": True, "type": "int"}],
        },
        {
            "type": "struct",
            "schema-id": 1,
            "fields": [
                {"id": 1, "name": "film_id", "required": True, "type": "long", "doc": "the key"},
                {"id": 2, "name": "rate", "required": False, "type": "decimal(10, 2)"},
                {"id": 3, "name": "at", "required": False, "type": "timestamptz"},
                {
                    "id": 4,
                    "name": "tags",
                    "required": False,
                    "type": {
                        "type": "map",
                        "key-id": 5,
                        "key": "string",
                        "value-id": 6,
                        "value": {
                            "type": "list",
                            "element-id": 7,
                            "element": {
                                "type": "struct",
                                "fields": [{"id": 8, "name": "a b", "type": "fixed[16]"}],
                            },
                        },
                    },
                },
            ],
        },
    ],
    "properties": {"comment": "all films", "write.format.default": "parquet"},
    "current-snapshot-id": 42,
    "snapshots": [
        {"snapshot-id": 7, "timestamp-ms": 1_700_000_000_000, "summary": {"total-records": "1"}},
        {"snapshot-id": 42, "timestamp-ms": 1_700_000_100_000, "summary": {"total-records": "9"}},
    ],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


def add_iceberg(path: Path, database: str, table: str, metadata: dict[str, object]) -> Path:
    file = path.parent / f"{table}.metadata.json"
    file.write_text(json.dumps(metadata))
    with sqlite3.connect(path) as db:
        db.execute(
            "INSERT OR IGNORE INTO iceberg_namespace_properties VALUES ('lake', ?, 'exists', '1')",
            (database,),
        )
        db.execute(
            "INSERT INTO iceberg_tables VALUES ('lake', ?, ?, ?, NULL, 'TABLE')",
            (database, table, str(file)),
        )
    db.close()
    return file


def test_iceberg_tables_are_read_from_their_metadata(path: Path) -> None:
    catalog = LocalCatalog(path)
    add_iceberg(path, "raw", "film", METADATA)
    table = catalog.table(TableName("RAW", "film"))
    assert table.kind is TableKind.ICEBERG
    assert [(c.name, str(c.type), c.nullable, c.comment) for c in table.columns] == [
        ("film_id", "bigint", False, "the key"),
        ("rate", "decimal(10,2)", True, ""),
        ("at", "timestamp(6) with time zone", True, ""),
        ("tags", 'map(varchar, array(row("a b" varbinary)))', True, ""),
    ]
    assert table.comment == "all films"
    assert table.location == "/warehouse/raw/film"
    assert table.parameters["recordCount"] == "9"
    assert [len(v.columns) for v in catalog.versions(table.name)] == [1, 4]
    assert [t.name for t in catalog.tables()] == [table.name]
    assert [d.name for d in catalog.databases()] == ["raw"]
    catalog.close()


def test_a_lost_metadata_file_fails_its_table_and_no_listing(path: Path) -> None:
    catalog = LocalCatalog(path)
    add_iceberg(path, "raw", "film", METADATA)
    add_iceberg(path, "raw", "gone", METADATA).unlink()
    assert [(t.name.table, len(t.columns)) for t in catalog.tables("raw")] == [
        ("film", 4),
        ("gone", 0),
    ]
    add_iceberg(path, "raw", "half", {"format-version": 2})
    assert len(catalog.tables("raw")) == 3
    for lost in ("gone", "half"):
        with pytest.raises(QueryFailed) as caught:
            catalog.table(TableName("raw", lost))
        assert lost in caught.value.message
    with pytest.raises(QueryFailed):
        catalog.table(TableName("raw", "gone"))
    catalog.close()


def test_iceberg_tables_are_neither_put_nor_dropped_here(path: Path) -> None:
    catalog = LocalCatalog(path)
    add_iceberg(path, "raw", "film", METADATA)
    name = TableName("raw", "film")
    with pytest.raises(AlreadyExists, match="Iceberg"):
        catalog.put(CatalogTable(name, TableKind.VIEW, (), definition="SELECT 1 x"))
    with pytest.raises(UsageError):
        catalog.put(CatalogTable(name, TableKind.ICEBERG, ()))
    with pytest.raises(UsageError, match="Iceberg"):
        catalog.drop(name)
    with pytest.raises(NotEmpty):
        catalog.drop_database("raw")
    catalog.rename(name, TableName("raw", "movie"))
    assert [t.name.table for t in catalog.tables()] == ["movie"]
    catalog.close()


def test_an_iceberg_table_does_not_take_a_views_name(path: Path) -> None:
    catalog = LocalCatalog(path)
    catalog.create_database(Database("raw"))
    catalog.put(CatalogTable(TableName("raw", "film"), TableKind.VIEW, (), definition="x"))
    db = sqlite3.connect(path, isolation_level=None)
    insert = "INSERT OR IGNORE INTO iceberg_tables VALUES ('lake', 'raw', ?, 'x', NULL, 'TABLE')"
    assert db.execute(insert, ("film",)).rowcount == 0
    assert db.execute(insert, ("other",)).rowcount == 1
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE iceberg_tables SET table_name = 'film'")
    db.close()
    catalog.close()


def test_pyiceberg_reads_the_same_databases(path: Path) -> None:
    catalog = LocalCatalog(path)
    catalog.create_database(Database("raw", "as it came"))
    catalog.close()
    code = (
        "from pyiceberg.catalog.sql import SqlCatalog\n"
        f"c = SqlCatalog('lake', uri='sqlite:///{path}', warehouse='{path.parent}')\n"
        "print(c.list_namespaces(), c.load_namespace_properties('raw')['comment'])\n"
        "c.create_namespace('theirs', {'comment': 'made elsewhere'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[('raw',)] as it came\n"
    catalog = LocalCatalog(path)
    assert [(d.name, d.comment) for d in catalog.databases()] == [
        ("raw", "as it came"),
        ("theirs", "made elsewhere"),
    ]
    catalog.close()


def test_a_file_of_a_newer_lakeshell_is_refused(path: Path) -> None:
    LocalCatalog(path).close()
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO catalog_migrations (number, name) VALUES (99, 'later')")
    db.close()
    with pytest.raises(ConfigurationError, match="newer"):
        LocalCatalog(path)


@pytest.mark.parametrize(
    "content", [b"no database at all, but some text" * 100, b"SQLite format 3\0"]
)
def test_a_damaged_file_is_said_to_be_one(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ConnectionFailed, match="catalog"):
        LocalCatalog(path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConnectionFailed):
        LocalCatalog(tmp_path / "file" / "catalog.db")


def test_many_at_once_lose_nothing(path: Path) -> None:
    """Connections of one process stand for processes: SQLite locks both by the file."""
    failures: list[LakeshellError] = []

    def work(number: int) -> None:
        try:
            catalog = LocalCatalog(path)
            catalog.create_database(Database("shared"), exist_ok=True)
            for turn in range(5):
                columns = (Column("c", parse_type("bigint"), comment=f"{number} {turn}"),)
                name = TableName("shared", "one")
                catalog.put(CatalogTable(name, TableKind.SOURCE, columns))
                catalog.put(
                    CatalogTable(TableName("shared", f"t{number}"), TableKind.SOURCE, columns)
                )
            catalog.close()
        except LakeshellError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    catalog = LocalCatalog(path)
    versions = catalog.versions(TableName("shared", "one"))
    assert [v.version for v in versions] == list(range(1, 31))
    assert len({v.columns[0].comment for v in versions}) == 30
    assert len(catalog.tables("shared")) == 7
    catalog.close()


def test_a_failing_put_leaves_nothing(path: Path) -> None:
    catalog = LocalCatalog(path)
    catalog.create_database(Database("raw"))

    class Refused(Exception):
        pass

    def clock() -> object:
        raise Refused

    table = CatalogTable(TableName("raw", "t"), TableKind.SOURCE, ())
    good, catalog.now = catalog.now, clock  # type: ignore[assignment]
    with pytest.raises(Refused):
        catalog.put(table)
    catalog.now = good
    assert list(catalog.tables()) == []
    catalog.put(table)
    catalog.close()
