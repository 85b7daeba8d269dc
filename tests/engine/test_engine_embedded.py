"""The embedded engine over a lake: tables by name, what is scanned, cancelling, the lock-down."""

from __future__ import annotations

import datetime as dt
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fakes import batch, columns

from lakeshell.catalog.local import LocalCatalog
from lakeshell.engine.embedded.engine import EmbeddedEngine
from lakeshell.engine.embedded.execution.connection import Connection
from lakeshell.errors import Cancelled, QueryFailed, QueryRejected, ValueRefused
from lakeshell.model import (
    CatalogTable,
    Database,
    ObjectKind,
    ObjectName,
    SourceObject,
    SourceTable,
    TableKind,
    TableName,
)
from lakeshell.ports import Session
from lakeshell.store.current import local_current
from lakeshell.store.opening import local_store
from lakeshell.store.reading import Reading

FILM = columns(film_id="integer", title="varchar", rate="decimal(5,2)")
DATA = [(1, "A", 1.5), (2, "B", None), (3, None, 99.99)]


class Films:
    """A source with one table, `movies.Film`; `broken` fails in the middle."""

    opened = 0

    def __init__(self, broken: bool = False) -> None:
        Films.opened += 1
        self.broken = broken
        self.closed = False

    def objects(self) -> list[SourceObject]:
        return [SourceObject(ObjectName("movies", "Film"), ObjectKind.TABLE)]

    def describe(self, name: ObjectName) -> SourceTable:
        return SourceTable(name, ObjectKind.TABLE, columns(Film_Id="integer", Title="varchar"))

    def read(self, table: SourceTable, wanted: Any, batch_rows: int = 65_536) -> Any:
        values = {"Film_Id": [1, 2, 3], "Title": ["one", "two", None]}
        types = {"Film_Id": pa.int32(), "Title": pa.string()}
        schema = pa.schema([(name, types[name]) for name in wanted])

        def batches() -> Iterator[pa.RecordBatch]:
            yield pa.record_batch([pa.array(values[n], types[n]) for n in wanted], schema=schema)
            if self.broken:
                raise ValueRefused("movies.Film, row 4: no such value")

        return pa.RecordBatchReader.from_batches(schema, batches())

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    """`raw.film` in three files, `raw.big` of 200,000 rows in one, the connection `movies`."""
    catalog = LocalCatalog(tmp_path / "catalog.db")
    catalog.create_database(Database("raw"))
    store = local_store(tmp_path)
    store.create(TableName("raw", "film"), FILM)
    for row in DATA:
        store.write(TableName("raw", "film"), iter([_row(row)]), mode="append")
    Films.opened = 0
    broken = {"movies": False, "worn": True}
    yield EmbeddedEngine(
        catalog=catalog,
        store=lambda: store,
        metadata=local_current(tmp_path),
        connections=lambda: list(broken),
        open_source=lambda name: Films(broken[name]),
    )
    catalog.close()


def _row(row: tuple[Any, ...]) -> pa.RecordBatch:
    from decimal import Decimal

    rate = None if row[2] is None else Decimal(str(row[2]))
    return batch(FILM, (row[0], row[1], rate))


def session() -> Session:
    return Session("ann", database="raw")


def rows(engine: EmbeddedEngine, sql: str) -> list[dict[str, Any]]:
    running = engine.run(sql, session())
    return [row for b in running.batches() for row in b.to_pylist()]


def scanned(engine: EmbeddedEngine, sql: str) -> int | None:
    running = engine.run(sql, session())
    for _ in running.batches():
        pass
    return running.progress.scanned


# --- names ---------------------------------------------------------------------------------


def test_an_iceberg_table_by_every_form_of_its_name(lake: EmbeddedEngine) -> None:
    for name in ("film", "raw.film", "lake.raw.film", 'LAKE."RAW".Film'):
        found = rows(lake, f"SELECT film_id FROM {name} ORDER BY film_id")
        assert [row["film_id"] for row in found] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("nope.raw.film", "CATALOG_NOT_FOUND", "Catalog 'nope' not found"),
        ("lake.nope.film", "SCHEMA_NOT_FOUND", "Schema 'nope' does not exist"),
        ("raw.flim", "TABLE_NOT_FOUND", "Table 'lake.raw.flim' does not exist"),
        ('raw."film$nope"', "TABLE_NOT_FOUND", "Table 'lake.raw.\"film$nope\"' does not exist"),
        ("movies.main.nope", "TABLE_NOT_FOUND", None),
        ("lake.information_schema.nope", "TABLE_NOT_FOUND", None),
    ],
)
def test_names_that_mean_nothing_are_rejected_at_their_place(
    lake: EmbeddedEngine, name: str, code: str, message: str | None
) -> None:
    with pytest.raises(QueryRejected) as caught:
        lake.run(f"SELECT 1\nFROM {name}", session())
    assert (caught.value.code, caught.value.line, caught.value.column) == (code, 2, 6)
    assert message is None or caught.value.message == message


