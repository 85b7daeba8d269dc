"""A command of the shell that must not run for ever: one that is waited for, or a process of its own.

In: the command, and the seconds that it has. Out: what it printed. As a process of its own, its exit
code; where it takes longer, a line on stdout, and its whole session is killed. That is run by its
file, so that nothing else is imported, and goes on when whoever started it ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress


def answer_of(command: str, seconds: float) -> subprocess.CompletedProcess[bytes]:
    """What it prints. Raises `TimeoutExpired` where it takes longer: it is killed by then, and all
    that it started with it, but for what holds on in the background of a terminal."""
    # Somebody at a terminal may be asked there for a passphrase, which another session could not do.
    alone = not os.isatty(0)
    started = subprocess.Popen(
        command,
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=alone,
    )
    try:
        out, err = started.communicate(timeout=seconds)
    except BaseException:
        _kill(started, alone)
        raise
    return subprocess.CompletedProcess(command, started.returncode, out, err)


def _kill(started: subprocess.Popen[bytes], alone: bool) -> None:
    """Without waiting for its pipes, which what it started may hold."""
    for stream in (started.stdout, started.stderr):
        if stream is not None:
            stream.close()
    with suppress(ProcessLookupError):
        if alone:
            os.killpg(started.pid, signal.SIGKILL)
        else:
            started.kill()
    started.wait()


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
