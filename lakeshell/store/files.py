"""The warehouse folder as pyiceberg's file input and output.

In: locations, which are absolute paths or `file://` and such a path, taken as they are written: a
`#` or `%` in a folder's name means itself. Out: files; a file that is being written carries its
final name only when it is whole and on disk.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

_SCHEME = "file://"


def local_path(location: str) -> Path:
    return Path(location.removeprefix(_SCHEME))


class LocalInput(InputFile):
    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.path = local_path(location)

    def __len__(self) -> int:
        return self.path.stat().st_size

    def exists(self) -> bool:
        return self.path.exists()

    def open(self, seekable: bool = True) -> InputStream:
        return self.path.open("rb")


class Appearing:
    """A file that takes its name when it is closed after a write that went well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f".{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream: IO[bytes] = self.part.open("wb")

    def write(self, data: bytes) -> int:
        return self.stream.write(data)

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


class LocalOutput(OutputFile):
    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.path = local_path(location)

    def __len__(self) -> int:
        return self.path.stat().st_size

    def exists(self) -> bool:
        return self.path.exists()

    def to_input_file(self) -> InputFile:
        return LocalInput(self.location)

    def create(self, overwrite: bool = False) -> OutputStream:
        if not overwrite and self.path.exists():
            raise FileExistsError(str(self.path))
        return Appearing(self.path)


class LocalFiles(FileIO):
    def new_input(self, location: str) -> InputFile:
        return LocalInput(location)

    def new_output(self, location: str) -> OutputFile:
        return LocalOutput(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        local_path(location if isinstance(location, str) else location.location).unlink()
