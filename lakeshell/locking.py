"""One run of a job or a crawler at a time. The lock is the kernel's: a killed run leaves none behind."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from lakeshell.errors import ConfigurationError, LakeshellError


@contextmanager
def alone(kind: str, name: str, locks: Path) -> Iterator[None]:
    """`kind` is `job` or `crawler`; `locks` is the lake's folder of locks. Raises `LakeshellError`
    when it is running already."""
    with _opened(locks / f"{kind}-{name}.lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LakeshellError(
                f"{kind} {name!r} is running already",
                hint=f"see it with `lakeshell {kind} runs {name}`; wait for its end",
            ) from error
        yield


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}",
            hint="check the free space and the rights of the folder",
        ) from error
