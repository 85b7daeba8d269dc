"""The ledger that a lake's settings name: its own file, or a schema in MySQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.definitions.connections import Connection, checked_url
from lakeshell.errors import ConfigurationError
from lakeshell.ledger.ledger import SqlLedger
from lakeshell.runtime.place import Place
from lakeshell.stack.services import Service

if TYPE_CHECKING:
    from lakeshell.ledger.found import FoundFile
    from lakeshell.ledger.mysql import MysqlDatabase
    from lakeshell.source.mysql_address import MysqlAddress

FILE = "ledger.db"
SCHEMA = "ledger"


def open_ledger(place: Place, notice: Callable[[str], None]) -> SqlLedger:
    if place.settings.ledger.type == "sqlite":
        return file_ledger(place.state / FILE, notice)
    return mysql_ledger(mysql_address(place, notice), start_hint(place))


def file_ledger(path: Path, notice: Callable[[str], None] = lambda text: None) -> SqlLedger:
    from lakeshell.ledger.sqlite import SqliteLedger

    return SqliteLedger(path, notice)


def mysql_ledger(address: MysqlAddress, start_hint: str = "") -> SqlLedger:
    from lakeshell.ledger.mysql import MysqlLedger

    return MysqlLedger(address.pymysql(), str(address), start_hint)


def found_in_file(path: Path) -> FoundFile:
    from lakeshell.ledger.found import FoundFile

    return FoundFile(path, str(path))


def found_in_mysql(address: MysqlAddress) -> MysqlDatabase:
    from lakeshell.ledger.mysql import MysqlDatabase

    return MysqlDatabase(address.pymysql(), str(address), as_found=True)


def start_hint(place: Place) -> str:
    own = place.settings.ledger.url is None
    return f"lakeshell stack start {Service.CONTROL}" if own else ""


def mysql_address(place: Place, notice: Callable[[str], None]) -> MysqlAddress:
    """Of the server that the settings name, or the stack's own, started where it is idle."""
    settings = place.settings.ledger
    if settings.url is not None:
        return address_of(settings.url, settings.password_env, place)
    from lakeshell.runtime.installed import wake
    from lakeshell.source.mysql_address import MysqlAddress, SslMode
    from lakeshell.stack import secrets
    from lakeshell.stack.installation import is_installed, open_installation

    if not is_installed(place.state):
        raise ConfigurationError(
            "ledger.type is 'mysql', and this lake has no stack whose MySQL it could be in",
            hint="make the stack: lakeshell stack up; or name a server: url in [ledger]",
        )
    wake(place, Service.CONTROL, notice)
    found = open_installation(place.state)
    return MysqlAddress(
        "127.0.0.1",
        found.port(Service.CONTROL),
        SCHEMA,
        found.secrets[secrets.CONTROL_LEDGER],
        SCHEMA,
        SslMode.REQUIRED,
    )


def address_of(url: str, password_env: str | None, place: Place) -> MysqlAddress:
    """Raises `ConfigurationError` for what is no address of a schema in MySQL."""
    connection = Connection("ledger", url, password_env)
    if connection.scheme != "mysql":
        raise ConfigurationError(
            f"{url!r} is not the address of a ledger in MySQL",
            hint="it is written mysql://USER@HOST:3306/SCHEMA",
        )
    checked_url(url)
    address = connection.mysql_address(place.environment, place.folder)
    if not address.database:
        raise ConfigurationError(
            f"{url!r} names no schema for the ledger",
            hint="write it at the end: mysql://USER@HOST:3306/SCHEMA",
        )
    return address
