"""The difference between what a crawl finds and what the catalog knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lakeshell.crawl.patterns import Excluded
from lakeshell.crawl.plan import Action, CrawlerSettings, CrawlPlan, Found, plan
from lakeshell.model import (
    CatalogTable,
    Column,
    ObjectKind,
    ObjectName,
    SourceObject,
    SourceTable,
    TableKind,
    TableName,
)
from lakeshell.sql.datatypes import parse_type

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
SETTINGS = CrawlerSettings("nightly", "movies", "movie_rental")


def column(name: str, type: str = "bigint", **more: object) -> Column:
    return Column(name, parse_type(type), **more)  # type: ignore[arg-type]


def table(name: str, *columns: Column, **more: object) -> SourceTable:
    held = columns or (column("id"),)
    return SourceTable(ObjectName("movies", name), ObjectKind.TABLE, held, **more)  # type: ignore[arg-type]


def found(*tables: SourceTable, **more: object) -> Found:
    return Found("sqlite", tables, **more)  # type: ignore[arg-type]


def known(made: CrawlPlan) -> list[CatalogTable]:
    """The catalog after the plan was carried out."""
    return [p.put for p in made.tables if p.put is not None]


def actions(made: CrawlPlan) -> list[tuple[str, str | None]]:
    return [(p.action.value, p.table and p.table.table) for p in made.tables]


def test_a_new_table_is_created_under_prefix_database_and_table() -> None:
    settings = replace(SETTINGS, prefix="Raw_")
    made = plan(settings, found(table("Film", rows=7, primary_key=("id",))), [], NOW)
    (planned,) = made.tables
    assert planned.action is Action.CREATED
    assert planned.table == TableName("movie_rental", "raw_movies_film")
    put = planned.put
    assert put is not None
    assert put.kind is TableKind.SOURCE
    assert put.location == "movies.Film"
    assert put.parameters == {
        "classification": "sqlite",
        "connectionName": "movies",
        "sourceSchema": "movies",
        "sourceTable": "Film",
        "typeOfData": "table",
        "UPDATED_BY_CRAWLER": "nightly",
        "primaryKey": "id",
        "recordCount": "7",
    }


def test_the_same_again_is_unchanged_though_rows_came() -> None:
    first = known(plan(SETTINGS, found(table("film", rows=1)), [], NOW))
    made = plan(SETTINGS, found(table("film", rows=9)), first, NOW)
    (planned,) = made.tables
    assert planned.action is Action.UNCHANGED
    assert planned.put is not None
    assert planned.put.parameters["recordCount"] == "9"


def test_changed_columns_are_named() -> None:
    old = table("film", column("id"), column("title", "varchar(10)"), column("gone"))
    new = table(
        "film",
        column("id", nullable=False),
        column("title", "varchar(20)"),
        column("score", "double"),
    )
    first = known(plan(SETTINGS, found(old), [], NOW))
    (planned,) = plan(SETTINGS, found(new), first, NOW).tables
    assert planned.action is Action.UPDATED
    assert [str(change) for change in planned.changes] == [
        "id bigint -> bigint not null",
        "title varchar(10) -> varchar(20)",
        "+score double",
        "-gone bigint",
    ]


def test_add_only_keeps_what_is_known() -> None:
    settings = replace(SETTINGS, on_change="add-only")
    old = table("film", column("id"), column("title", "varchar(10)"))
    new = table("film", column("score", "double"), column("title", "varchar(20)"))
    first = known(plan(settings, found(old), [], NOW))
    (planned,) = plan(settings, found(new), first, NOW).tables
    assert planned.put is not None
    assert [(c.name, str(c.type)) for c in planned.put.columns] == [
        ("id", "bigint"),
        ("title", "varchar(10)"),
        ("score", "double"),
    ]
    assert [str(change) for change in planned.changes] == ["+score double"]
    assert "title varchar(10) -> varchar(20)" in planned.reason
    again = plan(settings, found(new), known(plan(settings, found(new), first, NOW)), NOW)
    assert again.tables[0].action is Action.UNCHANGED


@pytest.mark.parametrize(
    ("on_delete", "action", "puts"),
    [
        ("deprecate", Action.DEPRECATED, 1),
        ("delete", Action.DELETED, 0),
        ("ignore", Action.LEFT, 0),
    ],
)
def test_a_table_that_is_gone(on_delete: str, action: Action, puts: int) -> None:
    settings = replace(SETTINGS, on_delete=on_delete)
    first = known(plan(settings, found(table("film"), table("old")), [], NOW))
    made = plan(settings, found(table("film")), first, NOW)
    assert made.tables[-1].action is action
    assert made.tables[-1].table == TableName("movie_rental", "movies_old")
    assert len(known(made)) == puts


def test_a_deprecated_table_is_deprecated_once_and_may_come_back() -> None:
    first = known(plan(SETTINGS, found(table("old")), [], NOW))
    gone = known(plan(SETTINGS, found(), first, NOW))
    assert gone[0].deprecated
    assert actions(plan(SETTINGS, found(), gone, NOW)) == [("left", "movies_old")]
    (back,) = plan(SETTINGS, found(table("old")), gone, NOW).tables
    assert back.action is Action.UPDATED
    assert back.reason == "found again"
    assert back.put is not None
    assert not back.put.deprecated


def test_a_newly_excluded_table_is_gone_and_says_why() -> None:
    first = known(plan(SETTINGS, found(table("log")), [], NOW))
    excluded = Excluded(SourceObject(ObjectName("movies", "log"), ObjectKind.TABLE), "l*")
    made = plan(SETTINGS, found(excluded=(excluded,)), first, NOW)
    assert [(p.action.value, p.reason) for p in made.tables] == [
        ("deprecated", "now left out: exclude pattern l*"),
        ("excluded", "exclude pattern l*"),
    ]


def test_other_peoples_tables_are_left_alone() -> None:
    view = CatalogTable(TableName("movie_rental", "movies_film"), TableKind.VIEW, ())
    theirs = replace(
        known(plan(replace(SETTINGS, name="other"), found(table("x")), [], NOW))[0],
        parameters={"connectionName": "elsewhere", "UPDATED_BY_CRAWLER": "other"},
    )
    made = plan(SETTINGS, found(table("film"), table("x")), [view, theirs], NOW)
    assert [p.action for p in made.tables] == [Action.REFUSED, Action.REFUSED]
    assert known(made) == []
    assert len(made.warnings) == 2


def test_a_renamed_crawler_takes_over_its_source() -> None:
    first = known(plan(SETTINGS, found(table("film")), [], NOW))
    (planned,) = plan(replace(SETTINGS, name="weekly"), found(table("film")), first, NOW).tables
    assert planned.action is Action.UPDATED


def test_parameters_that_people_put_there_stay() -> None:
    (first,) = known(plan(SETTINGS, found(table("film")), [], NOW))
    theirs = {**first.parameters, "owner_team": "films", "recordCount": "1"}
    tagged = replace(first, parameters=theirs, owner="ann")
    (planned,) = plan(SETTINGS, found(replace(table("film"), rows=9)), [tagged], NOW).tables
    assert planned.action is Action.UNCHANGED
    assert planned.put is not None
    assert planned.put.parameters["recordCount"] == "9"
    assert planned.put.parameters["owner_team"] == "films"
    assert planned.put.owner == "ann"


def test_nothing_is_written_where_nothing_changed() -> None:
    first = known(plan(SETTINGS, found(table("film")), [], NOW))
    (planned,) = plan(SETTINGS, found(table("film")), first, NOW).tables
    assert (planned.action, planned.put) == (Action.UNCHANGED, None)


def test_a_name_that_the_catalog_cannot_hold_is_refused() -> None:
    made = plan(
        SETTINGS, found(table("film"), table("映画")), [], NOW,
        lambda name: "" if name.table.isascii() else "in ASCII only",
    )  # fmt: skip
    assert [p.action for p in made.tables] == [Action.CREATED, Action.REFUSED]
    assert "in ASCII only" in made.warnings[0]


def test_names_that_differ_in_case_only_are_both_registered() -> None:
    tables = found(table("ÉTÉ"), table("été"), table("Été"))
    made = plan(SETTINGS, tables, [], NOW)
    names = {p.source.name: p.table.table for p in made.tables if p.source and p.table}
    assert names["été"] == "movies_été"
    assert len(set(names.values())) == 3
    assert len(made.warnings) == 2
    again = plan(SETTINGS, found(*reversed(tables.described)), known(made), NOW)
    assert {p.action for p in again.tables} == {Action.UNCHANGED}


def test_who_had_the_plain_name_keeps_it() -> None:
    first = known(plan(SETTINGS, found(table("Été")), [], NOW))
    made = plan(SETTINGS, found(table("été"), table("Été")), first, NOW)
    names = {p.source.name: p.table.table for p in made.tables if p.source and p.table}
    assert names["Été"] == "movies_été"
    assert names["été"].startswith("movies_été_")


def test_columns_that_differ_in_case_only_leave_one_and_a_warning() -> None:
    made = plan(SETTINGS, found(table("t", column("É"), column("é"), column("B"))), [], NOW)
    (put,) = known(made)
    assert [c.name for c in put.columns] == ["é", "b"]
    assert "differs from 'É' in case only" in made.warnings[0]


def test_skipped_columns_and_unreadable_objects_are_warned_of() -> None:
    first = known(plan(SETTINGS, found(table("broken")), [], NOW))
    made = plan(
        SETTINGS,
        found(
            table("t", skipped=(("big", "too many digits"),)),
            unreadable=((ObjectName("movies", "broken"), "no such table: x"),),
        ),
        first,
        NOW,
    )
    assert actions(made) == [("created", "movies_t"), ("refused", None)]
    assert len(made.warnings) == 2
    assert "too many digits" in made.warnings[0]


def test_a_table_of_nothing_that_can_be_held_is_refused() -> None:
    empty = SourceTable(ObjectName("movies", "t"), ObjectKind.TABLE, (), skipped=(("x", "why"),))
    made = plan(SETTINGS, found(empty), [], NOW)
    assert actions(made) == [("refused", None)]


def test_very_long_names_are_cut_and_stay_apart() -> None:
    made = plan(SETTINGS, found(table("x" * 400 + "a"), table("x" * 400 + "b")), [], NOW)
    names = {p.table.table for p in made.tables if p.table}
    assert len(names) == 2
    assert all(len(name) <= 255 for name in names)


def test_the_summary_counts() -> None:
    first = known(plan(SETTINGS, found(table("a"), table("b")), [], NOW))
    made = plan(SETTINGS, found(table("a"), table("c")), first, NOW)
    assert made.summary == "1 created, 1 unchanged, 1 deprecated"
    assert plan(SETTINGS, found(), [], NOW).summary == "nothing found"
