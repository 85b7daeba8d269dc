"""Opening the source of a connection by its kind, in either runtime."""

from __future__ import annotations

from dataclasses import replace

from lakeshell.definitions.connections import Connection
from lakeshell.ports import Source
from lakeshell.runtime.place import Place
from lakeshell.source.mysql_address import MysqlAddress


def open_source(place: Place, connection: Connection) -> Source:
    """The caller closes it."""
    if connection.scheme == "mysql":
        from lakeshell.source.mysql import MysqlSource

        address = connection.mysql_address(place.environment, place.folder)
        return MysqlSource(with_start_hint(place, address))
    from lakeshell.source.sqlite import SqliteSource

    path = connection.sqlite_path(place.environment, place.folder)
    return SqliteSource(path, connection.name)


def with_start_hint(place: Place, address: MysqlAddress) -> MysqlAddress:
    """The stack's own source database can be started from here; who runs another one is not known."""
    from lakeshell.stack.installation import is_installed

    if not is_installed(place.state):
        return address
    from lakeshell.runtime.installed import is_own, mend_source

    if not is_own(place, address):
        return address
    return replace(address, start_hint=mend_source(place))
