"""What every catalog promises (`ports.Catalog`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lakeshell.catalog.hive import HiveCatalog
from lakeshell.catalog.local import LocalCatalog
from lakeshell.errors import AlreadyExists, NotEmpty, NotFound, UsageError
from lakeshell.model import CatalogTable, Column, Database, TableKind, TableName
from lakeshell.ports import Catalog
from lakeshell.sql.datatypes import parse_type
from lakeshell.store.metastore import Metastore
from lakeshell.store.s3 import S3Files
from tests import reach

Opener = Callable[[], Catalog]

FILM = TableName("movies", "film")


@pytest.fixture(params=["local", "hive"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    if request.param == "local":
        yield lambda: LocalCatalog(tmp_path / "state" / "catalog.db")
        return
    # A Metastore keeps catalogs apart; each test has one for itself.
    address = reach.metastore(reach.own("lakeshell_contract"))
    with closing(Metastore(address)) as metastore:
        yield hive_opener(metastore)
        reach.drop_catalog(metastore)


def hive_opener(metastore: Metastore) -> Opener:
    address, storage = metastore.address, reach.s3("lakeshell_contract_catalog")
    files = S3Files(storage)
    reach.empty_catalog(metastore, storage.warehouse)
    return lambda: HiveCatalog(
        metastore=Metastore(address), files=files, warehouse=storage.warehouse
    )


@pytest.fixture
def catalog(opener: Opener) -> Iterator[Catalog]:
    opened = opener()
    opened.create_database(Database("movies", "what is rented", "s3://lake/movies"))
    yield opened
    opened.close()


def film(**changes: object) -> CatalogTable:
    table = CatalogTable(
        name=FILM,
        kind=TableKind.SOURCE,
        columns=(
            Column("film_id", parse_type("integer"), False, "the key" * 50, "INT"),
            Column("Größe", parse_type("decimal(38,10)"), source_type="DECIMAL(38,10)"),
            Column('odd "name"', parse_type('row("a b" array(map(varchar, timestamp(6))))')),
        ),
        parameters={"connectionName": "movies", "classification": "sqlite"},
        comment="films, 映画",
    )
    return replace(table, **changes)  # type: ignore[arg-type]


def test_a_new_catalog_is_empty(opener: Opener) -> None:
    catalog = opener()
    assert list(catalog.databases()) == []
    assert list(catalog.tables()) == []
    catalog.close()


def test_databases_keep_comment_and_location(catalog: Catalog) -> None:
    catalog.create_database(Database("another"))
    assert list(catalog.databases()) == [
        Database("another"),
        Database("movies", "what is rented", "s3://lake/movies"),
    ]


def test_a_database_is_made_once(catalog: Catalog) -> None:
    with pytest.raises(AlreadyExists, match="movies"):
        catalog.create_database(Database("Movies"))
    catalog.create_database(Database("movies", "other"), exist_ok=True)
    assert [d.comment for d in catalog.databases()] == ["what is rented"]


def test_only_an_empty_database_is_dropped(catalog: Catalog) -> None:
    catalog.put(film())
    with pytest.raises(NotEmpty, match="1 table"):
        catalog.drop_database("movies")
    catalog.drop(FILM)
    catalog.drop_database("MOVIES")
    assert list(catalog.databases()) == []
    with pytest.raises(NotFound):
        catalog.drop_database("movies")


def test_a_table_comes_back_as_it_was_put(opener: Opener, catalog: Catalog) -> None:
    put = catalog.put(film())
    assert put.version == 1
    assert put.created is not None
    assert put.created == put.updated
    again = opener()
    assert again.table(FILM) == put
    assert replace(put, created=None, updated=None) == film()
    again.close()


def test_names_are_found_in_any_case(catalog: Catalog) -> None:
    catalog.put(film(name=TableName("Movies", "FILM")))
    assert catalog.table(TableName("mOvies", "Film")).name == FILM
    assert [t.name for t in catalog.tables("MOVIES")] == [FILM]


@pytest.mark.parametrize("name", ["a b", 'quo"te', "do.t", "select", "映画", "semi;--", "a'b", "%"])
def test_odd_names(catalog: Catalog, name: str) -> None:
    if catalog.refusal(TableName("movies", name)):
        with pytest.raises(UsageError):
            catalog.create_database(Database(name))
        with pytest.raises(UsageError):
            catalog.put(film(name=TableName("movies", name)))
        return
    catalog.create_database(Database(name))
    odd = TableName(name, name)
    catalog.put(film(name=odd))
    assert catalog.table(odd).name == odd
    assert [t.name for t in catalog.tables(name)] == [odd]
    catalog.drop(odd)
    catalog.drop_database(name)
    assert [d.name for d in catalog.databases()] == ["movies"]


def test_tables_come_in_order_of_name(catalog: Catalog) -> None:
    catalog.create_database(Database("a"))
    names = [TableName("movies", "b"), TableName("movies", "a"), TableName("a", "z")]
    for name in names:
        catalog.put(film(name=name))
    assert [t.name for t in catalog.tables()] == sorted(names)
    assert [t.name for t in catalog.tables("movies")] == sorted(names[:2])
    assert list(catalog.tables("nothing")) == []


def test_names_are_those_of_the_tables(catalog: Catalog) -> None:
    catalog.create_database(Database("sales"))
    for name in (FILM, TableName("sales", "b"), TableName("sales", "a")):
        catalog.put(film(name=name))
    assert catalog.names() == [table.name for table in catalog.tables()]
    assert catalog.names("SALES") == [TableName("sales", "a"), TableName("sales", "b")]
    assert catalog.names("nosuch") == []


def test_names_by_database_are_all_of_them_in_order(catalog: Catalog) -> None:
    for database in ("sales", "empty"):
        catalog.create_database(Database(database))
    for name in (FILM, TableName("sales", "b"), TableName("sales", "a")):
        catalog.put(film(name=name))
    held = catalog.names_by_database()
    assert list(held) == [database.name for database in catalog.databases()]
    assert not held["empty"]
    assert [TableName(d, table) for d in held for table in held[d]] == catalog.names()


def test_the_same_again_is_no_new_version(catalog: Catalog) -> None:
    first = catalog.put(film())
    assert catalog.put(film()) == first
    assert len(catalog.versions(FILM)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"columns": film().columns[:1]},
        {"columns": (replace(film().columns[0], type=parse_type("bigint")), *film().columns[1:])},
        {"columns": (replace(film().columns[0], comment="new"), *film().columns[1:])},
        {"parameters": {"deprecatedAt": "2026-11-24T00:00:00Z"}},
        {"comment": "other"},
        {"location": "s3://elsewhere"},
    ],
)
def test_a_change_is_a_new_version(catalog: Catalog, change: dict[str, object]) -> None:
    first = catalog.put(film())
    second = catalog.put(film(**change))
    assert second.version == 2
    assert list(catalog.versions(FILM)) == [first, second]
    assert catalog.table(FILM) == second
    assert second.created == first.created


def test_statistics_are_kept_without_a_new_version(catalog: Catalog) -> None:
    catalog.put(film())
    counted = {**film().parameters, "recordCount": "1000"}
    put = catalog.put(film(parameters=counted))
    assert put.version == 1
    assert catalog.table(FILM).parameters == counted


def test_many_are_put_at_once(catalog: Catalog) -> None:
    first = catalog.put(film())
    tables = [film(name=TableName("movies", f"t{i}")) for i in range(20)]
    told: list[int] = []
    made = catalog.put_many([*tables, film(comment="new", name=first.name)], told.append)
    assert told == list(range(1, 22))
    assert [table.version for table in made] == [1] * 20 + [2]
    assert [t.name for t in catalog.tables("movies")] == sorted(table.name for table in made)
    assert [catalog.table(table.name) for table in made] == list(made)
    assert catalog.put_many(made) == made
    assert catalog.put_many([]) == []
    with pytest.raises(NotFound):
        catalog.put_many([film(name=TableName("movie", "film"))])


def test_a_put_needs_its_database(catalog: Catalog) -> None:
    with pytest.raises(NotFound) as caught:
        catalog.put(film(name=TableName("movie", "film")))
    assert "movies" in caught.value.hint
    assert list(catalog.tables()) == []


def test_a_view_does_not_replace_a_crawled_table(catalog: Catalog) -> None:
    catalog.put(film())
    with pytest.raises(AlreadyExists):
        catalog.put(film(kind=TableKind.VIEW, definition="SELECT 1 x"))
    assert catalog.table(FILM).kind is TableKind.SOURCE


def test_views_keep_their_definition(catalog: Catalog) -> None:
    view = film(kind=TableKind.VIEW, definition="SELECT 1 AS x -- ünï", owner="ann")
    catalog.put(view)
    catalog.put(replace(view, definition="SELECT 2 AS x"))
    assert [v.definition for v in catalog.versions(FILM)] == [view.definition, "SELECT 2 AS x"]
    assert catalog.table(FILM).owner == "ann"


def test_an_unknown_table_names_the_nearest(catalog: Catalog) -> None:
    catalog.put(film(name=TableName("movies", "movies_film")))
    for wrong in (TableName("movies", "movies_flim"), TableName("elsewhere", "movies_film")):
        for find in (catalog.table, catalog.versions, catalog.drop):
            with pytest.raises(NotFound) as caught:
                find(wrong)
            assert "movies.movies_film" in caught.value.hint


def test_rename_keeps_the_versions(catalog: Catalog) -> None:
    catalog.create_database(Database("archive"))
    catalog.put(film())
    catalog.put(film(comment="second"))
    target = TableName("archive", "old_film")
    catalog.rename(FILM, target)
    assert [v.version for v in catalog.versions(target)] == [1, 2]
    with pytest.raises(NotFound):
        catalog.table(FILM)


def test_rename_takes_no_name_that_is_taken(catalog: Catalog) -> None:
    catalog.put(film())
    catalog.put(film(name=TableName("movies", "other")))
    with pytest.raises(AlreadyExists):
        catalog.rename(FILM, TableName("movies", "OTHER"))
    with pytest.raises(NotFound):
        catalog.rename(TableName("movies", "gone"), TableName("movies", "new"))
    with pytest.raises(NotFound, match="nowhere"):
        catalog.rename(FILM, TableName("nowhere", "film"))
    assert [t.name.table for t in catalog.tables()] == ["film", "other"]


def test_a_dropped_table_begins_anew(catalog: Catalog) -> None:
    catalog.put(film())
    catalog.put(film(comment="second"))
    catalog.drop(FILM)
    assert catalog.put(film()).version == 1


def test_many_columns(catalog: Catalog) -> None:
    columns = tuple(Column(f"c{i}", parse_type("bigint")) for i in range(1000))
    catalog.put(film(columns=columns))
    assert catalog.table(FILM).columns == columns
