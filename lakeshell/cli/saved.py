"""`lakeshell saved`: queries kept as files, a workgroup's each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lakeshell.cli.listing import show_listing
from lakeshell.cli.options import example, pairs, with_format, with_lake
from lakeshell.cli.query import running_options

if TYPE_CHECKING:
    from lakeshell.errors import LakeshellError
    from lakeshell.lake import Lake

_workgroup = click.option(
    "-w", "--workgroup", metavar="WORKGROUP", help="Whose query it is. Default: your workgroup."
)


@click.group(
    "saved",
    epilog=example(
        "lakeshell saved save top_films -e 'SELECT title FROM raw.film ORDER BY length DESC LIMIT 10'",
        "lakeshell saved run top_films",
    ),
)
def command() -> None:
    """Queries kept as files: queries/WORKGROUP/NAME.sql.

    The remarks at the head of a file are its description; one such as
    "-- :since = DATE '2026-01-01'" declares the parameter :since and what it is when not given.
    """


@command.command("list", epilog=example("lakeshell saved list -w analysts"))
@_workgroup
@with_format
@with_lake
def list_(lake: Lake, workgroup: str | None, output_format: str | None) -> int:
    """Every saved query that you may run, with its description and parameters."""
    from lakeshell.cli.failures import say_all
    from lakeshell.errors import ConfigurationError

    rows = []
    wrong: list[LakeshellError] = []
    for group in lake.saved.workgroups() if workgroup is None else [workgroup]:
        if workgroup is None and not lake.may_use(group):
            continue
        lake.check_member(group)
        for name in lake.saved.names(group):
            try:
                found = lake.saved.get(group, name)
            except ConfigurationError as error:
                wrong.append(error)
                continue
            said = " ".join(found.description.split())
            rows.append((group, name, said, ", ".join(found.parameters)))
    show_listing(("workgroup", "name", "description", "parameters"), rows, output_format)
    return say_all(wrong)


@command.command("show", epilog=example("lakeshell saved show top_films > top_films.sql"))
@click.argument("name")
@click.option("--version", "number", type=int, metavar="N", help="An older one, or a removed one.")
@_workgroup
@with_lake
def show(lake: Lake, name: str, number: int | None, workgroup: str | None) -> None:
    """The text of a saved query."""
    group = _group(lake, workgroup)
    if number is None:
        text = lake.library.read(group, name)
    else:
        text = lake.library.version(group, name, number).text
    click.echo(text, nl=False)


@command.command("run", epilog=example("lakeshell saved run top_films --param since=2026-01-01"))
@click.argument("name")
@running_options
@with_lake
def run(
    lake: Lake, name: str, workgroup: str | None, parameters: tuple[str, ...], **options: Any
) -> int:
    """Run a saved query in its workgroup."""
    from lakeshell.cli.query import run_texts
    from lakeshell.cli.texts import Text
    from lakeshell.errors import UsageError
    from lakeshell.query.parameters import names

    group = _group(lake, workgroup)
    found = lake.library.get(group, name)
    lake.library.note(group, name)
    given = pairs(parameters, "--param")
    # One that is declared and not written in the SQL any more asks for nothing.
    written = names(found.sql)
    declared = {name: value for name, value in found.parameters.items() if name in written}
    values = {**{name: value for name, value in declared.items() if value is not None}, **given}
    lacking = [name for name in declared if name not in values]
    if lacking:
        raise UsageError(
            f"the parameter {lacking[0]!r} has no value", hint=f"add --param {lacking[0]}=VALUE"
        )
    text = Text(lake.saved.read(group, name), str(lake.saved.path(group, name)))
    return run_texts(lake, [text], values, workgroup=group, **options)


@command.command(
    "save", epilog=example("lakeshell saved save top_films --from 20261124_1403 --replace")
)
@click.argument("name")
@click.option("-e", "--execute", "sql", metavar="SQL", help="The SQL itself.")
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A file of SQL; - is stdin.",
)
@click.option("--from", "query_id", metavar="ID", help="A query of the history.")
@click.option("--description", metavar="TEXT", help="What it answers, for people.")
@click.option("--replace", is_flag=True, help="Save a new version of one that exists.")
@_workgroup
@with_lake
def save(
    lake: Lake,
    name: str,
    sql: str | None,
    file: Path | None,
    query_id: str | None,
    description: str | None,
    replace: bool,
    workgroup: str | None,
) -> None:
    """Save a query under a name: from -e, a file, or the history."""
    from dataclasses import replace as changed

    from lakeshell.definitions.saved import parse

    group = _group(lake, workgroup)
    query = parse(group, name, _given(lake, sql, file, query_id))
    if not query.sql:
        raise click.UsageError("there is no SQL to save")
    if description is not None:
        query = changed(query, description=description)
    path, version = lake.library.save(query, replace=replace)
    click.echo(f"saved {name} of {group}, version {version.version} ({path})", err=True)


@command.command("rename", epilog=example("lakeshell saved rename top_films best_films"))
@click.argument("name")
@click.argument("target")
@_workgroup
@with_lake
def rename(lake: Lake, name: str, target: str, workgroup: str | None) -> None:
    """Give a saved query another name; its versions go with it."""
    group = _group(lake, workgroup)
    path = lake.library.rename(group, name, target)
    click.echo(f"renamed {name} to {target} ({path})", err=True)


@command.command("rm", epilog=example("lakeshell saved rm top_films"))
@click.argument("name")
@_workgroup
@with_lake
def rm(lake: Lake, name: str, workgroup: str | None) -> None:
    """Remove a saved query. Its versions stay: `saved log NAME`, `saved show NAME --version N`."""
    group = _group(lake, workgroup)
    lake.library.remove(group, name)
    click.echo(f"removed {name} of {group}", err=True)


@command.command("log", epilog=example("lakeshell saved log top_films"))
@click.argument("name")
@_workgroup
@with_format
@with_lake
def log(lake: Lake, name: str, workgroup: str | None, output_format: str | None) -> None:
    """The versions of a saved query, newest first."""
    rows = [
        (v.version, v.saved, v.user, " ".join(v.text.split()))
        for v in reversed(lake.library.versions(_group(lake, workgroup), name))
    ]
    show_listing(("version", "saved", "user", "text"), rows, output_format)


@command.command("diff", epilog=example("lakeshell saved diff top_films 1 3"))
@click.argument("name")
@click.argument("first", type=int, required=False)
@click.argument("second", type=int, required=False)
@_workgroup
@with_lake
def diff(
    lake: Lake, name: str, first: int | None, second: int | None, workgroup: str | None
) -> None:
    """What changed between two versions; without numbers, in the last change."""
    click.echo(lake.library.diff(_group(lake, workgroup), name, first, second), nl=False)


def _group(lake: Lake, workgroup: str | None) -> str:
    """The workgroup whose query is meant, which the user must be a member of."""
    group = workgroup or lake.settings.workgroup
    lake.check_member(group)
    return group


def _given(lake: Lake, sql: str | None, file: Path | None, query_id: str | None) -> str:
    from lakeshell import history

    if sum(given is not None for given in (sql, file, query_id)) != 1:
        raise click.UsageError("give one of -e SQL, -f FILE or --from ID")
    if query_id is not None:
        return history.query(lake, query_id).sql
    if file is not None:
        from lakeshell.cli.texts import given_texts

        stdin = str(file) == "-"
        return given_texts((), () if stdin else (file,), stdin)[0].sql
    return sql or ""
