"""How the lake's databases and Iceberg tables are named in the Hive Metastore.

In: names, or what the Metastore holds of a table. Out: folders, locations. Imports no pyiceberg: a
listing and a query need none of it.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping

from hive_metastore import ttypes as hive

from lakeshell.store.metastore import Metastore
from lakeshell.store.pointers import file_name

LOCATION = "metadata_location"


def database_folder(warehouse: str, database: str) -> str:
    return f"{warehouse.rstrip('/')}/{file_name(database)}"


def make_database(
    metastore: Metastore, warehouse: str, name: str, comment: str = "", location: str = ""
) -> None:
    """Raises `AlreadyExists`."""
    made = hive.Database(
        name=name,
        description=comment,
        locationUri=location or database_folder(warehouse, name),
        parameters={},
        catalogName=metastore.address.catalog,
        ownerName=getpass.getuser(),
        ownerType=hive.PrincipalType.USER,
    )
    metastore.ask(lambda client: client.create_database(made))


def metadata_location(parameters: Mapping[str, str]) -> str | None:
    """None for a table that is none of Iceberg's."""
    iceberg = parameters.get("table_type", "").upper() == "ICEBERG"
    return parameters.get(LOCATION) if iceberg else None
