"""The process of one browser's console: `python -m lakeshell.web.child FOLDER`."""

from __future__ import annotations

import os
import sys

from lakeshell.errors import LakeshellError
from lakeshell.output.text import printable
from lakeshell.tui.open import open_console


def opened(folder: str) -> int:
    """The exit code; what went wrong is on stderr, as a command says it."""
    # The server says how large the browser's window is, where a terminal would be asked.
    size = int(os.environ["COLUMNS"]), int(os.environ["ROWS"])
    try:
        return open_console(folder, size)
    except LakeshellError as error:
        for line in (f"error: {error.message}", f"  {error.hint}"):
            print(printable(line), file=sys.stderr)
        return int(error.exit_code)


if __name__ == "__main__":
    raise SystemExit(opened(sys.argv[1]))
