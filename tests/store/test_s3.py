"""Object storage that cannot be reached, refuses, or is full; and a file that is half written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakeshell.errors import ConnectionFailed, LakeshellError
from lakeshell.store.metadata import read_metadata
from lakeshell.store.s3 import S3Address, S3Files, _failure
from tests import reach

LOCATION = "s3://lake/film/00000.parquet"


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("AWS Error NETWORK_CONNECTION during HeadObject operation: curlCode: 7", ConnectionFailed, "reached"),
        ("AWS Error ACCESS_DENIED during GetObject operation", ConnectionFailed, "secret is wrong"),
        ("AWS Error SIGNATURE_DOES_NOT_MATCH during CreateMultipartUpload", ConnectionFailed, "secret is wrong"),
        ("AWS Error NO_SUCH_BUCKET during CreateMultipartUpload", ConnectionFailed, "no bucket"),
        ("AWS Error UNKNOWN (HTTP status 400) during ListObjectsV2 operation: the region is wrong; expecting 'us-east-1'.", ConnectionFailed, "in the region us-east-1, not in moon-1"),
        ("AWS Error UNKNOWN (HTTP status 400) during HeadObject operation: No response body. Looks like the configured region is 'moon-1' while the bucket is located in 'us-east-1'.", ConnectionFailed, "in the region us-east-1"),
        ("AWS Error UNKNOWN (HTTP status 400) during HeadObject operation: No response body.", ConnectionFailed, "refused s3://lake/film/00000.parquet: UNKNOWN (HTTP status 400)"),
        ("AWS Error INTERNAL_FAILURE during UploadPart operation: We encountered an internal error, please try again.: cause(no space left on device)", LakeshellError, "is full"),
        ("AWS Error UNKNOWN (HTTP status 507) during UploadPart: XMinioStorageFull", LakeshellError, "is full"),
    ],
)  # fmt: skip
def test_faults_are_said_in_our_words(said: str, kind: type[Exception], message: str) -> None:
    found = _failure(
        S3Address(endpoint="http://minio:9000", region="moon-1"), LOCATION, OSError(said)
    )
    assert type(found) is kind
    assert message in str(found)


def test_a_fault_of_the_storage_is_no_wrong_region() -> None:
    error = OSError("AWS Error INTERNAL_FAILURE during UploadPart operation: an internal error")
    found = _failure(S3Address(start_hint="start it"), LOCATION, error)
    assert isinstance(found, ConnectionFailed)
    assert found.hint == "run it again; start it"


def test_other_faults_stay_as_they_are() -> None:
    for said in ("something else", "AWS Error NO_SUCH_KEY during GetObject operation: gone"):
        error = OSError(said)
        assert _failure(S3Address(), LOCATION, error) is error


def test_the_secret_is_not_shown() -> None:
    address = S3Address(access_key="key", secret_key="hush")
    assert "hush" not in f"{address} {address!r}"


def test_wrong_keys_and_buckets_are_said() -> None:
    address = reach.s3("lakeshell_s3")
    with pytest.raises(ConnectionFailed, match="secret is wrong"):
        S3Files(replace(address, secret_key="wrong")).create(f"{address.warehouse}/x")
    with pytest.raises(ConnectionFailed, match="no bucket"):
        S3Files(address).create("s3://lakeshell-no-such-bucket/x")
    with pytest.raises(ConnectionFailed, match="no bucket"):
        S3Files(address).check("s3://lakeshell-no-such-bucket/team")
    with pytest.raises(ConnectionFailed, match="secret is wrong"):
        S3Files(replace(address, secret_key="wrong")).check(address.warehouse)
    S3Files(address).check(f"{address.warehouse}/not/there/yet")


def test_another_region_is_no_missing_file() -> None:
    """A table whose metadata file is missing may be dropped by whoever is told so."""
    address = replace(reach.s3("lakeshell_s3"), region="moon-1")
    with pytest.raises(ConnectionFailed, match=r"region|refused") as caught:
        read_metadata(f"{address.warehouse}/x.metadata.json", S3Files(address))
    assert "moon-1" in caught.value.message + caught.value.hint


def test_what_is_given_up_leaves_nothing() -> None:
    files = S3Files(reach.s3("lakeshell_s3"))
    folder = f"{files.address.warehouse}/given-up"
    with pytest.raises(ValueError, match="enough"), files.create(f"{folder}/x") as sink:
        sink.write(b"half")
        raise ValueError("enough")
    assert files.listed(folder) == []
    with files.create(f"{folder}/y") as sink:
        sink.write(b"whole")
    assert files.listed(folder) == [f"{folder}/y"]
    assert files.read(f"{folder}/y") == b"whole"
    assert (files.size(f"{folder}/y"), files.exists(f"{folder}/x")) == (5, False)
    with pytest.raises(FileNotFoundError):
        files.read(f"{folder}/x")
    files.delete_folder(folder)
    assert files.listed(folder) == []


def test_files_are_found_at_any_depth_and_removed_at_once() -> None:
    files = S3Files(reach.s3("lakeshell_s3"))
    folder = f"{files.address.warehouse}/{reach.own('walked')}"
    assert list(files.walk(folder)) == []
    names = [f"{folder}/{name}" for name in ("a", "b/c", "b/d e/ü")]
    for name in names:
        with files.create(name) as sink:
            sink.write(b"four")
    assert {(found.location, found.size) for found in files.walk(folder)} == {(n, 4) for n in names}
    assert all(found.modified.tzinfo is not None for found in files.walk(folder))
    files.delete_all([*names[1:], f"{folder}/never-was"], folder)
    assert [found.location for found in files.walk(folder)] == names[:1]
    # No object stands for a folder that is empty now.
    assert files.listed(f"{folder}/b") == []
    files.delete_all(names[:1], folder)
    address = replace(files.address, secret_key="wrong")
    with pytest.raises(ConnectionFailed, match="secret is wrong"):
        S3Files(address).delete_all(names, folder)


def test_parts_of_an_object_that_never_was_are_given_up() -> None:
    import boto3

    files = S3Files(reach.s3("lakeshell_s3"))
    bucket, _, folder = files.address.warehouse.removeprefix("s3://").partition("/")
    client = boto3.client(
        "s3",
        endpoint_url=files.address.endpoint,
        region_name=files.address.region,
        aws_access_key_id=files.address.access_key,
        aws_secret_access_key=files.address.secret_key,
    )
    keys = [f"{folder}/{reach.own('parts')}{end}" for end in ("", ".other")]
    for key in keys:
        client.create_multipart_upload(Bucket=bucket, Key=key)

    def left(key: str) -> int:
        return len(client.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", ()))

    files.abandon_uploads(f"s3://{bucket}/{keys[0]}")
    assert [left(key) for key in keys] == [0, 1]
    files.abandon_uploads(f"s3://{bucket}/{keys[1]}")
    assert left(keys[1]) == 0
