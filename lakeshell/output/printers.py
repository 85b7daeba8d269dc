"""The named text formats, byte for byte as trino-cli prints them.

In: a result's columns and its cells as texts, None for NULL, in chunks of rows. Out: text, written
to `write`. Cells come rendered (`sql.render`); ALIGNED, VERTICAL and MARKDOWN escape control
characters, which would break their layout; the others leave them to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lakeshell.output.text import printable, printable_lines
from lakeshell.output.width import console_width

Cell = str | None
Row = Sequence[Cell]
Write = Callable[[str], object]

CHUNK_ROWS = 10_000
"""trino-cli sets the widths of ALIGNED, VERTICAL and MARKDOWN anew for each so many rows."""


@dataclass(frozen=True, slots=True)
class Heading:
    """`numeric` columns are aligned to the right; `raw` ones are JSON already (numbers, arrays)."""

    name: str
    numeric: bool = False
    raw: bool = False


class Printer(Protocol):
    def rows(self, rows: Sequence[Row], last: bool) -> None:
        """A chunk of at most `CHUNK_ROWS`; `last` when no other follows. Call it at least once."""


class _Column:
    """The cells of a column, made safe. Plain ASCII, by far the most, is measured by its length."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        texts = ["NULL" if cell is None else cell for cell in cells]
        joined = "".join(texts)
        self.plain = joined.isascii() and joined.isprintable()
        self.texts = texts if self.plain else [printable_lines(text) for text in texts]
        self.tall = not self.plain and "\n" in joined
        if self.plain:
            self.width = max(map(len, texts), default=0)
        else:
            self.width = max(
                (console_width(line) for text in self.texts for line in text.split("\n")), default=0
            )

    def lines(self) -> Sequence[Sequence[str]]:
        return [text.split("\n") for text in self.texts]

    def padded(self, width: int, *, right: bool) -> Sequence[str]:
        """Each cell, of one line, at `width` with a blank on both sides."""
        if self.plain:
            return (
                [f" {t:>{width}} " for t in self.texts]
                if right
                else [f" {t:<{width}} " for t in self.texts]
            )
        free = [" " * (width - console_width(text)) for text in self.texts]
        if right:
            return [f" {pad}{text} " for pad, text in zip(free, self.texts, strict=True)]
        return [f" {text}{pad} " for pad, text in zip(free, self.texts, strict=True)]


class Aligned:
    def __init__(self, columns: Sequence[Heading], write: Write) -> None:
        self.columns = columns
        self.names = [printable(column.name) for column in columns]
        self.write = write
        self.count = 0
        self.headed = False

    def rows(self, rows: Sequence[Row], last: bool) -> None:
        self.count += len(rows)
        columns = [_Column(texts) for texts in zip(*rows, strict=True)] or [
            _Column(()) for _ in self.names
        ]
        widths = [
            max(1, console_width(name), column.width)
            for name, column in zip(self.names, columns, strict=True)
        ]
        if not self.headed:
            self.headed = True
            self._head(widths)
        if rows and not any(column.tall for column in columns):
            padded = (
                column.padded(width, right=heading.numeric)
                for column, width, heading in zip(columns, widths, self.columns, strict=True)
            )
            self.write("\n".join(map("|".join, zip(*padded, strict=True))) + "\n")
        elif rows:
            mark = not last or self.count > 1
            lines = zip(*(column.lines() for column in columns), strict=True)
            for lines_of in lines:
                self.write("\n".join(self._tall(lines_of, widths, mark)) + "\n")
        if last:
            self.write(f"({self.count} row{'' if self.count == 1 else 's'})\n")

    def _head(self, widths: Sequence[int]) -> None:
        names = []
        for name, width in zip(self.names, widths, strict=True):
            free = width - console_width(name)
            names.append(" " * (free // 2 + 1) + name + " " * (free - free // 2 + 1))
        rules = ["-" * (width + 2) for width in widths]
        self.write("|".join(names) + "\n" + "+".join(rules) + "\n")

    def _cell(self, i: int, text: str, widths: Sequence[int]) -> str:
        free = " " * (widths[i] - console_width(text))
        return f" {free}{text} " if self.columns[i].numeric else f" {text}{free} "

    def _tall(
        self, lines_of: Sequence[Sequence[str]], widths: Sequence[int], mark: bool
    ) -> list[str]:
        """A row whose cells have several lines; `+` marks a cell that goes on below."""
        out = []
        for line in range(max(map(len, lines_of))):
            parts = []
            for i, lines in enumerate(lines_of):
                part = self._cell(i, lines[line] if line < len(lines) else "", widths)
                parts.append(part[:-1] + "+" if mark and line + 1 < len(lines) else part)
            out.append("|".join(parts))
        return out


class Vertical:
    def __init__(self, columns: Sequence[Heading], write: Write) -> None:
        self.names = [printable(column.name) for column in columns]
        self.width = max((console_width(name) for name in self.names), default=0)
        self.write = write
        self.count = 0

    def rows(self, rows: Sequence[Row], last: bool) -> None:
        cells = [
            [printable_lines(cell if cell is not None else "NULL").split("\n") for cell in row]
            for row in rows
        ]
        values = max((console_width(t) for row in cells for lines in row for t in lines), default=0)
        pads = [" " * (self.width - console_width(name)) for name in self.names]
        blanks = [" " * console_width(name) for name in self.names]
        out: list[str] = []
        for lines_of in cells:
            self.count += 1
            head = f"-[ RECORD {self.count} ]"
            if self.width + 1 >= len(head):
                head += "-" * (self.width + 1 - len(head)) + "+"
            out.append(head + "-" * (self.width + values + 3 - len(head)))
            for i, lines in enumerate(lines_of):
                name = self.names[i]
                for line in lines:
                    out.append(f"{name}{pads[i]} | {line}")
                    name = blanks[i]
        if out:
            self.write("\n".join(out) + "\n")
        if last and self.count == 0:
            self.write("(no rows)\n")


class Markdown:
    _SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|])")

    def __init__(self, columns: Sequence[Heading], write: Write) -> None:
        self.columns = columns
        self.names = [printable(column.name) for column in columns]
        self.write = write
        self.headed = False

    def rows(self, rows: Sequence[Row], last: bool) -> None:
        cells = [[self._text(cell) for cell in row] for row in rows]
        widths = [max(1, console_width(name)) for name in self.names]
        for row in cells:
            for i, text in enumerate(row):
                widths[i] = max(widths[i], console_width(text))
        if not self.headed:
            self.headed = True
            names = "".join(f"|{self._cell(i, name, widths)}" for i, name in enumerate(self.names))
            rules = "".join(
                f"| {'-' * width}{':' if column.numeric else ' '}"
                for column, width in zip(self.columns, widths, strict=True)
            )
            self.write(f"{names}|\n{rules}|\n")
        for row in cells:
            self.write(
                "".join(f"|{self._cell(i, text, widths)}" for i, text in enumerate(row)) + "|\n"
            )

    def _text(self, cell: Cell) -> str:
        if cell is None:
            return "NULL"
        return printable_lines(self._SPECIAL.sub(r"\\\1", cell)).replace("\n", "<br>")

    def _cell(self, i: int, text: str, widths: Sequence[int]) -> str:
        pad = " " * (widths[i] - console_width(text) + 1)
        return f"{pad}{text} " if self.columns[i].numeric else f" {text}{pad}"


