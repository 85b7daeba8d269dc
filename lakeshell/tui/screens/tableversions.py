"""A table's versions and its lock, from the catalog screen: looked at, restored, taken away."""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.crawl.changes import changes, restore
from lakeshell.errors import command_line
from lakeshell.model import CatalogTable, TableName
from lakeshell.tui.screens.asking import YesScreen
from lakeshell.tui.screens.base import LakeScreen
from lakeshell.tui.screens.versions import VersionsScreen
from lakeshell.tui.widgets.sheet import rows


def show_versions(screen: LakeScreen, name: TableName) -> None:
    """What each version of it changed; the way back to one."""
    screen.ask(
        "versions",
        lambda: screen.lake.catalog.versions(name),
        lambda found: _show(screen, name, found),
    )


def _show(screen: LakeScreen, name: TableName, found: Sequence[CatalogTable]) -> None:
    known = {table.version: table for table in found}
    lines = [
        (n, (t.updated, len(t.columns), "deprecated" if t.deprecated else ""))
        for n, t in known.items()
    ]
    versions = VersionsScreen(
        str(name),
        ("updated", "columns", "state"),
        lines,
        lambda number: [
            rows(("column", "type"), [(c.name, str(c.type)) for c in known[number].columns])
        ],
        lambda old, new: [
            rows(("what", "name", "was", "is"), list(changes(known[old], known[new])))
        ],
        "restores it",
    )
    screen.app.push_screen(versions, lambda number: _offer_restore(screen, name, number))


def _offer_restore(screen: LakeScreen, name: TableName, number: int | None) -> None:
    if number is None:
        return

    def done(now: CatalogTable) -> None:
        screen.status(f"{name} is at version {now.version}")
        screen.look()

    def take(yes: bool | None) -> None:
        if yes:
            screen.ask("restore", lambda: restore(screen.lake.catalog, name, number), done)

    line = command_line("catalog", "restore", name, number)
    note = f"those between stay   $ {line}"
    question = f"Make version {number} of {name} the newest?"
    screen.app.push_screen(YesScreen(question, note, "Restore it"), take)


def offer_unlock(screen: LakeScreen, name: TableName) -> None:
    """To take the lock of a writer that was killed."""

    def done(holders: Sequence[str]) -> None:
        said = f"was locked by {', '.join(holders)}" if holders else "was not locked"
        screen.status(f"{name} {said}")

    def take(yes: bool | None) -> None:
        if yes:
            screen.ask("unlock", lambda: screen.lake.store.unlock(name), done)

    line = command_line("catalog", "unlock", name)
    note = f"a writer that lives loses its commit, and is told   $ {line}"
    screen.app.push_screen(YesScreen(f"Take the lock of {name}?", note, "Take it"), take)
