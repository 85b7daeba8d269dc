"""What a crawl would do to the catalog: the difference between what is found and what is known.

In: a source's described tables, the catalog's tables and the crawler's settings. Out: a `CrawlPlan`
that can be printed or applied. Pure: nothing is read or written here, and the clock is passed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from lakeshell.crawl.patterns import Excluded
from lakeshell.model import (
    CatalogTable,
    Column,
    ObjectName,
    SourceTable,
    TableKind,
    TableName,
)

DEPRECATED = "deprecatedAt"
CRAWLER = "UPDATED_BY_CRAWLER"
MAX_NAME = 255


@dataclass(frozen=True, slots=True)
class CrawlerSettings:
    """A crawler. `include` holds include paths, none for everything; `exclude` holds globs; tables
    register in `database` as `<prefix><source database>_<table>`. `on_change` is `update` or
    `add-only`, `on_delete` is `deprecate`, `delete` or `ignore`."""

    name: str
    connection: str
    database: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    prefix: str = ""
    on_change: str = "update"
    on_delete: str = "deprecate"


class Action(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DEPRECATED = "deprecated"
    DELETED = "deleted"
    LEFT = "left"
    """Gone from the source, and left as it is by the deletion policy."""
    EXCLUDED = "excluded"
    REFUSED = "refused"
    """Found and included, but not registered; the reason says why."""


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column as it was (None: it is new) and as it is (None: it is gone)."""

    name: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.old is None:
            return f"+{self.name} {self.new}"
        if self.new is None:
            return f"-{self.name} {self.old}"
        return f"{self.name} {self.old} -> {self.new}"


@dataclass(frozen=True, slots=True)
class PlannedTable:
    """One line of the plan. `put` is the table to register, None where nothing is written."""

    action: Action
    source: ObjectName | None
    table: TableName | None
    changes: tuple[ColumnChange, ...] = ()
    reason: str = ""
    put: CatalogTable | None = None

    @property
    def detail(self) -> str:
        return "; ".join(part for part in (self.reason, ", ".join(map(str, self.changes))) if part)


@dataclass(frozen=True, slots=True)
class CrawlPlan:
    settings: CrawlerSettings
    tables: tuple[PlannedTable, ...]
    warnings: tuple[str, ...] = ()

    def count(self, action: Action) -> int:
        return sum(planned.action is action for planned in self.tables)

    @property
    def summary(self) -> str:
        said = [f"{self.count(action)} {action.value}" for action in Action if self.count(action)]
        return ", ".join(said) or "nothing found"


@dataclass(frozen=True, slots=True)
class Found:
    """What a crawl saw: `unreadable` are included objects that could not be described, with why.
    `classification` is the kind of the source, such as `sqlite`."""

    classification: str
    described: tuple[SourceTable, ...]
    excluded: tuple[Excluded, ...] = ()
    unreadable: tuple[tuple[ObjectName, str], ...] = ()
    idle: tuple[str, ...] = ()


@dataclass(slots=True)
class _Planner:
    settings: CrawlerSettings
    found: Found
    known: dict[TableName, CatalogTable]
    now: datetime
    refusal: Callable[[TableName], str]
    tables: list[PlannedTable] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def plan(
    settings: CrawlerSettings,
    found: Found,
    known: Iterable[CatalogTable],
    now: datetime,
    refusal: Callable[[TableName], str] = lambda name: "",
) -> CrawlPlan:
    """`known` are all tables of the crawler's database; `refusal` says why the catalog cannot hold
    a name. Changes come first and deletions last, so
    that a run that ends midway has taken nothing away that it did not replace."""
    planner = _Planner(settings, found, {t.name: t for t in known}, now, refusal)
    for path in found.idle:
        planner.warnings.append(f"the include path {path!r} has no table or view in it")
    names = _names(planner)
    for table in found.described:
        planner.tables.append(_placed(planner, table, names[table.name]))
    for name, reason in found.unreadable:
        planner.warnings.append(reason)
        planner.tables.append(PlannedTable(Action.REFUSED, name, None, reason=reason))
    kept = {name for name in names.values() if name is not None}
    planner.tables.extend(_gone(planner, kept))
    for excluded in found.excluded:
        name = excluded.object.name
        planner.tables.append(PlannedTable(Action.EXCLUDED, name, None, reason=excluded.reason))
    return CrawlPlan(settings, tuple(planner.tables), tuple(planner.warnings))


