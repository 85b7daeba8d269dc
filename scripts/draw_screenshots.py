"""Runs the demo's steps and a few commands on a terminal of their own and draws what they print."""

from __future__ import annotations

import io
import os
import pty
import re
import shlex
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

from lakeshell.demo.story import LATE, WASTEFUL, embedded, steps

COLUMNS, ROWS = 84, 60
PICTURES = {
    "query": [
        ["query", "--progress", "-w", "analysts", "-e", LATE],
        ["query", "-w", "interns", "-e", WASTEFUL],
    ],
    "cost": [
        ["history", "--limit", "6"],
        ["cost", "--by", "workgroup"],
        ["cost", "--compare"],
        ["cost", "--budgets"],
    ],
}
PROGRAM = str(Path(__file__).with_name("lakeshell"))


def printed(words: list[str], environment: dict[str, str]) -> str:
    """What a command prints on a terminal, what it says on stderr after its data."""
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with (
        tempfile.TemporaryFile() as messages,
        subprocess.Popen(
            [PROGRAM, *words], stdin=slave, stdout=slave, stderr=messages, env=environment
        ) as running,
    ):
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
        code = running.wait()
        messages.seek(0)
        said += messages.read()
    os.close(master)
    if code not in (0, 5):
        raise SystemExit(f"{words} ended with {code}:\n{said.decode()}")
    return said.decode("utf-8", "replace").replace("\r\n", "\n")


def draw(text: str, file: Path) -> None:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text.rstrip()), soft_wrap=False)
    picture = console.export_svg(title="lakeshell", theme=MONOKAI, unique_id=file.stem)
    # Fonts from elsewhere are not fetched, and blanks at a line's beginning are kept.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    picture = picture.replace("<text ", '<text xml:space="preserve" ')
    file.write_text(picture.replace("Fira Code, ", ""), encoding="utf-8")
    print(file)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lakeshell-") as made:
        lake = Path(made) / "movies"
        environment = {**os.environ, "LAKESHELL_LAKE": str(lake), "TERM": "xterm-256color",
                       "LAKESHELL_USER": "ada"}  # fmt: skip

        def typed(words: list[str]) -> str:
            command = shlex.join(["lakeshell", *words])
            said = f"\x1b[32m$ {command}\x1b[0m\n{printed(words, environment)}"
            return said.replace(str(lake), "~/lakes/movies")

        for step in steps(lake, embedded(lake / ".lakeshell" / "movies.db"), 1):
            said = typed(list(step.command))
            if step.command[:2] == ("crawler", "run"):
                draw(said, folder / "crawl.svg")
        for name, commands in PICTURES.items():
            draw("\n".join(map(typed, commands)), folder / f"{name}.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