class Csv:
    """NULL is an empty cell. Unquoted cells are written as they are, as trino-cli does."""

    def __init__(
        self, columns: Sequence[Heading], write: Write, *, header: bool, quoted: bool
    ) -> None:
        self.names = [column.name for column in columns] if header else None
        self.write = write
        self.quoted = quoted

    def rows(self, rows: Sequence[Row], last: bool) -> None:
        if self.names is not None:
            self.write(self._line(self.names))
            self.names = None
        self.write("".join(map(self._line, rows)))

    def _line(self, row: Row) -> str:
        if self.quoted:
            return '"' + '","'.join([(cell or "").replace('"', '""') for cell in row]) + '"\n'
        return ",".join([cell or "" for cell in row]) + "\n"


class Tsv:
    _ESCAPES = str.maketrans(
        {"\0": "\\0", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
    )

    def __init__(self, columns: Sequence[Heading], write: Write, *, header: bool) -> None:
        self.names = [column.name for column in columns] if header else None
        self.write = write

    def rows(self, rows: Sequence[Row], last: bool) -> None:
        if self.names is not None:
            self.write(self._line(self.names))
            self.names = None
        self.write("".join(map(self._line, rows)))

    def _line(self, row: Row) -> str:
        return "\t".join([(cell or "").translate(self._ESCAPES) for cell in row]) + "\n"


class Json:
    """One object a line. Cells of `raw` columns are JSON already; the others become strings."""

    def __init__(self, columns: Sequence[Heading], write: Write) -> None:
        self.keys = [json_string(column.name) + ":" for column in columns]
        self.raw = [column.raw for column in columns]
        self.write = write

    def rows(self, rows: Sequence[Row], last: bool) -> None:
        self.write("".join(map(self._line, rows)))

    def _line(self, row: Row) -> str:
        cells = (
            key + ("null" if cell is None else cell if raw else json_string(cell))
            for key, raw, cell in zip(self.keys, self.raw, row, strict=True)
        )
        return "{" + ",".join(cells) + "}\n"


_JSON_SPECIAL = re.compile('["\\\\\x00-\x1f]')
_JSON_NAMED = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
}  # fmt: skip


def json_string(text: str) -> str:
    """A JSON string as trino-cli writes it: `\\u001B`, other characters as they are."""
    return '"' + _JSON_SPECIAL.sub(_json_escape, text) + '"'


def _json_escape(match: re.Match[str]) -> str:
    return _JSON_NAMED.get(match[0]) or f"\\u{ord(match[0]):04X}"


class Null:
    """Prints nothing: the query runs and its rows are dropped."""

    def rows(self, rows: Sequence[Row], last: bool) -> None:
        pass


def printer(format_name: str, columns: Sequence[Heading], write: Write) -> Printer:
    """The printer of a text format, named in upper case."""
    match format_name:
        case "ALIGNED":
            return Aligned(columns, write)
        case "VERTICAL":
            return Vertical(columns, write)
        case "MARKDOWN":
            return Markdown(columns, write)
        case "JSON":
            return Json(columns, write)
        case "NULL":
            return Null()
        case "TSV" | "TSV_HEADER":
            return Tsv(columns, write, header=format_name == "TSV_HEADER")
        case "CSV" | "CSV_HEADER" | "CSV_UNQUOTED" | "CSV_HEADER_UNQUOTED":
            return Csv(
                columns,
                write,
                header="HEADER" in format_name,
                quoted="UNQUOTED" not in format_name,
            )
    raise ValueError(f"{format_name} is not a text format")
