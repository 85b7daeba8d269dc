"""The process of one browser's console: `python -m lakeshell.web.child FOLDER`."""

from __future__ import annotations

import os
import sys

from lakeshell.tui.open import open_console

if __name__ == "__main__":
    # The server says how large the browser's window is, where a terminal would be asked.
    size = int(os.environ["COLUMNS"]), int(os.environ["ROWS"])
    raise SystemExit(open_console(sys.argv[1], size))
