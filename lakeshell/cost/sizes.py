"""Sizes as people write them. Units are binary, as in Trino: 1 kB is 1,024 bytes."""

from __future__ import annotations

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
NOT_METERED = "not metered"


def rows_text(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def files_text(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def size_text(size: int | None) -> str:
    """`512 B`, `1.50 MB`, `12.3 GB`; three figures. None is a scan that nothing meters."""
    if size is None:
        return NOT_METERED
    value, unit = float(size), 0
    while value >= 1023.5 and unit < len(UNITS) - 1:
        value /= 1024
        unit += 1
    if unit == 0:
        return f"{size} B"
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {UNITS[unit]}"
