from __future__ import annotations

import threading
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.storage import storages

from bulk_admin.services.storage import private as b2_upload
from bulk_admin.services.storage.private import StorageUnavailable
from bulk_admin.storages import b2_options
from prompts.tests.b2_server import B2Server


@pytest.fixture(scope="module")
def b2():
    with B2Server() as server:
        yield server


@pytest.fixture
def buckets(b2, settings):
    """A public and a private bucket of the test's own, as settings.py makes them of the
    environment.
    """
    public, private = f"pages-{uuid.uuid4().hex}", f"originals-{uuid.uuid4().hex}"
    plain = {
        "endpoint_url": b2.url,
        "region": "us-east-1",
        "key_id": "id",
        "application_key": "key",
    }
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "bulk_admin.storages.B2Storage",
            "OPTIONS": b2_options(public, public_url="https://img.example.com/f", **plain),
        },
        "private": {
            "BACKEND": "bulk_admin.storages.B2Storage",
            "OPTIONS": b2_options(private, **plain),
        },
    }
    b2.faults.clear()
    for bucket in (public, private):
        # Made over the wire without a client of ours: its checksum headers are what the front
        # refuses.
        request = urllib.request.Request(
            f"{b2.url}/{bucket}", method="PUT", headers={"Authorization": authorization()}
        )
        urllib.request.urlopen(request).close()
    b2.requests.clear()
    return public, private


def authorization() -> str:
    return (
        "AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/s3/aws4_request, SignedHeaders=host,"
        " Signature=0"
    )


@pytest.fixture
def files(tmp_path, settings):
    local = {"BACKEND": "bulk_admin.storages.DurableFileStorage"}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**local, "OPTIONS": {"location": tmp_path / "public", "base_url": "/media/"}},
        "private": {**local, "OPTIONS": {"location": tmp_path / "private"}},
    }
    return tmp_path


@pytest.fixture(params=["buckets", "files"])
def any_storage(request):
    return request.getfixturevalue(request.param)


# --- both storages ------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [True, False])
def test_what_was_put_is_there_until_it_is_deleted(any_storage, public):
    b2_upload.put("pages/a.png", b"one", "image/png", public=public)
    assert b2_upload.get("pages/a.png", public=public) == b"one"
    assert b2_upload.exists("pages/a.png", public=public)
    assert not b2_upload.exists("pages/a.png", public=not public)
    b2_upload.delete("pages/a.png", public=public)
    assert not b2_upload.exists("pages/a.png", public=public)


def test_putting_again_replaces_and_deleting_again_is_harmless(any_storage):
    b2_upload.put("originals/j/c", b"one", "image/png")
    b2_upload.put("originals/j/c", b"two", "image/png")
    assert b2_upload.get("originals/j/c") == b"two"
    b2_upload.delete("originals/j/c")
    b2_upload.delete("originals/j/c")


def test_what_is_not_there_is_said_to_be_not_there(any_storage):
    for read in (b2_upload.get, b2_upload.open_private):
        with pytest.raises(FileNotFoundError):
            read("originals/none")


def test_a_private_file_can_be_streamed(any_storage):
    b2_upload.put("originals/j/c", b"bytes", "image/png")
    with b2_upload.open_private("originals/j/c") as file:
        assert file.read() == b"bytes"


def test_sixty_threads_put_at_once(any_storage):
    with ThreadPoolExecutor(60) as pool:
        list(
            pool.map(
                lambda n: b2_upload.put(f"originals/{n}", b"x" * 1000 + bytes([n]), "image/png"),
                range(60),
            )
        )
    assert [b2_upload.get(f"originals/{n}")[-1] for n in range(60)] == list(range(60))


# --- Backblaze B2 -------------------------------------------------------------------------------


