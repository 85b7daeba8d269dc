"""The stack of a lake: its services in Docker, with a catalog in Trino for each connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lakeshell.definitions.connections import Connection
from lakeshell.definitions.workgroups import Workgroups
from lakeshell.errors import ConfigurationError
from lakeshell.runtime.place import Place
from lakeshell.source.mysql_address import MysqlAddress
from lakeshell.stack.services import Service
from lakeshell.stack.stack import Stack
from lakeshell.stack.trino import Remote

ACCESS = "access"
"""The lake's folder with the rules of who may do what in Trino."""


def open_stack(place: Place) -> Stack:
    """Nothing is started, and no connection's password asked for, before it is used."""
    groups = Workgroups(place.folder / "workgroups", on_cluster=True)
    return Stack(
        place.state,
        place.settings.stack,
        lambda: remotes(place),
        place.folder / ACCESS,
        groups.all,
    )


def wake(place: Place, service: Service, notice: Callable[[str], None]) -> bool:
    """Starts the service where it was stopped for being idle, and says so to `notice`; whether it
    had to. Without `idle_stop` a service that somebody stopped stays stopped."""
    idle = place.settings.stack.idle_stop > 0
    return idle and open_stack(place).ensure([service], Told(notice))


class Told:
    """A `ports.Reporter` of steps alone."""

    def __init__(self, notice: Callable[[str], None]) -> None:
        self.step = notice

    def advance(self, done: int, total: int | None, unit: str) -> None: ...
    def warn(self, text: str) -> None: ...


def wake_source(place: Place, connection: Connection, notice: Callable[[str], None]) -> bool:
    """The same for a connection to the stack's own source database."""
    if place.settings.stack.idle_stop <= 0 or connection.scheme != "mysql":
        return False
    address = connection.mysql_address(place.environment, place.folder)
    return is_own(place, address) and wake(place, Service.MYSQL, notice)


def mend_source(place: Place) -> str:
    """What to do when the stack's own source database does not answer."""
    from lakeshell.stack.stack import RESTORE

    if open_stack(place).is_removed(Service.MYSQL):
        return f"it was removed after a backup; {RESTORE}"
    return "start it: lakeshell stack start mysql"


def is_own(place: Place, address: MysqlAddress) -> bool:
    """Whether that is the source database of the lake's own stack."""
    local = address.host in ("localhost", "127.0.0.1", "::1")
    return local and address.port == place.settings.stack.ports[Service.MYSQL]


def remotes(place: Place) -> Sequence[Remote]:
    """The connections that Trino can reach: a SQLite file on this machine is none of them."""
    found = []
    for name in place.connections.names():
        connection = place.connections.get(name)
        if connection.scheme == "mysql":
            address = connection.mysql_address(place.environment, place.folder)
            found.append(
                Remote(
                    name=connection.name,
                    connector=connection.scheme,
                    host=address.host,
                    port=address.port,
                    user=address.user,
                    password=address.password,
                    ssl_mode=address.ssl_mode,
                    ca=_certificates(connection.name, address.ssl_ca),
                    ca_file=address.ssl_ca,
                )
            )
    return found


def _certificates(name: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes() if file else b""
    except OSError as error:
        raise ConfigurationError(
            f"ssl-ca of the connection {name!r}, {file}, cannot be read: {error.strerror}",
            hint=f"put it there, or name another: lakeshell connection set {name} --url URL",
        ) from error
