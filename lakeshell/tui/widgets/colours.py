"""What each line of SQL is coloured by, worked out for the lines that are drawn and no others.

In: the lines of a text, and where it changed. Out: (first, behind the last, name of the colour) in
bytes of UTF-8, as Textual's text area has them. A line needs to know only whether it begins inside
of a comment, a string or a quoted name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lakeshell.sql.names import RESERVED
from lakeshell.tui.safe import pictured

Colour = tuple[int, int | None, str]
_TOKEN = re.compile(
    r"""(?P<comment>--.*|/\*.*?(?:\*/|\Z))
      | (?P<string>'(?:[^']|'')*(?:'|\Z))
      | (?P<quoted>"(?:[^"]|"")*(?:"|\Z))
      | (?P<number>(?<![\w.])(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<parameter>(?<![\w:]):[A-Za-z_]\w*|\?)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<operator>[-+*/%<>=!|]+)""",
    re.VERBOSE,
)
_CLOSES = {
    "/*": re.compile(r".*?\*/"),
    "'": re.compile(r"(?:[^']|'')*'(?!')"),
    '"': re.compile(r'(?:[^"]|"")*"(?!")'),
}
_INSIDE = {"/*": "comment", "'": "string", '"': "variable"}
_ALSO = frozenset(
    [
        "ALL",
        "ANALYZE",
        "ANY",
        "ASC",
        "BEGIN",
        "CALL",
        "COLUMN",
        "COLUMNS",
        "COMMENT",
        "COMMIT",
        "DATE",
        "DESC",
        "EXPLAIN",
        "FETCH",
        "FILTER",
        "FIRST",
        "FOLLOWING",
        "FUNCTION",
        "GRANT",
        "IF",
        "IGNORE",
        "INTERVAL",
        "LAST",
        "LATERAL",
        "LIMIT",
        "MATCHED",
        "MATERIALIZED",
        "MERGE",
        "NULLS",
        "OFFSET",
        "ONLY",
        "ORDINALITY",
        "OVER",
        "PARTITION",
        "PRECEDING",
        "RANGE",
        "REFRESH",
        "RENAME",
        "REPLACE",
        "RESET",
        "REVOKE",
        "ROLLBACK",
        "ROW",
        "ROWS",
        "SCHEMA",
        "SCHEMAS",
        "SESSION",
        "SET",
        "SHOW",
        "START",
        "TABLE",
        "TABLES",
        "TABLESAMPLE",
        "TIES",
        "TIMESTAMP",
        "TRANSACTION",
        "TRUNCATE",
        "UNBOUNDED",
        "UPDATE",
        "USE",
        "VIEW",
        "WINDOW",
        "WITHIN",
        "ZONE",
    ]
)
"""Words that are not reserved, and still keywords to a reader nearly wherever they stand."""
_TYPES = frozenset(
    [
        "ARRAY",
        "BIGINT",
        "BOOLEAN",
        "CHAR",
        "DECIMAL",
        "DOUBLE",
        "INT",
        "INTEGER",
        "JSON",
        "MAP",
        "REAL",
        "SMALLINT",
        "TIME",
        "TINYINT",
        "UUID",
        "VARBINARY",
        "VARCHAR",
    ]
)
_VALUES = frozenset({"TRUE", "FALSE", "NULL"})


class LineColours:
    """As a mapping from a line's number to its colours, which is how a text area reads it."""

    def __init__(self, lines: Callable[[], Sequence[str]]) -> None:
        self._lines = lines
        self._begins: list[str] = [""]
        """What each line begins inside of, as far as that is known."""

    def changed(self, row: int) -> None:
        """Lines from `row` on may be others than they were."""
        del self._begins[max(1, row + 1) :]

    def __getitem__(self, row: int) -> list[Colour]:
        lines = self._lines()
        while len(self._begins) <= row:
            before = len(self._begins) - 1
            self._begins.append(_ends_in(lines[before], self._begins[before]))
        return colours(pictured(lines[row]), self._begins[row])


def colours(line: str, inside: str = "") -> list[Colour]:
    """Of a line that begins `inside` of `/*`, `'` or `"`, or of nothing."""
    found: list[Colour] = []
    at = 0
    if inside:
        at = _closed(line, inside)
        found.append((0, None if at < 0 else at, _INSIDE[inside]))
        if at < 0:
            return found
    for match in _TOKEN.finditer(line, at):
        name = _name(match, line)
        if name:
            found.append((match.start(), match.end(), name))
    if line.isascii():
        return found
    return [(_bytes(line, a), b if b is None else _bytes(line, b), name) for a, b, name in found]


def _name(match: re.Match[str], line: str) -> str:
    kind = match.lastgroup or ""
    if kind == "quoted":
        return "variable"
    if kind != "word":
        return kind
    word = match[0].upper()
    if word in _VALUES:
        return "boolean"
    if word in RESERVED or word in _ALSO:
        return "keyword"
    if word in _TYPES:
        return "type"
    return "function.call" if line[match.end() : match.end() + 1] == "(" else ""


def _ends_in(line: str, inside: str) -> str:
    """What the next line begins inside of."""
    at = 0
    if inside:
        at = _closed(line, inside)
        if at < 0:
            return inside
    for match in _TOKEN.finditer(line, at):
        text = match[0]
        match match.lastgroup:
            case "comment" if text.startswith("/*") and (len(text) < 4 or not text.endswith("*/")):
                return "/*"
            case "string" | "quoted" if text.count(text[0]) % 2:
                return text[0]
    return ""


def _closed(line: str, inside: str) -> int:
    """Behind the end of what the line begins inside of; -1 where it goes on."""
    match = _CLOSES[inside].match(line)
    return -1 if match is None else match.end()


def _bytes(line: str, column: int) -> int:
    return len(line[:column].encode("utf-8", "replace"))
