"""Segments of a result: rows that the server left in its storage, or sent along, compressed.

In: the `data` of a page that names segments. Out: the JSON text of each one's rows, in order. The
server is told of each that was read, and removes it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from lakeshell.engine.trino.server import Headers, Server
from lakeshell.errors import ConnectionFailed

_CODECS = {"zstd": "zstd", "lz4": "lz4_raw"}


def segments(data: Mapping[str, Any], server: Server, user: Headers) -> Iterator[bytes]:
    """`user` are the headers that say who asks. Raises `ConnectionFailed` for a segment that
    cannot be read or is not what it should be."""
    kind, _, codec = str(data.get("encoding", "")).partition("+")
    if kind != "json" or (codec and codec not in _CODECS):
        raise ConnectionFailed(
            f"Trino answered in the encoding {data.get('encoding')!r}, which was not asked for",
            hint="see whether a gateway stands before it, and what it does to headers",
        )
    for segment in data.get("segments") or ():
        if segment["type"] == "inline":
            raw = base64.b64decode(segment["data"])
        else:
            headers = [
                (name, value)
                for name, values in (segment.get("headers") or {}).items()
                for value in values
            ]
            raw = server.segment(segment["uri"], headers)
        yield _unpacked(raw, codec, segment.get("metadata") or {})
        if segment.get("ackUri"):
            server.acknowledge(segment["ackUri"], user)


def _unpacked(raw: bytes, codec: str, metadata: Mapping[str, Any]) -> bytes:
    size = metadata.get("uncompressedSize")
    if not codec or size is None:
        # A small segment is left as it is, and says no size to unpack it to.
        return raw
    try:
        unpacked: bytes = pa.decompress(
            raw, decompressed_size=int(size), codec=_CODECS[codec], asbytes=True
        )
    except (OSError, pa.ArrowException) as error:
        raise ConnectionFailed(
            f"a part of the result is damaged: {error}", hint="run the query again"
        ) from error
    return unpacked
