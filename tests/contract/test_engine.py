"""What every `ports.Engine` does. The same statements, the same rows, types, counts and errors."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_trino import new_schema, trino_engine

from lakeshell.errors import Cancelled, QueryFailed, QueryRejected
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.ports import Engine, Running, Session

SLOW = (
    "WITH r AS (SELECT n FROM UNNEST(sequence(1, 4000)) AS t (n))"
    " SELECT count(*) FROM r a CROSS JOIN r b CROSS JOIN r c WHERE a.n + b.n > c.n"
)


@pytest.fixture(params=["embedded", "trino"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    make_lake(tmp_path)
    with Lake(tmp_path, os.environ) as lake:
        if request.param == "embedded":
            yield lake.engine
            return
        made = trino_engine(lambda: lake.catalog)
        yield made
        made.close()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """In a schema of its own, with the table `film`."""
    schema = new_schema()
    made = Session("ada", database=schema)
    done(engine, f"CREATE SCHEMA lake.{schema}", made)
    done(engine, "CREATE TABLE film (id bigint, title varchar, rate decimal(5,2))", made)
    done(engine, "INSERT INTO film VALUES (1, 'A', 0.99), (2, 'B', NULL), (3, NULL, 4.99)", made)
    yield made
    plain = Session("ada")
    for table in column(engine, f"SHOW TABLES FROM lake.{schema}", plain):
        done(engine, f"DROP TABLE lake.{schema}.{table}", plain)
    done(engine, f"DROP SCHEMA lake.{schema}", plain)


def rows(running: Running) -> list[tuple[Any, ...]]:
    found = [tuple(row.values()) for batch in running.batches() for row in batch.to_pylist()]
    running.close()
    return found


def answer(engine: Engine, sql: str, session: Session, *parameters: str) -> list[tuple[Any, ...]]:
    return rows(engine.run(sql, session, parameters))


def column(engine: Engine, sql: str, session: Session) -> list[Any]:
    return [row[0] for row in answer(engine, sql, session)]


def done(engine: Engine, sql: str, session: Session) -> tuple[str | None, int | None]:
    running = engine.run(sql, session)
    assert rows(running) == []
    return running.update_type, running.update_count


def fault(engine: Engine, sql: str, session: Session, *parameters: str) -> QueryFailed:
    with pytest.raises(QueryFailed) as caught:
        running = engine.run(sql, session, parameters)
        assert running.columns is not None
        rows(running)
    return caught.value


def test_rows_with_their_columns(engine: Engine, session: Session) -> None:
    running = engine.run("SELECT id, title, rate FROM film ORDER BY id", session)
    said = [(c.name, str(c.type)) for c in running.columns]
    assert said == [("id", "bigint"), ("title", "varchar"), ("rate", "decimal(5,2)")]
    assert running.update_type is None
    found = rows(running)
    assert [row[:2] for row in found] == [(1, "A"), (2, "B"), (3, None)]
    assert [row[2] and str(row[2]) for row in found] == ["0.99", None, "4.99"]
    assert running.update_count is None


def test_a_result_without_rows_has_columns(engine: Engine, session: Session) -> None:
    running = engine.run("SELECT id, 'x' AS id FROM film WHERE id > 9", session)
    assert [c.name for c in running.columns] == ["id", "id"]
    assert rows(running) == []


def test_changes_say_what_they_did(engine: Engine, session: Session) -> None:
    assert done(engine, "UPDATE film SET title = 'x' WHERE id < 3", session) == ("UPDATE", 2)
    assert done(engine, "DELETE FROM film WHERE id = 3", session) == ("DELETE", 1)
    assert done(engine, "CREATE TABLE copy AS SELECT * FROM film", session) == ("CREATE TABLE", 2)
    assert done(engine, "DROP TABLE copy", session) == ("DROP TABLE", None)
    assert answer(engine, "SELECT count(*), max(title) FROM film", session) == [(2, "x")]


def test_parameters_are_values_and_never_text(engine: Engine, session: Session) -> None:
    sql = "SELECT ?, ?, title FROM film WHERE id = ?"
    found = answer(engine, sql, session, "'it''s; --'", "NULL", "1")
    assert found == [("it's; --", None, "A")]


def test_use_changes_the_session(engine: Engine, session: Session) -> None:
    schema = session.database
    made = Session("ada")
    assert done(engine, f"USE lake.{schema}", made) == ("USE", None)
    assert (made.catalog, made.database) == ("lake", schema)
    assert answer(engine, "SELECT count(*) FROM film", made) == [(3,)]


def test_prepared_statements_live_in_the_session(engine: Engine, session: Session) -> None:
    assert done(engine, "PREPARE by_id FROM SELECT title FROM film WHERE id = ?", session) == (
        "PREPARE",
        None,
    )
    assert answer(engine, "EXECUTE by_id USING 2", session) == [("B",)]
    done(engine, "DEALLOCATE PREPARE by_id", session)
    assert session.prepared == {}
    assert fault(engine, "EXECUTE by_id USING 2", session).code == "NOT_FOUND"


def test_the_sessions_time_zone(engine: Engine, session: Session) -> None:
    session.time_zone = "Asia/Tokyo"
    assert answer(engine, "SELECT current_timezone()", session) == [("Asia/Tokyo",)]


@pytest.mark.parametrize(
    ("sql", "code", "place"),
    [
        ("SELECT\n  nope FROM film", "COLUMN_NOT_FOUND", (2, 3)),
        ("SELECT 1 FROM nope", "TABLE_NOT_FOUND", (1, 15)),
        ("SELECT 1 FROM nope.nope.nope", "CATALOG_NOT_FOUND", (1, 15)),
        ("SELECT 1 FORM film", "SYNTAX_ERROR", (1, 15)),
        ("SELECT 1 + 'a'", "TYPE_MISMATCH", (1, 10)),
        ("SELECT nope(1)", "FUNCTION_NOT_FOUND", (1, 8)),
        ("INSERT INTO film (nope) VALUES 1", "COLUMN_NOT_FOUND", None),
    ],
)
def test_rejections_have_trinos_names_and_places(
    engine: Engine, session: Session, sql: str, code: str, place: tuple[int, int] | None
) -> None:
    found = fault(engine, sql, session)
    assert isinstance(found, QueryRejected)
    assert found.code == code
    if place is not None:
        assert (found.line, found.column) == place


def test_places_with_parameters(engine: Engine, session: Session) -> None:
    found = fault(engine, "SELECT ?, 'it''s',\n  nope FROM film", session, "1")
    assert (found.code, found.line, found.column) == ("COLUMN_NOT_FOUND", 2, 3)
    found = fault(engine, "SELECT ?, '', nope FROM film", session, "1")
    assert (found.line, found.column) == (1, 15)


def test_a_failure_while_it_runs(engine: Engine, session: Session) -> None:
    running = engine.run("SELECT 1 / (id - 2) FROM film", session)
    with pytest.raises(QueryFailed) as caught:
        rows(running)
    assert caught.value.code == "DIVISION_BY_ZERO"
    running.close()


def test_cancelling_from_another_thread(engine: Engine, session: Session) -> None:
    running = engine.run(SLOW, session)
    threading.Timer(0.2, running.cancel).start()
    with pytest.raises(Cancelled):
        assert running.columns
        rows(running)
    running.cancel()
    running.close()
    running.close()


def test_closing_unread(engine: Engine, session: Session) -> None:
    running = engine.run("SELECT * FROM film", session)
    running.close()
    assert column(engine, "SELECT count(*) FROM film", session) == [3]


def test_figures_at_the_end(engine: Engine, session: Session) -> None:
    running = engine.run("SELECT title FROM film", session)
    rows(running)
    progress = running.progress
    assert progress.scanned is not None
    assert progress.scanned > 0
    assert progress.rows == 3
    assert progress.unmetered == ()


def test_what_scans_nothing_is_estimated_at_nothing(engine: Engine, session: Session) -> None:
    assert engine.estimate("SELECT 1", session).scanned == 0


def test_an_estimate_rejects_as_running_does(engine: Engine, session: Session) -> None:
    with pytest.raises(QueryRejected) as caught:
        engine.estimate("SELECT nope FROM film", session)
    assert (caught.value.code, caught.value.line, caught.value.column) == ("COLUMN_NOT_FOUND", 1, 8)


def test_statements_of_a_text(engine: Engine) -> None:
    found = engine.split("SELECT ';';\n  -- note ;\n SELECT 2;")
    assert [(s.text, s.line) for s in found] == [("SELECT ';'", 1), ("-- note ;\n SELECT 2", 2)]
