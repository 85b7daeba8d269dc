"""Asks a service whether it serves and which version it is, with no password and no driver.

A port that accepts proves nothing: Docker's proxy listens as soon as the container exists. So each
probe waits for the service's own first words. None of them counts as use of the service.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from lakeshell.stack.services import Service

TIMEOUT = 2.0
ASKED = 10.0
SOURCE = "lakeshell-stack"
NODES = "SELECT count(*) FROM system.runtime.nodes WHERE state = 'active'"


def version(service: Service, port: int) -> str | None:
    """The version that a service on 127.0.0.1 tells; None when it does not serve (yet)."""
    try:
        return _PROBES[service](port)
    except (OSError, http.client.HTTPException, ValueError, struct.error):
        return None


def _mysql(port: int) -> str | None:
    """The greeting, which is sent before any login: length, number, 10, version, 0."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connected:
        head = _exactly(connected, 5)
        if head[4] != 10:
            return None
        rest = _exactly(connected, int.from_bytes(head[:3], "little") - 1)
        return rest.partition(b"\0")[0].decode("ascii", "replace").partition("-")[0]


def _minio(port: int) -> str | None:
    response = _get(port, "/minio/health/live")
    return "" if response is not None else None


def _trino(port: int) -> str | None:
    response = _get(port, "/v1/info")
    if response is None:
        return None
    info = json.loads(response)
    return None if info.get("starting", True) else str(info["nodeVersion"]["version"])


def _metastore(port: int) -> str | None:
    """Thrift's `getVersion()` by hand: the generated client takes a third of a second to import."""
    name = b"getVersion"
    call = struct.pack("!II", 0x80010001, len(name)) + name + struct.pack("!Ib", 1, 0)
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connected:
        connected.sendall(call)
        kind, length = struct.unpack("!II", _exactly(connected, 8))
        if kind & 0xFF != 2:
            return None
        _exactly(connected, length + 4)
        field, _number, size = struct.unpack("!bhI", _exactly(connected, 7))
        return _exactly(connected, size).decode("utf-8", "replace") if field == 11 else None


_PROBES: Mapping[Service, Callable[[int], str | None]] = {
    Service.CONTROL: _mysql,
    Service.MYSQL: _mysql,
    Service.MINIO: _minio,
    Service.METASTORE: _metastore,
    Service.TRINO: _trino,
}


def nodes(port: int) -> int:
    """How many nodes a Trino gives work to, itself among them; 0 while it cannot tell, as where
    the question still waits for its turn after some seconds."""
    until = time.monotonic() + ASKED
    try:
        answer = json.loads(_trino_says(port, "POST", "/v1/statement", NODES))
        counted = 0
        while "nextUri" in answer:
            path = urlsplit(answer["nextUri"]).path
            if time.monotonic() > until:
                _trino_says(port, "DELETE", path)
                return 0
            answer = json.loads(_trino_says(port, "GET", path))
            counted = answer["data"][0][0] if answer.get("data") else counted
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return 0
    return int(counted)


def _trino_says(port: int, method: str, path: str, text: str | None = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"X-Trino-User": "lakeshell", "X-Trino-Source": SOURCE}
        connection.request(method, path, text, headers)
        return connection.getresponse().read()
    finally:
        connection.close()


def _get(port: int, path: str) -> bytes | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        return body if response.status == 200 else None
    finally:
        connection.close()


def _exactly(connected: socket.socket, size: int) -> bytes:
    """Raises ConnectionError when the other side closes before."""
    held = b""
    while len(held) < size:
        more = connected.recv(size - len(held))
        if not more:
            raise ConnectionError("closed")
        held += more
    return held


def port_is_free(port: int) -> bool:
    """Whether a service could listen there."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
