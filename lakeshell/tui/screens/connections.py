"""Connections: how each source is reached; add one, and go through the stages of connecting."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from textual.binding import Binding
from textual.content import Content

from lakeshell.definitions.connections import Connection, checked_url, resolved_url
from lakeshell.definitions.schema import checked_name
from lakeshell.tui.safe import shown
from lakeshell.tui.screens.form import Field, FormScreen, Values, options
from lakeshell.tui.screens.noun import NounScreen, Row
from lakeshell.tui.widgets.sheet import Sheet, heading, rows, script, values


class ConnectionsScreen(NounScreen):
    noun = "connections"
    columns = ("connection", "kind", "url")
    BINDINGS = [
        Binding("a", "add", "Add", id="connections.add"),
        Binding("t", "test", "Test", id="connections.test"),
    ]

    def rows(self) -> Sequence[Row]:
        found = [self.lake.connections.get(name) for name in self.lake.connections.names()]
        return [(c.name, (c.name, c.scheme, c.url)) for c in found]

    def sheet(self, key: str) -> Sequence[Content]:
        connection = self.lake.connections.get(key)
        password = connection.password_env or connection.password_command
        file = self.lake.connections.folder / f"{key}.toml"
        return [
            values(
                {
                    "connection": connection.name,
                    "kind": connection.scheme,
                    "url": connection.url,
                    "password": f"from {password}" if password else None,
                    "comment": connection.comment,
                    "file": file,
                    "in SQL": f"SELECT * FROM {key}.SCHEMA.TABLE",
                    "command": f"lakeshell connection test {key}",
                }
            ),
            heading("Definition"),
            script(file.read_text(encoding="utf-8")),
        ]

    def action_test(self) -> None:
        key = self.chosen
        if key is None:
            return
        self.status(f"testing {key} …")
        self.ask("test", lambda: self._stages(key), lambda found: self._draw_test(key, found))

    def _stages(self, key: str) -> Sequence[tuple[str, str]]:
        with closing(self.lake.source(key)) as source:
            return source.test()

    def _draw_test(self, key: str, found: Sequence[tuple[str, str]]) -> None:
        self.status(f"{key} answers")
        stages = [
            (f"{number}. {stage}", "ok", what) for number, (stage, what) in enumerate(found, 1)
        ]
        self.query_one(Sheet).draw(
            [
                shown(f"{key}: every stage of connecting", "bold"),
                rows(("stage", "", "found"), stages),
            ]
        )

    def action_add(self) -> None:
        fields = (
            Field(
                "name",
                "Name",
                "movies",
                required=True,
                check=lambda t: checked_name("connection", t),
            ),
            Field("url", "URL", "sqlite:///path/to/file.db", required=True, check=checked_url),
            Field("password_env", "Password from", "the variable that holds it"),
            Field("comment", "Comment", "what it is, for people"),
        )
        form = FormScreen("Add a connection", fields, self._make, _command)
        self.app.push_screen(form, lambda made: self.look() if made else None)

    def _make(self, given: Values) -> object:
        url = resolved_url(given["url"], self.lake.folder)
        made = Connection(given["name"], url, given["password_env"] or None, None, given["comment"])
        return self.lake.connections.add(made)


def _command(given: Values) -> Sequence[str]:
    rest = options(password_env=given["password_env"], comment=given["comment"])
    return ("connection", "add", given["name"] or "NAME", given["url"] or "URL", *rest)
