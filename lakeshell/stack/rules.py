"""Who may use which database in Trino: rules written by hand, and those of the workgroups.

In: the lake's `access/rules.json` and its workgroups. Out: the one file that Trino reads. The file
by hand is never written after it was made, and so never lost: what Trino reads is made of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lakeshell.errors import ConfigurationError
from lakeshell.stack.groups import Change
from lakeshell.workgroup import Workgroup, owners

Rule = Mapping[str, Any]
Rules = dict[str, Any]

ALLOW_ALL: Rules = {"catalogs": [{"allow": "all"}], "system_information": [{"allow": ["read"]}]}
_EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE", "OWNERSHIP", "GRANT_SELECT")
_LAKE = "lake|lake_files"
_WHO_AND_WHAT = ("user", "role", "group", "catalog", "schema", "table")
"""What a rule is narrowed down by; one with none of them is about everybody and everything."""


def read_by_hand(path: Path) -> Rules:
    """Raises `ConfigurationError` with the line that is wrong."""
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error}", hint="it is JSON in UTF-8"
        ) from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{path}, line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}",
            hint="mend that line; Trino goes on with the rules that it had",
        ) from error
    wrong = not isinstance(rules, dict) or not all(
        isinstance(section, list) and all(isinstance(rule, dict) for rule in section)
        for section in rules.values()
    )
    if wrong:
        raise ConfigurationError(
            f"{path} is not an object of lists of rules",
            hint="Trino's documentation of file-based access control has examples",
        )
    return dict(rules)


def of_workgroups(workgroups: Iterable[Workgroup]) -> Rules:
    """A database that a workgroup with members has is theirs and nobody else's, with all rights;
    a database that none has is as open as it was."""
    schemas, tables = [], []
    for database, members in sorted(owners(workgroups).items()):
        where = _where(database)
        who = {"user": "|".join(re.escape(member) for member in sorted(members))}
        schemas += [{**who, **where, "owner": True}, {**where, "owner": False}]
        tables += [
            {**who, **where, "privileges": [*_EVERYTHING]},
            {**where, "privileges": []},
        ]
    return {"schemas": schemas, "tables": tables} if tables else {}


def _where(database: str) -> Rules:
    """`raw` is a database of the lake, `movies.sakila` a schema of a connection."""
    catalog, dot, schema = database.rpartition(".")
    return {"catalog": re.escape(catalog) if dot else _LAKE, "schema": re.escape(schema)}


def merged(by_hand: Rules, generated: Rules) -> Rules:
    """The first rule that fits counts. Those by hand come first, but the last of them, where they
    are about everybody and everything, come after those of the workgroups. A section that is in
    neither file allows all, so one that is not by hand ends with that."""
    made = dict(by_hand)
    for section, rules in generated.items():
        given: Sequence[Rule] = by_hand.get(section, [_ALLOWS[section]])
        cut = len(given)
        while cut and not any(key in given[cut - 1] for key in _WHO_AND_WHAT):
            cut -= 1
        made[section] = [*given[:cut], *rules, *given[cut:]]
    return made


_ALLOWS: Mapping[str, Rule] = {
    "schemas": {"owner": True},
    "tables": {"privileges": [*_EVERYTHING]},
}


def text(rules: Rules) -> str:
    return json.dumps(rules, indent=2) + "\n"


def changes(before: str, after: str) -> Sequence[Change]:
    """Rules that are in one of the texts alone; `before` is empty where there was no file."""
    old, new = (_flat(json.loads(given)) if given else [] for given in (before, after))
    made = [Change("add", "rule", where, said) for where, said in new if (where, said) not in old]
    made += [
        Change("remove", "rule", where, said) for where, said in old if (where, said) not in new
    ]
    return made or [Change("change", "rule", "all", "in another order")]


def _flat(rules: Rules) -> list[tuple[str, str]]:
    return [(section, json.dumps(rule)) for section, given in rules.items() for rule in given]


SEEN, SEEN_FOLDER = 0o644, 0o755
"""Modes of what the user of a container reads, whatever this one's umask is."""


def write(path: Path, content: str) -> None:
    """Replaces the file whole: Trino reads it at any time, as a user of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(SEEN_FOLDER)
    part = path.with_name(f".{path.name}.new")
    part.write_text(content, encoding="utf-8")
    part.chmod(SEEN)
    part.replace(path)
