"""Connections: how to reach a source, `connections/NAME.toml`.

A password is never in the file: the URL may hold `${VAR}`, or `password_env` or
`password_command` says where it comes from when the connection is opened.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes, urlsplit

from lakeshell.definitions.folder import DefinitionFolder
from lakeshell.definitions.schema import Key, text
from lakeshell.errors import ConfigurationError, ConnectionFailed, UsageError
from lakeshell.query.bounded import answer_of
from lakeshell.source.mysql_address import DEFAULT_PORT, MysqlAddress, SslMode

KEYS = (
    Key("url", text, required=True, doc='url = "sqlite:///path/to/file.db"'),
    Key("password_env", text, doc="the variable that holds the password"),
    Key("password_command", text, doc="a command that prints the password"),
    Key("comment", text, ""),
)
SCHEMES = ("sqlite", "mysql")
CATALOGS = ("lake", "lake_files", "system", "tpch", "memory")
"""Names that SQL has for something else, in Trino and so in every lake that may move to it."""
ADD = "lakeshell connection add NAME sqlite:///PATH, or mysql://USER@HOST:3306/DATABASE"
LONGEST = 60.0
"""Seconds that a password command has: somebody may have to confirm it."""
_SSL = ("ssl-mode", "ssl-ca", "ssl-cert", "ssl-key")


@dataclass(frozen=True, slots=True)
class Connection:
    """`url` as written, with its `${VAR}`s; `source_url` puts their values in."""

    name: str
    url: str
    password_env: str | None = None
    password_command: str | None = None
    comment: str = ""

    @property
    def scheme(self) -> str:
        return self.url.partition(":")[0]

    @property
    def shows_a_certificate(self) -> bool:
        """Whether the client is known by one, `ssl-cert`."""
        return bool(dict(parse_qsl(urlsplit(self.url).query)).get("ssl-cert"))

    def sqlite_path(self, environment: Mapping[str, str], lake: Path) -> Path:
        """The file of a `sqlite:///PATH` URL. `sqlite:////PATH` is absolute, else the path is
        below the lake's folder."""
        rest = _path(expanded(self.url, environment).removeprefix("sqlite://"))
        return lake / rest.removeprefix("/")

    def mysql_address(self, environment: Mapping[str, str], lake: Path) -> MysqlAddress:
        """Of `mysql://USER@HOST:PORT/DATABASE?ssl-mode=VERIFY_CA&ssl-ca=FILE`, HOST in brackets
        where it is an IPv6 address; files are below the lake's folder where they are not absolute.
        Runs the password command."""
        try:
            url = urlsplit(self.url)
        except ValueError as error:
            raise ConfigurationError(
                f"the url of the connection {self.name!r} is none: {error}", hint=ADD
            ) from error
        options = _ssl_options(self.name, url.query)
        parts = {key: expanded(value, environment) for key, value in options.items()}
        files = {
            key.replace("-", "_"): str(lake / value)
            for key, value in parts.items()
            if "mode" not in key
        }
        written = url.netloc.rpartition("@")
        user, _, inside = written[0].partition(":")
        host, port = _host_and_port(expanded(written[2], environment))
        said = password(self, environment)
        if said is None:
            said = unquote(expanded(inside, environment))
        if not port.isdigit() and port:
            raise ConfigurationError(
                f"the connection {self.name!r} has no port number: {port!r}", hint=ADD
            )
        if port and not 0 < int(port[:6]) < 65_536:
            raise ConfigurationError(
                f"the connection {self.name!r} has a port that there is not: {port}", hint=ADD
            )
        return MysqlAddress(
            host=host or "localhost",
            port=int(port or DEFAULT_PORT),
            user=unquote(expanded(user, environment)) or "root",
            password=said,
            database=unquote(expanded(url.path.strip("/"), environment)),
            ssl_mode=_ssl_mode(self.name, parts.get("ssl-mode", SslMode.PREFERRED)),
            connection=self.name,
            **files,
        )


def _host_and_port(written: str) -> tuple[str, str]:
    """`HOST:PORT`, or `[::1]:PORT`; each may be missing."""
    if written.startswith("["):
        host, _, rest = written[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = written.partition(":")
    return host, port


def _ssl_options(name: str, query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    wrong = next((key for key in options if key not in _SSL), None)
    if wrong is not None:
        near = get_close_matches(wrong, _SSL, 1)
        raise ConfigurationError(
            f"the url of the connection {name!r} has an unknown option {wrong!r}",
            hint=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_SSL)}",
        )
    return options