def test_the_content_type_reaches_the_bucket_and_pages_may_be_cached(b2, buckets):
    public, private = buckets
    b2_upload.put("pages/a.bin", b"1", "image/webp", public=True)
    b2_upload.put("originals/no-extension", b"1", "image/png")
    page = b2.client().head_object(Bucket=public, Key="pages/a.bin")
    assert (page["ContentType"], page["CacheControl"]) == (
        "image/webp",
        "public, max-age=31536000, immutable",
    )
    original = b2.client().head_object(Bucket=private, Key="originals/no-extension")
    assert original["ContentType"] == "image/png"
    assert "CacheControl" not in original


def test_one_request_writes_and_one_reads(b2, buckets):
    b2_upload.put("originals/a", b"1", "image/png")
    b2_upload.get("originals/a")
    assert [method for method, _ in b2.requests] == ["PUT", "GET"]


def test_all_threads_share_one_client(buckets):
    start, clients, storage = threading.Barrier(20), [], storages["private"]

    def look() -> None:
        start.wait()
        clients.append(storage.connection.meta.client)

    threads = [threading.Thread(target=look) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in clients}) == 1


def test_a_slow_down_is_waited_out(b2, buckets):
    b2.faults.extend([503, 503])
    b2_upload.put("originals/a", b"1", "image/png")
    assert b2_upload.get("originals/a") == b"1"


@pytest.mark.parametrize(
    "act",
    [
        lambda: b2_upload.put("originals/a", b"1", "image/png"),
        lambda: b2_upload.get("originals/a"),
        lambda: b2_upload.exists("originals/a"),
        lambda: b2_upload.delete("originals/a"),
        lambda: b2_upload.open_private("originals/a"),
    ],
    ids=["put", "get", "exists", "delete", "open_private"],
)
def test_a_refusal_is_one_error(b2, buckets, act):
    b2.faults.append(403)
    with pytest.raises(StorageUnavailable):
        act()


def test_an_unreachable_endpoint_and_a_missing_bucket_are_the_storages_fault(b2, buckets, settings):
    for endpoint, bucket in (("http://127.0.0.1:9", "any"), (b2.url, "no-such-bucket")):
        options = b2_options(
            bucket,
            endpoint_url=endpoint,
            region="us-east-1",
            key_id="id",
            application_key="key",
            retries=0,
        )
        settings.STORAGES = {
            **settings.STORAGES,
            "private": {"BACKEND": "bulk_admin.storages.B2Storage", "OPTIONS": options},
        }
        with pytest.raises(StorageUnavailable):
            b2_upload.put("a", b"1", "image/png")
        with pytest.raises(StorageUnavailable):
            b2_upload.get("a")


def test_a_private_link_opens_for_a_quarter_of_an_hour_with_its_type_and_name(buckets):
    b2_upload.put("originals/a", b"bytes", "application/octet-stream")
    link = b2_upload.private_link(
        "originals/a", content_type="image/png", download_name='fox "7"\r\nX: y.png'
    )
    assert "X-Amz-Expires=900" in link
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"bytes"
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename")
        assert answer.headers["X"] is None


def test_a_public_file_has_the_address_of_the_cdn(buckets):
    assert (
        b2_upload.public_url("pages/red-fox.webp") == "https://img.example.com/f/pages/red-fox.webp"
    )


# --- local files --------------------------------------------------------------------------------


def test_local_files_have_no_private_link(files):
    b2_upload.put("originals/a", b"1", "image/png")
    assert b2_upload.private_link("originals/a") is None
    assert b2_upload.public_url("pages/a.png") == "/media/pages/a.png"


def test_a_web_server_may_read_a_public_file_and_nothing_half_written_is_left(files):
    b2_upload.put("pages/a.png", b"1", "image/png", public=True)
    (file,) = [path for path in files.rglob("*") if path.is_file()]
    assert file == files / "public/pages/a.png"
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_disk_that_refuses_is_the_storages_fault(files):
    Path(files / "private").write_text("a file where a folder should be")
    with pytest.raises(StorageUnavailable):
        b2_upload.put("originals/a", b"1", "image/png")


def test_a_key_can_not_leave_its_folder(files):
    with pytest.raises(Exception, match="path"):
        b2_upload.put("../outside.txt", b"1", "text/plain")
    assert not (files / "outside.txt").exists()
