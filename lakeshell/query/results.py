"""Results kept for `history result`: one Arrow file a query, for a time and up to a size, its own and
that of all together.

In: a result's batches as they are read. Out: the same, later. A result that grows too large, or a
disk that is full, ends the keeping, never the query.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.errors import NotFound
from lakeshell.model import Column
from lakeshell.ports import Objects
from lakeshell.query.shared_results import SharedResults
from lakeshell.sql.datatypes import parse_type
from lakeshell.workgroup import Workgroup

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = b"lakeshell.columns"
_KINDS = (".arrow", ".part", ".reuse")
_PRUNED = ".pruned"
_PRUNE_EVERY = 3600
LARGE = 2**20
"""Bytes of a result after which the folder is looked through at once, which takes a millisecond for
some hundred files; smaller ones are counted with the hourly look."""
ROOM = 512 * 2**20
"""Bytes free on the disk below which nothing is kept: tables and the ledger need them more."""


class Results:
    """The folder of kept results. `keep` in seconds, `max_size` in bytes of one result, `max_total` of
    all that are in the folder, of which the oldest go; `lake` is the folder that a workgroup's
    location is in, where it is not absolute; `files` opens the object storage where it is `s3://…`,
    of which the folder then holds what was used here."""

    def __init__(
        self,
        folder: Path,
        keep: int,
        max_size: int,
        max_total: int,
        lake: Path = Path(),
        files: Callable[[], Objects] | None = None,
        shared: SharedResults | None = None,
    ) -> None:
        self.folder = folder
        self.keep = keep
        self.max_size = max_size
        self.max_total = max_total
        self.lake = lake
        self._files = files
        self._shared = shared

    def of(self, group: Workgroup) -> Results:
        """Those of a workgroup, where and for as long as it says."""
        folder, shared, location = self.folder, None, group.result_location
        if group.shares_results:
            shared = None if self._files is None else SharedResults(self._files, location or "")
        elif location is not None:
            folder = self.lake / Path(location).expanduser()
        keep = self.keep if group.result_keep is None else group.result_keep
        size, total = self.max_size, self.max_total
        return Results(folder, keep, size, total, self.lake, self._files, shared)

    def has(self, id: str) -> bool:
        """Whether the result of the query `id` can be opened."""
        return self.path(id).exists() or (self._shared is not None and self._shared.has(id))

    def path(self, id: str) -> Path:
        return self.folder / f"{id}.arrow"

    def writer(self, id: str, columns: Sequence[Column]) -> ResultWriter | None:
        """None when nothing is to be kept."""
        largest = min(self.max_size, self.max_total)
        if self.keep <= 0 or largest <= 0 or not self._has_room():
            return None
        return ResultWriter(self.path(id), columns, largest, self._kept)

    def _kept(self, path: Path) -> None:
        if self._shared is not None:
            self._shared.put(path)
        if path.stat().st_size >= LARGE:
            self._limit()

    def _limit(self) -> None:
        """The oldest go, until the rest is no more than it may be together."""
        found = []
        for entry in os.scandir(self.folder):
            if entry.name.endswith(".arrow"):
                # Another process may remove the same.
                with suppress(FileNotFoundError):
                    about = entry.stat()
                    found.append((about.st_mtime_ns, about.st_size, entry.path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.max_total:
                return
            Path(path).unlink(missing_ok=True)
            total -= size

    def _has_room(self) -> bool:
        nearest = next(each for each in (self.folder, *self.folder.parents) if each.exists())
        with suppress(OSError):
            return shutil.disk_usage(nearest).free > ROOM
        return True

    def open(self, id: str) -> tuple[Sequence[Column], Iterator[pa.RecordBatch]]:
        """Columns and batches of the result of the query `id`; raises `NotFound`."""
        import pyarrow as pa

        path = self.path(id)
        if self._shared is not None and not path.exists():
            self._shared.fetch(id, path)
        try:
            source = pa.memory_map(str(path))
        except FileNotFoundError as error:
            raise NotFound(
                f"the result of query {id} is not kept",
                hint="results are kept for the time and up to the size of [results] in "
                "lakeshell.toml, or of the workgroup; run the query again: `lakeshell history show` has its text",
            ) from error
        reader = pa.ipc.open_file(source)
        said = json.loads(reader.schema.metadata[_COLUMNS])
        columns = [Column(name, parse_type(type)) for name, type in said]
        return columns, (reader.get_batch(i) for i in range(reader.num_record_batches))

    def remember(self, key: str, id: str, started: datetime) -> None:
        """That the kept result of the query `id` answers for `key`."""
        path = self.folder / f"{key}.reuse"
        part = path.with_suffix(f".{id}.part")
        with suppress(OSError):
            part.write_text(json.dumps([id, started.isoformat()]), encoding="utf-8")
            part.replace(path)

    def remembered(self, key: str) -> tuple[str, datetime] | None:
        """The query whose result answers for `key`, and when it began; None where none is kept."""
        try:
            text = (self.folder / f"{key}.reuse").read_text(encoding="utf-8")
            id, started = json.loads(text)
        except (OSError, ValueError):
            return None
        return (id, datetime.fromisoformat(started)) if self.has(id) else None

    def prune(self) -> None:
        """Removes what is older than it may be; looks at the folder once an hour at most."""
        mark = self.folder / _PRUNED
        now = time.time()
        with suppress(OSError):
            if mark.exists() and now - mark.stat().st_mtime < _PRUNE_EVERY:
                return
            mark.touch()
            if self._shared is not None:
                self._shared.prune(self.keep, datetime.fromtimestamp(now, UTC))
            for path in self.folder.iterdir():
                if path.suffix in _KINDS and now - path.stat().st_mtime > self.keep:
                    path.unlink()
            self._limit()


class ResultWriter:
    """Writes one result beside its reading. Nothing is seen under its name before `finish`."""

    def __init__(
        self,
        path: Path,
        columns: Sequence[Column],
        max_size: int,
        done: Callable[[Path], None] | None = None,
    ) -> None:
        """`done` is told of the whole file."""
        self.path = path
        self._done = done
        self.columns = columns
        self.max_size = max_size
        self._part = path.with_suffix(".part")
        self._size = 0
        self._writer: pa.RecordBatchFileWriter | None = None
        self._file: pa.NativeFile | None = None
        self._dropped = False

    def write(self, batch: pa.RecordBatch) -> None:
        if self._dropped:
            return
        self._size += batch.nbytes
        if self._size > self.max_size:
            self.drop()
            return
        try:
            self._opened(batch.schema).write_batch(batch)
        except OSError:
            self.drop()

    def finish(self, schema: pa.Schema | None) -> None:
        """`schema` for a result without a batch."""
        if self._dropped:
            return
        try:
            if schema is not None:
                self._opened(schema)
            if self._writer is not None:
                self._close()
                self._part.replace(self.path)
                if self._done is not None:
                    self._done(self.path)
        except OSError:
            self.drop()

    def drop(self) -> None:
        self._dropped = True
        with suppress(OSError):
            self._close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _close(self) -> None:
        """The file too, which Arrow's writer leaves open for as long as somebody holds it. Once: what
        could not be written before would be tried again."""
        writer, self._writer = self._writer, None
        file, self._file = self._file, None
        try:
            if writer is not None:
                writer.close()
        finally:
            if file is not None:
                file.close()

    def _opened(self, schema: pa.Schema) -> pa.RecordBatchFileWriter:
        if self._writer is None:
            import pyarrow as pa

            self.path.parent.mkdir(parents=True, exist_ok=True)
            said = json.dumps([[column.name, str(column.type)] for column in self.columns])
            kept = schema.with_metadata({_COLUMNS: said.encode()})
            self._file = pa.OSFile(str(self._part), "wb")
            self._writer = pa.ipc.new_file(self._file, kept)
        return self._writer