# --- names ---------------------------------------------------------------------------------


def catalog_name(settings: CrawlerSettings, name: ObjectName) -> TableName:
    """`movies.film` of the connection `movies` is `movie_rental.movies_film`."""
    table = f"{settings.prefix}{name.schema}_{name.name}".lower()
    return TableName(settings.database.lower(), table)


def _names(planner: _Planner) -> dict[ObjectName, TableName]:
    """A name of its own for every object: of those that differ in case only, one has the plain
    name (who has it already, else who is spelled so) and the others a suffix made of theirs."""
    claims: dict[TableName, list[ObjectName]] = {}
    for table in planner.found.described:
        claims.setdefault(_fitting(catalog_name(planner.settings, table.name)), []).append(
            table.name
        )
    names: dict[ObjectName, TableName] = {}
    for plain, objects in claims.items():
        holder = _source_of(planner.known[plain]) if plain in planner.known else None
        objects.sort(key=lambda o: (o != holder, o.name != o.name.lower(), o))
        names[objects[0]] = plain
        for other in objects[1:]:
            names[other] = _suffixed(plain, other)
            planner.warnings.append(
                f"{objects[0]} and {other} differ in case only: the second is registered as "
                f"{names[other]}"
            )
    return names


def _fitting(name: TableName) -> TableName:
    if len(name.table) <= MAX_NAME:
        return name
    return _suffixed(name, ObjectName("", name.table))


def _suffixed(name: TableName, source: ObjectName) -> TableName:
    digest = hashlib.sha256(source.name.encode()).hexdigest()[:8]
    return TableName(name.database, f"{name.table[: MAX_NAME - 9]}_{digest}")


def _source_of(table: CatalogTable) -> ObjectName | None:
    schema, name = (table.parameters.get(k) for k in ("sourceSchema", "sourceTable"))
    return None if schema is None or name is None else ObjectName(schema, name)


# --- one table -----------------------------------------------------------------------------


def _placed(planner: _Planner, source: SourceTable, name: TableName) -> PlannedTable:
    for column, reason in source.skipped:
        planner.warnings.append(f"{source.name}: the column {column!r} is left out: {reason}")
    made = _registered(planner, source, name)
    if not made.columns:
        reason = "it has no column that the catalog can hold"
        planner.warnings.append(f"{source.name} is not registered: {reason}")
        return PlannedTable(Action.REFUSED, source.name, None, reason=reason)
    old = planner.known.get(name)
    refused = planner.refusal(name) if old is None else ""
    if refused:
        planner.warnings.append(f"{source.name} is not registered: {refused}")
        return PlannedTable(Action.REFUSED, source.name, None, reason=refused)
    if old is None:
        return PlannedTable(Action.CREATED, source.name, name, put=made)
    conflict = _conflict(planner.settings, old, source.name)
    if conflict:
        planner.warnings.append(f"{source.name} is not registered: {conflict}")
        return PlannedTable(Action.REFUSED, source.name, name, reason=conflict)
    return _updated(planner.settings, old, made, source.name)


def _registered(planner: _Planner, source: SourceTable, name: TableName) -> CatalogTable:
    settings = planner.settings
    parameters = {
        "classification": planner.found.classification,
        "connectionName": settings.connection,
        "sourceSchema": source.name.schema,
        "sourceTable": source.name.name,
        "typeOfData": source.kind.value,
        CRAWLER: settings.name,
    }
    if source.primary_key:
        parameters["primaryKey"] = ",".join(source.primary_key)
    if source.skipped:
        parameters["skippedColumns"] = ",".join(column for column, _ in source.skipped)
    if source.rows is not None:
        parameters["recordCount"] = str(source.rows)
    return CatalogTable(
        name=name,
        kind=TableKind.SOURCE,
        columns=_folded(planner, source),
        parameters=parameters,
        location=str(source.name),
        comment=source.comment,
    )


def _folded(planner: _Planner, source: SourceTable) -> tuple[Column, ...]:
    """The columns under the catalog's lower-case names. Of two that differ in case only, the
    catalog can hold one."""
    columns: dict[str, Column] = {}
    spelled: dict[str, str] = {}
    for column in source.columns:
        name = column.name.lower()
        if name in columns:
            planner.warnings.append(
                f"{source.name}: the column {column.name!r} is left out, for it differs from "
                f"{spelled[name]!r} in case only"
            )
            continue
        spelled[name] = column.name
        columns[name] = replace(column, name=name)
    return tuple(columns.values())


