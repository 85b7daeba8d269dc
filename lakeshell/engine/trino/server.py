"""One Trino server: its login, its answers, and what may safely be asked again.

In: requests of the protocol. Out: parsed answers; `ConnectionFailed` where there is none. A GET
means the same however often it is sent and is sent again for a while; a POST is never repeated
here, because it may have arrived: see `protocol`.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import orjson

from lakeshell.engine.trino.address import TrinoAddress
from lakeshell.engine.trino.connection import (
    Answer,
    Connections,
    Foreign,
    Lost,
    NotSent,
    Origin,
    Untrusted,
    split_url,
)
from lakeshell.errors import ConnectionFailed

Headers = list[tuple[str, str]]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_BUSY = (429, 502, 503, 504)
_STARTING = b"still initializing"
_UNENCRYPTED = "Authentication over HTTP is not enabled"
_SPOOLED = "/v1/spooled/"
_CANCEL_SECONDS = 5.0
_LOOK_SECONDS = 10.0
_GLANCE_SECONDS = 2.0
_TRUSTED = "engine.ca_file names the certificates to trust; the system's when left out"
_TRUST = {
    9: "it is not valid yet: see this machine's clock",
    10: "whoever runs that Trino renews it; see this machine's clock, too",
    62: "engine.url has to name the host as the certificate does",
    64: "engine.url has to name the host as the certificate does",
}
"""By OpenSSL's number of what is wrong with a certificate."""
_WHERE = "see the url of the lake's [engine] settings"


