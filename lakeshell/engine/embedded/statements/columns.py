"""Columns of a table: declared, added, dropped, renamed, retyped, commented."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import (
    iceberg,
    lake_name,
    missing,
    registered,
    writable,
)
from lakeshell.engine.embedded.typed import refused, rejected
from lakeshell.model import Column, TableKind, TableName
from lakeshell.sql import ast
from lakeshell.sql.datatypes import InvalidType, Type, parse_type
from lakeshell.store.metadata import TableMetadata
from lakeshell.store.storable import storable


def declared(element: ast.ColumnDefinition, host: Host) -> Column:
    """A new table's column, with the type that Iceberg keeps."""
    if element.properties:
        raise rejected(
            "INVALID_COLUMN_PROPERTY",
            f"Catalog 'lake' column property '{element.properties[0].name}' does not exist",
            element.properties[0].at,
        )
    type = written_type(element.type, element.name.key, element.at)
    return Column(element.name.key, storable(type), element.nullable, element.comment or "")


def written_type(written: ast.TypeName, column: str, at: ast.Position) -> Type:
    try:
        return parse_type(written.text)
    except InvalidType as error:
        raise rejected(
            "TYPE_NOT_FOUND", f"Unknown type '{written.text}' for column '{column}'", at
        ) from error


def described(metadata: TableMetadata) -> tuple[Column, ...]:
    return tuple(
        Column(field.name, field.type, not field.required, field.doc or "")
        for field in metadata.schema()
    )


def check_distinct(names: Sequence[str], at: ast.Position) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise rejected(
                "DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once", at
            )


def _target(
    statement: ast.AddColumn | ast.DropColumn | ast.RenameColumn | ast.AlterColumn,
    host: Host,
    doing: str,
) -> TableName | None:
    """The table to change; None where IF EXISTS forgives that there is none."""
    name = lake_name(statement.table, host, statement.at, doing.lower())
    if iceberg(name, host) is None:
        other = registered(name, host)
        if other is None:
            if statement.if_exists:
                return None
            raise missing(name, statement.at)
        if other.kind is TableKind.VIEW:
            raise rejected("NOT_SUPPORTED", f"{doing} to a view is not supported", statement.at)
    writable(name, host, statement.at, doing)
    return name


def _columns(name: TableName, host: Host) -> dict[str, Type]:
    metadata = iceberg(name, host)
    assert metadata is not None
    return {field.name.lower(): field.type for field in metadata.schema()}


def add_column(statement: ast.AddColumn, host: Host) -> Outcome:
    from lakeshell.store.schema import iceberg_type

    name = _target(statement, host, "Adding columns")
    if name is None:
        return changed("ADD COLUMN")
    column = declared(statement.column, host)
    if column.name in _columns(name, host):
        if statement.if_not_exists:
            return changed("ADD COLUMN")
        raise rejected(
            "COLUMN_ALREADY_EXISTS", f"Column '{column.name}' already exists", statement.at
        )
    if not column.nullable:
        raise rejected(
            "NOT_SUPPORTED", "This connector does not support adding not null columns", None
        )

    def stage(staged: Any) -> None:
        ids = iter(range(1, 10_000))
        with staged.update_schema() as update:
            kind = iceberg_type(column.type, ids.__next__)
            update.add_column(column.name, kind, column.comment or None)
            if statement.position == "first":
                update.move_first(column.name)
            elif statement.after is not None:
                update.move_after(column.name, statement.after.key)

    return _altered(name, host, stage, "ADD COLUMN")


def drop_column(statement: ast.DropColumn, host: Host) -> Outcome:
    name = _target(statement, host, "Dropping columns")
    if name is None:
        return changed("DROP COLUMN")
    if len(statement.column.parts) > 1:
        raise refused("DROP COLUMN of a row's field", statement.at)
    column = statement.column.keys[0]
    known = _columns(name, host)
    if column not in known:
        if statement.column_if_exists:
            return changed("DROP COLUMN")
        raise _no_column(column, statement.at)
    if len(known) == 1:
        raise rejected("NOT_SUPPORTED", "Cannot drop the only column in a table", statement.at)
    metadata = iceberg(name, host)
    assert metadata is not None
    field = next(f for f in metadata.schema() if f.name.lower() == column)
    if any(part.source_id == field.id for part in metadata.specs[metadata.default_spec_id]):
        raise rejected("NOT_SUPPORTED", f"Cannot drop partition field: {column}", None)

    def stage(staged: Any) -> None:
        with staged.update_schema(allow_incompatible_changes=True) as update:
            update.delete_column(field.name)

    return _altered(name, host, stage, "DROP COLUMN")


