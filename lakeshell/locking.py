"""One run of a job or a crawler at a time. The lock is the kernel's: a killed run leaves none behind."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lakeshell.errors import LakeshellError


@contextmanager
def alone(kind: str, name: str, locks: Path) -> Iterator[None]:
    """`kind` is `job` or `crawler`; `locks` is the lake's folder of locks. Raises `LakeshellError`
    when it is running already."""
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"{kind}-{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LakeshellError(
                f"{kind} {name!r} is running already",
                hint=f"see it with `lakeshell {kind} runs {name}`; wait for its end",
            ) from error
        yield
