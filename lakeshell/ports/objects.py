"""What object storage promises: files by location."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import IO, Any, Protocol


class Objects(Protocol):
    """Files by location, `s3://BUCKET/KEY`. Raises `OSError` and `LakeshellError`s."""

    def open(self, location: str) -> IO[bytes]: ...

    def create(self, location: str) -> AbstractContextManager[Any]:
        """Something to write to, which takes its name when it is left without an error."""

    def exists(self, location: str) -> bool: ...

    def delete(self, location: str) -> None: ...

    def listed(self, location: str) -> list[str]:
        """The locations of the files right in a folder; none where it is not."""
