"""The secrets of an installation: made once, kept in a file of mode 0600.

They reach the containers through the compose file's `environment`, whose values Docker reads from
the file: no command line, log or definition holds one.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from lakeshell.errors import ConfigurationError

ACCESS_KEY = "S3_ACCESS_KEY"
SECRET_KEY = "S3_SECRET_KEY"
CONTROL_ROOT = "CONTROL_ROOT_PASSWORD"
CONTROL_TRINO = "CONTROL_TRINO_PASSWORD"
CONTROL_LEDGER = "CONTROL_LEDGER_PASSWORD"
METASTORE_DB = "METASTORE_DB_PASSWORD"
MYSQL_ROOT = "MYSQL_ROOT_PASSWORD"
TRINO_INTERNAL = "TRINO_INTERNAL_SECRET"
TRINO_SPOOLING = "TRINO_SPOOLING_KEY"

PASSWORDS = (CONTROL_ROOT, CONTROL_TRINO, CONTROL_LEDGER, METASTORE_DB, MYSQL_ROOT, SECRET_KEY)
KNOWN = {
    "", "admin", "changeme", "default", "hive", "lakeshell", "minio", "minio123", "minioadmin",
    "mysql", "pass", "password", "root", "secret", "test", "trino", "123456", "12345678",
}  # fmt: skip
"""Passwords that everyone tries first."""
SHORTEST = 12
LOST = "put it back; how to set new passwords is in docs/stack.md, 'A lost password'"


def generate() -> dict[str, str]:
    made = {name: secrets.token_urlsafe(24) for name in (*PASSWORDS, TRINO_INTERNAL)}
    made[ACCESS_KEY] = "lakeshell-" + secrets.token_hex(4)
    made[TRINO_SPOOLING] = base64.b64encode(secrets.token_bytes(32)).decode()
    return made


def read(path: Path) -> dict[str, str]:
    """Raises `ConfigurationError` for a file that is gone, that others may read, that lacks one, or
    holds a default or one that not every service takes."""
    if not path.exists():
        raise ConfigurationError(f"{path} is gone, with the passwords of the data", hint=LOST)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigurationError(
            f"{path} can be read by others (mode {mode:o})", hint=f"chmod 600 {path}"
        )
    found = parse(path.read_text(encoding="utf-8"), path)
    for name in (*PASSWORDS, ACCESS_KEY, TRINO_INTERNAL, TRINO_SPOOLING):
        if name not in found:
            raise ConfigurationError(
                f"{path} lacks {name}",
                hint=LOST,
            )
        if re.search(r"""["'\\\x00-\x1f]|\$\{""", found[name]):
            raise ConfigurationError(
                f"{name} in {path} has a quote, a backslash, ${{ or a control character",
                hint="choose one without: not every service takes these",
            )
    for name in PASSWORDS:
        if found[name].lower() in KNOWN or len(found[name]) < SHORTEST:
            raise ConfigurationError(
                f"{name} in {path} is a default or short password",
                hint=f"choose one of {SHORTEST} characters or more that is used nowhere else",
            )
    if re.search(r"[^A-Za-z0-9._~-]", found[CONTROL_TRINO]):
        raise ConfigurationError(
            f"{CONTROL_TRINO} in {path} has more than letters, digits and ._~-",
            hint="choose one without: it is part of an address in Trino's configuration",
        )
    return found


def write(path: Path, values: Mapping[str, str], remark: str = "") -> None:
    """Replaces the file whole; it is never readable by others, not even for a moment."""
    lines = [f"# {line}\n" for line in remark.splitlines()]
    lines += [f"{name}={_written(name, value)}\n" for name, value in values.items()]
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(lines)
    temporary.replace(path)


def _written(name: str, value: str) -> str:
    """As it stands where Docker reads it so; else in quotes, with `\\` before what it would change."""
    if "\0" in value:
        raise ConfigurationError(
            f"{name} has a NUL, which no environment can hold", hint="choose another password"
        )
    if re.fullmatch(r"[A-Za-z0-9_./:@%+,=-]*", value):
        return value
    return '"' + re.sub(r'[\\"$\n\r]', lambda found: _ESCAPES[found[0]], value) + '"'


_ESCAPES = {"\\": r"\\", '"': r"\"", "$": r"\$", "\n": r"\n", "\r": r"\r"}
_ESCAPED = {escape: character for character, escape in _ESCAPES.items()}


def parse(text: str, path: Path) -> dict[str, str]:
    """`NAME=VALUE` lines, as Docker reads them. Raises `ConfigurationError` for a value of which it
    would make something else than what stands there."""
    found = {}
    for line in text.split("\n"):
        if line.strip() and line.lstrip()[0] != "#":
            name, _, value = line.partition("=")
            found[name.strip()] = _value(name.strip(), value.strip(), path)
    return found


def _value(name: str, written: str, path: Path) -> str:
    if re.fullmatch(r"'[^'\\]*'", written):
        return written[1:-1]
    if re.fullmatch(r'"(?:[^"\\$]|\\[\\"$nr])*"', written):
        return re.sub(r"\\.", lambda found: _ESCAPED[found[0]], written[1:-1])
    if written[:1] in ("'", '"') or "$" in written or re.search(r"\s#", written):
        raise ConfigurationError(
            f"Docker would read the value of {name} in {path} as another",
            hint=f"put it in single quotes: {name}='...'",
        )
    return written
