"""Trino's tables of limits in the control database: what they hold, and a plan carried out.

In: a cursor in `control`. Out: `Limits`, or the rows changed in one transaction; Trino reads them
again within a second or two. Rows of other environments, and defaults of sessions that name no
group of ours, are somebody else's and stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.stack.groups import ROOT, Default, Group, Limits, Selector

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

ENVIRONMENT = "lakeshell"
"""`node.environment` of Trino's configuration: its groups in the database are by it."""
_MEMORY = "90%"
_PRIORITY = 10


def ready(sql: Cursor) -> bool:
    """Whether Trino has made its tables."""
    sql.execute(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'trino'"
        " AND table_name IN ('selectors', 'session_property_values')"
    )
    (count,) = sql.fetchone() or (0,)
    return int(count) == 2


def found(sql: Cursor) -> Limits:
    sql.execute(
        "SELECT name, hard_concurrency_limit, max_queued FROM trino.resource_groups"
        " WHERE environment = %s",
        (ENVIRONMENT,),
    )
    groups = frozenset(Group(*row) for row in sql.fetchall())
    sql.execute(
        "SELECT g.name, s.priority, s.user_regex, s.client_tags, s.query_type"
        " FROM trino.selectors s JOIN trino.resource_groups g USING (resource_group_id)"
        " WHERE g.environment = %s",
        (ENVIRONMENT,),
    )
    selectors = frozenset(Selector(*row) for row in sql.fetchall())
    return Limits(groups, selectors, frozenset(default for _, default in _defaults(sql)))


def _defaults(sql: Cursor) -> list[tuple[int, Default]]:
    """Each with the number of its rule. A rule of ours sets one property: Trino reads the values
    of a rule as one text of limited length."""
    sql.execute(
        "SELECT s.spec_id, s.group_regex, p.session_property_name, p.session_property_value"
        " FROM trino.session_specs s"
        " JOIN trino.session_property_values p ON p.property_spec_id = s.spec_id"
        " WHERE s.group_regex LIKE %s",
        (_pattern("") + "%",),
    )
    start = len(_pattern(""))
    return [(id, Default(group[start:], name, value)) for id, group, name, value in sql.fetchall()]


def _pattern(group: str) -> str:
    """A pattern that matches just the group: its name has no other character that means something."""
    return f"{ROOT}[.]{group}"


def write(sql: Cursor, before: Limits, after: Limits) -> None:
    """Makes `before`, which is there, into `after`."""
    sql.execute("START TRANSACTION")
    try:
        _write_groups(sql, before, after)
        _write_selectors(sql, before, after)
        _write_defaults(sql, before, after)
        _remove_groups(sql, before, after)
    except BaseException:
        sql.execute("ROLLBACK")
        raise
    sql.execute("COMMIT")


def _write_groups(sql: Cursor, before: Limits, after: Limits) -> None:
    names = {group.name for group in before.groups}
    root = [group for group in after.groups - before.groups if group.name == ROOT]
    others = sorted(group for group in after.groups - before.groups if group.name != ROOT)
    for group in (*root, *others):
        if group.name in names:
            sql.execute(
                "UPDATE trino.resource_groups SET hard_concurrency_limit = %s, max_queued = %s"
                " WHERE name = %s AND environment = %s",
                (group.concurrency, group.queue, group.name, ENVIRONMENT),
            )
            continue
        parent = None if group.name == ROOT else _number(sql, ROOT)
        sql.execute(
            "INSERT INTO trino.resource_groups (name, soft_memory_limit, max_queued,"
            " hard_concurrency_limit, parent, environment) VALUES (%s, %s, %s, %s, %s, %s)",
            (group.name, _MEMORY, group.queue, group.concurrency, parent, ENVIRONMENT),
        )


def _number(sql: Cursor, name: str) -> int:
    sql.execute(
        "SELECT resource_group_id FROM trino.resource_groups WHERE name = %s AND environment = %s",
        (name, ENVIRONMENT),
    )
    row = sql.fetchone()
    assert row is not None
    return int(row[0])


def _write_selectors(sql: Cursor, before: Limits, after: Limits) -> None:
    for selector in before.selectors - after.selectors:
        sql.execute(
            "DELETE FROM trino.selectors WHERE resource_group_id = %s AND priority = %s"
            " AND user_regex <=> %s AND client_tags <=> %s AND query_type <=> %s",
            (_number(sql, selector.group), *selector[1:]),
        )
    for selector in after.selectors - before.selectors:
        sql.execute(
            "INSERT INTO trino.selectors (resource_group_id, priority, user_regex, client_tags,"
            " query_type) VALUES (%s, %s, %s, %s, %s)",
            (_number(sql, selector.group), *selector[1:]),
        )


def _write_defaults(sql: Cursor, before: Limits, after: Limits) -> None:
    gone = before.defaults - after.defaults
    for number, default in _defaults(sql):
        if default in gone:
            sql.execute(
                "DELETE FROM trino.session_property_values WHERE property_spec_id = %s", (number,)
            )
            sql.execute("DELETE FROM trino.session_specs WHERE spec_id = %s", (number,))
    for default in after.defaults - before.defaults:
        sql.execute(
            "INSERT INTO trino.session_specs (group_regex, priority) VALUES (%s, %s)",
            (_pattern(default.group), _PRIORITY),
        )
        sql.execute(
            "INSERT INTO trino.session_property_values VALUES (LAST_INSERT_ID(), %s, %s)",
            (default.property, default.value),
        )


def _remove_groups(sql: Cursor, before: Limits, after: Limits) -> None:
    kept = {group.name for group in after.groups}
    # Children first: the root is one of those to go only where another Lakeshell had another.
    for group in sorted(before.groups, key=lambda group: group.name == ROOT):
        if group.name not in kept:
            sql.execute(
                "DELETE FROM trino.resource_groups WHERE name = %s AND environment = %s",
                (group.name, ENVIRONMENT),
            )
