"""Reading and checking a TOML file, and writing one.

In: a path and the keys that the file may have. Out: plain values, or a `ConfigurationError` that
names the file, the line, the key that is wrong and the nearest right one. Writing is atomic, so a
killed process leaves the old file or the new one.
"""

from __future__ import annotations

import difflib
import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from lakeshell.errors import ConfigurationError, UsageError

_UNITS = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40, "PB": 2**50}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CENTURY = 36_525 * 86_400
_DIGITS = 15
"""Of an amount of money before the point, and of the places after it that count."""


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('a text, in quotes: "like this"')
    return value


def filled(value: object) -> str:
    """A text that names something: not empty, in one line, without blanks around it."""
    written = text(value)
    if not written or written != written.strip() or not written.isprintable():
        raise ValueError("a text in one line, not empty and without blanks around it")
    return written


def flag(value: object) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def whole(least: int, most: int) -> Callable[[object], int]:
    """Whole numbers, both ends taken; as a variable of the environment they are digits."""

    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            upwards = f"{least} or more" if most == MOST else f"from {least} to {most:,}"
            raise ValueError(f"a whole number, {upwards}")
        return value

    return read


MOST = 2**31 - 1
"""The largest number that is counted: what Trino, Docker and the ledger take as one, too."""
count = whole(0, MOST)


def texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError('a list of texts: ["a", "b"]')
    return tuple(value)


def filled_texts(value: object) -> tuple[str, ...]:
    return tuple(filled(item) for item in texts(value))


def table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a table: [section] with keys below it")
    return value


def size(value: object) -> int:
    """Bytes of `10MB`, `1.5 GB` or a plain number; units are binary, as in Trino."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKMGTP]?[Bb]?)\s*", str(value))
    if match is None or isinstance(value, bool) or match[2].upper() not in _UNITS:
        raise ValueError('a size such as "10MB" or "1.5GB"')
    made = int(Decimal(match[1]) * _UNITS[match[2].upper()])
    if made >= 2**63:
        raise ValueError('a size such as "10MB" or "1.5GB", less than 8,192 PB')
    return made


def duration(value: object) -> int:
    """Seconds of `15m`, `7d`, `30s` or a plain number of seconds."""
    match = re.fullmatch(r"\s*(\d+)\s*([smhdw]?)\s*", str(value))
    if match is None or isinstance(value, bool):
        raise ValueError('a duration such as "15m", "12h" or "7d"')
    made = int(match[1][:12]) * _SECONDS[match[2] or "s"]
    if made > _CENTURY:
        raise ValueError('a duration such as "15m", "12h" or "7d", a hundred years at most')
    return made


def money(value: object) -> Decimal:
    """An amount, exactly: TOML numbers are read as `Decimal`, never as a float."""
    try:
        made = Decimal(str(value).strip())
    except InvalidOperation:
        made = Decimal("NaN")
    beyond = made.is_finite() and bool(made) and abs(made.adjusted()) >= _DIGITS
    if isinstance(value, bool) or not made.is_finite() or made < 0 or beyond:
        raise ValueError("an amount of money such as 5 or 0.44")
    return made


def choice(*words: str) -> Callable[[object], str]:
    def one_of(value: object) -> str:
        if value not in words:
            near = difflib.get_close_matches(str(value), words, 1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(f"one of {', '.join(words)}{meant}")
        return str(value)

    return one_of


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a file. `read` turns the TOML value into ours or raises ValueError with what it
    expects. A dotted name is a key of a section."""

    name: str
    read: Callable[[object], Any]
    default: Any = None
    required: bool = False
    doc: str = ""


def load(path: Path, keys: Sequence[Key]) -> dict[str, Any]:
    """Every key's value by its dotted name, defaults filled in."""
    try:
        written = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 text (byte {error.start})", hint="save it again as UTF-8"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}", hint="check that it exists and is yours"
        ) from error
    try:
        parsed = tomllib.loads(written, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, written, str(error)) from error
    return check(path, written, parsed, keys)


def _not_toml(path: Path, written: str, said: str) -> ConfigurationError:
    """Says the line also where the parser only says that the text ended too early, and the key."""
    lines = written.splitlines() or [""]
    what, _, place = said.partition(" (at ")
    found = re.match(r"line (\d+)", place)
    line = int(found[1]) if found else len(lines)
    key = re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", lines[min(line, len(lines)) - 1])
    at_key = f", key {key[1]!r}" if key else ""
    return ConfigurationError(
        f"{path}, line {line}{at_key}: not valid TOML: {what}",
        hint="mend that line, or restore the file",
    )


