"""The walk-through, timed: `./scripts/demo` at scale 1 on a fresh lake, and again on the same.

Target: 15 s or less on 2 cores with the environment already made. Prints seconds and the ratio of
the second run to the first.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def seconds(lake: str, scale: str) -> float:
    started = time.monotonic()
    command = [ROOT / "scripts/demo", "--lake", lake, "--scale", scale]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - started


def main(scale: str = "1") -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = seconds(f"{folder}/lake", scale)
        second = seconds(f"{folder}/lake", scale)
    print(f"scale {scale}: first run {first:.1f} s, again on the same lake {second:.1f} s")
    print(f"ratio again/first {second / first:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
