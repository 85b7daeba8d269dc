"""The tabs of the query screen, kept over a restart and a lost connection.

In: tabs. Out: the same, later. One file a console: a second one on the same lake has a file of its
own, so that neither takes the other's text away.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from lakeshell.definitions.schema import write
from lakeshell.errors import LakeshellError


@dataclass(frozen=True, slots=True)
class Tab:
    """`line` and `column` of the cursor from 1; None is the lake's default."""

    name: str
    sql: str = ""
    line: int = 1
    column: int = 1
    workgroup: str | None = None
    database: str | None = None


@dataclass(frozen=True, slots=True)
class Tabs:
    tabs: Sequence[Tab] = field(default_factory=lambda: (Tab("1"),))
    current: int = 0


class TabFile:
    """`tabs-N.json` of the first N that no other console holds."""

    def __init__(self, folder: Path) -> None:
        self._held: IO[bytes] | None = None
        self._lock = threading.Lock()
        self._turns = itertools.count(1)
        self._last = 0
        self.path = folder / "tabs-1.json"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(1, 100):
                lock = (folder / f"tabs-{number}.lock").open("wb")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    lock.close()
                    continue
                self._held, self.path = lock, folder / f"tabs-{number}.json"
                return

    def read(self) -> Tabs:
        """What was kept; fresh tabs where nothing readable is."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            tabs = [Tab(**tab) for tab in kept["tabs"]]
            current = int(kept["current"])
        except (OSError, ValueError, KeyError, TypeError):
            return Tabs()
        return Tabs(tabs, min(max(0, current), len(tabs) - 1)) if tabs else Tabs()

    def turn(self) -> int:
        """Taken when tabs are looked at that are to be kept later: the newest look is what stays."""
        return next(self._turns)

    def keep(self, tabs: Tabs, turn: int | None = None) -> None:
        """From any thread."""
        made = {"tabs": [asdict(tab) for tab in tabs.tabs], "current": tabs.current}
        turn = self.turn() if turn is None else turn
        # A full disk must not end the console; the text is still on the screen.
        with self._lock, suppress(LakeshellError, OSError):
            if turn > self._last:
                write(self.path, json.dumps(made, ensure_ascii=False, indent=1))
                self._last = turn

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
