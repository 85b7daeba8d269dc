"""`lakeshell demo --generate`: only the source, in a SQLite file or a MySQL database."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

import click

from lakeshell.cli.progress import ProgressLine
from lakeshell.errors import AlreadyExists, UsageError


def generate_source(target: str, scale: int, lake: Path, password_env: str | None) -> None:
    """`target` is a file or `mysql://USER@HOST:PORT/DATABASE`; the password may be one of the
    lake's own stack."""
    if target.startswith("mysql://"):
        _generate_mysql(target, scale, lake, password_env)
    elif "://" in target:
        raise UsageError(
            f"the source cannot be made at {target}",
            hint="name a file, or mysql://USER@HOST:3306/DATABASE",
        )
    else:
        _generate_file(Path(target), scale)


def _generate_file(file: Path, scale: int) -> None:
    from lakeshell.demo.movies import generate

    if file.exists():
        raise AlreadyExists(
            f"{file} exists and is left as it is", hint="remove it first, or name another file"
        )
    started = time.monotonic()
    with ProgressLine() as progress:
        rows = generate(file, scale=scale, reporter=progress)
    _say(f"made {file}: {rows:,} rows, {file.stat().st_size / 2**20:.1f} MB", started)


def _generate_mysql(url: str, scale: int, lake: Path, password_env: str | None) -> None:
    from dataclasses import replace

    import pymysql

    from lakeshell.definitions.connections import Connection, checked_url
    from lakeshell.demo.movies_mysql import generate_mysql
    from lakeshell.errors import ConnectionFailed
    from lakeshell.lake import Lake
    from lakeshell.settings import FILE

    connection = Connection("source", checked_url(url), password_env)
    if (lake / FILE).exists():
        with Lake(lake, os.environ) as known:
            environment = known.place.environment
    else:
        environment = os.environ
    address = connection.mysql_address(environment, lake)
    if not address.database:
        raise UsageError("the address names no database", hint="put it behind the port: /movies")
    started = time.monotonic()
    try:
        server = pymysql.connect(**replace(address, database="").pymysql())
    except pymysql.MySQLError as error:
        raise ConnectionFailed(
            f"{address} cannot be reached: {error.args[-1]}",
            hint="see whether the server runs and the password is right",
        ) from error
    with closing(server), ProgressLine() as progress:
        rows = generate_mysql(server, address.database, scale=scale, reporter=progress)
    _say(f"made {address}: {rows:,} rows", started)


def _say(made: str, started: float) -> None:
    click.echo(f"{made} in {time.monotonic() - started:.1f} s", err=True)
