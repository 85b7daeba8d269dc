"""A command of the shell that must not run for ever, as a process of its own.

In: the command, and the seconds that it has. Out: its exit code; where it takes longer, a line on
stdout, and its whole session is killed. It is run by its file, so that nothing else is imported, and
goes on when whoever started it ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def words(command: str, seconds: float) -> list[str]:
    """What starts it; its starter makes it the first of a session."""
    return [sys.executable, "-I", "-S", __file__, command, str(seconds)]


def main(command: str, seconds: float) -> int:
    process = subprocess.Popen(command, shell=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.write(1, f"lakeshell ended it after {seconds:g} s: {command}\n".encode())
        os.killpg(os.getpid(), signal.SIGKILL)
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
