"""A `ports.Session` in Trino's headers, and the headers that change it.

In: the session and the statement's tag. Out: headers of its requests. `USE`, `SET SESSION`,
`PREPARE` and their opposites come back as headers of the pages, and change the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus, unquote_plus

from lakeshell.ports import Session

_CAPABILITIES = "PATH,PARAMETRIC_DATETIME,SESSION_AUTHORIZATION"
_TRANSACTION = "X-Trino-Transaction-Id"
APPLICATION = "lakeshell"


def request_headers(
    session: Session, tag: str, prepared: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """`tag` names the statement to the server; `prepared` in place of the session's own."""
    tags = [part for part in (session.workgroup, APPLICATION, tag) if part]
    found = [
        ("X-Trino-User", session.user),
        ("X-Trino-Source", session.source),
        ("X-Trino-Time-Zone", session.time_zone),
        ("X-Trino-Client-Tags", ",".join(tag.replace(",", "_") for tag in tags)),
        ("X-Trino-Client-Capabilities", _CAPABILITIES),
    ]
    if tag:
        found.append(("X-Trino-Trace-Token", tag))
    if session.catalog:
        found.append(("X-Trino-Catalog", quote_plus(session.catalog)))
        if session.database:
            found.append(("X-Trino-Schema", quote_plus(session.database)))
    found += [(name.partition(":")[0], value) for name, value in session.carried.items()]
    if _TRANSACTION not in session.carried:
        found.append((_TRANSACTION, "NONE"))
    found += [("X-Trino-Session", _pair(*pair)) for pair in session.properties.items()]
    statements = session.prepared if prepared is None else prepared
    found += [("X-Trino-Prepared-Statement", _pair(*pair)) for pair in statements.items()]
    return found


def apply(session: Session, headers: Iterable[tuple[str, str]]) -> None:
    """Changes the session as the server says that the statement has changed it."""
    for name, value in headers:
        if not name.startswith("x-trino-"):
            continue
        match name.removeprefix("x-trino-"):
            case "set-catalog":
                session.catalog = unquote_plus(value)
            case "set-schema":
                session.database = unquote_plus(value)
            case "set-session":
                key, _, text = value.partition("=")
                session.properties[key.strip()] = unquote_plus(text)
            case "clear-session":
                session.properties.pop(value.strip(), None)
            case "added-prepare":
                key, _, text = value.partition("=")
                session.prepared[unquote_plus(key.strip())] = unquote_plus(text)
            case "set-path":
                session.carried["X-Trino-Path"] = value
            case "set-role":
                session.carried[f"X-Trino-Role:{value.partition('=')[0]}"] = value
            case "started-transaction-id":
                session.carried[_TRANSACTION] = value
            case "clear-transaction-id":
                session.carried.pop(_TRANSACTION, None)
            case "deallocated-prepare":
                session.prepared.pop(unquote_plus(value.strip()), None)


def _pair(name: str, value: str) -> str:
    return f"{quote_plus(name)}={quote_plus(value)}"
