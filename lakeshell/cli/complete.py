"""What a shell offers after TAB: the names that a lake has, each where it is asked for.

In: a command whose parameters have names such as `table` or `workgroup`. Out: the same, whose
parameters know the names in the lake that fit. Nothing is made, started or said: a lake that
cannot be read has no names.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    split_arg_string,
)

if TYPE_CHECKING:
    from lakeshell.lake import Lake

VARIABLE = "_LAKESHELL_COMPLETE"
"""Set by the shell's script: what it wants to know."""
_NEWEST = 50

Names = Callable[["Lake", click.Context], Iterable[str]]


def _workgroups(lake: Lake, context: click.Context) -> Iterable[str]:
    return lake.workgroups.names()


def _connections(lake: Lake, context: click.Context) -> Iterable[str]:
    return lake.connections.names()


def _crawlers(lake: Lake, context: click.Context) -> Iterable[str]:
    return lake.crawlers.names()


def _jobs(lake: Lake, context: click.Context) -> Iterable[str]:
    return lake.jobs.names()


def _saved(lake: Lake, context: click.Context) -> Iterable[str]:
    group = context.params.get("workgroup") or lake.settings.workgroup
    return lake.saved.names(group) if lake.may_use(group) else ()


def _databases(lake: Lake, context: click.Context) -> Iterable[str]:
    return [database.name for database in lake.catalog.databases()]


def _tables(lake: Lake, context: click.Context) -> Iterable[str]:
    return [str(name) for name in lake.catalog.names()]


def _queries(lake: Lake, context: click.Context) -> Iterable[str]:
    from lakeshell import history
    from lakeshell.ports import HistoryFilter

    return [
        record.id
        for record in lake.ledger.queries(history.visible(lake, HistoryFilter(limit=_NEWEST)))
    ]


def _runs(lake: Lake, context: click.Context) -> Iterable[str]:
    return [run.id for run in lake.ledger.runs("job", None, _NEWEST)]


_ANYWHERE: dict[str, Names] = {
    "workgroup": _workgroups,
    "database": _databases,
    "table": _tables,
    "connection": _connections,
    "id": _queries,
    "query_id": _queries,
    "run_id": _runs,
}
_OF: dict[tuple[str, str], Names] = {
    ("connection", "name"): _connections,
    ("crawler", "name"): _crawlers,
    ("job", "name"): _jobs,
    ("job", "source"): _tables,
    ("job", "target"): _tables,
    ("saved", "name"): _saved,
    ("workgroup", "name"): _workgroups,
}
_MAKE = ("add", "propose")
"""Verbs whose NAME is a new one."""


class Bash(BashComplete):
    """Takes the line as it is typed, for bash splits words at colons, and gives names as bash must
    read them: quoted."""

    source_template = r"""%(complete_func)s() {
    local line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]} before= type value
    # What of the name stands before the word: bash begins a new one behind a colon.
    [[ ${line%%"$word"} =~ (([^[:space:]\\]|\\.)*)$ ]] && before=${BASH_REMATCH[1]}
    [[ $word =~ ^:+$ ]] && before+=$word
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
        dir) compopt -o dirnames ;;
        file) compopt -o default ;;
        plain)
            case $word in
            \"*) value=$(sed 's/[\\"$`]/\\&/g' <<< "$value") ;;
            \'*) value=$(sed "s/'/'\\\\''/g" <<< "$value") ;;
            *) printf -v value %%q "$value" ;;
            esac
            COMPREPLY+=("${value#"$before"}")
            ;;
        esac
    done < <(env COMP_WORDS="$line" %(complete_var)s=bash_complete "$1")
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        *args, last = split_arg_string(os.environ["COMP_WORDS"] + _HERE)
        return args[1:], last.removesuffix(_HERE)


_HERE = "\0"


def register() -> None:
    """Has click use what is here. Done where a completion, or its script, is asked for."""
    add_completion_class(Bash)


def attach(command: click.Command, noun: str) -> click.Command:
    """The command with names of the lake behind its parameters and those of its verbs."""
    _attach(command, noun)
    for verb in getattr(command, "commands", {}).values():
        _attach(verb, noun)
    return command


def _attach(command: click.Command, noun: str) -> None:
    for parameter in command.params:
        name = parameter.name or ""
        names = _OF.get((noun, name)) or _ANYWHERE.get(name)
        if names is not None and not (name == "name" and command.name in _MAKE):
            parameter.shell_complete = _offered(names)  # type: ignore[assignment]


def _offered(names: Names) -> Callable[[click.Context, str], list[CompletionItem]]:
    def offered(context: click.Context, incomplete: str) -> list[CompletionItem]:
        logged = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            found = _found(names, context)
        except Exception:
            # Whoever presses TAB is in the middle of a line: no error may be written into it, and
            # no driver's log.
            return []
        finally:
            logging.disable(logged)
        return [CompletionItem(name) for name in found if name.startswith(incomplete)]

    return offered


def _found(names: Names, context: click.Context) -> Iterable[str]:
    from lakeshell.folder import default_lake, enclosing_lake
    from lakeshell.lake import Lake

    here, named = Path.cwd(), context.params.get("lake_folder") or os.environ.get("LAKESHELL_LAKE")
    folder = Path(named).expanduser() if named else enclosing_lake(here) or default_lake(os.environ)
    if not folder.is_dir():
        return []
    # A service that sleeps is not woken for a list of names.
    asleep = {**os.environ, "LAKESHELL_STACK_IDLE_STOP": "0"}
    with Lake(folder, asleep) as lake:
        return list(names(lake, context))
