"""A lake's files on object storage: Amazon's S3, MinIO and their like.

In: an address and locations, `s3://BUCKET/KEY`. Out: what `files.Files` promises. An object appears
when its last part is there, so nobody sees a half-written one. pyarrow is imported, and the storage
spoken to, at the first use.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lakeshell.errors import ConnectionFailed, LakeshellError
from lakeshell.store.files import FoundFile
from lakeshell.store.waits import Waits

CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 20.0
"""Without a byte; it is asked three times."""
_AT_ONCE = 1000
"""Objects that one request may delete: the most that S3 takes."""
_SCHEME = re.compile(r"s3[an]?://")
_UNREACHABLE = re.compile(
    r"curlCode: (?P<curl>\d+)|NETWORK_CONNECTION|SlowDown|timeout", re.IGNORECASE
)
_REFUSED = re.compile(
    r"ACCESS_?DENIED|InvalidAccessKeyId|INVALID_ACCESS_KEY|SIGNATURE_?DOES_?NOT_?MATCH",
    re.IGNORECASE,
)
_NO_BUCKET = re.compile(r"NO_?SUCH_?BUCKET", re.IGNORECASE)
_REGION = re.compile(r"expecting '([^']+)'|bucket is located in '([^']+)'")
_ANSWERED = re.compile(r"AWS Error (?!NO_?SUCH_?KEY|RESOURCE_?NOT_?FOUND)(.*)", re.DOTALL)
"""What storage says of anything but an object that is gone."""
_FULL = re.compile(r"StorageFull|minimum free drive threshold|quota|no space left", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Address:
    """`endpoint` is a URL, empty for Amazon's own; with one, buckets are paths below it.
    `warehouse` is where new databases keep their tables, `s3://BUCKET/PREFIX`."""

    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    warehouse: str = "s3://lake/warehouse"
    start_hint: str = (
        "see whether it runs and storage.endpoint is right; lakeshell doctor checks all"
    )
    key_hint: str = "see storage.access_key_env and storage.secret_key_env"

    def __str__(self) -> str:
        return self.endpoint or f"S3 in {self.region}"


class S3Files:
    """`files.Files` on object storage. Safe to use from many threads. `notice` is told what a user
    waits for."""

    def __init__(
        self, address: S3Address, notice: Callable[[str], None] = lambda text: None
    ) -> None:
        self.address = address
        self._waits = Waits(lambda: notice(f"waiting for the object storage {address} to answer"))
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

    def abandon_uploads(self, location: str) -> None:
        """Gives back the room of parts of an object that never was."""
        bucket, _, key = _key(location).partition("/")
        uploads = self._client.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", ())
        for upload in uploads:
            if upload["Key"] == key:
                self._client.abort_multipart_upload(
                    Bucket=bucket, Key=key, UploadId=upload["UploadId"]
                )

    @cached_property
    def _client(self) -> Any:
        """boto3's, for what pyarrow has no call for or does in a way of its own."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.address.endpoint or None,
            region_name=self.address.region,
            aws_access_key_id=self.address.access_key or None,
            aws_secret_access_key=self.address.secret_key or None,
            config=Config(
                s3={"addressing_style": "path" if self.address.endpoint else "auto"},
                connect_timeout=CONNECT_SECONDS,
                retries={"max_attempts": 1},
            ),
        )

    def listed(self, location: str) -> list[str]:
        from pyarrow.fs import FileSelector, FileType

        with self.failures(location):
            selector = FileSelector(_key(location), allow_not_found=True)
            found = self.system.get_file_info(selector)
        return sorted(f"s3://{info.path}" for info in found if info.type == FileType.File)

    def check(self, location: str) -> None:
        """Raises what hinders whoever would look there; a folder that is not there yet is none."""
        from pyarrow.fs import FileType

        bucket = _key(location).partition("/")[0]
        with self.failures(location):
            self.listed(location)
            # A list of what is in no bucket is empty.
            if self.system.get_file_info(bucket).type == FileType.NotFound:
                raise _no_bucket(self.address, location)

    def walk(self, location: str) -> Iterator[FoundFile]:
        from pyarrow.fs import FileSelector, FileType

        with self.failures(location):
            selector = FileSelector(_key(location), allow_not_found=True, recursive=True)
            found = self.system.get_file_info(selector)
        for info in found:
            if info.type == FileType.File:
                yield FoundFile(f"s3://{info.path}", info.size, info.mtime)

    def delete_all(self, locations: Iterable[str], below: str) -> None:
        """Folders are in the names of objects alone, so that an empty one is none; pyarrow would
        leave an object in the place of each."""
        by_bucket: dict[str, list[str]] = {}
        for location in locations:
            bucket, _, key = _key(location).partition("/")
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), _AT_ONCE):
                objects = [{"Key": key} for key in keys[start : start + _AT_ONCE]]
                with self.failures(below):
                    self._delete(bucket, objects)

    def _delete(self, bucket: str, objects: Sequence[Mapping[str, str]]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            wanted = {"Objects": objects, "Quiet": True}
            done = self._client.delete_objects(Bucket=bucket, Delete=wanted)
        except (BotoCoreError, ClientError) as error:
            raise OSError(str(error)) from error
        for wrong in done.get("Errors", ()):
            raise OSError(f"{wrong.get('Code')}: {wrong.get('Key')}: {wrong.get('Message')}")

    @contextmanager
    def failures(self, location: str) -> Iterator[None]:
        """Says which of the storage's faults is one of the way there."""
        try:
            with self._waits.call():
                yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _failure(self.address, location, error) from error


def _failure(address: S3Address, location: str, error: OSError) -> Exception:
    said = str(error)
    if _REFUSED.search(said):
        return ConnectionFailed(
            f"{address} refused {location}: the access key or its secret is wrong, or may not do this",
            hint=address.key_hint,
        )
    if _NO_BUCKET.search(said):
        return _no_bucket(address, location)
    if _FULL.search(said):
        return LakeshellError(
            f"{location} cannot be written: the object storage is full",
            hint="make room and run it again; the table is as it was",
        )
    if _UNREACHABLE.search(said):
        return ConnectionFailed(
            f"the object storage {address} cannot be reached", hint=address.start_hint
        )
    if region := _REGION.search(said):
        return ConnectionFailed(
            f"{address} is in the region {region[1] or region[2]}, not in {address.region}",
            hint="storage.region names it",
        )
    if answered := _ANSWERED.search(said):
        # A question without an answer's body says no more than that: whose region is wrong learns it here.
        ours = re.search(r"HTTP status [34]", said)
        return ConnectionFailed(
            f"{address} refused {location}: {answered[1].strip()}",
            hint=f"see storage.region, which is {address.region}, and the access key"
            if ours
            else f"run it again; {address.start_hint}",
        )
    return error


def _no_bucket(address: S3Address, location: str) -> ConnectionFailed:
    return ConnectionFailed(
        f"{address} has no bucket for {location}",
        hint="make it, or see storage.warehouse; the stack's own: lakeshell stack up",
    )


class S3Sink:
    """An object under way, uploaded in parts."""

    def __init__(self, files: S3Files, location: str) -> None:
        self.files = files
        self.location = location
        self.stream = files.system.open_output_stream(_key(location))
        self._size = 0
        self._whole = False

    def write(self, data: Any) -> int:
        with self.failures():
            return int(self.stream.write(data))

    def tell(self) -> int:
        """Also of a stream that is closed."""
        if not self.closed:
            self._size = self.stream.tell()
        return self._size

    def failures(self) -> AbstractContextManager[None]:
        return self.files.failures(self.location)

    @property
    def closed(self) -> bool:
        return bool(self.stream.closed)

    def flush(self) -> None:
        """Parts go when they are full; what is left goes with `close`."""

    def close(self) -> None:
        if not self.closed:
            self.tell()
            with self.failures():
                self.stream.close()
            self._whole = True

    def discard(self) -> None:
        # The stream cannot be given up, only finished. One that failed is closed, and not whole.
        with suppress(LakeshellError, OSError):
            self.close()
        if not self._whole:
            self._abandon()
        self.files.delete(self.location)

    def _abandon(self) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        # Where the storage does not answer it gives up such parts by itself, after a day.
        with suppress(BotoCoreError, ClientError):
            self.files.abandon_uploads(self.location)

    def __enter__(self) -> S3Sink:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _key(location: str) -> str:
    return _SCHEME.sub("", location, count=1)
