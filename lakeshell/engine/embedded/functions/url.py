"""Trino's functions of URLs, as Java's URI, URLDecoder and URLEncoder have them.

In: coerced arguments. Out: DuckDB SQL that calls the functions of plain text below.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import NamedTuple

from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    Entry,
    invalid,
    python_call,
    values,
)
from lakeshell.engine.embedded.values.typed import Context
from lakeshell.sql import datatypes as t

# Beyond ASCII, Java takes everything that is neither a control character nor a blank.
_OTHER = (
    "\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff"
    "\u3001-\ud7ff\ue000-\U0010ffff"
)
_UNRESERVED = r"A-Za-z0-9_\-!.~'()*"
_ESCAPED = "%[0-9A-Fa-f]{2}"


def _text(characters: str) -> str:
    return f"(?:[{characters}{_UNRESERVED}{_OTHER}]|{_ESCAPED})*"


_URIC = _text(r";/?:@&=+$,\[\]")
_URI = re.compile(
    rf"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?=[^#]))?"
    rf"(?:(?P<opaque>(?<=:)(?!/){_URIC})"
    rf"|(?://(?P<authority>[^/?#]*))?(?P<path>{_text(':@&=+$,;/')})(?:\?(?P<query>{_URIC}))?)"
    rf"(?:#(?P<fragment>{_URIC}))?"
)
_REGISTRY = re.compile(_text("$,;:@&=+"))
_SERVER = re.compile(
    rf"(?:(?P<user>{_text(';:&=+$,')})@)?(?P<host>\[[^\]]*\]|[A-Za-z0-9.\-]*)(?::(?P<port>\d*))?"
)
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}\.?|(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?")


class Url(NamedTuple):
    """Its parts, "" for those that it lacks; `query` and `fragment` as written, None if lacking."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str | None
    fragment: str | None


@functools.lru_cache(maxsize=512)
def parsed(text: str) -> Url | None:
    """None where Java doesn't take it for a URI."""
    found = _URI.fullmatch(text)
    if found is None:
        return None
    scheme = found["scheme"] or ""
    if found["opaque"] is not None:
        return Url(scheme, "", None, "", None, found["fragment"])
    if not scheme and found["authority"] is None and ":" in text.partition("/")[0].partition("?")[0].partition("#")[0]:  # fmt: skip
        return None
    host, port = "", None
    if found["authority"]:
        placed = _server(found["authority"])
        if placed is None:
            return None
        host, port = placed
    elif found["authority"] is not None and not (
        found["path"] or found["query"] is not None or found["fragment"] is not None
    ):
        return None
    return Url(scheme, host, port, found["path"], found["query"], found["fragment"])


def _server(authority: str) -> tuple[str, int | None] | None:
    registry = ("", None) if _REGISTRY.fullmatch(authority) else None
    found = _SERVER.fullmatch(authority)
    if found is None:
        return registry
    host = found["host"]
    port = int(found["port"]) if found["port"] else None
    if port is not None and port >= 2**31:
        return registry
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1].partition("%")[0])
        except ValueError:
            return None
        return host, port
    if not _is_address(host) and not _HOST.fullmatch(host):
        return registry
    return host, port


def _is_address(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and all(p.isdigit() and len(p) <= 3 and int(p) <= 255 for p in parts)


def _unescaped(text: str) -> str:
    if "%" not in text:
        return text
    return re.sub(
        rf"(?:{_ESCAPED})+",
        lambda m: bytes.fromhex(m[0].replace("%", "")).decode("utf-8", "replace"),
        text,
    )


def url_extract_protocol(text: str) -> str | None:
    url = parsed(text)
    return None if url is None else url.scheme


def url_extract_host(text: str) -> str | None:
    url = parsed(text)
    return None if url is None else url.host


def url_extract_port(text: str) -> int | None:
    url = parsed(text)
    return None if url is None else url.port


def url_extract_path(text: str) -> str | None:
    url = parsed(text)
    return None if url is None else _unescaped(url.path)


def url_extract_query(text: str) -> str | None:
    url = parsed(text)
    return None if url is None else _unescaped(url.query or "")


def url_extract_fragment(text: str) -> str | None:
    url = parsed(text)
    return None if url is None else _unescaped(url.fragment or "")


def url_extract_parameter(text: str, name: str) -> str | None:
    url = parsed(text)
    if url is None or url.query is None:
        return None
    for part in url.query.split("&"):
        said, _, value = part.partition("=")
        if said == name:
            return url_decode(value)
    return None


def url_decode(text: str) -> str:
    def group(match: re.Match[str]) -> str:
        said = match[0]
        if len(said) % 3:
            raise invalid("URLDecoder: Incomplete trailing escape (%) pattern")
        return bytes(_byte(said[i + 1 : i + 3]) for i in range(0, len(said), 3)).decode(
            "utf-8", "replace"
        )

    return re.sub(r"(?:%.{0,2})+", group, text.replace("+", " "), flags=re.DOTALL)


def _byte(digits: str) -> int:
    for c in digits:
        if c not in "0123456789abcdefABCDEF":
            raise invalid(
                "URLDecoder: Illegal hex characters in escape (%) pattern - "
                f'not a hexadecimal digit: "{c}" = {ord(c)}'
            )
    return int(digits, 16)


def _nullable(name: str) -> Emission:
    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        return python_call(f"url:{name}", values(arguments), result, context, nullable=True)

    return emit


SCALARS: tuple[Entry, ...] = (
    *(
        (f"{name}(varchar(x)) -> varchar(x)", _nullable(name))
        for name in (
            "url_extract_protocol",
            "url_extract_host",
            "url_extract_path",
            "url_extract_query",
            "url_extract_fragment",
        )
    ),
    ("url_extract_port(varchar(x)) -> bigint", _nullable("url_extract_port")),
    (
        "url_extract_parameter(varchar(x), varchar(y)) -> varchar(x)",
        _nullable("url_extract_parameter"),
    ),
    (
        "url_encode(varchar(x)) -> varchar(min(2147483647, x * 12))",
        "replace(replace(replace(url_encode($0), '%20', '+'), '%2A', '*'), '~', '%7E')",
    ),
    ("url_decode(varchar(x)) -> varchar(x)", _nullable("url_decode")),
)