def _ssl_mode(name: str, written: str) -> SslMode:
    try:
        return SslMode(written.upper().replace("-", "_"))
    except ValueError:
        raise ConfigurationError(
            f"the url of the connection {name!r} has no ssl-mode {written!r}",
            hint=f"it is one of {', '.join(SslMode)}",
        ) from None


def resolved_url(url: str, lake: Path) -> str:
    """The address to keep in the file, of one typed in some folder: a SQLite file inside the lake
    is named from the lake's folder, any other by its whole path. `${VAR}` is kept as typed."""
    if not url.startswith("sqlite://") or "${" in url:
        return url
    typed = _path(url.removeprefix("sqlite://")).removeprefix("/")
    if not typed.strip("/"):
        return url
    path = (
        Path("/" + typed.lstrip("/")) if url.startswith("sqlite:////") else Path(typed).absolute()
    )
    if not path.exists() and (Path("/") / typed).exists():
        # sqlite:///home/me/x.db is one slash short of an absolute path, and plainly meant as one.
        path = Path("/") / typed
    return "sqlite:///" + quote(
        os.fsencode(path.relative_to(lake) if path.is_relative_to(lake) else path)
    )


def _path(quoted: str) -> str:
    """A file's name may be of bytes that are no text; those are in the address by number."""
    return os.fsdecode(unquote_to_bytes(quoted.encode("utf-8", "surrogateescape")))


def expanded(written: str, environment: Mapping[str, str]) -> str:
    """Puts the environment's values for `${VAR}` and `${ENV:VAR}`."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environment:
            raise ConfigurationError(
                f"the variable {name} is not set", hint=f"set it first: export {name}=..."
            )
        return environment[name]

    return re.sub(r"\$\{(?:ENV:)?([A-Za-z_][A-Za-z0-9_]*)\}", value, written)


def checked_url(url: str) -> str:
    scheme, colon, rest = url.partition("://")
    if not colon or scheme not in SCHEMES:
        raise UsageError(
            f"{url!r} is not the address of a source that this runtime reads",
            hint=f"it begins with {' or '.join(s + '://' for s in SCHEMES)}: {ADD}",
        )
    if re.search(r"://[^/@]*:[^/@$]+@", url):
        raise UsageError(
            "the address holds a password, which would be written to a file",
            hint="leave it out and add --password-env VAR or --password-command CMD",
        )
    if scheme == "sqlite" and not rest.strip("/"):
        raise UsageError("the address names no file", hint=ADD)
    if scheme == "mysql" and not rest.rpartition("@")[2].partition("/")[0]:
        raise UsageError("the address names no host", hint=ADD)
    return url


def password(connection: Connection, environment: Mapping[str, str]) -> str | None:
    if connection.password_env is not None:
        return expanded("${" + connection.password_env + "}", environment)
    if connection.password_command is None:
        return None
    what = f"the password command of {connection.name!r}"
    by_hand = "run it by hand to see why"
    try:
        done = answer_of(connection.password_command, LONGEST)
    except subprocess.TimeoutExpired as error:
        raise ConnectionFailed(
            f"{what} took more than {LONGEST:g} s and was ended", hint=by_hand
        ) from error
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode != 0:
        raise ConnectionFailed(
            f"{what} ended with {done.returncode}",
            hint=f"it said: {said.splitlines()[-1]}" if said else by_hand,
        )
    try:
        return done.stdout.decode().rstrip("\n")
    except UnicodeDecodeError as error:
        raise ConnectionFailed(f"{what} printed what is no text", hint=by_hand) from error


class Connections(DefinitionFolder[Connection]):
    """The connections of one lake, by name. Names are catalogs in SQL, so they fold to one case."""

    kind = "connection"
    keys = KEYS
    how = ADD

    def spelled(self, name: str) -> str | None:
        return next((known for known in self.names() if known.lower() == name.lower()), None)

    def _made(self, name: str, values: dict[str, Any]) -> Connection:
        return Connection(name, **{**values, "url": checked_url(values["url"])})

    def _written(self, made: Connection) -> dict[str, Any]:
        return {key.name: getattr(made, key.name) or None for key in KEYS}

    def _check(self, made: Connection) -> None:
        checked_url(made.url)
        if made.name.lower() in CATALOGS:
            raise UsageError(
                f"{made.name!r} is the name of a catalog already", hint="choose another name"
            )
