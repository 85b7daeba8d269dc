"""The catalog's tables as the Metastore keeps them, without a Metastore."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hive_metastore import ttypes as hive

from lakeshell.catalog.hive_tables import from_hive, to_hive
from lakeshell.catalog.hive_views import decoded, encoded
from lakeshell.model import CatalogTable, Column, TableKind, TableName
from lakeshell.sql.datatypes import parse_type
from lakeshell.store.hive_types import hive_type, trino_type

NAME = TableName("rental", "movies_film")
FILM = CatalogTable(
    name=NAME,
    kind=TableKind.SOURCE,
    columns=(
        Column("film_id", parse_type("integer"), False, "the key", "int"),
        Column("views", parse_type("decimal(20,0)"), source_type="bigint unsigned"),
        Column("at", parse_type("time(3)"), source_type="time(3)"),
    ),
    parameters={
        "classification": "mysql",
        "connectionName": "movies",
        "typeOfData": "table",
        "UPDATED_BY_CRAWLER": "movies",
        "recordCount": "1000",
        "note": "映画",
    },
    location="movies.film",
    comment="映画 and films",
)
JDBC = {"hive.sql.database.type": "MYSQL", "hive.sql.jdbc.url": "jdbc:mysql://db:3306/movies"}


@pytest.mark.parametrize(
    ("type", "written"),
    [
        ("tinyint", "tinyint"),
        ("integer", "int"),
        ("real", "float"),
        ("decimal(38,10)", "decimal(38,10)"),
        ("varchar(40)", "varchar(40)"),
        ("varchar(65536)", "string"),
        ("varchar", "string"),
        ("char(255)", "char(255)"),
        ("char(256)", "string"),
        ("varbinary", "binary"),
        ("time(6)", "string"),
        ("json", "string"),
        ("timestamp(6)", "timestamp"),
        ("timestamp(3) with time zone", "timestamp with local time zone"),
        ("array(map(varchar, double))", "array<map<string,double>>"),
        ("row(a integer, b array(date))", "struct<a:int,b:array<date>>"),
        ('row("a b" integer)', "string"),
    ],
)
def test_types_in_the_metastores_words(type: str, written: str) -> None:
    assert hive_type(parse_type(type)) == written


@pytest.mark.parametrize(
    ("written", "type"),
    [
        ("string", "varchar"),
        ("decimal", "decimal(10,0)"),
        ("decimal(5, 2)", "decimal(5,2)"),
        ("varchar(3)", "varchar(3)"),
        ("timestamp", "timestamp(3)"),
        ("timestamp with local time zone", "timestamp(3) with time zone"),
        ("map<string,array<struct<a:int,b:char(2)>>>", "map(varchar, array(row(a integer, b char(2))))"),
    ],
)  # fmt: skip
def test_other_programs_types(written: str, type: str) -> None:
    assert trino_type(written) == parse_type(type)


@pytest.mark.parametrize("written", ["uniontype<int,string>", "array<int", "int>", ""])
def test_types_that_trino_does_not_read(written: str) -> None:
    with pytest.raises(ValueError, match=r"Hive type|missing"):
        trino_type(written)


def test_a_sources_table_follows_glue_and_hive() -> None:
    made = to_hive(FILM, "hive", "id", "s3://lake/x", JDBC)
    assert (made.tableType, made.parameters["EXTERNAL"]) == ("EXTERNAL_TABLE", "TRUE")
    assert made.parameters["storage_handler"].endswith("JdbcStorageHandler")
    assert made.sd.serdeInfo.serializationLib == "org.apache.hive.storage.jdbc.JdbcSerDe"
    assert made.parameters.items() >= JDBC.items()
    glue = ("classification", "connectionName", "typeOfData", "UPDATED_BY_CRAWLER", "recordCount")
    assert {key: made.parameters[key] for key in glue} == {k: FILM.parameters[k] for k in glue}
    assert [(f.name, f.type) for f in made.sd.cols] == [
        ("film_id", "int"), ("views", "decimal(20,0)"), ("at", "string")
    ]  # fmt: skip


def test_what_the_metastore_cannot_write_comes_back() -> None:
    made = to_hive(FILM, "hive", "id", "s3://lake/x", JDBC)
    # Its tables are in latin1: each other character becomes a question mark.
    made.parameters = {
        key: value.encode("latin1", "replace").decode("latin1")
        for key, value in made.parameters.items()
    }
    back = from_hive(made)
    assert (back.comment, back.parameters) == (FILM.comment, FILM.parameters)
    assert back.columns == FILM.columns
    made.parameters["comment"] = "changed by Hive"
    assert from_hive(made).comment == "changed by Hive"


def test_columns_that_another_program_changed_are_taken_from_it() -> None:
    made = to_hive(FILM, "hive", "id", "s3://lake/x", {})
    made.sd.cols[1] = hive.FieldSchema("views", "bigint", "counted")
    found = from_hive(made)
    assert [(c.name, str(c.type)) for c in found.columns] == [
        ("film_id", "integer"), ("views", "bigint"), ("at", "varchar")
    ]  # fmt: skip


def test_the_object_storage_is_not_asked_for_a_folder_of_a_sources_table() -> None:
    made = to_hive(FILM, "hive", "id", "s3://lake/x", {})
    assert made.sd.location.startswith("file:/")
    assert from_hive(made).location == FILM.location


def test_files_have_the_serde_of_their_format() -> None:
    table = CatalogTable(
        NAME, TableKind.FILES, FILM.columns[:1], {"classification": "parquet"}, "s3://lake/in"
    )
    made = to_hive(table, "hive", "id", "s3://lake/x", {})
    assert made.sd.serdeInfo.serializationLib.endswith("ParquetHiveSerDe")
    assert made.sd.location == "s3://lake/in"
    assert from_hive(made).kind is TableKind.FILES


def test_views_are_trinos() -> None:
    view = CatalogTable(
        NAME, TableKind.VIEW, (Column("x", parse_type("varchar(3)"), comment="é"),),
        comment="a view", definition="SELECT 'é' AS x", owner="ann",
    )  # fmt: skip
    found = decoded(encoded(view), {"presto_view": "true"})
    assert found is not None
    assert found[:3] == (view.definition, view.columns, view.comment)
    assert found[3:] == ("lake", view.name.database)
    elsewhere = replace(view, parameters={"viewCatalog": "movies", "viewSchema": "m"})
    made_there = decoded(encoded(elsewhere), {"presto_view": "true"})
    assert made_there is not None
    assert made_there[3:] == ("movies", "m")
    assert decoded("SELECT 1", {}) is None
    assert decoded("/* Presto View: no base64 */", {"presto_view": "true"}) is None
    made = to_hive(view, "hive", "id", "s3://lake/x", {})
    assert made.tableType == "VIRTUAL_VIEW"
    back = from_hive(made)
    assert (back.kind, back.definition, back.columns) == (view.kind, view.definition, view.columns)
    assert back.parameters == {}
    # Of one that Trino made, where it was made is known too.
    made.parameters = {"presto_view": "true", "comment": "Presto View"}
    there = {"viewCatalog": "lake", "viewSchema": view.name.database}
    assert from_hive(made).parameters == there
