"""The forms of saved queries: saved from a text, a file or the history; copied; renamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell import history
from lakeshell.definitions.saved import SavedQuery, parse
from lakeshell.definitions.schema import checked_name, choice
from lakeshell.errors import UsageError
from lakeshell.tui.screens.form import Field, FormScreen, Values, options

if TYPE_CHECKING:
    from lakeshell.lake import Lake

_SOURCES = ("sql", "file", "id")


def _name(value: str = "") -> Field:
    return Field("name", "Name", "top_films", value, True, lambda t: checked_name("saved query", t))


def _workgroup(lake: Lake, value: str) -> Field:
    groups = [name for name in lake.workgroups.names() if lake.may_use(name)]
    return Field("workgroup", "Workgroup", ", ".join(groups), value, True, choice(*groups))


def _replace() -> Field:
    return Field("replace", "Replace", "yes: a new version of one that exists", check=choice("yes", "no"))  # fmt: skip


def _group_words(given: Values) -> list[str]:
    return ["-w", given["workgroup"]] if given["workgroup"] else []


def _replace_words(given: Values) -> list[str]:
    return ["--replace"] if given["replace"] == "yes" else []


# --- saved ---------------------------------------------------------------------------------


def add_form(lake: Lake, workgroup: str) -> FormScreen:
    fields = (
        _name(),
        _workgroup(lake, workgroup),
        Field("sql", "SQL", "SELECT … WHERE day = :day: the text itself,"),
        Field("file", "… or a file", "top_films.sql", check=_file),
        Field(
            "id",
            "… or from history",
            "the beginning of a query's id",
            check=partial(history.query, lake),
        ),
        Field("description", "Description", "what it answers"),
        _replace(),
    )

    def make(given: Values) -> object:
        query = parse(given["workgroup"], given["name"], _text(lake, given))
        if not query.sql:
            raise UsageError("there is no SQL to save")
        if given["description"]:
            query = replace(query, description=given["description"])
        return lake.library.save(query, replace=given["replace"] == "yes")

    def command(given: Values) -> Sequence[str]:
        words = [*(("-e", given["sql"]) if given["sql"] else ())]
        words += ["-f", given["file"]] if given["file"] else []
        words += ["--from", given["id"]] if given["id"] else []
        words += options(description=given["description"])
        words += _group_words(given) + _replace_words(given)
        return ("saved", "save", given["name"] or "NAME", *words)

    return FormScreen("Save a query", fields, make, command)


def _text(lake: Lake, given: Values) -> str:
    named = [source for source in _SOURCES if given[source]]
    if len(named) != 1:
        raise UsageError("give one of the SQL, a file, or a query of the history")
    if given["id"]:
        return history.query(lake, given["id"]).sql
    return _file(given["file"]).read_text(encoding="utf-8-sig") if given["file"] else given["sql"]


def _file(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_file():
        raise UsageError(f"there is no file {text}")
    return path


# --- copied, renamed -----------------------------------------------------------------------


def copy_form(lake: Lake, query: SavedQuery) -> FormScreen:
    fields = (
        _name(f"{query.name}_2"),
        _workgroup(lake, query.workgroup),
        Field("description", "Description", "what it answers", query.description),
        _replace(),
    )

    def make(given: Values) -> object:
        made = replace(
            query,
            name=given["name"],
            workgroup=given["workgroup"],
            description=given["description"],
        )
        return lake.library.save(made, replace=given["replace"] == "yes")

    def command(given: Values) -> Sequence[str]:
        file = str(lake.saved.path(query.workgroup, query.name))
        said = given["description"] if given["description"] != query.description else ""
        words = options(description=said) + _group_words(given) + _replace_words(given)
        return ("saved", "save", given["name"] or "NAME", "-f", file, *words)

    return FormScreen(f"Save {query.name} as", fields, make, command)


def rename_form(lake: Lake, group: str, name: str) -> FormScreen:
    return FormScreen(
        f"Rename {name} of {group}",
        (_name(name),),
        lambda given: lake.library.rename(group, name, given["name"]),
        lambda given: ("saved", "rename", name, given["name"] or "NAME", "-w", group),
    )
