"""`lakeshell`, and `python -m lakeshell`."""

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

# Until the command line can answer, Ctrl-C just ends the process: no traceback of an import.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from lakeshell.cli.main import main


def run() -> NoReturn:
    """The command line as a process of its own."""
    try:
        main()
    except SystemExit as ended:
        # By now everything is closed. Python's own end would tear the drivers down piece by piece,
        # which takes time and can print what they think of it, and after a Ctrl-C that came while
        # an extension ran it would end by the signal instead of with the documented code.
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(int(ended.code or 0))


if __name__ == "__main__":
    run()
