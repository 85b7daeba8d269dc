"""`lakeshell job`: list, show, add, propose, set, rm, graph, run, runs, logs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lakeshell.cli.changes import changes, needed
from lakeshell.cli.listing import say_if_unknown, show_listing, show_values
from lakeshell.cli.options import HOW_MANY, example, pairs, with_format, with_lake
from lakeshell.cli.progress import ProgressLine
from lakeshell.cost.sizes import rows_text
from lakeshell.errors import UsageError, command_line
from lakeshell.output.fit import Fit

if TYPE_CHECKING:
    from lakeshell.errors import LakeshellError
    from lakeshell.lake import Lake

RUNS = ("run", "job", "attempt", "state", "started", "elapsed", "rows", "cost", "error")


@click.group("job", epilog=example("lakeshell job run load_film", "lakeshell job runs load_film"))
def command() -> None:
    """Move and transform data. A job is a script with a definition beside it."""


@command.command("list", epilog=example("lakeshell job list"))
@with_format
@with_lake
def list_(lake: Lake, output_format: str | None) -> int:
    """Every job with what it reads and writes, and how its last run ended."""
    from lakeshell.cli.failures import say_all

    wrong: list[LakeshellError] = []
    rows = []
    for job in lake.jobs.each(wrong.append):
        last = lake.last_run("job", job.name)
        state = None if last is None else last.state.value
        rows.append((job.name, job.kind, job.source, job.target, job.mode, state))
    show_listing(
        ("job", "kind", "source", "target", "mode", "last run"),
        rows,
        output_format,
        Fit(spare=("mode", "kind", "source")),
    )
    return say_all(wrong)


@command.command("show", epilog=example("lakeshell job show load_film"))
@click.argument("name")
@with_format
@with_lake
def show(lake: Lake, name: str, output_format: str | None) -> None:
    """A job's definition, and its script on stderr."""
    job = lake.jobs.get(name)
    values = {
        "name": job.name,
        "kind": job.kind,
        "source": job.source and str(job.source),
        "target": job.target and str(job.target),
        "mode": job.mode,
        "workgroup": job.workgroup,
        "retries": job.retries,
        "timeout": job.timeout,
        "dpu": job.dpu,
        "parameters": ", ".join(f"{k}={v}" for k, v in job.parameters.items()) or None,
        "description": job.description or None,
        "script": str(job.script),
    }
    show_values(values, output_format)
    if output_format is None:
        click.echo("\n" + job.read_script().rstrip(), err=True)


@command.command(
    "propose",
    epilog=example(
        "lakeshell job propose load_film --source movie_rental.movies_film --target raw.film"
    ),
)
@click.argument("name")
@click.option("--source", required=True, metavar="DB.TABLE", help="The table to read.")
@click.option("--target", required=True, metavar="DB.TABLE", help="The table to write.")
@click.option(
    "--kind",
    type=click.Choice(("arrow", "sql")),
    default="arrow",
    help="arrow copies through a mapping; sql runs statements on the engine.",
)
@click.option(
    "--mode",
    type=click.Choice(("overwrite", "append")),
    default="overwrite",
    show_default=True,
    help="What a run does to the rows that are there.",
)
@with_lake
def propose(lake: Lake, name: str, source: str, target: str, kind: str, mode: str) -> None:
    """Write a job that copies a table: its definition, and a script with the mapping to edit."""
    from lakeshell.definitions.jobs import table_name
    from lakeshell.etl.job import Job
    from lakeshell.etl.script import propose_script

    job = Job(
        name=name,
        kind=kind,
        script=lake.jobs.script_of(name, kind),
        source=table_name(source),
        target=table_name(target),
        mode=mode,
    )
    assert job.source is not None
    columns = lake.catalog.table(job.source).columns
    path = lake.jobs.add(job, propose_script(job, columns))
    click.echo(f"proposed job {name} ({path}, {job.script.name})", err=True)
    click.echo(f"next: {command_line('job', 'run', name)}", err=True)


@command.command(
    "add", epilog=example("lakeshell job add presentation --script build.sql --workgroup etl")
)
@click.argument("name")
@click.option(
    "--script",
    required=True,
    type=click.Path(path_type=Path),
    help="A .sql file of statements; it is copied into the lake.",
)
@click.option("--target", metavar="DB.TABLE", help="The table that it builds, for listings.")
@click.option("--workgroup", "-w", default="primary", help="The workgroup that it runs in.")
@click.option(
    "--retries", type=click.IntRange(0, 10), default=0, help="Attempts after the first that failed."
)
@click.option("--timeout", metavar="AGE", help="2h, 30m: the most that a run may take.")
@click.option("--dpu", type=click.IntRange(1), default=1, help="Capacity that a run is billed for.")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A default.")
@click.option("--description", default="", help="What it is for.")
@with_lake
def add(
    lake: Lake,
    name: str,
    script: Path,
    target: str | None,
    workgroup: str,
    retries: int,
    timeout: str | None,
    dpu: int,
    parameters: tuple[str, ...],
    description: str,
) -> None:
    """Add a job from a script of SQL statements."""
    from lakeshell.cli.texts import read_sql
    from lakeshell.definitions.jobs import KEYS, table_name
    from lakeshell.errors import UsageError
    from lakeshell.etl.job import Job
    from lakeshell.query.statement import is_blank

    if script.suffix.lower() != ".sql":
        raise UsageError(
            f"{script} is not a .sql file",
            hint="a job that copies a table in Python comes from `lakeshell job propose`",
        )
    written = read_sql(script, "--script")
    if is_blank(written):
        raise UsageError(f"there is no statement in {script}", hint="--script takes a file of SQL")
    lake.workgroups.get(workgroup)
    job = Job(
        name=name,
        kind="sql",
        script=lake.jobs.script_of(name, "sql"),
        target=None if target is None else table_name(target),
        workgroup=workgroup,
        retries=retries,
        dpu=dpu,
        description=description,
        **changes({"timeout": timeout}, KEYS),
        parameters=pairs(parameters, "--param"),
    )
    path = lake.jobs.add(job, written)
    click.echo(f"added job {name} ({path})", err=True)


