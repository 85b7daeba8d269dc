"""Opening the source of a connection by its kind, in either runtime."""

from __future__ import annotations

from lakeshell.definitions.connections import Connection
from lakeshell.ports import Source
from lakeshell.runtime.place import Place


def open_source(place: Place, connection: Connection) -> Source:
    """The caller closes it."""
    if connection.scheme == "mysql":
        from lakeshell.source.mysql import MysqlSource

        return MysqlSource(connection.mysql_address(place.environment, place.folder))
    from lakeshell.source.sqlite import SqliteSource

    path = connection.sqlite_path(place.environment, place.folder)
    return SqliteSource(path, connection.name)
