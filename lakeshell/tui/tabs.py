"""The tabs of the query screen, kept over a restart and a lost connection.

In: tabs. Out: the same, later. One file a console: a second one on the same lake has a file of its
own, so that neither takes the other's text away.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import IO

from lakeshell.definitions.schema import write
from lakeshell.errors import LakeshellError


@dataclass(frozen=True, slots=True)
class Tab:
    """`line` and `column` of the cursor from 1; None is the lake's default. `saved` is the saved
    query of its workgroup that the text came from, or empty, and `born` when that was first saved,
    as text; `parameters` are the values that were given last."""

    name: str
    sql: str = ""
    line: int = 1
    column: int = 1
    workgroup: str | None = None
    database: str | None = None
    saved: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    results: Sequence[str] = ()
    """The queries of the history whose results were shown."""
    born: str = ""


NAME = 20
"""Characters of a tab's name that is a saved query's."""


def title_of(title: str, name: str, target: str) -> str:
    """Of a tab whose saved query `name` is called `target` now; a name that somebody gave it stays."""
    return target[:NAME] if title in (name, name[:NAME]) else title


def moment(born: str) -> datetime | None:
    """Of a tab's saved query; None where it is not known, or not readable."""
    with suppress(ValueError):
        return datetime.fromisoformat(born)
    return None


@dataclass(frozen=True, slots=True)
class Tabs:
    """`closed` are those that were closed last, the last one at the end."""

    tabs: Sequence[Tab] = field(default_factory=lambda: (Tab("1"),))
    current: int = 0
    closed: Sequence[Tab] = ()


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
        """What was kept; fresh tabs where nothing readable is. A file that cannot be read is put
        aside and not written over."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            tabs, closed = ([_tab(tab) for tab in kept.get(of, ())] for of in ("tabs", "closed"))
            current = int(kept["current"])
        except OSError:
            return Tabs()
        except (ValueError, KeyError, TypeError, AttributeError):
            with suppress(OSError):
                self.path.replace(self.path.with_suffix(".unreadable"))
            return Tabs()
        if not tabs:
            return Tabs(closed=closed)
        return Tabs(tabs, min(max(0, current), len(tabs) - 1), closed)

    def turn(self) -> int:
        """Taken when tabs are looked at that are to be kept later: the newest look is what stays."""
        return next(self._turns)

    def keep(self, tabs: Tabs, turn: int | None = None) -> None:
        """From any thread."""
        made = {
            "tabs": [asdict(tab) for tab in tabs.tabs],
            "current": tabs.current,
            "closed": [asdict(tab) for tab in tabs.closed],
        }
        turn = self.turn() if turn is None else turn
        # A full disk must not end the console; the text is still on the screen.
        with self._lock, suppress(LakeshellError, OSError):
            if turn > self._last:
                write(self.path, json.dumps(made, ensure_ascii=False, indent=1))
                self._last = turn

    def close(self) -> None:
        if self._held is not None:
            self._held.close()


def _tab(kept: Mapping[str, object]) -> Tab:
    """What a newer version keeps besides is left out."""
    known = {field.name for field in fields(Tab)}
    return Tab(**{name: value for name, value in kept.items() if name in known})  # type: ignore[arg-type]
