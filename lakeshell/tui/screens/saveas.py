"""A query of the editor kept as a saved query, or its result as a table or a view: the forms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lakeshell.definitions.saved import SavedQuery, parse
from lakeshell.definitions.schema import checked_name
from lakeshell.errors import UsageError
from lakeshell.model import TableName
from lakeshell.query.making import KINDS, create_statement
from lakeshell.query.parameters import asked_for
from lakeshell.tui.screens.form import Field, FormScreen, Values, options

if TYPE_CHECKING:
    from lakeshell.lake import Lake

_PARAMETER = "parameter_"


def save_form(
    lake: Lake, workgroup: str, text: str, name: str, born: datetime | None
) -> FormScreen:
    """`name` is the saved query that the text came from, or empty; `born` tells it from others."""
    known = parse(workgroup, name or "query", text)
    wanted = [each for each in asked_for(text) if not each.isdecimal()]
    fields = [
        Field("name", "Name", "top_films", name, True, lambda text: checked_name("query", text)),
        Field("description", "Description", "what it answers", known.description),
        *(
            Field(_PARAMETER + each, f":{each}", "its value when none is given", known.parameters.get(each) or "")
            for each in wanted
        ),
        Field("replace", "Replace", "yes: a new version of another", check=_yes),
    ]  # fmt: skip

    def replaces(values: Values) -> bool:
        """The one that the text came from gets a new version anyhow."""
        return values["replace"] == "yes" or (name != "" and values["name"] == name)

    def make(values: Values) -> None:
        if values["name"] == name and born is not None:
            called, _ = lake.library.called(workgroup, name, born)
            if called != name:
                raise UsageError(
                    f"{name} is called {called} by now",
                    hint="save it under that name, or under another",
                )
        query = SavedQuery(
            workgroup,
            values["name"],
            known.sql,
            values["description"],
            {each: values[_PARAMETER + each] or None for each in wanted},
        )
        lake.library.save(query, replace=replaces(values))

    def command(values: Values) -> Sequence[str]:
        rest = options(description=values["description"], workgroup=workgroup)
        again = ["--replace"] if replaces(values) else []
        return ["saved", "save", values["name"] or "NAME", "-f", "QUERY.sql", *rest, *again]

    return FormScreen(f"Save the query in {workgroup}", fields, make, command)


def _yes(text: str) -> None:
    if text not in ("yes", "no"):
        raise ValueError("yes or no")


def creation_form(sql: str, database: str | None, made: dict[str, str]) -> FormScreen:
    """`made["sql"]` is the statement, once the form was sent."""
    query = sql.strip().rstrip(";").rstrip()
    fields = [
        Field("kind", "Table or view", "table", "table", True, _kind),
        Field("name", "Name", "database.name", f"{database}." if database else "", True, _table_name),
    ]  # fmt: skip

    def make(values: Values) -> None:
        made["sql"] = create_statement(values["kind"], _table_name(values["name"]), query)

    def command(values: Values) -> Sequence[str]:
        name = values["name"] or "DATABASE.NAME"
        text = f"CREATE {values['kind'].upper()} {name} AS {' '.join(query.split())}"
        return ["query", "-e", text]

    return FormScreen("Make a table or a view of this query", fields, make, command)


def _kind(text: str) -> None:
    if text not in KINDS:
        raise ValueError("table or view")


def _table_name(text: str) -> TableName:
    parts = [part.strip() for part in text.split(".")]
    if len(parts) != 2 or not all(parts):
        raise ValueError("DATABASE.NAME")
    return TableName(*parts)
