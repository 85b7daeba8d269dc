"""Formats of dates and times, MySQL's and Joda-Time's, as pieces that print and parse.

In: a format's text, or its pieces and the SQL of a local TIMESTAMP. Out: pieces, or the SQL of
the text. Raises `QueryFailed` with Trino's message over a format that Trino refuses.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from lakeshell.engine.embedded.functions.joda import Piece
from lakeshell.engine.embedded.values.emission import filled, invalid, text

_NUMBER = {
    "year": ("year($0)", {4: "%Y"}),
    "yearOfEra": ("year($0)", {4: "%Y"}),
    "weekyear": ("isoyear($0)", {4: "%G"}),
    "centuryOfEra": ("(year($0) // 100)", {}),
    "monthOfYear": ("month($0)", {1: "%-m", 2: "%m"}),
    "dayOfMonth": ("day($0)", {1: "%-d", 2: "%d"}),
    "dayOfYear": ("dayofyear($0)", {3: "%j"}),
    "weekOfWeekyear": ("week($0)", {2: "%V"}),
    "dayOfWeek": ("isodow($0)", {1: "%u"}),
    "hourOfDay": ("hour($0)", {1: "%-H", 2: "%H"}),
    "clockhourOfDay": ("((hour($0) + 23) % 24 + 1)", {}),
    "hourOfHalfday": ("(hour($0) % 12)", {}),
    "clockhourOfHalfday": ("((hour($0) + 11) % 12 + 1)", {1: "%-I", 2: "%I"}),
    "minuteOfHour": ("minute($0)", {1: "%-M", 2: "%M"}),
    "secondOfMinute": ("second($0)", {1: "%-S", 2: "%S"}),
}
_TEXT = {
    ("monthOfYear", 3): "%b",
    ("monthOfYear", 4): "%B",
    ("dayOfWeek", 3): "%a",
    ("dayOfWeek", 4): "%A",
    ("halfdayOfDay", 3): "%p",
}


def _number(field: str, least: int, most: int = 2, signed: bool = False) -> Piece:
    return Piece("number", field, least, most, signed)


def _literal(said: str) -> Piece:
    return Piece("literal", said)


_TIME = (
    _number("minuteOfHour", 2),
    _literal(":"),
    _number("secondOfMinute", 2),
)
_HALFDAY = Piece("text", "halfdayOfDay", 3)
_MYSQL: dict[str, tuple[Piece, ...]] = {
    "a": (Piece("text", "dayOfWeek", 3),),
    "b": (Piece("text", "monthOfYear", 3),),
    "c": (_number("monthOfYear", 1),),
    "d": (_number("dayOfMonth", 2),),
    "e": (_number("dayOfMonth", 1),),
    "f": (Piece("fraction", "millisOfSecond", 6, 9),),
    "H": (_number("hourOfDay", 2),),
    "h": (_number("clockhourOfHalfday", 2),),
    "I": (_number("clockhourOfHalfday", 2),),
    "i": (_number("minuteOfHour", 2),),
    "j": (_number("dayOfYear", 3, 3),),
    "k": (_number("hourOfDay", 1),),
    "l": (_number("clockhourOfHalfday", 1),),
    "M": (Piece("text", "monthOfYear", 4),),
    "m": (_number("monthOfYear", 2),),
    "p": (_HALFDAY,),
    "r": (_number("clockhourOfHalfday", 2), _literal(":"), *_TIME, _literal(" "), _HALFDAY),
    "S": (_number("secondOfMinute", 2),),
    "s": (_number("secondOfMinute", 2),),
    "T": (_number("hourOfDay", 2), _literal(":"), *_TIME),
    "v": (_number("weekOfWeekyear", 2),),
    "x": (_number("weekyear", 4, 4, True),),
    "W": (Piece("text", "dayOfWeek", 4),),
    "Y": (_number("year", 4, 4, True),),
    "y": (Piece("twodigit", "year", 2020),),
}
_MYSQL_REFUSED = "wUuVXD"


def mysql_pieces(format: str) -> tuple[Piece, ...]:
    """Of date_format and date_parse."""
    pieces: list[Piece] = []
    for said in re.findall(r"%.|[^%]", format, re.DOTALL):
        if said[0] != "%":
            pieces.append(_literal(said))
        elif said[1] in _MYSQL_REFUSED:
            raise invalid(f"%{said[1]} not supported in date format string")
        else:
            pieces.extend(_MYSQL.get(said[1], (_literal(said[1]),)))
    if not pieces:
        raise invalid("Both printing and parsing not supported")
    return tuple(pieces)


_JODA = {
    "C": "centuryOfEra",
    "d": "dayOfMonth",
    "h": "clockhourOfHalfday",
    "H": "hourOfDay",
    "m": "minuteOfHour",
    "s": "secondOfMinute",
    "K": "hourOfHalfday",
    "k": "clockhourOfDay",
    "e": "dayOfWeek",
    "w": "weekOfWeekyear",
}
_JODA_YEARS = {"y": "year", "Y": "yearOfEra", "x": "weekyear"}
_NUMERIC = "cCdFDehHkKmsSwWxyY"


def joda_pieces(format: str) -> tuple[Piece, ...]:
    """Of format_datetime and parse_datetime."""
    tokens = list(_joda_tokens(format))
    pieces: list[Piece] = []
    for i, (letter, size, said) in enumerate(tokens):
        if not letter:
            pieces.append(_literal(said))
            continue
        following = tokens[i + 1] if i + 1 < len(tokens) else ("", 0, "")
        numeric_follows = following[0] != "" and (
            following[0] in _NUMERIC or (following[0] == "M" and following[1] <= 2)
        )
        pieces.append(_joda_piece(letter, size, numeric_follows))
    if not pieces:
        raise invalid("Invalid pattern specification")
    return tuple(pieces)


def _joda_tokens(format: str) -> Iterator[tuple[str, int, str]]:
    """(letter, how often, "") or ("", 0, literal)."""
    literal = ""
    at = 0
    quoted = False
    while at < len(format):
        c = format[at]
        if c == "'":
            if format[at + 1 : at + 2] == "'":
                literal += "'"
                at += 1
            else:
                quoted = not quoted
            at += 1
        elif not quoted and c.isascii() and c.isalpha():
            if literal:
                yield "", 0, literal
                literal = ""
            end = at
            while format[end : end + 1] == c:
                end += 1
            yield c, end - at, ""
            at = end
        else:
            literal += c
            at += 1
    if literal:
        yield "", 0, literal


def _joda_piece(letter: str, size: int, numeric_follows: bool) -> Piece:
    if letter in _JODA_YEARS:
        if size == 2 and letter != "Y":
            pivot = dt.date.today().year - 30
            return Piece("twodigit", _JODA_YEARS[letter], pivot, 2 if numeric_follows else 9)
        most = size if numeric_follows else 9
        return _number(_JODA_YEARS[letter], size, max(most, size), letter != "Y")
    if letter in _JODA:
        most = 1 if letter == "e" else 2
        return _number(_JODA[letter], size, max(most, size), letter == "C")
    match letter:
        case "M" if size <= 2:
            return _number("monthOfYear", size)
        case "M":
            return Piece("text", "monthOfYear", 4 if size >= 4 else 3)
        case "E":
            return Piece("text", "dayOfWeek", 4 if size >= 4 else 3)
        case "D":
            return _number("dayOfYear", size, max(3, size))
        case "S":
            return Piece("fraction", "millisOfSecond", size, size)
        case "a":
            return _HALFDAY
        case "G":
            return Piece("era", "era")
        case "z":
            return Piece("zonename", "zone", size)
        case "Z":
            return Piece("zone" if size >= 3 else "offset", "zone", size)
    raise invalid(f"Illegal pattern component: {letter * size}")


def printed(pieces: tuple[Piece, ...], local: str, offset: str, zone: str) -> str | None:
    """SQL of the text of the local TIMESTAMP `local` (in whole milliseconds).

    `offset` is SQL of its zone's minutes east of UTC, `zone` the zone's name. None where a piece
    cannot be printed faithfully.
    """
    parts: list[str] = []
    pending = ""

    def flush() -> None:
        nonlocal pending
        if pending:
            parts.append(f"strftime($0, {text(pending)})")
            pending = ""

    for piece in pieces:
        spec = _spec(piece)
        if spec is not None:
            pending += spec
            continue
        flush()
        expression = _expression(piece, offset, zone)
        if expression is None:
            return None
        parts.append(expression)
    flush()
    return filled("(" + " || ".join(parts) + ")", [local])


def _spec(piece: Piece) -> str | None:
    """What DuckDB's strftime calls the piece."""
    match piece.kind:
        case "literal":
            return piece.field.replace("%", "%%")
        case "number":
            return _NUMBER[piece.field][1].get(piece.least)
        case "text":
            return _TEXT[piece.field, piece.least]
        case "fraction" if piece.least >= 3:
            return "%g" + "0" * (piece.least - 3)
        case "era":
            return "AD"
    return None


