"""Runs the demo and a few commands on a terminal of its own and draws what they print as SVG."""

from __future__ import annotations

import io
import os
import pty
import struct
import subprocess
import sys
import tempfile
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS, ROWS = 110, 60
PICTURES = {
    "crawl": ["crawler", "run", "movies"],
    "query": [
        "query",
        "-w",
        "analysts",
        "-e",
        "SELECT category, rentals, late, late_share FROM presentation.late_returns "
        "ORDER BY late_share DESC LIMIT 6",
        "--stats",
    ],
    "cost": ["cost", "--by", "workgroup"],
}


def typed(command: list[str], environment: dict[str, str]) -> str:
    """What a command prints on a terminal, ANSI colours included."""
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as running:
        os.close(slave)
        said = b""
        while True:
            try:
                read = os.read(master, 65536)
            except OSError:
                break
            if not read:
                break
            said += read
    os.close(master)
    if running.returncode not in (0, 5):
        raise SystemExit(f"{command} ended with {running.returncode}:\n{said.decode()}")
    return said.decode("utf-8", "replace").replace("\r\n", "\n")


def draw(text: str, title: str, file: Path) -> None:
    lines = text.rstrip().splitlines()
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(lines)), soft_wrap=False)
    file.write_text(
        console.export_svg(title=title, theme=MONOKAI, unique_id=file.stem), encoding="utf-8"
    )


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = str(Path(__file__).with_name("lakeshell"))
    with tempfile.TemporaryDirectory(prefix="lakeshell-") as lake:
        environment = {**os.environ, "LAKESHELL_LAKE": f"{lake}/movies", "TERM": "xterm-256color",
                       "COLUMNS": str(COLUMNS), "LAKESHELL_USER": "ada"}  # fmt: skip
        typed([program, "demo", "--lake", f"{lake}/movies"], environment)
        for name, words in PICTURES.items():
            said = typed([program, *words], environment).replace(lake, "~/lakes")
            draw(said, "lakeshell " + " ".join(words[:3]), folder / f"{name}.svg")
            print(folder / f"{name}.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