@command.command("set", epilog=example("lakeshell job set load_film --retries 2 --timeout 30m"))
@click.argument("name")
@click.option("--source", metavar="DB.TABLE", help="The table to read.")
@click.option("--target", metavar="DB.TABLE", help="The table to write.")
@click.option(
    "--mode",
    type=click.Choice(("overwrite", "append")),
    help="What a run does to the rows that are there.",
)
@click.option("--workgroup", "-w", help="The workgroup that it runs in.")
@click.option("--retries", metavar="N", help="Attempts after the first that failed.")
@click.option("--timeout", metavar="AGE", help="2h, 30m: the most that a run may take; or none.")
@click.option("--dpu", metavar="N", help="Capacity that a run is billed for.")
@click.option(
    "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="All its defaults; or none."
)
@click.option("--description", help="What it is for.")
@with_lake
def set_(lake: Lake, name: str, parameters: tuple[str, ...], **given: Any) -> None:
    """Change a job; what is not named stays, its script too. The next run does as it then says."""
    from lakeshell.definitions.jobs import KEYS, table_name

    changed = changes(given, KEYS)
    if parameters:
        changed["parameters"] = {} if parameters == ("none",) else pairs(parameters, "--param")
    needed(changed, "--retries 2")
    for key in ("source", "target"):
        if changed.get(key) is not None:
            changed[key] = table_name(changed[key])
    if "workgroup" in changed:
        lake.workgroups.get(changed["workgroup"])
    path = lake.jobs.set(name, changed)
    click.echo(f"changed job {name} ({path})", err=True)


@command.command("rm", epilog=example("lakeshell job rm load_film"))
@click.argument("name")
@with_lake
def rm(lake: Lake, name: str) -> None:
    """Remove a job and its script. The tables that it wrote stay, and so do its runs."""
    lake.jobs.remove(name)
    click.echo(f"removed job {name}; its tables and runs stay", err=True)


@command.command("graph", epilog=example("lakeshell job graph load_film"))
@click.argument("name")
@with_format
@with_lake
def graph(lake: Lake, name: str, output_format: str | None) -> None:
    """How each column of a target is made: from which columns, by what, in which lines."""
    from lakeshell import names

    _, flow = names.flow(lake, lake.jobs.get(name))
    rows = [
        (
            ", ".join(step.label for step in lane.sources),
            ", then ".join(step.label for step in lane.transforms),
            lane.target.label,
            ", ".join(map(str, sorted(lane.lines))),
        )
        for lane in flow.lanes
    ]
    fit = Fit(wrapped=("source", "transform"), spare=("lines",))
    show_listing(("source", "transform", "target", "lines"), rows, output_format, fit)
    for note in flow.notes:
        click.echo(f"not drawn: {note}", err=True)


@command.command("run", epilog=example("lakeshell job run load_film"))
@click.argument("name")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a :NAME.")
@with_lake
def run(lake: Lake, name: str, parameters: tuple[str, ...]) -> None:
    """Run a job and wait for its end. Ctrl-C stops it; the table is then as it was."""
    # Batches come and go: Arrow's own allocator keeps large pages for them, which costs a load 30 MB
    # and the time of clearing them.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from lakeshell.etl.run import run_job

    job = lake.jobs.get(name)
    with ProgressLine() as progress:
        record = run_job(job, lake.workshop, pairs(parameters, "--param"), progress)
    rate = (
        f" ({record.rows / record.elapsed:,.0f} rows/s)" if record.rows and record.elapsed else ""
    )
    click.echo(
        f"{job.name}: {rows_text(record.rows or 0)} in {record.elapsed or 0:.2f} s{rate}, "
        f"run {record.id}",
        err=True,
    )


@command.command("runs", epilog=example("lakeshell job runs load_film --limit 5"))
@click.argument("name", required=False)
@click.option("--limit", type=HOW_MANY, default=50, show_default=True, help="The newest N.")
@with_format
@with_lake
def runs(lake: Lake, name: str | None, limit: int, output_format: str | None) -> None:
    """Past runs, newest first."""
    rows = [
        (
            r.id,
            r.name,
            r.attempt,
            r.state.value,
            r.started,
            None if r.elapsed is None else f"{r.elapsed:.2f}s",
            r.rows,
            r.cost,
            r.error or None,
        )
        for r in lake.ledger.runs("job", name, limit)
    ]
    fit = Fit(spare=("attempt", "cost", "started", "elapsed"), wrapped=("error",))
    show_listing(RUNS, rows, output_format, fit)
    if not rows:
        say_if_unknown("job", name, lake.jobs.names())


@command.command("logs", epilog=example("lakeshell job logs 20261124_101500_00001_a1b2c"))
@click.argument("run_id", metavar="RUN")
@with_lake
def logs(lake: Lake, run_id: str) -> None:
    """The log of one run."""
    from lakeshell.etl.run import read_log

    record = lake.ledger.run(run_id)
    if record.kind != "job":
        raise UsageError(
            f"the run {record.id} is of the {record.kind} {record.name!r}, and has no log",
            hint=f"how it ended: {command_line(record.kind, 'runs', record.name)}",
        )
    lines = read_log(lake.workshop.logs, record.id)
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo(f"note: its log is not in {lake.workshop.logs}", err=True)