def test_two_result_columns_may_share_a_name(lake: EmbeddedEngine) -> None:
    running = lake.run("SELECT 1 AS a, 'x' AS a", session())
    (made,) = running.batches()
    assert made.schema.names == ["a", "a"]
    assert [str(c.type) for c in running.columns] == ["integer", "varchar(1)"]


# --- in place ------------------------------------------------------------------------------


def test_a_sources_table_is_read_in_place_and_joined(lake: EmbeddedEngine) -> None:
    found = rows(
        lake,
        "SELECT f.title, s.title AS other FROM film f JOIN movies.movies.film s"
        " ON s.film_id = f.film_id WHERE s.title = 'two'",
    )
    assert found == [{"title": "B", "other": "two"}]


def test_what_is_read_in_place_is_not_metered(lake: EmbeddedEngine) -> None:
    running = lake.run("SELECT * FROM movies.main.film", session())
    assert sum(b.num_rows for b in running.batches()) == 3
    assert (running.progress.scanned, running.progress.unmetered) == (None, ("movies",))
    estimate = lake.estimate("SELECT * FROM movies.main.film", session())
    assert (estimate.scanned, estimate.unmetered) == (None, ("movies",))


def test_an_estimate_reads_nothing_of_a_source(lake: EmbeddedEngine) -> None:
    lake.estimate("SELECT * FROM movies.main.film", session())
    assert Films.opened == 1  # to describe the table


def test_a_value_that_does_not_fit_is_said_as_the_source_says_it(lake: EmbeddedEngine) -> None:
    with pytest.raises(ValueRefused, match="row 4: no such value"):
        rows(lake, "SELECT * FROM worn.main.film")


def test_a_crawled_table_is_read_by_its_catalogued_name(lake: EmbeddedEngine) -> None:
    lake.catalog.put(
        CatalogTable(
            TableName("raw", "movies_film"),
            TableKind.SOURCE,
            columns(Film_Id="integer", Title="varchar"),
            {"connectionName": "movies", "sourceSchema": "movies", "sourceTable": "Film"},
        )
    )
    found = rows(lake, "SELECT count(title) AS n, max(film_id) AS m FROM movies_film")
    assert found == [{"n": 2, "m": 3}]


def test_a_view_is_read_where_it_was_made(lake: EmbeddedEngine) -> None:
    lake.catalog.put(
        CatalogTable(
            TableName("raw", "cheap"),
            TableKind.VIEW,
            columns(film_id="integer"),
            {"viewCatalog": "lake", "viewSchema": "raw"},
            definition="SELECT film_id FROM film WHERE rate < 10",
        )
    )
    assert rows(lake, "SELECT * FROM lake.raw.cheap") == [{"film_id": 1}]


# --- what is scanned -----------------------------------------------------------------------


def test_small_files_are_estimated_whole_for_an_engine_that_reads_them_so(
    lake: EmbeddedEngine,
) -> None:
    sizes = [
        row["size"] for row in rows(lake, 'SELECT file_size_in_bytes AS size FROM "film$files"')
    ]
    lake.reading = Reading(whole_below=max(sizes))
    assert lake.estimate("SELECT title FROM film", session()).scanned == sum(sizes)
    assert lake.estimate("SELECT count(*) FROM film", session()).scanned == 0
    lake.reading = Reading(whole_below=min(sizes) - 1)
    found = lake.estimate("SELECT title FROM film", session()).scanned
    assert found is not None
    assert found < sum(sizes)


def test_the_whole_of_a_table_scans_what_was_estimated(lake: EmbeddedEngine) -> None:
    estimate = lake.estimate("SELECT * FROM film", session())
    assert estimate.files == 3
    assert scanned(lake, "SELECT * FROM film") == estimate.scanned
    assert estimate.scanned is not None
    assert estimate.scanned > 0


def test_fewer_columns_and_fewer_files_scan_less(lake: EmbeddedEngine) -> None:
    whole = scanned(lake, "SELECT * FROM film") or 0
    column = scanned(lake, "SELECT film_id FROM film") or 0
    one = scanned(lake, "SELECT film_id FROM film WHERE film_id = 3") or 0
    assert 0 < one < column < whole


