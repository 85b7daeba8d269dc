"""What a driver written in Rust prints of a fault of its own, kept off stderr.

Such a driver prints to the file descriptor itself, on a thread of its own, before anybody can ask
it not to; the fault is raised as an exception too, which says the same. In: work. Out: the same
work; whatever else was written to stderr meanwhile is passed on after it.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_PANIC = re.compile(
    rb"\n?thread '[^'\n]*'(?: \(\d+\))? panicked at [^\n]*\n(?:[^\n]*\n)*?note: [^\n]*\n"
)
_alone = threading.Lock()


@contextmanager
def unprinted() -> Iterator[None]:
    """Stderr is a file in memory meanwhile. One thread at a time: it is the whole process's."""
    with _alone:
        try:
            kept = os.dup(_STDERR)
        except OSError:
            # Closed by whoever started us: there is nothing to keep clean.
            yield
            return
        held = os.memfd_create("lakeshell-stderr")
        os.dup2(held, _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            said = _PANIC.sub(b"", os.pread(held, os.fstat(held).st_size, 0))
            os.close(held)
            if said:
                os.write(_STDERR, said)
