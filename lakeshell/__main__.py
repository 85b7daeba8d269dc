"""`python -m lakeshell`."""

import signal

# Until the command line can answer, Ctrl-C just ends the process: no traceback of an import.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from lakeshell.cli.main import main  # noqa: E402

if __name__ == "__main__":
    main()
