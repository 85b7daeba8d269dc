"""A view as Trino keeps it in the Metastore: Base64 of JSON, in a comment, in the view's text.

In: a view's SQL and columns, or what the Metastore holds. Out: the other of the two, so that Trino
and Lakeshell see each other's views.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from lakeshell.model import LAKE, CatalogTable, Column
from lakeshell.sql.datatypes import parse_type

EXPANDED = "/* Presto View */"
PARAMETERS = {"presto_view": "true", "comment": "Presto View", "trino_created_by": "Lakeshell"}
_START, _END = "/* Presto View: ", " */"


class View(NamedTuple):
    """`catalog` and `schema` are where names without one are looked up; empty for nowhere."""

    sql: str
    columns: tuple[Column, ...]
    comment: str
    catalog: str = ""
    schema: str = ""


def encoded(view: CatalogTable) -> str:
    """The text that Trino reads as `view`. Names without a schema are looked up where it was made,
    or beside it."""
    described = {
        "originalSql": view.definition,
        "catalog": view.parameters.get("viewCatalog") or LAKE,
        "schema": view.parameters.get("viewSchema") or view.name.database,
        "columns": [
            {"name": c.name, "type": str(c.type)} | ({"comment": c.comment} if c.comment else {})
            for c in view.columns
        ],
        "comment": view.comment or None,
        "owner": view.owner or None,
        "runAsInvoker": not view.owner,
        "path": [],
    }
    held = {key: value for key, value in described.items() if value is not None}
    return _START + base64.b64encode(json.dumps(held).encode()).decode() + _END


def decoded(text: str, parameters: Mapping[str, str]) -> View | None:
    """None for a view that is not Trino's, such as Hive's own."""
    if parameters.get("presto_view") != "true" or not text.startswith(_START):
        return None
    try:
        held: Mapping[str, Any] = json.loads(base64.b64decode(text[len(_START) : -len(_END)]))
        columns = tuple(
            Column(c["name"], parse_type(c["type"]), comment=c.get("comment") or "")
            for c in held["columns"]
        )
        place = (held.get("catalog") or "", held.get("schema") or "")
        return View(held["originalSql"], columns, held.get("comment") or "", *place)
    except (ValueError, KeyError, TypeError):
        return None
