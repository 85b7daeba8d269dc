"""What the Metastore's other programs see of the catalog, and the catalog of theirs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hive_metastore import ttypes as hive

from lakeshell.catalog.hive import HiveCatalog
from lakeshell.errors import AlreadyExists, ConnectionFailed, UsageError
from lakeshell.model import CatalogTable, Column, Database, TableKind, TableName
from lakeshell.sql.datatypes import parse_type
from lakeshell.store.metastore import ChangedMeanwhile, Metastore
from lakeshell.store.s3 import S3Files
from tests import reach

CATALOG = reach.own("lakeshell_catalog")
NAME = TableName("rental", "film")
FILM = CatalogTable(
    NAME, TableKind.SOURCE, (Column("film_id", parse_type("integer"), False),),
    {"classification": "mysql", "connectionName": "movies", "sourceTable": "film"},
)  # fmt: skip
JDBC = {"hive.sql.database.type": "MYSQL", "hive.sql.jdbc.url": "jdbc:mysql://db/movies"}


def opened() -> HiveCatalog:
    storage = reach.s3(CATALOG)
    return HiveCatalog(
        metastore=Metastore(reach.metastore(CATALOG)),
        files=S3Files(storage),
        warehouse=storage.warehouse,
        jdbc=lambda table: {**JDBC, "hive.sql.table": table.parameters["sourceTable"]},
    )


@pytest.fixture
def catalog() -> Iterator[HiveCatalog]:
    made = opened()
    reach.empty_catalog(made.metastore, made.warehouse)
    made.create_database(Database("rental"))
    yield made
    reach.drop_catalog(made.metastore)
    made.close()


def test_a_database_beside_the_lakes_folder_is_told_from_one_in_it(catalog: HiveCatalog) -> None:
    catalog.create_database(Database("far", location=f"{catalog.warehouse}/elsewhere"))
    assert [d.location for d in catalog.databases()] == [f"{catalog.warehouse}/elsewhere", ""]


def test_hive_finds_the_source_and_no_secret(catalog: HiveCatalog) -> None:
    catalog.put(FILM)
    found = catalog._one(NAME)
    assert found.parameters.items() >= {**JDBC, "hive.sql.table": "film"}.items()
    assert catalog.table(NAME).parameters == FILM.parameters


def test_versions_are_documents_of_the_lake_and_go_with_their_table(catalog: HiveCatalog) -> None:
    catalog.put(FILM)
    catalog.put(replace(FILM, comment="second"))
    catalog.put(replace(FILM, comment="third, 映画"))
    other = opened()
    assert [v.comment for v in other.versions(NAME)] == ["", "second", "third, 映画"]
    other.close()
    folder = f"{catalog.history.folder}/{catalog._one(NAME).parameters['lakeshell.id']}"
    documents = catalog.files.listed(folder)
    assert [name.rpartition("/")[2] for name in documents] == ["000001.json", "000002.json"]
    assert json.loads(catalog.files.read(documents[0]))["version"][0] == 1
    catalog.drop(NAME)
    assert catalog.files.listed(folder) == []


def test_of_two_changes_at_once_one_is_made(catalog: HiveCatalog) -> None:
    catalog.put(FILM)
    old = catalog._one(NAME)
    catalog.put(replace(FILM, comment="first"))
    late = catalog._to_hive(replace(FILM, comment="late", version=2), uuid.uuid4().hex)
    with pytest.raises(ChangedMeanwhile, match="at the same time"):
        catalog._alter(catalog.metastore.ask, NAME, late, old.parameters["lakeshell.version"])
    assert catalog.table(NAME).comment == "first"


def test_what_is_asked_for_twice_is_put_once(
    catalog: HiveCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the Metastore is restarted before it has answered."""
    asked = catalog.metastore.ask_each

    def twice(question: Callable[[Any, Any], Any], about: Sequence[Any]) -> Iterator[Any]:
        def again(client: Any, one: Any) -> Any:
            question(client, one)
            return question(client, one)

        return asked(again, about)

    monkeypatch.setattr(catalog.metastore, "ask_each", twice)
    other = replace(FILM, name=TableName("rental", "actor"))
    catalog.put_many([FILM, other])
    assert catalog.put(replace(FILM, comment="second")).version == 2
    assert [(t.comment, t.version) for t in catalog.versions(NAME)] == [("", 1), ("second", 2)]
    # What somebody else made meanwhile is not ours.
    monkeypatch.undo()
    monkeypatch.setattr(catalog, "_found", lambda names: iter(()))
    with pytest.raises(AlreadyExists):
        catalog.put(replace(FILM, comment="third"))


def test_tables_of_other_programs_are_listed(catalog: HiveCatalog) -> None:
    made = hive.Table(
        tableName="log", dbName="rental", catName=CATALOG, owner="hive", createTime=1,
        sd=hive.StorageDescriptor(
            cols=[hive.FieldSchema("line", "string", None)], location=f"{catalog.warehouse}/log",
            inputFormat="i", outputFormat="o", serdeInfo=hive.SerDeInfo(serializationLib="s"),
        ),
        partitionKeys=[hive.FieldSchema("day", "date", None)], tableType="EXTERNAL_TABLE",
        parameters={"EXTERNAL": "TRUE", "classification": "csv"},
    )  # fmt: skip
    catalog.metastore.ask(lambda client: client.create_table(made))
    (found,) = catalog.tables("rental")
    assert (found.kind, found.version, found.owner) == (TableKind.FILES, 1, "hive")
    assert [(c.name, str(c.type)) for c in found.columns] == [("line", "varchar"), ("day", "date")]
    assert found.parameters == {"classification": "csv"}
    assert catalog.versions(found.name) == [found]
    again = catalog.put(replace(found, comment="lines"))
    assert [v.version for v in catalog.versions(found.name)] == [1, 2]
    assert again.comment == "lines"
    kept = catalog._one(found.name)
    assert (kept.sd.inputFormat, [f.name for f in kept.partitionKeys]) == ("i", ["day"])
    assert [f.name for f in kept.sd.cols] == ["line"]


def test_a_name_with_an_underscore_is_that_name(catalog: HiveCatalog) -> None:
    for database in ("a_b", "axb"):
        catalog.create_database(Database(database))
        catalog.put(replace(FILM, name=TableName(database, "film")))
    assert [t.name.database for t in catalog.tables("a_b")] == ["a_b"]
    assert [str(t.name) for t in catalog.tables()] == ["a_b.film", "axb.film"]


def test_a_connection_that_was_lost_is_opened_again(catalog: HiveCatalog) -> None:
    catalog.put(FILM)
    lost = catalog.metastore._idle.get_nowait()
    lost._transport.close()
    catalog.metastore._idle.put(lost)
    assert catalog.table(NAME).name == NAME


def test_a_metastore_that_is_down_is_said_to_be() -> None:
    address = replace(reach.metastore(), port=1, start_hint="lakeshell stack start metastore")
    with pytest.raises(ConnectionFailed) as caught:
        Metastore(address).ask(lambda client: client.get_all_databases())
    assert caught.value.hint == "lakeshell stack start metastore"


def test_iceberg_tables_are_not_registered(catalog: HiveCatalog) -> None:
    with pytest.raises(UsageError, match="Iceberg"):
        catalog.put(replace(FILM, kind=TableKind.ICEBERG))
