"""The stack of a lake: its services in Docker, with a catalog in Trino for each connection."""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.runtime.place import Place
from lakeshell.stack.stack import Stack
from lakeshell.stack.trino import Remote

ACCESS = "access"
"""The lake's folder with the rules of who may do what in Trino."""


def open_stack(place: Place) -> Stack:
    """Nothing is started, and no connection's password asked for, before it is used."""
    return Stack(place.state, place.settings.stack, lambda: remotes(place), place.folder / ACCESS)


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
                )
            )
    return found