def rename_column(statement: ast.RenameColumn, host: Host) -> Outcome:
    name = _target(statement, host, "Renaming columns")
    if name is None:
        return changed("RENAME COLUMN")
    if len(statement.column.parts) > 1:
        raise refused("RENAME COLUMN of a row's field", statement.at)
    column, target = statement.column.keys[0], statement.target.key
    known = _columns(name, host)
    if column not in known:
        if statement.column_if_exists:
            return changed("RENAME COLUMN")
        raise _no_column(column, statement.at)
    if target in known:
        raise rejected("COLUMN_ALREADY_EXISTS", f"Column '{target}' already exists", statement.at)

    def stage(staged: Any) -> None:
        with staged.update_schema() as update:
            update.rename_column(column, target)

    return _altered(name, host, stage, "RENAME COLUMN")


_PROMOTIONS = {("integer", "bigint"), ("real", "double")}


def alter_column(statement: ast.AlterColumn, host: Host) -> Outcome:
    from lakeshell.store.schema import iceberg_type

    update_type = "DROP NOT NULL" if statement.type is None else "SET COLUMN TYPE"
    name = _target(statement, host, "Setting column types")
    if name is None:
        return changed(update_type)
    if len(statement.column.parts) > 1:
        raise refused("ALTER COLUMN of a row's field", statement.at)
    column = statement.column.keys[0]
    known = _columns(name, host)
    if column not in known:
        raise _no_column(column, statement.at)
    if statement.type is None:

        def stage(staged: Any) -> None:
            with staged.update_schema() as update:
                update.make_column_optional(column)

        return _altered(name, host, stage, update_type)
    target = storable(written_type(statement.type, column, statement.type.at))
    if target == known[column]:
        return changed(update_type)
    if not _promotes(known[column], target):
        raise rejected(
            "NOT_SUPPORTED",
            f"Failed to set column type: Cannot change type of {column} from "
            f"{known[column]} to {target}",
            None,
        )

    def retype(staged: Any) -> None:
        with staged.update_schema() as update:
            update.update_column(column, iceberg_type(target, iter(range(1, 100)).__next__))

    return _altered(name, host, retype, update_type)


def _promotes(old: Type, new: Type) -> bool:
    if old.name == new.name == "decimal":
        return getattr(old, "scale", 0) == getattr(new, "scale", 0) and (
            getattr(old, "precision", 0) <= getattr(new, "precision", 0)
        )
    return (str(old), str(new)) in _PROMOTIONS


def comment(statement: ast.Comment, host: Host) -> Outcome:
    if statement.kind == "view":
        raise refused("COMMENT ON VIEW", statement.at)
    parts = statement.name.parts
    owner = ast.QualifiedName(parts[:-1]) if statement.kind == "column" else statement.name
    name = lake_name(owner, host, statement.at, "setting comments")
    if iceberg(name, host) is None:
        other = registered(name, host)
        if other is None:
            raise missing(name, statement.at)
        raise refused(f"COMMENT ON {statement.kind.upper()} of a {other.kind.value}", statement.at)
    if statement.kind == "column":
        column = parts[-1].key
        if column not in _columns(name, host):
            raise rejected("COLUMN_NOT_FOUND", f"Column does not exist: {column}", statement.at)

        def stage(staged: Any) -> None:
            with staged.update_schema() as update:
                update.update_column(column, doc=statement.text or "")
    else:

        def stage(staged: Any) -> None:
            if statement.text is None:
                staged.remove_properties("comment")
            else:
                staged.set_properties({"comment": statement.text})

    return _altered(name, host, stage, "COMMENT")


def _altered(name: TableName, host: Host, stage: Any, update_type: str) -> Outcome:
    host.store.change(name, stage)
    host.tables.forget(name)
    return changed(update_type)


def _no_column(column: str, at: ast.Position) -> Exception:
    return rejected("COLUMN_NOT_FOUND", f"Column '{column}' does not exist", at)
