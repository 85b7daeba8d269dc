"""One at a time, of all processes. The locks are the kernel's: who is killed leaves none behind.

In: a file to lock. Out: the right to go on, until the block ends. Who comes second is refused, or
waits and says so.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from lakeshell.errors import ConfigurationError, LakeshellError


class Held(Exception):
    """Somebody else holds the lock."""


@contextmanager
def locked(
    path: Path, *, shared: bool = False, waiting: Callable[[], None] | None = None
) -> Iterator[TextIO]:
    """Gives the locked file, which is made where it is missing. Those that are `shared` hinder no
    other that is. While others hold it, it is waited for once `waiting` was told; without that raises
    `Held`. Not to be taken twice."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with _opened(path) as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if waiting is None:
                raise Held from error
            waiting()
            fcntl.flock(file, kind)
        yield file


@contextmanager
def alone(kind: str, name: str, locks: Path) -> Iterator[None]:
    """One run of a job or a crawler at a time. `kind` is `job` or `crawler`; `locks` is the lake's
    folder of locks. Raises `LakeshellError` when it is running already."""
    try:
        with locked(locks / f"{kind}-{name}.lock"):
            yield
    except Held as error:
        raise LakeshellError(
            f"{kind} {name!r} is running already",
            hint=f"see it with `lakeshell {kind} runs {name}`; wait for its end",
        ) from error


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}",
            hint="check the free space and the rights of the folder",
        ) from error
