"""The secrets of an installation: made once, kept in a file of mode 0600.

They reach the containers through the compose file's `environment`, whose values Docker reads from
the file: no command line, log or definition holds one.
"""

from __future__ import annotations

import base64
import os
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


def generate() -> dict[str, str]:
    made = {name: secrets.token_urlsafe(24) for name in (*PASSWORDS, TRINO_INTERNAL)}
    made[ACCESS_KEY] = "lakeshell-" + secrets.token_hex(4)
    made[TRINO_SPOOLING] = base64.b64encode(secrets.token_bytes(32)).decode()
    return made


def read(path: Path) -> dict[str, str]:
    """Raises `ConfigurationError` for a file that others may read, lacks one or holds a default."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigurationError(
            f"{path} can be read by others (mode {mode:o})", hint=f"chmod 600 {path}"
        )
    found = parse(path.read_text(encoding="utf-8"))
    for name in (*PASSWORDS, ACCESS_KEY, TRINO_INTERNAL, TRINO_SPOOLING):
        if name not in found:
            raise ConfigurationError(
                f"{path} lacks {name}",
                hint="restore the file; the services' data was made with its passwords",
            )
    for name in PASSWORDS:
        if found[name].lower() in KNOWN or len(found[name]) < SHORTEST:
            raise ConfigurationError(
                f"{name} in {path} is a default or short password",
                hint=f"choose one of {SHORTEST} characters or more that is used nowhere else",
            )
    return found


def write(path: Path, values: Mapping[str, str], remark: str = "") -> None:
    """Replaces the file whole; it is never readable by others, not even for a moment."""
    lines = [f"# {line}\n" for line in remark.splitlines()]
    lines += [f"{name}={value}\n" for name, value in values.items()]
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(lines)
    temporary.replace(path)


def parse(text: str) -> dict[str, str]:
    """`NAME=VALUE` lines, as Docker reads them where a value has no blanks, quotes or `$`."""
    pairs = (line.partition("=") for line in text.splitlines() if line and line[0] != "#")
    return {name.strip(): value.strip() for name, _, value in pairs}
