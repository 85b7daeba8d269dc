"""Workgroups: what separates and limits teams, `workgroups/NAME.toml`.

The workgroup `primary` exists without a file: no limits. So does `unmatched` on a cluster, which
other clients use as well.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lakeshell.definitions.folder import DefinitionFolder
from lakeshell.definitions.schema import (
    MOST,
    Key,
    choice,
    count,
    duration,
    filled,
    filled_texts,
    money,
    size,
    table,
    text,
    texts,
    whole,
)
from lakeshell.errors import LakeshellError, UsageError
from lakeshell.workgroup import MANY, PRIMARY, QUEUED, UNMATCHED, Workgroup

NEVER = "never"


def percent(value: object) -> int | None:
    """A share of a budget: `80%`, 80 or `never`, which is None."""
    written = str(value).strip().removesuffix("%").strip()
    if written == NEVER:
        return None
    if isinstance(value, bool) or not written.isdecimal() or not 0 < int(written) <= 1000:
        raise ValueError('a share such as "80%", or "never"')
    return int(written)


def tags(value: object) -> tuple[str, ...]:
    """Client tags, as Trino's clients send them: in one header, by commas."""
    found = texts(value)
    for tag in found:
        if not tag or tag in RESERVED or any(c in ", " or not c.isprintable() for c in tag):
            raise ValueError(
                f"a list of client tags without blanks and commas, and none is {' or '.join(RESERVED)}"
            )
    return found


def databases(value: object) -> tuple[str, ...]:
    return tuple(name.lower() for name in filled_texts(value))


def location(value: object) -> str:
    written = text(value)
    if not written or ("://" in written and not re.match(r"s3://[^/]+/.+", written)):
        raise ValueError("a folder, in the lake's own or absolute, or s3://BUCKET/PREFIX")
    return written


def shell_command(value: object) -> str:
    written = text(value)
    if not written.strip():
        raise ValueError("a command of the shell")
    return written


RESERVED = ("lakeshell",)
"""Tags that every query of Lakeshell has."""
OVERRIDE = ("allow", "refuse")
KEYS = (
    Key("description", text, ""),
    Key("members", filled_texts, (), doc="users; none admits everybody"),
    Key("tags", tags, (), doc="client tags that mean it, beside its name"),
    Key("database", filled, None, doc="the database of names without one"),
    Key("databases", databases, (), doc="databases that only its members may use"),
    Key("scan_limit", size, None, doc='most bytes that one query may scan: "10MB"'),
    Key("daily_budget", money, None, doc="most that a UTC day may cost"),
    Key("monthly_budget", money, None, doc="most that a UTC month may cost"),
    Key("budget_warn", percent, 80, doc="from which share of a budget it warns"),
    Key("budget_stop", percent, 100, doc="at which share of a budget queries are stopped"),
    Key(
        "notify", shell_command, None, doc="a command that is run once when a budget warns or stops"
    ),
    Key("concurrency", whole(1, MOST), None, doc="most queries that run at once"),
    Key("queue", count, None, doc="most queries that wait"),
    Key("result_location", location, None, doc="where its results are kept"),
    Key("result_keep", duration, None, doc="how long its results can be opened again"),
    Key("reuse", duration, 0, doc="up to which age an older result of the same will do"),
    Key("override", choice(*OVERRIDE), "allow", doc="what clients set against its properties"),
    Key("properties", table, None, doc="session properties of the engine"),
)
BUILT_IN = {
    PRIMARY: Workgroup(PRIMARY, "everything that names no workgroup"),
    UNMATCHED: Workgroup(
        UNMATCHED,
        "other clients, without a workgroup's tag or member",
        concurrency=MANY,
        queue=QUEUED,
    ),
}
ADD = "lakeshell workgroup add NAME --scan-limit 10MB"


class Workgroups(DefinitionFolder[Workgroup]):
    """The workgroups of one lake, by name."""

    kind = "workgroup"
    keys = KEYS
    how = ADD

    def __init__(self, folder: Path, *, on_cluster: bool = False) -> None:
        """`on_cluster`: other clients use the same engine."""
        super().__init__(folder)
        self._built_in = BUILT_IN if on_cluster else {PRIMARY: BUILT_IN[PRIMARY]}

    def names(self) -> list[str]:
        return sorted({*self._built_in, *super().names()})

    def all(self) -> list[Workgroup]:
        """Without one that another process removes in this moment."""
        found = []
        for name in self.names():
            try:
                found.append(self.get(name))
            except LakeshellError:
                if self.path(name).exists():
                    raise
        return found

    def _taken(self, name: str) -> str | None:
        # A built-in one can be given a file of its own, so its name is free until it has one.
        return name if self.path(name).exists() else None

    def get(self, name: str) -> Workgroup:
        if name in self._built_in and not self.path(name).exists():
            return self._built_in[name]
        return super().get(name)

    def remove(self, name: str) -> None:
        if name in self._built_in and not self.path(name).exists():
            raise UsageError(
                f"{name!r} is the built-in workgroup", hint="it cannot be removed, only limited"
            )
        super().remove(name)

    def _made(self, name: str, values: dict[str, Any]) -> Workgroup:
        values["properties"] = {k: _property(v) for k, v in (values["properties"] or {}).items()}
        values["may_override"] = values.pop("override") == "allow"
        return Workgroup(name=name, **values)

    def _written(self, made: Workgroup) -> dict[str, Any]:
        """What differs from the defaults."""
        values = {key.name: getattr(made, key.name, None) for key in KEYS}
        values["override"] = OVERRIDE[not made.may_override]
        for key in KEYS:
            if values[key.name] == key.default:
                values[key.name] = None
            elif key.read is percent:
                values[key.name] = NEVER if values[key.name] is None else f"{values[key.name]}%"
        if made.scan_limit is not None:
            values["scan_limit"] = size_text(made.scan_limit)
        values["properties"] = dict(made.properties) or None
        return values


def _property(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def size_text(size_in_bytes: int) -> str | int:
    """`10MB`; the number itself where no unit divides it."""
    for unit, factor in (("TB", 2**40), ("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if size_in_bytes and size_in_bytes % factor == 0:
            return f"{size_in_bytes // factor}{unit}"
    return size_in_bytes
