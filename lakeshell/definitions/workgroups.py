"""Workgroups: what separates and limits teams, `workgroups/NAME.toml`.

The workgroup `primary` exists without a file: no limits.
"""

from __future__ import annotations

from typing import Any

from lakeshell.definitions.folder import DefinitionFolder
from lakeshell.definitions.schema import Key, duration, money, size, table, text, texts
from lakeshell.errors import UsageError
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


class Workgroups(DefinitionFolder[Workgroup]):
    """The workgroups of one lake, by name."""

    kind = "workgroup"
    keys = KEYS
    how = ADD

    def names(self) -> list[str]:
        return sorted({PRIMARY, *super().names()})

    def _taken(self, name: str) -> str | None:
        # The built-in one can be given a file of its own, so its name is free until it has one.
        return name if self.path(name).exists() else None

    def get(self, name: str) -> Workgroup:
        if name == PRIMARY and not self.path(name).exists():
            return Workgroup(name=name, description="everything that names no workgroup")
        return super().get(name)

    def remove(self, name: str) -> None:
        if name == PRIMARY and not self.path(name).exists():
            raise UsageError(
                f"{name!r} is the built-in workgroup", hint="it cannot be removed, only limited"
            )
        super().remove(name)

    def _made(self, name: str, values: dict[str, Any]) -> Workgroup:
        values["properties"] = {k: str(v) for k, v in (values["properties"] or {}).items()}
        return Workgroup(name=name, **values)

    def _written(self, made: Workgroup) -> dict[str, Any]:
        values = {key.name: getattr(made, key.name) for key in KEYS}
        if values["scan_limit"] is not None:
            values["scan_limit"] = size_text(values["scan_limit"])
        values["description"] = values["description"] or None
        values["reuse"] = values["reuse"] or None
        values["properties"] = dict(values["properties"]) or None
        return values


def size_text(size_in_bytes: int) -> str | int:
    """`10MB`; the number itself where no unit divides it."""
    for unit, factor in (("TB", 2**40), ("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if size_in_bytes and size_in_bytes % factor == 0:
            return f"{size_in_bytes // factor}{unit}"
    return size_in_bytes
