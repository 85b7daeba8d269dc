"""The form of a new lake: embedded, on a stack of its own, or on a Trino that exists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lakeshell.definitions import first
from lakeshell.definitions.schema import choice
from lakeshell.errors import AlreadyExists, UsageError
from lakeshell.folder import make_lake
from lakeshell.tui.screens.form import Field, FormScreen, Values, options

_KINDS = ("embedded", "stack", "trino")
_OF_TRINO = ("trino_url", "metastore_uri", "warehouse")


def lake_form() -> FormScreen:
    fields = (
        Field("folder", "Folder", "~/lakes/sales", "", True),
        Field("kind", "Kind", "embedded; stack: in Docker; trino: one that exists", _KINDS[0], True, choice(*_KINDS)),
        Field("trino_url", "Trino", "https://trino.example:8443"),
        Field("metastore_uri", "Its Metastore", "thrift://metastore.example:9083"),
        Field("warehouse", "Tables in", "s3://lake/warehouse"),
        Field("s3_endpoint", "S3 endpoint", "none is Amazon's own"),
        Field("s3_region", "S3 region", "us-east-1"),
    )  # fmt: skip
    return FormScreen("Make a lake", fields, _make, _command)


def _make(given: Values) -> None:
    folder = Path(given["folder"]).expanduser()
    if not make_lake(folder, _settings(given)):
        raise AlreadyExists(f"{folder} is a lake already", hint="nothing was changed")


def _settings(given: Values) -> str:
    if given["kind"] == "stack":
        return first.stack()
    if given["kind"] != "trino":
        return first.embedded()
    lacking = [name for name in _OF_TRINO if not given[name]]
    if lacking:
        raise UsageError(
            "a Trino alone is no lake: tables are registered in its Metastore and kept in its storage",
            hint=f"give {', '.join(lacking).replace('_', ' ')}",
        )
    return first.elsewhere(
        first.Elsewhere(
            given["trino_url"],
            given["metastore_uri"],
            given["warehouse"],
            given["s3_endpoint"] or None,
            given["s3_region"] or "us-east-1",
        )
    )


def _command(given: Values) -> Sequence[str]:
    named = (*_OF_TRINO, "s3_endpoint", "s3_region")
    words = options(**{name: given[name] for name in named}) if given["kind"] == "trino" else []
    return ("init", given["folder"] or "DIR", *(["--stack"] if given["kind"] == "stack" else words))
