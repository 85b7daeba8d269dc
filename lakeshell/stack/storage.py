"""The stack's object storage: its buckets, and objects written and read as streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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

    def upload(self, key: str, stream: Readable, metadata: dict[str, str]) -> None:
        """From a stream of any length; the object appears whole or not at all. Parts go up one by
        one in this thread, so that whatever interrupts it ends it at once."""
        with _translated(self.endpoint):
            place = {"Bucket": BACKUP_BUCKET, "Key": key}
            made = self._client.create_multipart_upload(**place, Metadata=metadata)
            place["UploadId"] = made["UploadId"]
            parts: list[dict[str, object]] = []
            try:
                while body := stream.read(PART):
                    number = len(parts) + 1
                    part = self._client.upload_part(**place, PartNumber=number, Body=body)
                    parts.append({"PartNumber": number, "ETag": part["ETag"]})
                self._client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
            except BaseException:
                with suppress(Exception):
                    self._client.abort_multipart_upload(**place)
                raise

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

    def size(self, key: str) -> int:
        with _translated(self.endpoint):
            return int(self._client.head_object(Bucket=BACKUP_BUCKET, Key=key)["ContentLength"])

    def unfinished(self, prefix: str) -> Sequence[tuple[str, str]]:
        """Key and id of the uploads that nobody ended; they take room and are no objects."""
        with _translated(self.endpoint):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=BACKUP_BUCKET
            )
            found = [each for page in pages for each in page.get("Uploads", ())]
        return [(u["Key"], u["UploadId"]) for u in found if u["Key"].startswith(prefix)]

    def give_up(self, key: str, upload: str) -> None:
        with _translated(self.endpoint):
            self._client.abort_multipart_upload(Bucket=BACKUP_BUCKET, Key=key, UploadId=upload)

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
