"""Copying to the terminal's clipboard through what stands between, and to a file beside it.

In: a text. Out: OSC 52, as tmux and screen pass it on. No terminal answers whether it arrived, so
what was copied is in a file too; a text that no terminal takes is only there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from textual.driver import Driver

LARGEST = 74_000
"""Bytes: in base64 that is what most terminals take at most."""
_SCREEN = 700
"""Characters of one string that screen passes on."""
_WAIT = 5.0


def fits(text: str) -> bool:
    return len(text.encode("utf-8", "replace")) <= LARGEST


def sequence(text: str, environment: Mapping[str, str]) -> str:
    """OSC 52, in the strings that GNU screen hands to the terminal where it is between."""
    plain = f"\x1b]52;c;{b64encode(text.encode('utf-8', 'replace')).decode()}\x07"
    if not environment.get("STY"):
        return plain
    parts = [plain[at : at + _SCREEN] for at in range(0, len(plain), _SCREEN)]
    return "".join(f"\x1bP{part}\x1b\\" for part in parts)


def send(driver: Driver | None, text: str, environment: Mapping[str, str]) -> None:
    """To the clipboard, if it fits. tmux takes no OSC 52 from inside unless it is told to, so it is
    asked itself."""
    if driver is None or driver.is_headless or not fits(text):
        return
    if environment.get("TMUX") and (tmux := shutil.which("tmux")):
        threading.Thread(target=_load, args=(tmux, text), name="console-tmux", daemon=True).start()
        return
    driver.write(sequence(text, environment))


def _load(tmux: str, text: str) -> None:
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [tmux, "load-buffer", "-w", "-"],
            input=text.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_WAIT,
            check=False,
        )


def keep(folder: Path, text: str) -> Path | None:
    """The file that holds what was copied last, for its owner alone; None on a full disk."""
    path = folder / "copied.txt"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            file.write(text)
        return path
    return None
