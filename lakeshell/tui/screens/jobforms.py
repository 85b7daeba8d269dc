"""The forms of jobs: proposed from a table, added from a script of statements, changed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakeshell.definitions.jobs import table_name, written_name
from lakeshell.definitions.schema import checked_name, choice, count, duration
from lakeshell.errors import UsageError
from lakeshell.etl.job import Job
from lakeshell.etl.script import propose_script
from lakeshell.tui.screens.edited import Edited
from lakeshell.tui.screens.form import (
    Field,
    FormScreen,
    Values,
    changed,
    options,
    set_options,
)

if TYPE_CHECKING:
    from lakeshell.lake import Lake

MODES = ("overwrite", "append")
KINDS = ("arrow", "sql")


# --- proposed ------------------------------------------------------------------------------


def propose_form(lake: Lake) -> FormScreen:
    fields = (
        _name("load_film"),
        Field("source", "Source", "DATABASE.TABLE to read", "", True, table_name),
        Field("target", "Target", "DATABASE.TABLE to write", "", True, table_name),
        Field("kind", "Kind", "arrow copies through a mapping, sql runs statements", KINDS[0], check=choice(*KINDS)),
        Field("mode", "Mode", " or ".join(MODES), MODES[0], check=choice(*MODES)),
    )  # fmt: skip

    def make(given: Values) -> object:
        kind = given["kind"] or KINDS[0]
        source = table_name(given["source"])
        job = Job(
            name=given["name"],
            kind=kind,
            script=lake.jobs.script_of(given["name"], kind),
            source=source,
            target=table_name(given["target"]),
            mode=given["mode"] or MODES[0],
        )
        return lake.jobs.add(job, propose_script(job, lake.catalog.table(source).columns))

    def command(given: Values) -> Sequence[str]:
        words = options(
            source=given["source"] or "DB.TABLE",
            target=given["target"] or "DB.TABLE",
            kind=given["kind"] if given["kind"] != KINDS[0] else "",
            mode=given["mode"] if given["mode"] != MODES[0] else "",
        )
        return ("job", "propose", given["name"] or "NAME", *words)

    return FormScreen("Propose a job", fields, make, command)


# --- added ---------------------------------------------------------------------------------


def add_form(lake: Lake, workgroups: Sequence[str]) -> FormScreen:
    fields = (
        _name("presentation"),
        Field("script", "Script", "a .sql file of statements; it is copied", "", True, _script),
        Field("target", "Target", "the table that it builds, for listings", check=table_name),
        *_settings(None, workgroups),
    )

    def make(given: Values) -> object:
        target = given["target"]
        job = Job(
            name=given["name"],
            kind="sql",
            script=lake.jobs.script_of(given["name"], "sql"),
            target=table_name(target) if target else None,
            **_read(given),
        )
        return lake.jobs.add(job, _script(given["script"]).read_text(encoding="utf-8"))

    def command(given: Values) -> Sequence[str]:
        words = options(
            script=given["script"] or "FILE.sql",
            target=given["target"],
            workgroup=given["workgroup"] if given["workgroup"] != "primary" else "",
            retries=given["retries"] if given["retries"] != "0" else "",
            timeout=given["timeout"],
            dpu=given["dpu"] if given["dpu"] != "1" else "",
            param=_pairs(given["param"]),
            description=given["description"],
        )
        return ("job", "add", given["name"] or "NAME", *words)

    return FormScreen("Add a job of SQL statements", fields, make, command)


def _script(text: str) -> Path:
    path = Path(text).expanduser()
    if path.suffix.lower() != ".sql":
        raise UsageError(f"{text} is not a .sql file")
    if not path.is_file():
        raise UsageError(f"there is no file {text}")
    return path


# --- changed -------------------------------------------------------------------------------


def edited(lake: Lake, key: str) -> Edited[Sequence[Field]]:
    def read() -> Sequence[Field]:
        job = lake.jobs.get(key)
        needed = job.kind == "arrow"
        source = "" if job.source is None else written_name(job.source)
        target = "" if job.target is None else written_name(job.target)
        mode = Field("mode", "Mode", " or ".join(MODES), job.mode, True, choice(*MODES))
        return (
            Field("source", "Source", "DATABASE.TABLE to read", source, needed, table_name),
            Field("target", "Target", "DATABASE.TABLE to write", target, needed, table_name),
            *((mode,) if needed else ()),
            *_settings(job, lake.workgroups.names()),
        )

    return Edited(lake.jobs.path(key), read)


def change(lake: Lake, key: str, given: Values) -> object:
    changes = _read(given)
    for name in ("source", "target"):
        changes[name] = table_name(given[name]) if given[name] else None
    if "mode" in given:
        changes["mode"] = given["mode"]
    return lake.jobs.set(key, changes)


def change_command(key: str, given: Values, before: Sequence[Field]) -> Sequence[str]:
    made = changed(given, before, ("description",))
    defaults = options(param=_pairs(made.pop("param", "")))
    return ("job", "set", key, *set_options(made), *defaults)


# --- what they share -----------------------------------------------------------------------


def _name(example: str) -> Field:
    return Field("name", "Name", example, "", True, lambda text: checked_name("job", text))


def _settings(job: Job | None, workgroups: Sequence[str]) -> tuple[Field, ...]:
    seconds = "" if job is None or job.timeout is None else f"{job.timeout}s"
    pairs = "" if job is None else shlex.join(f"{k}={v}" for k, v in job.parameters.items())
    group = "primary" if job is None else job.workgroup
    return (
        Field("workgroup", "Workgroup", ", ".join(workgroups), group, check=choice(*workgroups)),
        Field("retries", "Retries", "attempts after the first", str(job.retries if job else 0), check=count),
        Field("timeout", "Timeout", "2h, 30m: the most that a run may take", seconds, check=duration),
        Field("dpu", "DPU", "capacity that a run is billed for", str(job.dpu if job else 1), check=count),
        Field("param", "Parameters", "NAME=VALUE NAME=VALUE: defaults", pairs, check=parameters),
        Field("description", "Description", "what it is for", job.description if job else ""),
    )  # fmt: skip


def _read(given: Values) -> dict[str, Any]:
    return {
        "workgroup": given["workgroup"] or "primary",
        "retries": count(given["retries"] or "0"),
        "timeout": duration(given["timeout"]) if given["timeout"] else None,
        "dpu": count(given["dpu"] or "1"),
        "parameters": parameters(given["param"]),
        "description": given["description"],
    }


def parameters(text: str) -> dict[str, str]:
    """Of `NAME=VALUE NAME=VALUE`; a value with a blank in it stands in quotes, as in a shell.
    Raises `ValueError` with what it expects."""
    made = {}
    for word in _pairs(text):
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ValueError("NAME=VALUE pairs by blanks")
        made[name] = value
    return made


def _pairs(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        # A quote that is not closed yet, while it is typed.
        return text.split()
