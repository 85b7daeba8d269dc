"""Columns of a table: declared, added, dropped, renamed, retyped, commented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import (
    iceberg,
    in_known_catalog,
    lake_name,
    missing,
    registered,
    writable,
)
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.model import Column, TableKind, TableName
from lakeshell.sql import ast
from lakeshell.sql.datatypes import ArrayType, InvalidType, MapType, RowType, Type, parse_type
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
    if statement.if_exists and not in_known_catalog(statement.table, host, statement.at):
        return None
    name = lake_name(statement.table, host, statement.at, doing.lower())
    if iceberg(name, host) is None:
        other = registered(name, host)
        if other is None and statement.if_exists:
            return None
        if other is None or other.kind is TableKind.VIEW:
            raise missing(name, statement.at)
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
    if statement.column.inside:
        return _add_field(statement, column, name, host)
    if statement.after is not None and statement.after.key not in _columns(name, host):
        raise _no_column(statement.after.key, statement.at)
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
        return _drop_field(statement, name, host)
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
        return _rename_field(statement, name, host)
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
        metadata = iceberg(name, host)
        assert metadata is not None
        if not any(f.name.lower() == column and f.required for f in metadata.schema()):
            raise rejected("NOT_SUPPORTED", "Column is already nullable", statement.at)

        def stage(staged: Any) -> None:
            with staged.update_schema() as update:
                update.make_column_optional(column)

        return _altered(name, host, stage, update_type)
    target = storable(written_type(statement.type, column, statement.type.at))
    if target == known[column]:
        return changed(update_type)
    if any(isinstance(type, RowType | ArrayType | MapType) for type in (known[column], target)):
        raise refused("SET DATA TYPE from or to a type of several parts", statement.at)
    if not _promotes(known[column], target):
        raise rejected(
            "ICEBERG_COMMIT_ERROR",
            f"Failed to set column type: Cannot change column type: {column}: "
            f"{known[column]} -> {target}",
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
    parts = statement.name.parts
    if statement.kind == "column" and len(parts) == 1:
        raise rejected("MISSING_TABLE", "Table must be specified", statement.at)
    owner = ast.QualifiedName(parts[:-1]) if statement.kind == "column" else statement.name
    name = lake_name(owner, host, statement.at, "setting comments")
    if iceberg(name, host) is None:
        return _comment_on_registered(statement, name, host)
    if statement.kind == "view":
        raise _no_view(name, statement.at)
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


def _comment_on_registered(statement: ast.Comment, name: TableName, host: Host) -> Outcome:
    """A view's comment, or a view's column's."""
    view = registered(name, host)
    if view is None or (statement.kind == "table" and view.kind is TableKind.VIEW):
        raise (
            _no_view(name, statement.at)
            if statement.kind == "view"
            else missing(name, statement.at)
        )
    if view.kind is not TableKind.VIEW:
        raise refused(f"COMMENT ON {statement.kind.upper()} of a {view.kind.value}", statement.at)
    if statement.kind == "view":
        made = replace(view, comment=statement.text or "")
    else:
        key = statement.name.parts[-1].key
        if key not in {column.name.lower() for column in view.columns}:
            raise rejected("COLUMN_NOT_FOUND", f"Column does not exist: {key}", statement.at)
        columns = [
            replace(c, comment=statement.text or "") if c.name.lower() == key else c
            for c in view.columns
        ]
        made = replace(view, columns=tuple(columns))
    host.catalog.put(made)
    return changed("COMMENT")


def _no_view(name: TableName, at: ast.Position) -> Exception:
    shown = f"lake.{name.database}.{name.table}"
    return rejected("TABLE_NOT_FOUND", f"View '{shown}' does not exist", at)


# --- fields of a row's column --------------------------------------------------------------


def _row(
    names: Sequence[str], name: TableName, host: Host, at: ast.Position
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The path to a row, as the table spells it, and its fields by their names in lower case."""
    metadata = iceberg(name, host)
    assert metadata is not None
    fields = {field.name.lower(): (field.name, field.type) for field in metadata.schema()}
    path: list[str] = []
    for depth, part in enumerate(names):
        if part not in fields:
            if depth == 0:
                raise _no_column(part, at)
            raise rejected("COLUMN_NOT_FOUND", f"Field '{part}' does not exist", at)
        spelled, type = fields[part]
        path.append(spelled)
        if not isinstance(type, RowType):
            raise refused("a change of a field inside an array or map", at)
        fields = {(f.name or "").lower(): (f.name or "", f.type) for f in type.fields}
    return tuple(path), {key: spelled for key, (spelled, _) in fields.items()}


def _add_field(statement: ast.AddColumn, column: Column, name: TableName, host: Host) -> Outcome:
    from lakeshell.store.schema import iceberg_type

    if statement.position is not None:
        raise refused("the position of a field inside a row", statement.at)
    inside = [part.key for part in statement.column.inside]
    path, fields = _row(inside, name, host, statement.at)
    if column.name in fields:
        if statement.if_not_exists:
            return changed("ADD COLUMN")
        message = f"Field '{column.name}' already exists"
        raise rejected("COLUMN_ALREADY_EXISTS", message, statement.at)

    def stage(staged: Any) -> None:
        ids = iter(range(1, 10_000))
        with staged.update_schema() as update:
            kind = iceberg_type(column.type, ids.__next__)
            update.add_column((*path, column.name), kind, column.comment or None)

    return _altered(name, host, stage, "ADD COLUMN")


def _drop_field(statement: ast.DropColumn, name: TableName, host: Host) -> Outcome:
    *inside, own = statement.column.keys
    path, fields = _row(inside, name, host, statement.at)
    if own not in fields:
        if statement.column_if_exists:
            return changed("DROP COLUMN")
        message = f"Cannot resolve field '{own}' within a row when dropping it"
        raise rejected("NOT_SUPPORTED", message, statement.at)
    if len(fields) == 1:
        raise rejected("NOT_SUPPORTED", "Cannot drop the only field in a row type", statement.at)

    def stage(staged: Any) -> None:
        with staged.update_schema(allow_incompatible_changes=True) as update:
            update.delete_column((*path, fields[own]))

    return _altered(name, host, stage, "DROP COLUMN")


def _rename_field(statement: ast.RenameColumn, name: TableName, host: Host) -> Outcome:
    *inside, own = statement.column.keys
    path, fields = _row(inside, name, host, statement.at)
    if own not in fields:
        if statement.column_if_exists:
            return changed("RENAME COLUMN")
        raise rejected("COLUMN_NOT_FOUND", f"Field '{own}' does not exist", statement.at)
    if statement.target.key in fields:
        message = f"Field '{statement.target.key}' already exists"
        raise rejected("COLUMN_ALREADY_EXISTS", message, statement.at)

    def stage(staged: Any) -> None:
        with staged.update_schema() as update:
            update.rename_column((*path, fields[own]), statement.target.key)

    return _altered(name, host, stage, "RENAME COLUMN")


def _altered(name: TableName, host: Host, stage: Any, update_type: str) -> Outcome:
    host.store.change(name, stage)
    host.tables.forget(name)
    return changed(update_type)


def _no_column(column: str, at: ast.Position) -> Exception:
    return rejected("COLUMN_NOT_FOUND", f"Column '{column}' does not exist", at)