def _conflict(settings: CrawlerSettings, old: CatalogTable, source: ObjectName) -> str:
    if old.kind is not TableKind.SOURCE:
        return f"{old.name} is there already, as another kind of table ({old.kind.value})"
    if old.parameters.get("connectionName") != settings.connection or _source_of(old) != source:
        whose = old.parameters.get(CRAWLER, "somebody else")
        return f"{old.name} is there already, of {old.location or 'another source'} by {whose}"
    return ""


def _updated(
    settings: CrawlerSettings, old: CatalogTable, made: CatalogTable, source: ObjectName
) -> PlannedTable:
    changes = differences(old.columns, made.columns)
    reason = "found again" if old.deprecated else ""
    if settings.on_change == "add-only":
        held = [change for change in changes if change.old is not None]
        added = {change.name for change in changes if change.old is None}
        new = tuple(column for column in made.columns if column.name in added)
        made = replace(made, columns=(*old.columns, *new), comment=old.comment)
        changes = tuple(change for change in changes if change.old is None)
        if held:
            said = f"not changed, for only columns are added: {', '.join(map(str, held))}"
            reason = "; ".join(part for part in (reason, said) if part)
    put = replace(made, parameters=_carried(old, made), owner=old.owner)
    same = _essence(old) == _essence(put)
    action = Action.UNCHANGED if same else Action.UPDATED
    if not same and not changes and not reason:
        reason = "the description changed"
    written = None if same and old.parameters == put.parameters else put
    return PlannedTable(action, source, put.name, changes, reason, written)


_OWN = frozenset({
    "classification", "connectionName", "sourceSchema", "sourceTable", "typeOfData", CRAWLER,
    "primaryKey", "skippedColumns", "recordCount", DEPRECATED,
})  # fmt: skip


def _carried(old: CatalogTable, made: CatalogTable) -> dict[str, str]:
    """The new parameters, and those of the old ones that people put there."""
    theirs = {key: value for key, value in old.parameters.items() if key not in _OWN}
    return {**theirs, **made.parameters}


def _essence(table: CatalogTable) -> tuple[object, ...]:
    """What makes a version: everything but the number of rows."""
    parameters = {k: v for k, v in table.parameters.items() if k != "recordCount"}
    return table.columns, parameters, table.location, table.comment


def differences(old: Sequence[Column], new: Sequence[Column]) -> tuple[ColumnChange, ...]:
    """Columns that are new, gone or of another type, in the order of the new table."""
    before = {column.name: _described(column) for column in old}
    after = {column.name: _described(column) for column in new}
    names = dict.fromkeys((*after, *before))
    return tuple(
        ColumnChange(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _described(column: Column) -> str:
    return f"{column.type}{'' if column.nullable else ' not null'}"


# --- what is gone --------------------------------------------------------------------------


def _gone(planner: _Planner, kept: set[TableName]) -> list[PlannedTable]:
    """The crawler's own tables that this crawl did not find."""
    settings = planner.settings
    unreadable = {name for name, _ in planner.found.unreadable}
    excluded = {e.object.name: e.reason for e in planner.found.excluded}
    made: list[PlannedTable] = []
    for old in planner.known.values():
        mine = old.kind is TableKind.SOURCE and old.parameters.get(CRAWLER) == settings.name
        source = _source_of(old)
        if not mine or old.name in kept or source in unreadable:
            continue
        reason = (
            f"now left out: {excluded[source]}" if source in excluded else "gone from the source"
        )
        made.append(_retired(settings, old, source, reason, planner.now))
    return made


def _retired(
    settings: CrawlerSettings,
    old: CatalogTable,
    source: ObjectName | None,
    reason: str,
    now: datetime,
) -> PlannedTable:
    if settings.on_delete == "delete":
        return PlannedTable(Action.DELETED, source, old.name, reason=reason)
    if settings.on_delete == "ignore" or old.deprecated:
        said = f"{reason}; deprecated already" if old.deprecated else reason
        return PlannedTable(Action.LEFT, source, old.name, reason=said)
    stamped = {**old.parameters, DEPRECATED: now.isoformat(timespec="seconds")}
    put = replace(old, parameters=stamped)
    return PlannedTable(Action.DEPRECATED, source, old.name, reason=reason, put=put)
