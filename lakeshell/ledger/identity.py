"""Ids that sort by time, and who a process is, so that its death can be noticed.

In: the clock and the system's word on a process. Out: texts. Nothing is kept but the last id.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_lock = threading.Lock()
_last = 0


def new_id(now: datetime | None = None) -> str:
    """`20261124_140301_04711_k7x2p`: the second in UTC, 1/100000 of it, and five of chance.

    Never given twice by one process, and by two with a chance of one in 30 million for each pair
    of ids of the same hundredth of a millisecond.
    """
    global _last
    moment = now or datetime.now(UTC)
    ticks = int(moment.timestamp()) * 100_000 + moment.microsecond // 10
    with _lock:
        # The clock may stand still or be set back; ids go on.
        _last = ticks = max(ticks, _last + 1) if now is None else ticks
    second = datetime.fromtimestamp(ticks // 100_000, UTC)
    chance = "".join(secrets.choice(_ALPHABET) for _ in range(5))
    return f"{second:%Y%m%d_%H%M%S}_{ticks % 100_000:05d}_{chance}"


def this_process() -> str:
    """Host, boot, process id and its start: what tells this process from every other."""
    pid = os.getpid()
    return f"{socket.gethostname()} {_boot()} {pid} {_start(pid)}"


def is_gone(process: str) -> bool:
    """Whether the process has certainly ended; False when it cannot be known from here."""
    parts = process.split(" ")
    if len(parts) != 4 or parts[0] != socket.gethostname():
        return False
    _, boot, pid, start = parts
    if boot and boot != _boot():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return bool(start) and _start(int(pid)) not in ("", start)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""


def _start(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty where the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The second field is the program's name in brackets, which may hold spaces and brackets.
    return stat.rpartition(")")[2].split()[19]
