"""`lakeshell ledger`: where queries and runs are recorded; copying it, and mending its file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lakeshell.cli.listing import show_values
from lakeshell.cli.options import example, with_format, with_lake

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.ledger.found import FoundFile
    from lakeshell.ledger.mysql import MysqlDatabase


@click.group("ledger", epilog=example("lakeshell ledger show"))
def command() -> None:
    """The ledger: what was run, by whom, and what it cost.

    It is a file of the lake, or a schema in MySQL that a team shares: [ledger] in lakeshell.toml.
    """


@command.command("show", epilog=example("lakeshell ledger show"))
@with_format
@with_lake
def show(lake: Lake, output_format: str | None) -> None:
    """Where it is, and how much it holds."""
    ledger = lake.sql_ledger
    counts = ledger.counts()
    values = {
        "type": lake.settings.ledger.type,
        "place": ledger.database.place,
        "queries": counts["queries"],
        "runs": counts["runs"],
        "saved_versions": counts["saved_versions"],
    }
    show_values(values, output_format)


@command.command(
    "copy",
    epilog=example("lakeshell ledger copy", remark='After type = "mysql" was put into [ledger].'),
)
@click.argument("source", metavar="[FROM]", required=False)
@click.option("--password-env", metavar="VAR", help="The variable with the password of a URL.")
@with_lake
def copy(lake: Lake, source: str | None, password_env: str | None) -> None:
    """Copy another ledger's records into this lake's ledger.

    FROM is a file or mysql://USER@HOST:3306/SCHEMA, and the lake's own ledger.db when left out.
    What is there already stays as it is: it may be done again, and while both are in use.
    """
    from lakeshell.cli.progress import ProgressLine
    from lakeshell.ledger.copying import copy as copied

    target = lake.sql_ledger
    opened = _source(lake, source, password_env, target.database.place)
    try:
        with ProgressLine() as line:
            line.step("copying")
            added = copied(
                opened,
                target.database,
                told=lambda table, rows: line.advance(rows, None, table.replace("_", " ")),
            )
            line.step("indexing texts")
            target.index_texts()
    finally:
        opened.close()
    click.echo(f"copied {_said(added)} to {target.database.place}", err=True)


def _source(
    lake: Lake, source: str | None, password_env: str | None, own: str
) -> FoundFile | MysqlDatabase:
    """What is copied from, which is not changed in any way."""
    from lakeshell.errors import LakeshellError, UsageError
    from lakeshell.ledger.copying import is_ledger

    opened = _opened(lake, source, password_env, own)
    try:
        if not is_ledger(opened):
            raise UsageError(f"{opened.place} is no ledger of Lakeshell", hint=_FROM)
    except LakeshellError:
        opened.close()
        raise
    return opened


_FROM = "FROM is the .lakeshell/ledger.db of a lake, or mysql://USER@HOST:3306/SCHEMA"


def _opened(
    lake: Lake, source: str | None, password_env: str | None, own: str
) -> FoundFile | MysqlDatabase:
    from lakeshell.errors import NotFound, UsageError
    from lakeshell.runtime import ledgers

    if source is not None and "://" in source:
        address = ledgers.address_of(source, password_env, lake.place)
        if str(address) == own:
            raise UsageError("that is this lake's ledger", hint="name another as FROM")
        return ledgers.found_in_mysql(address)
    path = lake.state / ledgers.FILE if source is None else Path(source)
    if str(path.absolute()) == own:
        raise UsageError(
            "that is this lake's ledger",
            hint='to move it to MySQL set type = "mysql" in [ledger] of lakeshell.toml first',
        )
    if not path.is_file():
        raise NotFound(f"there is no ledger {path}", hint=_FROM)
    return ledgers.found_in_file(path)


@command.command("repair", epilog=example("lakeshell ledger repair"))
@with_lake
def repair(lake: Lake) -> None:
    """Make a new file of what can be read of a damaged one, which is kept aside.

    End what else uses this lake first: serve, consoles, queries.
    """
    from lakeshell.cli.progress import ProgressLine
    from lakeshell.errors import UsageError
    from lakeshell.ledger.repair import damage
    from lakeshell.ledger.repair import repair as mended
    from lakeshell.runtime.ledgers import FILE

    if lake.settings.ledger.type != "sqlite":
        raise UsageError(
            "the ledger of this lake is in MySQL, which mends its own files",
            hint="see the server's log, or restore its backup",
        )
    path = lake.state / FILE
    wrong = damage(path)
    if not wrong:
        click.echo(f"{path}: nothing is wrong", err=True)
        return
    click.echo(wrong, err=True)
    with ProgressLine() as line:
        line.step("reading what is left")
        kept, saved, lost = mended(
            path,
            datetime.now(UTC),
            told=lambda table, rows: line.advance(rows, None, table.replace("_", " ")),
        )
    click.echo(f"saved {_said(saved)}; the damaged file is kept as {kept}", err=True)
    if lost:
        click.echo(f"not all could be read: {lost[0]}", err=True)


def _said(counts: Mapping[str, int]) -> str:
    words = (
        ("queries", "query", "queries"),
        ("runs", "run", "runs"),
        ("saved_versions", "saved version", "saved versions"),
    )
    said = [(counts.get(table, 0), one, many) for table, one, many in words]
    return ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in said)