def _expression(piece: Piece, offset: str, zone: str) -> str | None:
    match piece.kind:
        case "number":
            expression = _NUMBER[piece.field][0]
            if piece.least <= 1:
                return f"CAST({expression} AS VARCHAR)"
            return f"printf('%0{piece.least}d', {expression})"
        case "twodigit":
            return f"printf('%02d', {_NUMBER[piece.field][0]} % 100)"
        case "fraction":
            return f"substr(strftime($0, '%g'), 1, {piece.least})"
        case "zone":
            return text(zone)
        case "offset":
            colon = ":" if piece.least == 2 else ""
            return (
                f"printf('%s%02d{colon}%02d', CASE WHEN {offset} < 0 THEN '-' ELSE '+' END, "
                f"abs({offset}) // 60, abs({offset}) % 60)"
            )
    return None


_FAST = {
    "year": (r"\d{4}", "%Y"),
    "monthOfYear": (r"\d\d", "%m"),
    "dayOfMonth": (r"\d\d", "%d"),
    "hourOfDay": (r"\d\d", "%H"),
    "minuteOfHour": (r"\d\d", "%M"),
    "secondOfMinute": (r"[0-5]\d", "%S"),
}


def plain_format(pieces: tuple[Piece, ...]) -> tuple[str, str] | None:
    """A pattern of the texts that DuckDB's strptime reads alike, and its format; None for none."""
    pattern = format = ""
    fields: list[str] = []
    for piece in pieces:
        if piece.kind == "literal":
            if not piece.field.isascii():
                return None
            pattern += re.escape(piece.field).replace("\\ ", " ").replace("\\-", "-")
            format += piece.field.replace("%", "%%")
        elif piece.kind == "number" and piece.field in _FAST:
            digits, spec = _FAST[piece.field]
            pattern += digits
            format += spec
            fields.append(piece.field)
        else:
            return None
    wanted = list(_FAST)
    complete = {"year", "monthOfYear", "dayOfMonth"} <= set(fields)
    if not complete or len(set(fields)) != len(fields) or any(f not in wanted for f in fields):
        return None
    return pattern, format
