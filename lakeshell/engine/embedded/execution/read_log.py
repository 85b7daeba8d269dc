"""How many bytes of which file a DuckDB has read so far, from its own log of file operations.

In: a cursor on the DuckDB at work, the files' sizes. Out: bytes by file. Each asking looks only at
the lines that came since the last, so that a long scan may be asked often, from any thread.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

# DuckDB writes the path as it is, quotes and all, so a line is no JSON that could be parsed.
_READ = re.compile(
    r'\{"fs":"[^"]*","path":"(.*)","op":"READ","bytes":"(\d+)","pos":"(\d+)"\}', re.DOTALL
)
START = "CALL enable_logging('FileSystem')"


class ReadLog:
    """The log of one DuckDB, which `START` has begun. `sizes` are the files' in bytes."""

    def __init__(self, cursor: Any, sizes: Mapping[str, int]) -> None:
        self._cursor = cursor
        self._sizes = sizes
        self._lines = 0
        self._read: dict[str, int] = {}
        self._asking = threading.Lock()

    def bytes(self) -> dict[str, int]:
        """Of each file, its footer left out. What was read before `close` stays known."""
        with self._asking:
            if self._cursor is not None:
                found = self._cursor.execute(
                    f"SELECT message FROM duckdb_logs() OFFSET {self._lines}"
                ).fetchall()
                self._lines += len(found)
                for (message,) in found:
                    self._note(message)
            return dict(self._read)

    def _note(self, message: str) -> None:
        line = _READ.fullmatch(message)
        if line is None:
            return
        path, count, position = line[1], int(line[2]), int(line[3])
        if position + count < self._sizes.get(path, 0):
            self._read[path] = self._read.get(path, 0) + count

    def close(self) -> None:
        with self._asking:
            if self._cursor is not None:
                self._cursor.close()
                self._cursor = None
