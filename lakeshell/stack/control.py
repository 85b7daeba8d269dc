"""What the services need in the control database before they can work: schemas, users, limits.

Everything here may be done again at any time: what is there already stays as it is.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lakeshell.errors import ConnectionFailed
from lakeshell.stack import secrets
from lakeshell.stack.installation import Installation
from lakeshell.stack.services import Service

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

SCHEMAS = (
    # schema, user, secret, character set; the Metastore's keys are too long for utf8mb4.
    ("metastore", "metastore", secrets.METASTORE_DB, "latin1"),
    ("trino", "trino", secrets.CONTROL_TRINO, "utf8mb4"),
    ("ledger", "ledger", secrets.CONTROL_LEDGER, "utf8mb4"),
)
_ACCESS_DENIED = 1045


@contextmanager
def cursor(installation: Installation, service: Service) -> Iterator[Cursor]:
    """As root in one of the stack's own databases. Raises `ConnectionFailed`."""
    import pymysql

    name = secrets.CONTROL_ROOT if service is Service.CONTROL else secrets.MYSQL_ROOT
    try:
        connection = pymysql.connect(
            host="127.0.0.1",
            port=installation.port(service),
            user="root",
            password=installation.secrets[name].encode(),
            # MySQL sends no password unencrypted; its certificate is of its own making.
            ssl=_unchecked(),
            autocommit=True,
            connect_timeout=10,
            # For the greeting: what listens there may be something else, and silent.
            read_timeout=10,
        )
        connection._read_timeout = None
    except pymysql.MySQLError as error:
        raise _unreachable(installation, service, name, error) from error
    with connection, connection.cursor() as opened:
        yield opened


def _unchecked() -> ssl.SSLContext:
    """Reads no certificates of others: that takes longer than all the rest."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _unreachable(
    installation: Installation, service: Service, secret: str, error: Exception
) -> ConnectionFailed:
    if error.args and error.args[0] == _ACCESS_DENIED:
        return ConnectionFailed(
            f"{service} refuses its root password: its data was made with another",
            hint=f"put the right {secret} into {installation.folder / 'secrets.env'}; a lost one:"
            " docs/stack.md, 'A lost password'",
        )
    return ConnectionFailed(
        f"{service} cannot be reached at 127.0.0.1:{installation.port(service)}",
        hint=f"lakeshell stack start {service}",
    )


def prepare(installation: Installation) -> None:
    """Makes the schemas and users of the Metastore, Trino and the ledger."""
    with cursor(installation, Service.CONTROL) as sql:
        for schema, user, secret, characters in SCHEMAS:
            sql.execute(f"CREATE DATABASE IF NOT EXISTS `{schema}` CHARACTER SET {characters}")
            password = installation.secrets[secret]
            sql.execute(f"CREATE USER IF NOT EXISTS {user}@'%%' IDENTIFIED BY %s", (password,))
            sql.execute(f"ALTER USER {user}@'%%' IDENTIFIED BY %s", (password,))
            sql.execute(f"GRANT ALL ON `{schema}`.* TO {user}@'%'")


def has_metastore_schema(installation: Installation) -> bool:
    with cursor(installation, Service.CONTROL) as sql:
        return _has_table(sql, "metastore", "VERSION") and bool(
            sql.execute("SELECT 1 FROM metastore.VERSION")
        )


def clear_half_made_schema(installation: Installation) -> None:
    """Hive's schema script cannot go on where it was cut off: what it left is removed."""
    with cursor(installation, Service.CONTROL) as sql:
        sql.execute("DROP DATABASE metastore")
    prepare(installation)


def _has_table(sql: Cursor, schema: str, table: str) -> bool:
    found = sql.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
        (schema, table),
    )
    return bool(found)
