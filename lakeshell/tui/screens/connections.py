"""Connections: how each source is reached; add, change, remove, go through the stages of connecting."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from textual.binding import Binding
from textual.content import Content

from lakeshell.definitions.connections import Connection, checked_url, resolved_url
from lakeshell.definitions.schema import checked_name
from lakeshell.errors import command_line
from lakeshell.sql.names import quote_identifier
from lakeshell.tui.safe import shown
from lakeshell.tui.screens.asking import YesScreen
from lakeshell.tui.screens.edited import Edited
from lakeshell.tui.screens.form import (
    Field,
    FormScreen,
    Values,
    changed,
    options,
    set_options,
)
from lakeshell.tui.screens.noun import NounScreen, Row, described
from lakeshell.tui.widgets.sheet import Sheet, heading, rows, script, values


class ConnectionsScreen(NounScreen):
    noun = "connections"
    columns = ("connection", "kind", "url")
    BINDINGS = [
        Binding("a", "add", "Add", id="connections.add"),
        Binding("enter,c", "change", "Change", id="connections.change"),
        Binding("t", "test", "Test", id="connections.test"),
        Binding("delete", "remove", "Remove", id="connections.remove"),
    ]

    def rows(self) -> Sequence[Row]:
        known = self.lake.connections
        return described(known.names(), known.get, lambda c: (c.name, c.scheme, c.url))

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
                    "in SQL": f"SELECT * FROM {quote_identifier(key)}.SCHEMA.TABLE",
                    "command": command_line("connection", "test", key),
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

        def failed(error: BaseException) -> None:
            self.fail(error)
            if self.chosen == key:
                self._no_sheet(error)

        self.ask(
            "test", lambda: self._stages(key), lambda found: self._draw_test(key, found), failed
        )

    def _stages(self, key: str) -> Sequence[tuple[str, str]]:
        with closing(self.lake.source(key)) as source:
            return source.test()

    def _draw_test(self, key: str, found: Sequence[tuple[str, str]]) -> None:
        self.status(f"{key} answers")
        if self.chosen != key:
            # Another one's sheet is in its place by now.
            return
        stages = [
            (f"{number}. {stage}", "ok", what) for number, (stage, what) in enumerate(found, 1)
        ]
        self.query_one(Sheet).draw(
            [
                shown(f"{key}: every stage of connecting", "bold"),
                rows(("stage", "", "found"), stages),
            ]
        )

    # --- adding, changing, removing --------------------------------------------------------

    def action_add(self) -> None:
        name = Field(
            "name",
            "Name",
            "movies",
            required=True,
            check=lambda t: checked_name("connection", t),
        )
        self.fill_in(
            FormScreen("Add a connection", (name, *_fields(None)), self._add, _add_command)
        )

    def _add(self, given: Values) -> None:
        made = Connection(given["name"], **self._read(given))
        self.lake.connections.add(made)
        self._offer_restart(made)

    def on_listing_opened(self) -> None:
        self.action_change()

    def action_change(self) -> None:
        key = self.chosen
        if key is None:
            return
        connections = self.lake.connections
        edited = Edited(connections.path(key), lambda: _fields(connections.get(key)))
        self.edit(
            f"Change connection {key}",
            edited,
            lambda given: self._set(key, given),
            lambda given, before: (
                *("connection", "set", key),
                *set_options(changed(given, before, ("comment",))),
            ),
        )

    def _set(self, key: str, given: Values) -> None:
        changes = self._read(given)
        if given["url"] == self.lake.connections.get(key).url:
            # A relative path is below the lake's folder in the file, but below ours when typed.
            del changes["url"]
        self.lake.connections.set(key, changes)
        self._offer_restart(self.lake.connections.get(key))

    def _read(self, given: Values) -> dict[str, Any]:
        return {
            "url": resolved_url(given["url"], self.lake.folder),
            "password_env": given["password_env"] or None,
            "password_command": given["password_command"] or None,
            "comment": given["comment"],
        }

    def action_remove(self) -> None:
        key = self.chosen
        if key is not None:
            note = f"its crawled tables stay; $ {command_line('connection', 'rm', key)}"
            self.remove_named(key, lambda: self._remove(key), note)

    def _remove(self, key: str) -> None:
        removed = self.lake.connections.get(key)
        self.lake.remove_connection(key)
        self._offer_restart(removed)

    # --- Trino, which reads connections too ------------------------------------------------

    _is_stale = False
    """Whether the lake's own Trino has not what changed: it has after a restart only."""

    def _offer_restart(self, connection: Connection) -> None:
        """On a thread. The form is still open, and a question above it would go in its place."""
        self._is_stale = self._is_stale or self.lake.trino_has(connection.scheme)

    def look(self) -> None:
        super().look()
        if self._is_stale and self.is_current:
            self._is_stale = False
            self.call_later(self._ask_restart)

    def _ask_restart(self) -> None:
        question = YesScreen(
            "Restart Trino, for it to have its catalogs as they now are?",
            "queries under way fail; later: lakeshell stack up",
            "Restart it",
        )
        self.app.push_screen(question, lambda yes: self._restart() if yes else None)

    def _restart(self) -> None:
        self.carry_out(
            "restart",
            "restarting Trino",
            lambda reporter: self.lake.stack.refresh(reporter),
            lambda _: self.status("Trino has the catalogs of all connections"),
        )


def _fields(connection: Connection | None) -> tuple[Field, ...]:
    def now(name: str) -> str:
        return "" if connection is None else getattr(connection, name) or ""

    return (
        Field("url", "URL", "sqlite:///path/to/file.db, mysql://USER@HOST:3306/DB", now("url"), True, checked_url),
        Field("password_env", "Password from", "the variable that holds it", now("password_env")),
        Field("password_command", "… or command", "one that prints it: pass show shop", now("password_command")),
        Field("comment", "Comment", "what it is, for people", now("comment")),
    )  # fmt: skip


def _add_command(given: Values) -> Sequence[str]:
    named = ("password_env", "password_command", "comment")
    rest = options(**{name: given[name] for name in named})
    return ("connection", "add", given["name"] or "NAME", given["url"] or "URL", *rest)