def test_a_count_is_answered_from_metadata(lake: EmbeddedEngine) -> None:
    assert rows(lake, "SELECT count(*) AS n FROM film") == [{"n": 3}]
    assert scanned(lake, "SELECT count(*) FROM film") == 0


def test_a_limit_scans_less_than_the_table(lake: EmbeddedEngine, tmp_path: Path) -> None:
    made = columns(id="bigint", text="varchar")
    batches = (
        batch(made, *((n, f"row number {n}") for n in range(start, start + 50_000)))
        for start in range(0, 1_000_000, 50_000)
    )
    lake.open_store().write(TableName("raw", "big"), batches, mode="create", columns=made)
    estimate = lake.estimate("SELECT * FROM big LIMIT 5", session()).scanned
    found = scanned(lake, "SELECT * FROM big LIMIT 5")
    assert estimate is not None and found is not None
    assert 0 < found < estimate


def test_what_a_failed_statement_read_stays_known(lake: EmbeddedEngine) -> None:
    running = lake.run("SELECT 1 / (film_id - 3) FROM film", session())
    with pytest.raises(QueryFailed) as caught:
        list(running.batches())
    assert caught.value.code == "DIVISION_BY_ZERO"
    assert (running.progress.scanned or 0) > 0


# --- time travel, metadata tables -----------------------------------------------------------


def test_a_snapshot_by_id_name_and_time(lake: EmbeddedEngine) -> None:
    snapshots = rows(lake, 'SELECT snapshot_id FROM "film$snapshots" ORDER BY committed_at')
    ids = [row["snapshot_id"] for row in snapshots]
    for n, id in enumerate(ids):
        found = rows(lake, f"SELECT count(*) AS n FROM film FOR VERSION AS OF {id}")
        assert found == [{"n": n}]
    assert rows(lake, "SELECT count(*) AS n FROM film FOR VERSION AS OF 'main'") == [{"n": 3}]
    assert len(rows(lake, "SELECT * FROM film FOR TIMESTAMP AS OF current_timestamp")) == 3


@pytest.mark.parametrize(
    ("version", "code", "message", "column"),
    [
        ("VERSION AS OF BIGINT '5'", "INVALID_ARGUMENTS", "Iceberg snapshot ID does not exists: 5", None),
        ("VERSION AS OF 'x'", "INVALID_ARGUMENTS", "Cannot find snapshot with reference name: x", None),
        ("VERSION AS OF 5", "NOT_SUPPORTED", "Unsupported type for table version: integer", None),
        ("VERSION AS OF NULL", "INVALID_ARGUMENTS", "Pointer value cannot be NULL", 20),
        (
            "TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00'", "INVALID_ARGUMENTS",
            'No version history table "raw".film at or before 2020-01-01T00:00:00Z', None,
        ),
        (
            "TIMESTAMP AS OF DATE '2999-01-01'", "INVALID_ARGUMENTS",
            "Pointer value '2999-01-01' is not in the past", 20,
        ),
        (
            "TIMESTAMP AS OF '2020-01-01'", "TYPE_MISMATCH",
            "Type varchar(10) invalid. Temporal pointers must be of type Timestamp, Timestamp with"
            " Time Zone, or Date.", 20,
        ),
    ],
)  # fmt: skip
def test_versions_that_are_none(
    lake: EmbeddedEngine, version: str, code: str, message: str, column: int | None
) -> None:
    with pytest.raises(QueryFailed) as caught:
        lake.run(f"SELECT * FROM film FOR {version}", session())
    assert (caught.value.code, caught.value.message) == (code, message)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("part", "count"),
    [
        ("snapshots", 4), ("history", 4), ("files", 3), ("entries", 3), ("manifests", None),
        ("all_manifests", None), ("partitions", 1), ("refs", 1), ("properties", None),
        ("metadata_log_entries", None), ("all_entries", None),
    ],
)  # fmt: skip
def test_metadata_tables_have_rows(lake: EmbeddedEngine, part: str, count: int | None) -> None:
    found = rows(lake, f'SELECT * FROM "film${part}"')
    assert len(found) == count if count is not None else found


def test_hidden_columns(lake: EmbeddedEngine) -> None:
    (found,) = rows(
        lake,
        'SELECT "$path" AS p, "$partition" AS part, "$file_modified_time" AS m'
        " FROM film WHERE film_id = 2",
    )
    assert Path(found["p"].removeprefix("file://")).is_file()
    assert found["part"] == ""
    assert dt.datetime.now(dt.UTC) - found["m"]["instant"] < dt.timedelta(hours=1)


