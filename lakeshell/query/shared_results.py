"""Results that are kept on object storage, where everybody of a workgroup finds them.

In: a result's file, when it is whole. Out: the same file, on any machine. What cannot be reached is
as good as not kept: no query fails for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from lakeshell.errors import LakeshellError
from lakeshell.model import moment_of
from lakeshell.ports import Objects


class SharedResults:
    """`location` is `s3://BUCKET/PREFIX`; `files` opens what is there, when first needed."""

    def __init__(self, files: Callable[[], Objects], location: str) -> None:
        self._files = files
        self.location = location.rstrip("/")

    def put(self, path: Path) -> None:
        with (
            suppress(OSError, LakeshellError),
            path.open("rb") as source,
            self._files().create(self._at(path.stem)) as sink,
        ):
            shutil.copyfileobj(source, sink)

    def fetch(self, id: str, path: Path) -> None:
        """Brings it to `path`, where it is there."""
        part = path.with_suffix(".part")
        with suppress(OSError, LakeshellError):
            path.parent.mkdir(parents=True, exist_ok=True)
            source = self._files().open(self._at(id))
            try:
                with part.open("wb") as target:
                    shutil.copyfileobj(source, target)
            finally:
                source.close()
            part.replace(path)

    def has(self, id: str) -> bool:
        with suppress(OSError, LakeshellError):
            return self._files().exists(self._at(id))
        return False

    def prune(self, keep: int, now: datetime) -> None:
        """Removes those of queries that began longer ago than `keep` seconds: their ids say when."""
        with suppress(OSError, LakeshellError):
            for location in self._files().listed(self.location):
                name = location.rpartition("/")[2]
                began = moment_of(name)
                if began is None or not name.endswith(".arrow"):
                    continue
                if (now - began).total_seconds() > keep:
                    self._files().delete(location)

    def _at(self, id: str) -> str:
        return f"{self.location}/{id}.arrow"
