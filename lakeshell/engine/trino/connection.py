"""HTTP/1.1 to one server over connections that are kept open: what Trino's protocol needs.

In: a method, a path, headers, a body. Out: an `Answer`. The standard library's client costs every
cold query 60 ms of imports (email, ssl); this one takes TLS only where the address asks for it.
Nothing is tried again here, and nothing means anything here: see `server`.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BufferedReader
from typing import IO, TYPE_CHECKING, NamedTuple

from lakeshell.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
SILENT_SECONDS = 5.0
"""A server that said nothing for so long may be asked for a long time yet: somebody waits."""
_IDLE_SECONDS = 20.0
"""Jetty closes a connection after 30 idle seconds: one about to be closed is not used."""
_HTTP = b"HTTP/1."
_MAX_LINE = 1 << 16
_MAX_HEADERS = 256


class NotSent(Exception):
    """The server cannot be reached: nothing of the request arrived. `refused`: nobody listens."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


class Untrusted(NotSent):
    """The server shows a certificate that nobody vouches for whom we trust. `code` is OpenSSL's."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


class Foreign(NotSent):
    """What listens there speaks another language: it has understood nothing of the request."""


class Lost(Exception):
    """The request may have arrived; its answer did not, or only a part of it."""


class Origin(NamedTuple):
    """Scheme, host and port of a URL; `path` and query are its rest, starting with `/`."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def split_url(url: str) -> tuple[Origin, str]:
    """The origin of an absolute URL, and its path with the query (empty where it has none).

    Raises `ValueError`.
    """
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in ("http", "https"):
        raise ValueError(f"no URL: {url!r}")
    cut = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    authority, path = rest[:cut].rpartition("@")[2], rest[cut:].partition("#")[0]
    if authority.startswith("["):
        host, _, tail = authority[1:].partition("]")
        port = tail.removeprefix(":")
    else:
        host, _, port = authority.partition(":")
    return Origin(scheme, host, int(port) if port else 443 if scheme == "https" else 80), path


