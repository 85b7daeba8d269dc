"""Where a lake's files are: read, written and removed by location, whatever keeps them.

In: locations, as metadata files write them. Out: bytes and streams. A file that is being written
carries its name only when it is whole. `LOCAL` is a folder of this machine, where locations are
absolute paths or `file://` and such a path, taken as they are written: a `#` or `%` in a folder's
name means itself. Knows nothing of tables.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

_SCHEME = "file://"
_ANY_SCHEME = re.compile(r"(?:file|s3[an]?)://")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """`size` in bytes; `modified` when it got its name."""

    location: str
    size: int
    modified: datetime


class Sink(Protocol):
    """A file under way. `close` gives it its name; `discard` leaves nothing of it. Arrow writes into
    `stream` by itself, within `failures`."""

    stream: Any

    def failures(self) -> AbstractContextManager[None]: ...
    @property
    def closed(self) -> bool: ...
    def write(self, data: Any) -> Any: ...
    def tell(self) -> int: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...
    def discard(self) -> None: ...
    def __enter__(self) -> Sink: ...
    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None: ...


class Files(Protocol):
    """Raises `OSError`; `FileNotFoundError` where there is no such file to read."""

    def read(self, location: str) -> bytes: ...

    def open(self, location: str) -> Any:
        """A binary stream with `read`, `seek`, `tell` and `close`."""

    def create(self, location: str) -> Sink: ...

    def size(self, location: str) -> int: ...

    def exists(self, location: str) -> bool: ...

    def delete(self, location: str) -> None:
        """Nothing happens where there is no such file."""

    def delete_folder(self, location: str) -> None:
        """With all that is in it."""

    def listed(self, location: str) -> list[str]:
        """The locations of the files right in a folder, in order of name; none where it is not."""

    def walk(self, location: str) -> Iterator[FoundFile]:
        """Every file in a folder and the folders below it; none where it is not."""

    def delete_all(self, locations: Iterable[str], below: str) -> None:
        """Also the folders that they leave empty, as far as these are below `below`."""


def local_path(location: str) -> Path:
    return Path(location.removeprefix(_SCHEME))


def bare(location: str) -> str:
    """Without its scheme, of which one place may have several."""
    return _ANY_SCHEME.sub("", location, count=1)


class Appearing:
    """A local file that takes its name when it is closed after a write that went well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f".{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream: IO[bytes] = self.part.open("wb")

    def write(self, data: Any) -> int:
        return self.stream.write(data)

    def failures(self) -> AbstractContextManager[None]:
        return nullcontext()

    def tell(self) -> int:
        return self.stream.tell()

    @property
    def closed(self) -> bool:
        return self.stream.closed

    def flush(self) -> None:
        self.stream.flush()

    def close(self) -> None:
        if self.stream.closed:
            return
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        self.part.rename(self.path)

    def discard(self) -> None:
        self.stream.close()
        self.part.unlink(missing_ok=True)

    def __enter__(self) -> Appearing:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


class LocalFiles:
    """`Files` of this machine."""

    def read(self, location: str) -> bytes:
        return local_path(location).read_bytes()

    def open(self, location: str) -> IO[bytes]:
        return local_path(location).open("rb")

    def create(self, location: str) -> Appearing:
        return Appearing(local_path(location))

    def size(self, location: str) -> int:
        return local_path(location).stat().st_size

    def exists(self, location: str) -> bool:
        return local_path(location).exists()

    def delete(self, location: str) -> None:
        local_path(location).unlink(missing_ok=True)

    def delete_folder(self, location: str) -> None:
        shutil.rmtree(local_path(location), ignore_errors=True)

    def listed(self, location: str) -> list[str]:
        folder = local_path(location)
        return sorted(str(path) for path in folder.iterdir()) if folder.is_dir() else []

    def walk(self, location: str) -> Iterator[FoundFile]:
        for path in local_path(location).rglob("*"):
            # One may go while they are looked at.
            with suppress(FileNotFoundError):
                if path.is_file():
                    status = path.stat()
                    modified = datetime.fromtimestamp(status.st_mtime, UTC)
                    yield FoundFile(str(path), status.st_size, modified)

    def delete_all(self, locations: Iterable[str], below: str) -> None:
        top = local_path(below)
        for path in map(local_path, locations):
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == top:
                    break
                with suppress(OSError):
                    folder.rmdir()


LOCAL = LocalFiles()
