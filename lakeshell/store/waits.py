"""Calls to another machine that take long: whoever waits for one is told what for.

In: calls, as they begin and end, from any thread. Out: one word about the first that takes long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SILENT_SECONDS = 5.0
_LOOK_SECONDS = 0.5


class Waits:
    """`say` is called once. One thread looks after all calls and ends when there is none: they are
    many, and most take milliseconds."""

    def __init__(self, say: Callable[[], None]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._begun: dict[object, float] = {}
        self._looks = False

    def call(self) -> _Call:
        return _Call(self)

    def begin(self, call: object) -> None:
        with self._lock:
            self._begun[call] = time.monotonic()
            begins, self._looks = not self._looks, True
        if begins:
            threading.Thread(target=self._look, name="lakeshell-waits", daemon=True).start()

    def end(self, call: object) -> None:
        with self._lock:
            del self._begun[call]

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                if not self._begun:
                    self._looks = False
                    return
                late = time.monotonic() - min(self._begun.values()) > SILENT_SECONDS
            if late:
                self._say()
                return


class _Call:
    """No generator: it would write into what is raised through it, which Thrift's errors refuse."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits

    def __enter__(self) -> None:
        self._waits.begin(self)

    def __exit__(self, *raised: object) -> None:
        self._waits.end(self)
