"""`lakeshell init`."""

from __future__ import annotations

from pathlib import Path

import click

from lakeshell.cli.options import example


@click.command(
    "init",
    epilog=example(
        "lakeshell init ~/lakes/sales && cd ~/lakes/sales && lakeshell doctor",
        "lakeshell init ~/lakes/sales --stack",
        "lakeshell init ~/lakes/sales --trino-url https://trino.example:8443 "
        "--metastore-uri thrift://metastore.example:9083 --warehouse s3://lake/warehouse",
    ),
)
@click.argument("written", metavar="DIR")
@click.option("--stack", is_flag=True, help="On Trino, a Metastore and MinIO, in Docker.")
@click.option("--trino-url", metavar="URL", help="On a Trino that exists already.")
@click.option("--metastore-uri", metavar="URI", help="Its Hive Metastore: thrift://HOST:9083.")
@click.option("--warehouse", metavar="S3URL", help="Where tables are kept: s3://BUCKET/FOLDER.")
@click.option("--s3-endpoint", metavar="URL", help="Of the object storage; none is Amazon's own.")
@click.option(
    "--s3-region",
    metavar="NAME",
    default="us-east-1",
    show_default=True,
    help="Of the object storage.",
)
@click.option("--debug", is_flag=True, hidden=True)
def command(
    written: str,
    stack: bool,
    trino_url: str | None,
    metastore_uri: str | None,
    warehouse: str | None,
    s3_endpoint: str | None,
    s3_region: str,
    debug: bool,
) -> None:
    """Make DIR a lake: lakeshell.toml, folders for definitions, state beside them.

    A folder that is a lake already is left as it is. Without options it is embedded and needs
    nothing but Python.
    """
    from lakeshell.definitions import first
    from lakeshell.errors import UsageError
    from lakeshell.folder import make_lake

    if not str(written).strip():
        raise click.UsageError("DIR is empty: name a folder")
    if stack and trino_url is not None:
        raise click.UsageError("--stack and --trino-url: a lake is on one of them")
    elsewhere = {
        "--metastore-uri": metastore_uri,
        "--warehouse": warehouse,
        "--s3-endpoint": s3_endpoint,
    }
    named = [option for option, value in elsewhere.items() if value is not None]
    if named and trino_url is None:
        raise click.UsageError(f"{named[0]} goes with a Trino elsewhere: add --trino-url URL")
    folder = Path(written)
    following = "lakeshell connection add NAME sqlite:///PATH"
    if trino_url is not None:
        if metastore_uri is None or warehouse is None:
            raise UsageError(
                "a Trino alone is no lake: tables are registered in its Metastore and kept in its storage",
                hint="add --metastore-uri thrift://HOST:9083 and --warehouse s3://BUCKET/FOLDER",
            )
        services = first.Elsewhere(trino_url, metastore_uri, warehouse, s3_endpoint, s3_region)
        settings, following = first.elsewhere(services), f"cd {folder} && lakeshell doctor"
    elif stack:
        settings, following = first.stack(), f"lakeshell stack up --lake {folder}"
    else:
        settings = first.embedded()
    made = make_lake(folder, settings)
    said = "is a lake now" if made else "is a lake already; nothing was changed"
    click.echo(f"{folder} {said}", err=True)
    if made:
        click.echo(f"next: {following}", err=True)