def check(
    path: Path, written: str, parsed: Mapping[str, Any], keys: Sequence[Key]
) -> dict[str, Any]:
    known = {key.name: key for key in keys}
    found = _flatten(parsed, known)
    values: dict[str, Any] = {}
    for name, raw in found.items():
        line = _line_of(written, name)
        if name not in known:
            allowed = ", ".join(known)
            sections = [key.partition(".")[0] for key in known if "." in key]
            candidates = sections if isinstance(raw, dict) else known
            near = difflib.get_close_matches(name, candidates, 1, cutoff=0.5)
            raise ConfigurationError(
                f"{path}, line {line}: there is no key {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"the keys are: {allowed}",
            )
        try:
            values[name] = known[name].read(raw)
        except ValueError as error:
            raise ConfigurationError(
                f"{path}, line {line}: {name} = {_as_written(raw)} is not right",
                hint=f"it must be {error}",
            ) from error
    for key in keys:
        if key.name in values:
            continue
        if key.required:
            raise ConfigurationError(
                f"{path} has no key {key.name!r}", hint=f"add it: {key.doc or key.name}"
            )
        values[key.name] = key.default
    return values


def _as_written(raw: object) -> str:
    if isinstance(raw, bool):
        return str(raw).lower()
    return str(raw) if isinstance(raw, Decimal) else repr(raw)


def _flatten(
    parsed: Mapping[str, Any], known: Mapping[str, Key], prefix: str = ""
) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in parsed.items():
        full = prefix + name
        section = any(key.startswith(full + ".") for key in known)
        if isinstance(value, dict) and section:
            flat |= _flatten(value, known, full + ".")
        else:
            flat[full] = value
    return flat


def _line_of(written: str, dotted: str) -> int:
    """The line on which a key stands; the parser keeps no positions, so it is looked for."""
    *section, key = dotted.split(".")
    wanted = ".".join(section)
    current = ""
    for number, line in enumerate(written.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
        if header is not None:
            current = header[1].replace('"', "").replace(" ", "")
            if current == dotted:
                return number
            continue
        name = re.match(r"""\s*["']?([^"'=]+?)["']?\s*=""", line)
        if name is not None and f"{current}.{name[1]}".lstrip(".") in (dotted, f"{wanted}.{key}"):
            return number
    return 1


# --- writing -------------------------------------------------------------------------------


def dump(values: Mapping[str, Any], comment: str = "") -> str:
    """TOML of dotted names and plain values; None and empty lists are left out."""
    import tomlkit

    document = tomlkit.document()
    for line in comment.splitlines():
        document.add(tomlkit.comment(line))
    for name, value in values.items():
        if _is_nothing(value):
            continue
        *section, key = name.split(".")
        holder: Any = document
        for part in section:
            if part not in holder:
                holder[part] = tomlkit.table()
            holder = holder[part]
        holder[key] = _plain(value)
    # A table of its own, put in last, ends without a line's end.
    return tomlkit.dumps(document).rstrip("\n") + "\n"


def rewritten(path: Path, changes: Mapping[str, Any]) -> str:
    """The file's text with these keys, none of a section, as they are now, None taken out; every
    remark and every other line stays."""
    import tomlkit

    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        if _is_nothing(value):
            document.pop(key, None)
        else:
            document[key] = _plain(value)
    return tomlkit.dumps(document)


def _is_nothing(value: Any) -> bool:
    return value is None or value == () or value == {}


def _plain(value: Any) -> Any:
    import tomlkit

    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else tomlkit.value(str(value))
    return value


def write(path: Path, content: str) -> None:
    """Replaces the file whole, or leaves it as it was."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}",
            hint="check the free space and the rights of the folder",
        ) from error


# --- names of definitions ------------------------------------------------------------------


def checked_name(kind: str, name: str) -> str:
    """A definition's name becomes a file's name, so it must be one on every system."""
    bad = not name or len(name) > 100 or name.startswith((".", "-", " ")) or name.endswith(" ")
    if bad or any(c in '/\\:*?"<>|' or not c.isprintable() for c in name):
        raise UsageError(
            f"{name!r} cannot be the name of a {kind}",
            hint="use letters, digits, '_', '-', '.' and inner blanks; start with a letter or digit",
        )
    return name


def names(folder: Path) -> list[str]:
    """Of the definitions in a folder, none where it is not there. Raises `ConfigurationError`."""
    try:
        found = [p for p in folder.iterdir() if p.suffix == ".toml" and not p.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be read: {error.strerror}", hint="check that it is a folder of yours"
        ) from error
    return sorted(p.stem for p in found)


def missing(kind: str, name: str, known: Sequence[str], add: str, whose: str = "") -> UsageError:
    """`whose` goes behind the name: "of analysts"."""
    near = difflib.get_close_matches(name, known, 1)
    if near:
        hint = f"did you mean {near[0]!r}?"
    elif known:
        hint = f"there are: {', '.join(known)}"
    else:
        hint = f"there is none yet: `{add}`"
    return UsageError(f"there is no {kind} {name!r} {whose}".rstrip(), hint=hint)
