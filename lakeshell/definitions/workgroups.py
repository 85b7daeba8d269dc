"""Workgroups: what separates and limits teams, `workgroups/NAME.toml`.

The workgroup `primary` exists without a file: no limits.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from lakeshell.definitions.schema import (
    Key,
    checked_name,
    dump,
    duration,
    load,
    missing,
    money,
    names,
    size,
    table,
    text,
    texts,
    write,
)
from lakeshell.errors import AlreadyExists, UsageError
from lakeshell.query.workgroup import Workgroup

PRIMARY = "primary"
KEYS = (
    Key("description", text, ""),
    Key("members", texts, (), doc="users; none admits everybody"),
    Key("database", text, None, doc="the database of names without one"),
    Key("scan_limit", size, None, doc='most bytes that one query may scan: "10MB"'),
    Key("daily_budget", money, None, doc="most that a UTC day may cost"),
    Key("monthly_budget", money, None, doc="most that a UTC month may cost"),
    Key("reuse", duration, 0, doc="up to which age an older result of the same will do"),
    Key("properties", table, None, doc="session properties of the engine"),
)
ADD = "lakeshell workgroup add NAME --scan-limit 10MB"


class Workgroups:
    """The workgroups of one lake, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        return sorted({PRIMARY, *names(self.folder)})

    def path(self, name: str) -> Path:
        return self.folder / f"{checked_name('workgroup', name)}.toml"

    def get(self, name: str) -> Workgroup:
        if name not in self.names():
            raise missing("workgroup", name, self.names(), ADD)
        path = self.folder / f"{name}.toml"
        if not path.exists():
            return Workgroup(name=name, description="everything that names no workgroup")
        values = load(path, KEYS)
        values["properties"] = {k: str(v) for k, v in (values["properties"] or {}).items()}
        return Workgroup(name=name, **values)

    def add(self, workgroup: Workgroup) -> Path:
        path = self.path(workgroup.name)
        if path.exists():
            raise AlreadyExists(
                f"there is a workgroup {workgroup.name!r} already",
                hint=f"change it: lakeshell workgroup set {workgroup.name} --scan-limit 10MB",
            )
        return self._write(path, workgroup)

    def set(self, name: str, changes: dict[str, Any]) -> Path:
        return self._write(self.path(name), dataclasses.replace(self.get(name), **changes))

    def remove(self, name: str) -> None:
        self.get(name)
        path = self.path(name)
        if not path.exists():
            raise UsageError(
                f"{name!r} is the built-in workgroup", hint="it cannot be removed, only limited"
            )
        path.unlink()

    def _write(self, path: Path, workgroup: Workgroup) -> Path:
        values = {key.name: getattr(workgroup, key.name) for key in KEYS}
        if values["scan_limit"] is not None:
            values["scan_limit"] = size_text(values["scan_limit"])
        values["description"] = values["description"] or None
        values["reuse"] = values["reuse"] or None
        write(path, dump({k: dict(v) if k == "properties" and v else v for k, v in values.items()}))
        return path


def size_text(size_in_bytes: int) -> str | int:
    """`10MB`; the number itself where no unit divides it."""
    for unit, factor in (("TB", 2**40), ("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if size_in_bytes and size_in_bytes % factor == 0:
            return f"{size_in_bytes // factor}{unit}"
    return size_in_bytes
