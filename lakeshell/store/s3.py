"""A lake's files on object storage: Amazon's S3, MinIO and their like.

In: an address and locations, `s3://BUCKET/KEY`. Out: what `files.Files` promises. An object appears
when its last part is there, so nobody sees a half-written one. pyarrow is imported, and the storage
spoken to, at the first use.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lakeshell.errors import ConnectionFailed

CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 60.0
_SCHEME = re.compile(r"s3[an]?://")
_UNREACHABLE = re.compile(
    r"curlCode: (?P<curl>\d+)|NETWORK_CONNECTION|SlowDown|timeout", re.IGNORECASE
)
_REFUSED = ("ACCESS_DENIED", "InvalidAccessKeyId", "SignatureDoesNotMatch", "INVALID_ACCESS_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Address:
    """`endpoint` is a URL, empty for Amazon's own; with one, buckets are paths below it.
    `warehouse` is where new databases keep their tables, `s3://BUCKET/PREFIX`."""

    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    warehouse: str = "s3://lake/warehouse"

    def __str__(self) -> str:
        return self.endpoint or f"S3 in {self.region}"


class S3Files:
    """`files.Files` on object storage. Safe to use from many threads."""

    def __init__(self, address: S3Address) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._open: Any = None

    @property
    def system(self) -> Any:
        """pyarrow's file system, made once."""
        with self._lock:
            if self._open is None:
                from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

                scheme, _, host = self.address.endpoint.rpartition("://")
                self._open = S3FileSystem(
                    access_key=self.address.access_key or None,
                    secret_key=self.address.secret_key or None,
                    region=self.address.region,
                    endpoint_override=host.rstrip("/") or None,
                    scheme=scheme or "https",
                    connect_timeout=CONNECT_SECONDS,
                    request_timeout=REQUEST_SECONDS,
                    retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
                )
            return self._open

    def read(self, location: str) -> bytes:
        with self.failures(location), self.system.open_input_stream(_key(location)) as stream:
            found: bytes = stream.read()
            return found

    def open(self, location: str) -> Any:
        with self.failures(location):
            return self.system.open_input_file(_key(location))

    def create(self, location: str) -> S3Sink:
        with self.failures(location):
            return S3Sink(self, location)

    def size(self, location: str) -> int:
        with self.failures(location):
            info = self.system.get_file_info(_key(location))
        if info.size is None:
            raise FileNotFoundError(location)
        return int(info.size)

    def exists(self, location: str) -> bool:
        from pyarrow.fs import FileType

        with self.failures(location):
            return bool(self.system.get_file_info(_key(location)).type == FileType.File)

    def delete(self, location: str) -> None:
        try:
            with self.failures(location):
                self.system.delete_file(_key(location))
        except FileNotFoundError:
            pass

    def delete_folder(self, location: str) -> None:
        try:
            with self.failures(location):
                self.system.delete_dir(_key(location))
        except FileNotFoundError:
            pass

    def listed(self, location: str) -> list[str]:
        from pyarrow.fs import FileSelector, FileType

        with self.failures(location):
            selector = FileSelector(_key(location), allow_not_found=True)
            found = self.system.get_file_info(selector)
        return sorted(f"s3://{info.path}" for info in found if info.type == FileType.File)

    @contextmanager
    def failures(self, location: str) -> Iterator[None]:
        """Says which of the storage's faults is one of the way there."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            said = str(error)
            if any(word in said for word in _REFUSED):
                raise ConnectionFailed(
                    f"{self.address} refused {location}: the access key or its secret is wrong, "
                    "or may not do this",
                    hint="see storage.access_key_env and storage.secret_key_env",
                ) from error
            if _UNREACHABLE.search(said):
                raise ConnectionFailed(
                    f"the object storage {self.address} cannot be reached",
                    hint="start it: lakeshell stack start minio",
                ) from error
            raise


class S3Sink:
    """An object under way, uploaded in parts."""

    def __init__(self, files: S3Files, location: str) -> None:
        self.files = files
        self.location = location
        self._stream = files.system.open_output_stream(_key(location))
        self._size = 0

    def write(self, data: Any) -> int:
        with self.files.failures(self.location):
            self._stream.write(data)
        written = len(data) if isinstance(data, bytes) else memoryview(data).nbytes
        self._size += written
        return written

    def tell(self) -> int:
        return self._size

    @property
    def closed(self) -> bool:
        return bool(self._stream.closed)

    def flush(self) -> None:
        """Parts go when they are full; what is left goes with `close`."""

    def close(self) -> None:
        if not self._stream.closed:
            with self.files.failures(self.location):
                self._stream.close()

    def discard(self) -> None:
        # The stream cannot be given up, only finished.
        try:
            self.close()
        finally:
            self.files.delete(self.location)

    def __enter__(self) -> S3Sink:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _key(location: str) -> str:
    return _SCHEME.sub("", location, count=1)
