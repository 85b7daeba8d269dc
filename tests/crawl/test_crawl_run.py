"""A crawl from end to end: a source, a catalog and a ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from lakeshell.catalog.local import LocalCatalog
from lakeshell.crawl.plan import Action, CrawlerSettings, CrawlPlan
from lakeshell.crawl.run import Survey, apply, plan_crawl, run_crawler
from lakeshell.errors import AlreadyExists, Cancelled, ConnectionFailed, LakeshellError
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import CatalogTable, QueryState, TableName
from lakeshell.source.sqlite import SqliteSource

SETTINGS = CrawlerSettings("movies", "movies", "rental", ("movies/%",), ("*act*",))


@dataclass
class Notes:
    """A reporter that keeps what it is told."""

    steps: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def step(self, text: str) -> None:
        self.steps.append(text)

    def advance(self, done: int, total: int | None, unit: str) -> None:
        assert total is None or done <= total

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def survey(tmp_path: Path) -> Iterator[Survey]:
    change(tmp_path, "CREATE TABLE film (id INT)", "CREATE TABLE actor (id INT)")
    change(tmp_path, "CREATE VIEW few AS SELECT id FROM film")
    catalog = LocalCatalog(tmp_path / "catalog.db")
    ledger = SqliteLedger(tmp_path / "ledger.db")
    yield Survey(
        catalog=lambda: catalog,
        ledger=lambda: ledger,
        open_source=lambda name: SqliteSource(tmp_path / "movies.db", name),
        classification=lambda name: "sqlite",
        price=lambda seconds: (Decimal("0.07"), "USD"),
        locks=tmp_path / "locks",
        user="ann",
        now=lambda: datetime(2026, 11, 24, tzinfo=UTC),
    )
    catalog.close()
    ledger.close()


def change(folder: Path, *statements: str) -> None:
    database = sqlite3.connect(folder / "movies.db")
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def tables(survey: Survey) -> list[str]:
    return [t.name.table for t in survey.catalog().tables("rental")]


def test_a_run_registers_and_is_recorded(survey: Survey) -> None:
    plan, record = run_crawler(SETTINGS, survey, Notes())
    assert tables(survey) == ["movies_few", "movies_film"]
    assert plan.count(Action.EXCLUDED) == 1
    (kept,) = survey.ledger().runs("crawler", "movies")
    assert kept == record
    assert (kept.state, kept.user, kept.cost) == (QueryState.FINISHED, "ann", Decimal("0.07"))
    assert kept.detail == "2 created, 1 excluded"


def test_a_second_run_changes_nothing(survey: Survey) -> None:
    run_crawler(SETTINGS, survey, Notes())
    plan, _ = run_crawler(SETTINGS, survey, Notes())
    assert plan.summary == "2 unchanged, 1 excluded"
    assert len(survey.catalog().versions(TableName("rental", "movies_film"))) == 1


def test_a_dry_run_says_the_same_and_does_nothing(survey: Survey) -> None:
    planned = plan_crawl(SETTINGS, survey, Notes())
    assert tables(survey) == []
    assert list(survey.catalog().databases()) == []
    assert list(survey.ledger().runs("crawler")) == []
    done, _ = run_crawler(SETTINGS, survey, Notes())
    assert planned == done


def test_changes_make_versions(survey: Survey, tmp_path: Path) -> None:
    run_crawler(SETTINGS, survey, Notes())
    change(tmp_path, "ALTER TABLE film ADD COLUMN title VARCHAR(40)", "DROP VIEW few")
    plan, _ = run_crawler(SETTINGS, survey, Notes())
    assert plan.summary == "1 updated, 1 deprecated, 1 excluded"
    film = survey.catalog().table(TableName("rental", "movies_film"))
    assert (film.version, [c.name for c in film.columns]) == (2, ["id", "title"])
    assert survey.catalog().table(TableName("rental", "movies_few")).deprecated


def test_deleting_takes_the_table_away(survey: Survey, tmp_path: Path) -> None:
    settings = replace(SETTINGS, on_delete="delete")
    run_crawler(settings, survey, Notes())
    change(tmp_path, "DROP VIEW few")
    plan, _ = run_crawler(settings, survey, Notes())
    assert tables(survey) == ["movies_film"]
    apply(plan, survey.catalog(), Notes())
    assert tables(survey) == ["movies_film"]


def test_a_broken_view_does_not_stop_the_others(survey: Survey, tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE x (a)", "CREATE VIEW broken AS SELECT a FROM x")
    change(tmp_path, "PRAGMA legacy_alter_table = ON", "DROP TABLE x")
    notes = Notes()
    plan, _ = run_crawler(SETTINGS, survey, notes)
    assert plan.summary == "2 created, 1 excluded, 1 refused"
    assert any("broken" in warning for warning in notes.warnings)


def test_a_source_that_is_gone_changes_nothing_and_is_recorded(
    survey: Survey, tmp_path: Path
) -> None:
    run_crawler(SETTINGS, survey, Notes())
    (tmp_path / "movies.db").unlink()
    with pytest.raises(ConnectionFailed):
        run_crawler(SETTINGS, survey, Notes())
    assert tables(survey) == ["movies_few", "movies_film"]
    last = survey.ledger().runs("crawler", "movies")[0]
    assert last.state is QueryState.FAILED
    assert "does not exist" in last.error


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (LakeshellError("disk full"), QueryState.FAILED),
        (Cancelled("by ada"), QueryState.CANCELLED),
        (KeyboardInterrupt(), QueryState.CANCELLED),
    ],
)
def test_a_run_that_ends_midway_is_finished_by_the_next(
    survey: Survey, monkeypatch: pytest.MonkeyPatch, error: BaseException, state: QueryState
) -> None:
    catalog = survey.catalog()
    put_many = catalog.put_many

    def failing(
        tables: Sequence[CatalogTable], on_put: Callable[[int], None] | None = None
    ) -> Sequence[CatalogTable]:
        put_many([table for table in tables if table.name.table != "movies_film"], on_put)
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(catalog, "put_many", failing)
        with pytest.raises(type(error)):
            run_crawler(SETTINGS, survey, Notes())
    assert tables(survey) == ["movies_few"]
    assert survey.ledger().runs("crawler")[0].state is state
    plan, _ = run_crawler(SETTINGS, survey, Notes())
    assert plan.summary == "1 created, 1 unchanged, 1 excluded"


def test_one_run_at_a_time(survey: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def again(name: str) -> str:
        with pytest.raises(LakeshellError, match="running already"):
            run_crawler(SETTINGS, survey, Notes())
        seen.append(name)
        return "sqlite"

    run_crawler(SETTINGS, replace(survey, classification=again), Notes())
    assert seen == ["movies"]


def test_another_databases_name_is_made_once(survey: Survey) -> None:
    plan: CrawlPlan = plan_crawl(SETTINGS, survey, Notes())
    apply(plan, survey.catalog(), Notes())
    apply(plan, survey.catalog(), Notes())
    with pytest.raises(AlreadyExists):
        from lakeshell.model import Database

        survey.catalog().create_database(Database("rental"))