def test_a_hidden_column_alone_reads_the_files(lake: EmbeddedEngine) -> None:
    found = rows(lake, 'SELECT "$path" AS p FROM film')
    assert len(found) == 3
    assert all(Path(row["p"].removeprefix("file://")).is_file() for row in found)


def test_columns_added_renamed_and_dropped_later(lake: EmbeddedEngine) -> None:
    def change(table: Any) -> None:
        from pyiceberg.types import IntegerType

        with table.update_schema() as update:
            update.rename_column("title", "name")
            update.delete_column("rate")
        with table.update_schema() as update:
            update.add_column("rate", IntegerType())

    lake.open_store().change(TableName("raw", "film"), change)
    found = rows(lake, "SELECT * FROM film ORDER BY film_id")
    assert found == [{"film_id": n, "name": title, "rate": None} for n, title, _ in DATA]
    assert rows(lake, "SELECT film_id FROM film WHERE rate IS NOT NULL") == []


# --- cancelling ----------------------------------------------------------------------------

LONG = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 10000)) c(z) WHERE x + y * z = -1"


def test_cancelled_before_it_started(lake: EmbeddedEngine) -> None:
    running = lake.run(LONG, session())
    running.cancel()
    with pytest.raises(Cancelled):
        list(running.batches())


def test_cancelled_while_executing(lake: EmbeddedEngine) -> None:
    running = lake.run(LONG, session())
    timer = threading.Timer(0.3, running.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        list(running.batches())
    timer.join()


def test_cancelled_while_fetching(lake: EmbeddedEngine) -> None:
    running = lake.run(
        "SELECT x, y FROM UNNEST(sequence(1, 5000)) t(x), UNNEST(sequence(1, 5000)) u(y)", session()
    )
    batches = running.batches()
    assert next(batches).num_rows > 0
    running.cancel()
    with pytest.raises(Cancelled):
        list(batches)


def test_closed_unread_it_is_cancelled(lake: EmbeddedEngine) -> None:
    running = lake.run(LONG, session())
    running.close()
    with pytest.raises(Cancelled):
        list(running.batches())


# --- the lock-down -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/out.csv'",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "SELECT 1; SELECT 2",
        "SELECT getenv('HOME')",
        "SELECT * FROM duckdb_settings()",
        "PRAGMA database_list",
        "SET threads = 1",
        "CREATE MACRO f(x) AS x",
    ],
)
def test_sql_of_duckdb_is_not_run(lake: EmbeddedEngine, sql: str) -> None:
    with pytest.raises(QueryFailed) as caught:
        rows(lake, sql)
    assert caught.value.code != "GENERIC_INTERNAL_ERROR"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY (SELECT 1) TO '{folder}/allowed.parquet' (FORMAT parquet)",
        "ATTACH '{folder}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_text('/etc/passwd')",
    ],
)
def test_a_locked_duckdb_refuses_by_itself(tmp_path: Path, sql: str) -> None:
    before = set(tmp_path.iterdir())
    connection = Connection()
    try:
        connection.lock([str(tmp_path / "allowed.parquet")])
        with pytest.raises(QueryFailed):
            connection.query(sql.format(folder=tmp_path), 100)
            connection.next_batch()
    finally:
        connection.close()
    assert set(tmp_path.iterdir()) == before


def test_ctrl_c_that_duckdb_sees_first_is_no_failure() -> None:
    # With threads of its own DuckDB would wait, deaf, for the one that works: it takes the
    # interrupts of a watch to end that, which is not what this is about.
    connection = Connection(threads=1)

    def press() -> None:
        while not connection._busy.is_set():
            pass
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)

    slow = "SELECT sum(a.i * b.i % 7) FROM range(10000) a(i), range(10000) b(i), range(10000) c(i)"
    presser = threading.Thread(target=press)
    presser.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            connection.query(slow, 100)
    finally:
        presser.join()
        connection.close()


def test_a_data_file_that_is_gone_is_named(lake: EmbeddedEngine) -> None:
    (found,) = rows(lake, 'SELECT "$path" AS p FROM film WHERE film_id = 2')
    path = found["p"].removeprefix("file://")
    Path(path).unlink()
    with pytest.raises(QueryFailed) as caught:
        rows(lake, "SELECT * FROM film")
    assert path in caught.value.message
    assert caught.value.code == "ICEBERG_CANNOT_OPEN_SPLIT"