class Server:
    """`patience` in seconds: how long an answer is tried for again when the server is busy or gone.

    `user` is who asks where the address names nobody. `wake` starts a server where nobody listens,
    and says whether it did. `notice` is told that it does not answer, and is waited for.
    """

    def __init__(
        self,
        address: TrinoAddress,
        *,
        user: str = "lakeshell",
        patience: float = 20.0,
        wake: Callable[[], bool] = lambda: False,
        notice: Callable[[str], None] = lambda text: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        address.check()
        self.address = address
        self.patience = patience
        self._wake = wake
        self.sleep = sleep
        self._user = address.user or user
        self.origin, self._base = split_url(address.url.rstrip("/"))
        waits = f"Trino at {address.url} does not answer; waiting for it (see: lakeshell doctor)"
        self._connections = Connections(self.origin, address.ca_file, lambda: notice(waits))
        self._elsewhere: dict[Origin, Connections] = {}

    def close(self) -> None:
        for connections in (self._connections, *self._elsewhere.values()):
            connections.close()

    # --- statements ------------------------------------------------------------------------

    def post(self, statement: str, headers: Headers) -> Answer:
        """Sends a statement once. Raises `Lost` where it may have arrived and no answer came."""
        path, sent = f"{self._base}/v1/statement", self._with_login(headers)
        try:
            try:
                answer = self._connections.request("POST", path, sent, statement.encode())
            except NotSent as error:
                if not (error.refused and self._wake()):
                    raise
                answer = self._connections.request("POST", path, sent, statement.encode())
        except NotSent as error:
            raise self.unreachable(error) from error
        return answer if answer.status in _BUSY else self._checked(answer)

    def get(self, uri: str, headers: Headers) -> Answer:
        """The answer at a URI that the server gave. Tried again while the server is busy or gone."""
        path = self._path(uri)
        until = time.monotonic() + self.patience
        wait = 0.1
        while True:
            try:
                answer = self._connections.request("GET", path, self._with_login(headers))
                if answer.status not in _BUSY or time.monotonic() > until:
                    return self._checked(answer)
            except (NotSent, Lost) as error:
                if isinstance(error, Foreign) or time.monotonic() > until:
                    raise self.unreachable(error) from error
            self.sleep(wait)
            wait = min(1.0, wait * 2)

    def cancel(self, uri: str, query: str, headers: Headers) -> bool:
        """Ends the statement on the server, by its next page or by its id; whether it answered."""
        for path in (uri and self._path(uri), query and f"{self._base}/v1/query/{query}"):
            if not path:
                continue
            try:
                answer = self._connections.request(
                    "DELETE", path, self._with_login(headers), timeout=_CANCEL_SECONDS
                )
            except (NotSent, Lost):
                continue
            if answer.status < 300:
                return True
        return False

    def scanned(self, query: str, headers: Headers) -> int | None:
        """Bytes that a query has read by now; None where the server does not say."""
        path = f"{self._base}/v1/query/{query}?pruned=true"
        try:
            answer = self._connections.request(
                "GET", path, self._with_login(headers), timeout=_GLANCE_SECONDS
            )
            size = orjson.loads(answer.body)["queryStats"]["physicalInputDataSize"]
            return int(str(size).removesuffix("B"))
        except (NotSent, Lost, ValueError, KeyError, TypeError):
            return None

    def ahead(self, query: str, headers: Headers) -> int | None:
        """How many wait in a query's resource group before it; None where the server does not say."""
        try:
            waiting = self._known(headers, "QUEUED")
            groups = {str(said["queryId"]): said.get("resourceGroupId") for said in waiting}
        except (NotSent, Lost, ConnectionFailed, KeyError, TypeError):
            return None
        # Trino's ids are in the order of coming, and its groups take the first.
        own = groups.get(query)
        if query not in groups:
            return None
        return len([id for id, group in groups.items() if id < query and group == own])

    def find(self, tag: str, headers: Headers) -> str | None:
        """The id of the statement with the client tag `tag`; None when the server has none.

        Raises `ConnectionFailed` when it cannot be reached, `Lost` when it does not answer,
        `Starting` when it will.
        """
        try:
            known = self._known(headers)
        except NotSent as error:
            raise self.unreachable(error) from error
        for query in known:
            if tag in query.get("session", {}).get("clientTags", ()):
                return str(query["queryId"])
        return None

    def queries(self, headers: Headers, state: str = "") -> Any:
        """What the server says of each statement that it knows, or of those in one state; asked
        once. Raises `ConnectionFailed`."""
        try:
            return self._known(headers, state)
        except (NotSent, Lost) as error:
            raise self.unreachable(error) from error

    def _known(self, headers: Headers, state: str = "") -> Any:
        """Raises `NotSent`, `Lost`, `Starting`."""
        path = f"{self._base}/v1/query" + (f"?state={state}" if state else "")
        answer = self._connections.request(
            "GET", path, self._with_login(headers), timeout=_LOOK_SECONDS
        )
        if answer.status >= 500 and _STARTING in answer.body:
            raise Starting("it is starting")
        return parsed(self._checked(answer))

    def catalogs_read(self, query: str, headers: Headers) -> Sequence[str] | None:
        """The catalogs of the tables that a query read, one for each table, by whatever names and
        views; None where the server does not say."""
        path = f"{self._base}/v1/query/{query}?pruned=true"
        try:
            answer = self._connections.request(
                "GET", path, self._with_login(headers), timeout=_LOOK_SECONDS
            )
        except (NotSent, Lost):
            return None
        if answer.status != 200:
            return None
        return [str(read["catalogName"]) for read in parsed(answer).get("inputs") or ()]

    def kill(self, query: str, message: str) -> bool:
        """Ends a statement of anybody, who is told the message; whether it still went on. Raises
        `ConnectionFailed` where the server does not let us."""
        path, headers = f"{self._base}/v1/query/{query}/killed", [("Content-Type", "text/plain")]
        try:
            answer = self._connections.request(
                "PUT", path, self._with_login(headers), message.encode(), timeout=_CANCEL_SECONDS
            )
        except (NotSent, Lost) as error:
            raise self.unreachable(error) from error
        if answer.status in (404, 409, 410):
            return False
        self._checked(answer)
        return True

    def segment(self, uri: str, headers: Headers) -> bytes:
        """A spooled segment, from the server or from the storage that the server names."""
        until = time.monotonic() + self.patience
        wait = 0.1
        while True:
            origin, _ = split_url(uri)
            try:
                answer = self._part(uri, headers)
                if answer.status < 300:
                    return answer.body
                if answer.status < 400 and answer.header("location"):
                    uri, headers = answer.header("location"), []
                    continue
                said = f"it answered {answer.status}"
                again = answer.status in _BUSY
            except (NotSent, Lost) as error:
                said, again = str(error), True
            if not again or time.monotonic() > until:
                raise ConnectionFailed(
                    f"a part of the result cannot be read from {origin.authority}: {said}",
                    hint="is the object storage running? `lakeshell doctor` checks every part",
                )
            self.sleep(wait)
            wait = min(1.0, wait * 2)

    def acknowledge(self, uri: str, headers: Headers) -> None:
        """Tells that a segment was read; the server removes those it was not told of later."""
        with suppress(NotSent, Lost):
            self._part(uri, headers)

    def _part(self, uri: str, headers: Headers) -> Answer:
        origin, path = split_url(uri)
        if _SPOOLED in path:
            path = self._path(uri)
            return self._connections.request("GET", path, self._with_login(headers))
        # Storage gets the headers meant for it, and never the login of the server.
        if origin not in self._elsewhere:
            self._elsewhere[origin] = Connections(origin, self.address.ca_file)
        return self._elsewhere[origin].request("GET", path, headers)

    # --- answers ---------------------------------------------------------------------------

    def unreachable(self, error: BaseException) -> ConnectionFailed:
        if isinstance(error, Untrusted):
            return ConnectionFailed(
                f"the certificate of Trino at {self.address.url} is not trusted: {error}",
                hint=_TRUST.get(error.code, _TRUSTED),
            )
        if isinstance(error, Foreign):
            return ConnectionFailed(f"what answers at {self.address.url} is not Trino", hint=_WHERE)
        return ConnectionFailed(
            f"Trino at {self.address.url} cannot be reached: {error}",
            hint=self.address.start_hint,
        )

    def _checked(self, answer: Answer) -> Answer:
        status, url = answer.status, self.address.url
        if 200 <= status < 300:
            return answer
        said = answer.body[:300].decode("utf-8", "replace").strip().partition("\n")[0]
        if said.startswith("<"):
            said = ""
        about = f": {said}" if said else ""
        match status:
            case 401:
                raise ConnectionFailed(
                    f"Trino at {url} refused the login of {self._user}{about}",
                    hint="see the user, password or token of the lake's [engine] settings",
                )
            case 403 if _UNENCRYPTED in said:
                raise ConnectionFailed(
                    f"Trino at {url} lets nobody in without encryption{about}",
                    hint="give engine.url its https:// address",
                )
            case 403:
                raise ConnectionFailed(
                    f"Trino at {url} does not let {self._user} in{about}",
                    hint="an administrator grants it in Trino's access rules",
                )
            case 404 | 410:
                raise Forgotten(
                    f"Trino at {url} does not know the statement any more: it was restarted, or "
                    "the statement was left alone too long",
                    hint="run it again; if it changes data, look first whether it went through",
                )
        raise ConnectionFailed(
            f"Trino at {url} answered {status}{about}", hint=self.address.start_hint
        )

    def _with_login(self, headers: Headers) -> Headers:
        address = self.address
        made = list(headers)
        if address.user or address.jwt:
            # Who logs in asks: few may ask for others. A token says itself whose it is.
            made = [pair for pair in made if pair[0] != "X-Trino-User"]
            made += [("X-Trino-User", address.user)] * bool(address.user)
        elif not any(name == "X-Trino-User" for name, _ in made):
            made.append(("X-Trino-User", self._user))
        if address.password:
            pair = _as_trino_reads(f"{self._user}:{address.password}")
            made.append(("Authorization", f"Basic {base64.b64encode(pair).decode()}"))
        elif address.jwt:
            made.append(("Authorization", f"Bearer {address.jwt}"))
        if self.origin.host not in _LOOPBACK:
            made.append(("Accept-Encoding", "gzip"))
        return made

    def _path(self, uri: str) -> str:
        """Where it is on this server: a gateway may hide the name that the server has for itself."""
        _, path = split_url(uri)
        return path if path.startswith(self._base) else self._base + path


def _as_trino_reads(login: str) -> bytes:
    """Trino takes a login for Latin-1, as its own clients write it."""
    try:
        return login.encode("latin-1")
    except UnicodeEncodeError:
        return login.encode()


class Starting(Lost):
    """The server is there, and cannot answer yet."""


class Forgotten(ConnectionFailed):
    """The server does not know the statement."""


def parsed(answer: Answer) -> Any:
    """Raises `ConnectionFailed` when it is not Trino that answers."""
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise ConnectionFailed("what answers there is not Trino", hint=_WHERE) from error
