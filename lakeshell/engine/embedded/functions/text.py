"""Trino's functions of text that only Python runs faithfully.

In: coerced arguments. Out: DuckDB SQL that calls the functions of plain values below.
"""

from __future__ import annotations

import unicodedata
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation

from lakeshell.engine.embedded.values.emission import Entry, PythonFailure, invalid, python

_SOUNDEX = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))


def normalize(text: str, form: str) -> str:
    if form not in ("NFD", "NFC", "NFKD", "NFKC"):
        raise invalid("Normalization form must be one of [NFD, NFC, NFKD, NFKC]")
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def soundex(text: str) -> str:
    letters = [c.upper() for c in text if c.isalpha()]
    said = [c for upper in letters for c in upper]
    if not said:
        return ""
    for c in said:
        if c not in _SOUNDEX:
            raise invalid(f"The character is not mapped: {c} (index={ord(c) - ord('A')})")
    made, last = said[0], _SOUNDEX[said[0]]
    for c in said[1:]:
        if c in "HW":
            continue
        digit = _SOUNDEX[c]
        if digit not in ("0", last):
            made += digit
        last = digit
    return made[:4].ljust(4, "0")


def format_number(value: int) -> str:
    number, unit = float(value), ""
    for following in "KMBTQ":
        if -1000 < number < 1000:
            break
        number, unit = number / 1000, following
    places = 2 if number < 10 else 1 if number < 100 else 0
    rounded = Decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = format(rounded, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) + unit


def format_number_double(value: float) -> str:
    if value != value:
        return "0"
    most = 2**63
    return format_number(min(max(int(value) if abs(value) < most else most * (1 if value > 0 else -1), -most), most - 1))  # fmt: skip


_UNITS = {unit: 1024**i for i, unit in enumerate(("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"))}  # fmt: skip


def parse_data_size(text: str) -> Decimal:
    digits = 0
    while digits < len(text) and (text[digits].isdigit() or text[digits] == "."):
        digits += 1
    try:
        value = Decimal(text[:digits])
    except InvalidOperation as error:
        raise invalid(f"Invalid data size: '{text}'") from error
    factor = _UNITS.get(text[digits:])
    if digits == 0 or factor is None:
        raise invalid(f"Invalid data size: '{text}'")
    made = Decimal(value * factor).to_integral_value(ROUND_DOWN)
    if abs(made) >= Decimal(10) ** 38:
        raise PythonFailure(
            f"Value out of range: '{text}' ('{made:f}B')", code="NUMERIC_VALUE_OUT_OF_RANGE"
        )
    return made


SCALARS: tuple[Entry, ...] = (
    ("normalize(varchar(x), varchar(y)) -> varchar", python("text:normalize")),
    ("soundex(varchar) -> varchar(4)", python("text:soundex")),
    ("format_number(bigint) -> varchar", python("text:format_number")),
    ("format_number(double) -> varchar", python("text:format_number_double")),
    ("parse_data_size(varchar(x)) -> decimal(38,0)", python("text:parse_data_size")),
    ("parse_presto_data_size(varchar(x)) -> decimal(38,0)", python("text:parse_data_size")),
)
