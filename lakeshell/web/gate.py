"""Who may speak to the console that a browser shows: who has the token, from this machine.

In: the headers of a request. Out: whether it is let through. Every other user of the machine and
every page of the browser can reach a port on loopback, so each request must name this machine (no
name that somebody else's DNS gives it), a socket must come from a page that was served here, and it
must bring the token. The cookie is for the page and what it loads alone: browsers hand a cookie
to every port of a host, so it must not be worth stealing.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
PROTOCOL = "lakeshell"
"""What the page names as the socket's protocol, beside `token.` and the token."""
_MARK = "token."
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def is_this_machine(host: str | None) -> bool:
    """Whether a `Host` header is loopback; its port may be that of a tunnel."""
    if not host:
        return False
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:
        return False


def is_same_origin(origin: str | None, host: str | None) -> bool:
    """Whether the page that opens a socket was served under the name that it is opened under."""
    if not origin or not host:
        return False
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == host


def headers(host: str) -> Mapping[str, str]:
    """What every answer says: nothing from elsewhere, in no frame, kept nowhere."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'"
        f"; img-src 'self' data:; connect-src 'self' ws://{host}; base-uri 'none'"
        "; form-action 'none'; frame-ancestors 'none'"
    )
    return {**_HEADERS, "Content-Security-Policy": policy}


class Gate:
    """The token of one run of the server, and what follows from it."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self.token = token or secrets.token_urlsafe(32)
        self.cookie = f"lakeshell-{port}"
        self.page_pass = hmac.new(self.token.encode(), b"page", "sha256").hexdigest()

    def refusal(
        self,
        host: str | None,
        given: str | None,
        cookies: Mapping[str, str],
    ) -> HTTPStatus | None:
        """Of a page or what it loads, by the token that its address has, or the cookie."""
        if not is_this_machine(host):
            return HTTPStatus.FORBIDDEN
        if self._is_token(given) or _same(cookies.get(self.cookie), self.page_pass):
            return None
        return HTTPStatus.UNAUTHORIZED

    def socket_refusal(
        self, host: str | None, origin: str | None, given: str | None, protocols: Iterable[str]
    ) -> HTTPStatus | None:
        """Of the socket that a console speaks through: only the token itself opens it."""
        if not is_this_machine(host) or not is_same_origin(origin, host):
            return HTTPStatus.FORBIDDEN
        named = (p.removeprefix(_MARK) for p in protocols if p.startswith(_MARK))
        if self._is_token(given) or any(self._is_token(token) for token in named):
            return None
        return HTTPStatus.UNAUTHORIZED

    def _is_token(self, given: str | None) -> bool:
        return _same(given, self.token)


def _same(given: str | None, wanted: str) -> bool:
    return given is not None and hmac.compare_digest(
        given.encode("utf-8", "surrogateescape"), wanted.encode()
    )
