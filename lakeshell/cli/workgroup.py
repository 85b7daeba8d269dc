"""`lakeshell workgroup`: list, show, add, set, rm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from lakeshell.cli.changes import changes, needed
from lakeshell.cli.listing import show_listing, show_values
from lakeshell.cli.options import HOW_MANY, example, pairs, with_format, with_lake
from lakeshell.output.fit import Fit

if TYPE_CHECKING:
    from collections.abc import Callable

    from lakeshell.errors import LakeshellError
    from lakeshell.lake import Lake
    from lakeshell.workgroup import Workgroup

F = TypeVar("F", bound="Callable[..., Any]")

COLUMNS = ("name", "scan_limit", "daily_budget", "monthly_budget", "database", "description")


def limits(function: F) -> F:
    """The options that say what a workgroup may do. `none` takes a limit away."""
    for option in reversed(_LIMITS):
        function = option(function)
    return function


_LIMITS = (
    click.option("--scan-limit", metavar="SIZE", help="Most that a query may scan: 10MB."),
    click.option("--daily-budget", metavar="AMOUNT", help="Most that a UTC day may cost."),
    click.option("--monthly-budget", metavar="AMOUNT", help="The same for a UTC month."),
    click.option(
        "--budget-warn", metavar="SHARE", help="Warn from this share of a budget: 80%, never."
    ),
    click.option(
        "--budget-stop", metavar="SHARE", help="Stop queries at this share: 100%, never."
    ),
    click.option("--notify", metavar="COMMAND", help="Run once when a budget warns or stops."),
    click.option("--concurrency", metavar="N", help="Most queries that run at once."),
    click.option("--queue", metavar="N", help="Most queries that wait."),
    click.option("--database", metavar="DB", help="Database of names without one."),
    click.option(
        "--grant", "databases", multiple=True, metavar="DB",
        help="A database for its members alone; repeat for more.",
    ),
    click.option("--member", "members", multiple=True, help="A user; repeat for more."),
    click.option(
        "--tag", "tags", multiple=True, help="A client tag that means it, beside its name; repeat."
    ),
    click.option(
        "--property", "properties", multiple=True, metavar="NAME=VALUE",
        help="A session property of its queries; repeat for more.",
    ),
    click.option(
        "--override", type=click.Choice(("allow", "refuse")),
        help="Whether clients may set its properties otherwise. Default: allow.",
    ),
    click.option("--result-location", metavar="PLACE", help="Its kept results: a folder, or s3://BUCKET/PREFIX."),
    click.option("--result-keep", metavar="AGE", help="How long they can be opened: 30d."),
    click.option("--reuse", metavar="AGE", help="Give kept results up to this age, if still right."),
    click.option("--description", help="What it is for."),
)  # fmt: skip


@click.group(
    "workgroup",
    epilog=example(
        "lakeshell workgroup set analysts --scan-limit 10GB", "lakeshell workgroup show analysts"
    ),
)
def command() -> None:
    """Separate teams, limit what a query scans and what a day or month costs."""


@command.command("list", epilog=example("lakeshell workgroup list"))
@with_format
@with_lake
def list_(lake: Lake, output_format: str | None) -> int:
    """Every workgroup with its limits."""
    from lakeshell.cli.failures import say_all

    wrong: list[LakeshellError] = []
    rows = [_row(group) for group in lake.workgroups.each(wrong.append)]
    show_listing(COLUMNS, rows, output_format, Fit(spare=("database",), wrapped=("description",)))
    return say_all(wrong)


def _row(group: Workgroup) -> tuple[Any, ...]:
    from lakeshell.definitions.workgroups import size_text

    limit = None if group.scan_limit is None else size_text(group.scan_limit)
    return (
        group.name,
        limit,
        group.daily_budget,
        group.monthly_budget,
        group.database,
        group.description,
    )


@command.command("show", epilog=example("lakeshell workgroup show analysts"))
@click.argument("name")
@with_format
@with_lake
def show(lake: Lake, name: str, output_format: str | None) -> None:
    """One workgroup: limits, members, and what it has spent."""
    from lakeshell import budgets

    group = lake.workgroups.get(name)
    values: dict[str, Any] = dict(zip(COLUMNS, _row(group), strict=True))
    values |= _settings(group)
    day, month = budgets.spent(lake, group.name)
    values["spent_today"], values["spent_this_month"] = day, month
    events = lake.ledger.events(name, 1)
    values["last_event"] = (
        f"{events[0].kind} {events[0].at:{_TIME}}: {events[0].detail}" if events else None
    )
    show_values(values, output_format)


_TIME = "%Y-%m-%d %H:%M:%S UTC"


@command.command("events", epilog=example("lakeshell workgroup events analysts"))
@click.argument("name", required=False)
@click.option("--limit", type=HOW_MANY, default=50, show_default=True, help="The newest N.")
@with_format
@with_lake
def events(lake: Lake, name: str | None, limit: int, output_format: str | None) -> None:
    """What limits and budgets did: warnings, stops, and queries that `serve` ended; newest first."""
    if name is not None:
        lake.workgroups.get(name)
    rows = [
        (f"{event.at:{_TIME}}", event.workgroup, event.kind, event.user, event.query, event.detail)
        for event in lake.ledger.events(name, limit)
    ]
    columns = ("at", "workgroup", "kind", "user", "query", "detail")
    show_listing(columns, rows, output_format, Fit(spare=("query",), wrapped=("detail",)))


def _settings(group: Workgroup) -> dict[str, Any]:
    return {
        "members": ", ".join(group.members) or None,
        "tags": ", ".join(group.tags) or None,
        "databases": ", ".join(group.databases) or None,
        "concurrency": group.concurrency,
        "queue": group.queue,
        "budget_warn": _percent(group.budget_warn) if group.has_budget else None,
        "budget_stop": _percent(group.budget_stop) if group.has_budget else None,
        "notify": group.notify,
        "properties": ", ".join(f"{k}={v}" for k, v in group.properties.items()) or None,
        "override": "allow" if group.may_override else "refuse",
        "result_location": group.result_location,
        "result_keep": None if group.result_keep is None else f"{group.result_keep}s",
        "reuse": f"{group.reuse}s" if group.reuse else None,
    }


def _percent(share: int | None) -> str:
    return "never" if share is None else f"{share}%"


@command.command(
    "add", epilog=example("lakeshell workgroup add analysts --scan-limit 10MB --daily-budget 5")
)
@click.argument("name")
@limits
@with_lake
def add(lake: Lake, name: str, **given: Any) -> None:
    """Add a workgroup."""
    from lakeshell.workgroup import Workgroup

    path = lake.workgroups.add(Workgroup(name=name, **_changes(given)))
    click.echo(f"added workgroup {name} ({path})", err=True)
    _hold(lake)


@command.command(
    "set", epilog=example("lakeshell workgroup set analysts --scan-limit none --monthly-budget 50")
)
@click.argument("name")
@limits
@with_lake
def set_(lake: Lake, name: str, **given: Any) -> None:
    """Change a workgroup; what is not named stays. `none` takes a limit away."""
    changed = _changes(given)
    needed(changed, "--scan-limit 10MB")
    path = lake.workgroups.set(name, changed)
    click.echo(f"changed workgroup {name} ({path})", err=True)
    _hold(lake)


@command.command("rm", epilog=example("lakeshell workgroup rm interns"))
@click.argument("name")
@with_lake
def rm(lake: Lake, name: str) -> None:
    """Remove a workgroup that no job runs in. Its history and saved queries stay.

    Until there is one of that name again, each of its queries is shown to who ran it.
    """
    stays = lake.remove_workgroup(name)
    click.echo(f"removed workgroup {name}; {stays}", err=True)
    _hold(lake)


@command.command("rename", hidden=True)
@click.argument("name")
@click.argument("target", required=False)
@with_lake
def rename(lake: Lake, name: str, target: str | None) -> None:
    """Not done: says what to do instead."""
    from lakeshell.errors import UsageError

    new = target or "NEW"
    file = lake.workgroups.known(name)
    hint = f"add another: lakeshell workgroup add {new}"
    if file.exists():
        hint = (
            f"copy it, in the lake's folder: cp workgroups/{file.name} workgroups/{new}.toml, move "
            f"what is in queries/{name}, then: lakeshell workgroup rm {name}; docs/workgroups.md has "
            "each step"
        )
    raise UsageError(
        f"a workgroup cannot be renamed: history, budgets and clients go by its name, {name!r}",
        hint=hint,
    )


@command.command("apply", epilog=example("lakeshell workgroup apply --dry-run"))
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@with_format
@with_lake
def apply(lake: Lake, dry_run: bool, output_format: str | None) -> None:
    """Make the stack's Trino hold what the workgroups' files say, and show what changed.

    A Trino elsewhere is its administrators' to configure: docs/workgroups.md says what holds there.
    add, set, rm and `stack up` do it by themselves, and `serve` when a file was edited.
    """
    from lakeshell import budgets

    plan = budgets.plan(lake)
    for warning in plan.warnings:
        click.echo(f"note: {warning}", err=True)
    if not dry_run:
        lake.stack.enforcement.apply(plan)
    show_listing(("action", "what", "name", "detail"), plan.changes, output_format, _PLANNED)
    if not plan.changes:
        click.echo("Trino holds what the workgroups say", err=True)


_PLANNED = Fit(wrapped=("detail",))


def _hold(lake: Lake) -> None:
    from lakeshell import budgets

    for note in budgets.hold(lake):
        click.echo(f"note: {note}", err=True)


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    from lakeshell.definitions.workgroups import KEYS

    properties = given.pop("properties")
    made = changes(given, KEYS, _SPELLED)
    if "override" in made:
        made["may_override"] = made.pop("override") == "allow"
    if properties:
        made["properties"] = {} if properties == ("none",) else pairs(properties, "--property")
    return made


_SPELLED = {"members": "--member", "tags": "--tag", "databases": "--grant"}