class Answer(NamedTuple):
    """`headers` in order, their names in lower case; one may come several times."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


class Connections:
    """Kept connections to one origin, for any thread. `silent` is told once that the server does not
    answer, and again only when it did meanwhile."""

    def __init__(
        self, origin: Origin, ca_file: str = "", silent: Callable[[], None] = lambda: None
    ) -> None:
        self.origin = origin
        self._silent = silent
        self._told = False
        self._ca_file = ca_file
        self._lock = threading.Lock()
        self._idle: list[_Wire] = []
        self._tls: ssl.SSLContext | None = None

    def request(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        timeout: float = _READ_SECONDS,
    ) -> Answer:
        """`timeout` in seconds, for each wait. Raises `NotSent`, `Foreign` among it, `Lost`."""
        wire = self._take()
        wire.socket.settimeout(timeout)
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.origin.authority}"]
        head += [f"{name}: {_one_line(value)}" for name, value in headers]
        if body or method == "POST":
            head.append(f"Content-Length: {len(body)}")
        text = "\r\n".join((*head, "", "")).encode("latin-1", "replace")
        try:
            wire.socket.sendall(text + body)
            if timeout > SILENT_SECONDS and not self._told and wire.silent(SILENT_SECONDS):
                self._told = True
                self._silent()
            answer, keep = _read(wire.stream, method)
            self._told = False
        except (OSError, ValueError) as error:
            wire.close()
            raise Lost(_reason(error)) from error
        except BaseException:
            wire.close()
            raise
        if keep:
            wire.since = time.monotonic()
            with self._lock:
                self._idle.append(wire)
        else:
            wire.close()
        return answer

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for wire in idle:
            wire.close()

    def _take(self) -> _Wire:
        with self._lock:
            while self._idle:
                wire = self._idle.pop()
                if wire.usable():
                    return wire
                wire.close()
        return self._connect()

    def _connect(self) -> _Wire:
        origin = self.origin
        tls = self._context() if origin.scheme == "https" else None
        try:
            made = socket.create_connection((origin.host, origin.port), _CONNECT_SECONDS)
        except ConnectionRefusedError as error:
            raise NotSent("connection refused", refused=True) from error
        except (OSError, UnicodeError) as error:
            raise NotSent(_reason(error)) from error
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            return _Wire(made)
        try:
            return _Wire(tls.wrap_socket(made, server_hostname=origin.host))
        except OSError as error:
            made.close()
            code = getattr(error, "verify_code", None)
            if code is not None:
                raise Untrusted(_reason(error), int(code)) from error
            if "WRONG_VERSION_NUMBER" in str(error):
                raise NotSent("what listens there speaks no TLS: is it http:// ?") from error
            raise NotSent(_reason(error)) from error

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            import ssl

            try:
                self._tls = ssl.create_default_context(cafile=self._ca_file or None)
            except OSError as error:
                raise ConfigurationError(
                    f"the certificates in {self._ca_file} cannot be read: {_reason(error)}",
                    hint="engine.ca_file is a file of certificates in PEM form",
                ) from error
        return self._tls


class _Wire:
    def __init__(self, made: socket.socket) -> None:
        self.socket = made
        self.stream = made.makefile("rb")
        self.since = time.monotonic()

    def usable(self) -> bool:
        """Whether it is young, and the server has not closed it meanwhile."""
        if time.monotonic() - self.since > _IDLE_SECONDS:
            return False
        try:
            return not select.select([self.socket], [], [], 0)[0]
        except (OSError, ValueError):
            return False

    def silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        looked = select.poll()
        looked.register(self.socket, select.POLLIN)
        return not looked.poll(seconds * 1000)

    def close(self) -> None:
        with suppress(OSError):
            self.stream.close()
        with suppress(OSError):
            self.socket.close()


def _read(stream: BufferedReader, method: str) -> tuple[Answer, bool]:
    """The answer, and whether the connection may be used again."""
    status, version = 100, ""
    # Others need not end what they say with a line's end, and wait for more to be said.
    if not _HTTP.startswith(begun := stream.peek(1)[: len(_HTTP)]):
        raise Foreign(f"it answers no HTTP: {begun!r}")
    headers: tuple[tuple[str, str], ...] = ()
    while 100 <= status < 200:
        version, _, rest = _line(stream).partition(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError("the answer is not HTTP")
        status = int(rest[:3])
        headers = tuple(_headers(stream))
    found = dict(headers)
    keep = version != "HTTP/1.0" and found.get("connection", "").lower() != "close"
    if method == "HEAD" or status in (204, 304):
        return Answer(status, headers, b""), keep
    if "chunked" in found.get("transfer-encoding", "").lower():
        body = b"".join(_chunks(stream))
    elif "content-length" in found:
        body = _exactly(stream, int(found["content-length"]))
    else:
        body, keep = stream.read(), False
    if found.get("content-encoding", "").lower() == "gzip":
        import zlib

        try:
            body = zlib.decompress(body, 31)
        except zlib.error as error:
            raise ValueError(f"a damaged answer: {error}") from error
    return Answer(status, headers, body), keep


def _headers(stream: IO[bytes]) -> Iterable[tuple[str, str]]:
    for _ in range(_MAX_HEADERS):
        line = _line(stream)
        if not line:
            return
        name, _, value = line.partition(":")
        yield name.strip().lower(), value.strip()
    raise ValueError("an answer with too many headers")


def _chunks(stream: IO[bytes]) -> Iterable[bytes]:
    while size := int(_line(stream).partition(";")[0], 16):
        yield _exactly(stream, size)
        _line(stream)
    while _line(stream):
        continue


def _line(stream: IO[bytes]) -> str:
    line = stream.readline(_MAX_LINE)
    if not line.endswith(b"\n"):
        raise ConnectionResetError("the connection was closed")
    return line.decode("latin-1").rstrip("\r\n")


def _exactly(stream: IO[bytes], size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise ConnectionResetError("the connection was closed in the middle of an answer")
    return body


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    return said or type(error).__name__
