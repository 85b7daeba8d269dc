"""Saved queries: one SQL file each, `queries/WORKGROUP/NAME.sql`.

The file is what runs, and what a team reviews in git. Its first remarks are what people read of it:

    -- The films that were rented most.
    -- :since = DATE '2026-01-01'
    -- :store
    SELECT ...

A remark that begins with `:` declares a parameter, with the value that it has when none is given;
the others are the description.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lakeshell.definitions.schema import checked_name, missing, write
from lakeshell.errors import AlreadyExists, ConfigurationError

_PARAMETER = re.compile(r":([A-Za-z_]\w*)\s*(?:=\s*(.*?))?\s*")
ADD = "lakeshell saved save NAME -e 'SELECT ...'"


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """`sql` is everything below the first remarks. A parameter's value is None where it must be
    given."""

    workgroup: str
    name: str
    sql: str
    description: str = ""
    parameters: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole file."""
        remarks = [f"-- {line}".rstrip() for line in self.description.splitlines()]
        for name, value in self.parameters.items():
            remarks.append(f"-- :{name}" if value is None else f"-- :{name} = {value}")
        return "\n".join((*remarks, self.sql.strip())) + "\n"


def parse(workgroup: str, name: str, text: str) -> SavedQuery:
    description: list[str] = []
    parameters: dict[str, str | None] = {}
    lines = text.splitlines()
    while lines and lines[0].startswith("--"):
        remark = lines.pop(0)[2:].strip()
        declared = _PARAMETER.fullmatch(remark)
        if declared is None:
            description.append(remark)
        else:
            parameters[declared[1]] = declared[2]
    return SavedQuery(
        workgroup, name, "\n".join(lines).strip(), "\n".join(description).strip(), parameters
    )


class SavedQueries:
    """The saved queries of one lake, by workgroup and name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self, workgroup: str) -> list[str]:
        return sorted(p.stem for p in self._home(workgroup).glob("*.sql") if p.name[0] != ".")

    def workgroups(self) -> list[str]:
        """Those that have any."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if p.is_dir() and self.names(p.name))

    def path(self, workgroup: str, name: str) -> Path:
        return self._home(workgroup) / f"{checked_name('saved query', name)}.sql"

    def get(self, workgroup: str, name: str) -> SavedQuery:
        """Raises `UsageError` with the nearest name."""
        return parse(workgroup, name, self.read(workgroup, name))

    def read(self, workgroup: str, name: str) -> str:
        """The whole file."""
        path = self.path(workgroup, name)
        if not path.is_file():
            raise missing("saved query", name, self.names(workgroup), ADD, f"of {workgroup}")
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"{path} is not UTF-8 text (byte {error.start})", hint="save it again as UTF-8"
            ) from error

    def save(self, query: SavedQuery, *, replace: bool = False) -> Path:
        """Raises `AlreadyExists` for another text under that name, unless it is to be replaced."""
        path = self.path(query.workgroup, query.name)
        if path.exists() and not replace and self.read(query.workgroup, query.name) != query.text:
            raise AlreadyExists(
                f"there is a saved query {query.name!r} of {query.workgroup} already",
                hint="add --replace to save a new version of it, or choose another name",
            )
        write(path, query.text)
        return path

    def rename(self, workgroup: str, name: str, target: str) -> Path:
        self.read(workgroup, name)
        path = self.path(workgroup, target)
        if path.exists():
            raise AlreadyExists(
                f"there is a saved query {target!r} of {workgroup} already",
                hint="choose another name",
            )
        return self.path(workgroup, name).rename(path)

    def remove(self, workgroup: str, name: str) -> None:
        self.read(workgroup, name)
        self.path(workgroup, name).unlink()

    def _home(self, workgroup: str) -> Path:
        return self.folder / checked_name("workgroup", workgroup)
