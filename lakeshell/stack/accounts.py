"""Users and roles of a MySQL server, as statements that make them again.

In: a server. Out: text for a backup; of such text, what can be done before the tables are there and
what only after. A right may name a table, a column or a routine, and a user may hold a role that
sorts after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

_OWN = {
    *(("root", host) for host in ("localhost", "%")),
    *((f"mysql.{name}", "localhost") for name in ("infoschema", "session", "sys")),
}
"""Accounts that an empty server begins with."""
_NAME = r"`(?:[^`]|``)*`@`(?:[^`]|``)*`"
_STATEMENT = re.compile(r"(?:`[^`]*`|'(?:[^'\\]|\\.)*'|[^;`'])+;\s*", re.S)
_USER = re.compile(rf"CREATE USER (?:IF NOT EXISTS )?({_NAME})", re.S)
_DEFAULT_ROLE = re.compile(rf" DEFAULT ROLE (?:{_NAME},?)+(?= REQUIRE )", re.S)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Statements: `made` makes the users and roles, `rights` is what they may then do."""

    made: Sequence[str]
    rights: Sequence[str]


def written(sql: Cursor) -> str:
    """Statements, passwords as hashes."""
    # As `accounts` reads them, whatever the server is set to.
    sql.execute("SET sql_mode = '', sql_quote_show_create = ON, print_identified_with_as_hex = ON")
    sql.execute("SELECT @@partial_revokes")
    (partial,) = sql.fetchone() or (0,)
    # Without it a right that was taken away for one database would be taken for one never given.
    lines = ["SET PERSIST partial_revokes = ON;"] if partial else []
    sql.execute("SELECT user, host FROM mysql.user ORDER BY user, host")
    for user, host in sql.fetchall():
        if (user, host) in _OWN:
            continue
        sql.execute("SHOW CREATE USER %s@%s", (user, host))
        made = str((sql.fetchone() or ("",))[0])
        lines.append(made.replace("CREATE USER", "CREATE USER IF NOT EXISTS", 1) + ";")
        sql.execute("SHOW GRANTS FOR %s@%s", (user, host))
        lines += [f"{grant};" for (grant,) in sql.fetchall()]
    return "\n".join(lines) + "\n"


def accounts(text: str) -> Accounts:
    """What `written` gave, in the order in which it can be done."""
    made, rights, roles = [], [], []
    for statement in (found.strip() for found in _STATEMENT.findall(text)):
        user = _USER.match(statement)
        if user is None:
            rights.append(statement)
            continue
        role = _DEFAULT_ROLE.search(statement)
        if role is not None:
            statement = statement[: role.start()] + statement[role.end() :]
            roles.append(f"ALTER USER {user[1]}{role[0]};")
        made.append(statement)
    return Accounts(made, [*rights, *roles])
