"""Writes the lists of functions in docs/sql.md from the engine's own; `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import fill

from lakeshell.engine.embedded.functions import names

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sql.md"
BEGIN, END = "<!-- functions: written by scripts/sql_page -->\n", "<!-- end -->"
KINDS = {"Scalar": names.SCALARS, "Aggregate": names.AGGREGATES, "Window": names.WINDOWS}


def lists() -> str:
    made = []
    known: set[str] = set()
    for title, modules in KINDS.items():
        found = set(names.index(modules))
        known |= found
        made.append(f"**{title}**\n\n{_listed(found)}\n")
    refused = set(names.REFUSED.split()) - known
    made.append(f"**Refused by name**\n\n{_listed(refused)}\n")
    return "\n".join(made)


def _listed(functions: set[str]) -> str:
    return fill(" ".join(f"`{name}`" for name in sorted(functions)), 100, break_on_hyphens=False)


def page() -> str:
    """What docs/sql.md should hold."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n{lists()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/sql.md lists other functions than the engine has: run scripts/sql_page")
