"""The stack's object storage: its buckets, and objects written and read as streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from lakeshell.errors import ConnectionFailed, LakeshellError, NotFound
from lakeshell.stack import secrets
from lakeshell.stack.installation import BACKUP_BUCKET, SPOOL_BUCKET, Installation

PART = 16 * 2**20
"""Bytes of one part of an upload; S3 takes 10,000 parts, so 156 GB in all."""
SPOOL_DAYS = 1


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class StorageFailed(LakeshellError):
    pass


class ObjectStorage:
    def __init__(self, installation: Installation) -> None:
        import boto3
        from boto3.s3.transfer import TransferConfig
        from botocore.config import Config

        self.endpoint = installation.s3_endpoint
        self.bucket = installation.bucket
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=installation.s3_endpoint,
            region_name=installation.region,
            aws_access_key_id=installation.secrets[secrets.ACCESS_KEY],
            aws_secret_access_key=installation.secrets[secrets.SECRET_KEY],
            config=Config(
                s3={"addressing_style": "path"},
                connect_timeout=5,
                retries={"max_attempts": 3, "mode": "standard"},
            ),
        )
        self._transfer = TransferConfig(multipart_chunksize=PART, max_concurrency=2)

    def make_buckets(self) -> None:
        """The lake's, the results' (emptied by age) and the backups'."""
        with _translated(self.endpoint):
            known = {found["Name"] for found in self._client.list_buckets()["Buckets"]}
            for name in (self.bucket, SPOOL_BUCKET, BACKUP_BUCKET):
                if name not in known:
                    self._client.create_bucket(Bucket=name)
            if SPOOL_BUCKET not in known:
                rule = {
                    "ID": "results",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "Expiration": {"Days": SPOOL_DAYS},
                }
                self._client.put_bucket_lifecycle_configuration(
                    Bucket=SPOOL_BUCKET, LifecycleConfiguration={"Rules": [rule]}
                )

    def missing_buckets(self) -> Sequence[str]:
        with _translated(self.endpoint):
            known = {found["Name"] for found in self._client.list_buckets()["Buckets"]}
        return [n for n in (self.bucket, SPOOL_BUCKET, BACKUP_BUCKET) if n not in known]

    def upload(
        self, key: str, stream: Readable, metadata: dict[str, str], moved: Callable[[int], None]
    ) -> None:
        """From a stream of any length; the object appears whole or not at all."""
        with _translated(self.endpoint):
            self._client.upload_fileobj(
                stream,
                BACKUP_BUCKET,
                key,
                ExtraArgs={"Metadata": metadata},
                Config=self._transfer,
                Callback=moved,
            )

    def put(self, key: str, body: bytes) -> None:
        with _translated(self.endpoint):
            self._client.put_object(Bucket=BACKUP_BUCKET, Key=key, Body=body)

    def read(self, key: str) -> bytes:
        with _translated(self.endpoint):
            body: bytes = self._client.get_object(Bucket=BACKUP_BUCKET, Key=key)["Body"].read()
            return body

    def chunks(self, key: str) -> Iterator[bytes]:
        with _translated(self.endpoint):
            body = self._client.get_object(Bucket=BACKUP_BUCKET, Key=key)["Body"]
            yield from body.iter_chunks(2**20)

    def delete(self, key: str) -> None:
        with _translated(self.endpoint):
            self._client.delete_object(Bucket=BACKUP_BUCKET, Key=key)

    def keys(self, prefix: str) -> Sequence[str]:
        with _translated(self.endpoint):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=BACKUP_BUCKET, Prefix=prefix
            )
            return [found["Key"] for page in pages for found in page.get("Contents", ())]


@contextmanager
def _translated(endpoint: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        said = error.response.get("Error", {}).get("Message", "") or code
        if code in ("NoSuchBucket", "NoSuchKey", "404"):
            raise NotFound(
                f"object storage has no such bucket or object: {said}",
                hint="lakeshell stack up makes the buckets again",
            ) from error
        if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"):
            raise ConnectionFailed(
                f"object storage at {endpoint} refuses its key: {said}",
                hint="its data keeps no keys: lakeshell stack up applies those of secrets.env",
            ) from error
        if code == "XMinioStorageFull":
            raise StorageFailed(
                "object storage is out of space",
                hint="free some of Docker's disk: docker system df",
            ) from error
        raise StorageFailed(f"object storage failed: {said}", hint="lakeshell doctor") from error
    except BotoCoreError as error:
        raise ConnectionFailed(
            f"object storage at {endpoint} cannot be reached", hint="lakeshell stack start minio"
        ) from error
