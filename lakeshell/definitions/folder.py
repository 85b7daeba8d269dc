"""A lake's folder of definitions of one kind: read, added, changed, removed.

In: TOML files, and how one kind's keys become its value. Out: values, or errors that name the file.
A file is written whole. One that a person wrote keeps its remarks and its order when it is changed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from lakeshell.definitions.schema import (
    Key,
    checked_name,
    dump,
    load,
    missing,
    names,
    rewritten,
    write,
)
from lakeshell.errors import AlreadyExists, LakeshellError, command_line


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class DefinitionFolder(Generic[T]):
    """`kind` is what one is called, `how` the command that adds one."""

    kind: ClassVar[str]
    keys: ClassVar[Sequence[Key]]
    how: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        return names(self.folder)

    def path(self, name: str) -> Path:
        return self.folder / f"{checked_name(self.kind, name)}.toml"

    def get(self, name: str) -> T:
        """Raises `UsageError` with the nearest name, `ConfigurationError` of what is in the file."""
        path = self.known(name)
        return self._made(path.stem, load(path, self.keys))

    def known(self, name: str) -> Path:
        """The file of one that there is, right or broken. Raises `UsageError` with the nearest name."""
        spelled = self.spelled(name)
        if spelled is None:
            raise missing(self.kind, name, self.names(), self.how)
        return self.path(spelled)

    def each(self, wrong: Callable[[LakeshellError], object]) -> Iterator[T]:
        """Those that can be read, by name; `wrong` is told of every other."""
        for name in self.names():
            try:
                yield self.get(name)
            except LakeshellError as error:
                wrong(error)

    def spelled(self, name: str) -> str | None:
        """The name as the file has it; None where there is none."""
        return name if name in self.names() else None

    def add(self, made: T) -> Path:
        """Raises `AlreadyExists`."""
        path = self.path(made.name)
        self._check_new(made)
        write(path, dump(self._written(made)))
        return path

    def _check_new(self, made: T) -> None:
        self._check(made)
        taken = self._taken(made.name)
        if taken is not None:
            raise AlreadyExists(
                f"there is a {self.kind} {taken!r} already",
                hint=f"change it: {command_line(self.kind, 'set', taken)}, or choose another name",
            )

    def set(self, name: str, changes: Mapping[str, Any]) -> Path:
        """What is not named stays, in the file too. Nothing is written where nothing changes."""
        before = self.get(name)
        after = dataclasses.replace(before, **changes)  # type: ignore[type-var]
        self._check(after)
        path = self.path(before.name)
        old, new = self._written(before), self._written(after)
        changed = {key: value for key, value in new.items() if value != old.get(key)}
        changed |= {key: None for key in old if key not in new}
        if changed or not path.exists():
            write(path, rewritten(path, changed) if path.exists() else dump(new))
        return path

    def remove(self, name: str) -> None:
        """Also one that cannot be read."""
        self.known(name).unlink()

    # --- what a kind says of itself --------------------------------------------------------

    def _taken(self, name: str) -> str | None:
        """The one that a new one of that name would be in the way of."""
        return self.spelled(name)

    def _made(self, name: str, values: dict[str, Any]) -> T:
        raise NotImplementedError

    def _written(self, made: T) -> dict[str, Any]:
        """The values of the file, by key; None of what is left out."""
        raise NotImplementedError

    def _check(self, made: T) -> None:
        """Raises `UsageError` for one that may not be written."""
