"""Comments of a table and its columns, from the text of its definition.

SQLite keeps a `CREATE TABLE` as it was written, so `-- ...` behind a column is its comment and the
one before the first column is the table's. In: that text. Out: the comments; nothing is executed.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""--(?P<comment>[^\n]*) | /\*.*?\*/ | '(?:[^']|'')*'
      | (?P<name>"(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] | [^\W\d]\w*)
      | (?P<mark>[(),]) | (?P<line>\n) | .""",
    re.X | re.S,
)


def comments(definition: str) -> tuple[str, dict[str, str]]:
    """The table's comment, and those of columns by name."""
    table = ""
    columns: dict[str, str] = {}
    depth, column, at_start = 0, "", False
    for match in _TOKEN.finditer(definition):
        if match["mark"] == "(":
            depth += 1
            at_start = at_start or depth == 1
        elif match["mark"] == ")":
            depth -= 1
        elif match["mark"] == "," and depth == 1:
            at_start = True
        elif match["name"] and depth == 1 and at_start:
            column, at_start = _unquoted(match["name"]), False
        elif match["comment"] is not None and depth == 1:
            said = match["comment"].strip()
            if column:
                columns.setdefault(column, said)
            elif not table:
                table = said
    return table, columns


def _unquoted(name: str) -> str:
    if name[0] in '"`':
        return name[1:-1].replace(name[0] * 2, name[0])
    return name[1:-1] if name[0] == "[" else name
