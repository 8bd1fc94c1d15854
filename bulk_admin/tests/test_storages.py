from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.response import StreamingBody
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile

from bulk_admin.b2 import WHOLE_BYTES, ObjectFile
from bulk_admin.storages import (
    ObjectStore,
    StorageUnavailable,
    round_trip,
)
from bulk_admin.testing.fixtures import PRIVATE, PUBLIC

PRIVATE_FILES, PUBLIC_FILES = ObjectStore("private"), ObjectStore("default")


# --- both storages ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("store", "other"), [(PUBLIC_FILES, PRIVATE_FILES), (PRIVATE_FILES, PUBLIC_FILES)]
)
def test_what_was_put_is_there_alone_until_it_is_deleted(any_storage, store, other):
    store.put("pages/a.png", b"one", "image/png")
    assert store.get("pages/a.png") == b"one"
    assert store.exists("pages/a.png")
    assert not other.exists("pages/a.png")
    store.delete("pages/a.png")
    assert not store.exists("pages/a.png")


def test_putting_again_replaces_and_deleting_again_is_harmless(any_storage):
    PRIVATE_FILES.put("originals/j/c", b"one", "image/png")
    PRIVATE_FILES.put("originals/j/c", b"two", "image/png")
    assert PRIVATE_FILES.get("originals/j/c") == b"two"
    PRIVATE_FILES.delete("originals/j/c")
    PRIVATE_FILES.delete("originals/j/c")


def test_what_is_missing_is_file_not_found(any_storage):
    for read in (PRIVATE_FILES.get, PRIVATE_FILES.open):
        with pytest.raises(FileNotFoundError):
            read("originals/none")


def test_a_file_can_be_streamed(any_storage):
    PRIVATE_FILES.put("originals/j/c", b"bytes", "image/png")
    with PRIVATE_FILES.open("originals/j/c") as file:
        assert file.read() == b"bytes"


def test_an_open_file_is_put_whole_and_left_open(any_storage):
    content = bytes(range(256)) * (WHOLE_BYTES // 256) + b"the end"
    file = SimpleUploadedFile("theirs.csv", content)
    PRIVATE_FILES.put("uploads/a", file, "text/csv")
    with PRIVATE_FILES.open("uploads/a") as kept:
        assert b"".join(kept.chunks()) == content
    file.seek(0)
    assert (file.name, file.read(3)) == ("theirs.csv", content[:3])


def test_sixty_threads_put_at_once(any_storage):
    def put(n: int) -> None:
        PRIVATE_FILES.put(f"originals/{n}", b"x" * 1000 + bytes([n]), "image/png")

    with ThreadPoolExecutor(60) as pool:
        list(pool.map(put, range(60)))
    assert [PRIVATE_FILES.get(f"originals/{n}")[-1] for n in range(60)] == list(range(60))


def test_a_round_trip_leaves_nothing(any_storage):
    assert round_trip("private", "probe/1", b"probe") == b"probe"
    assert not PRIVATE_FILES.exists("probe/1")


# --- Backblaze B2 -------------------------------------------------------------------------------


def test_the_content_type_reaches_the_bucket_and_public_files_may_be_cached(buckets):
    PUBLIC_FILES.put("pages/a.bin", b"1", "image/webp")
    PRIVATE_FILES.put("originals/no-extension", b"1", "image/png")
    page = buckets.client().head_object(Bucket=PUBLIC, Key="pages/a.bin")
    assert (page["ContentType"], page["CacheControl"]) == (
        "image/webp",
        "public, max-age=86400",
    )
    original = buckets.client().head_object(Bucket=PRIVATE, Key="originals/no-extension")
    assert original["ContentType"] == "image/png"
    assert "CacheControl" not in original


def test_one_request_writes_and_one_reads(buckets):
    PRIVATE_FILES.put("originals/a", b"1", "image/png")
    PRIVATE_FILES.get("originals/a")
    assert [method for method, _, _ in buckets.front.calls] == ["PUT", "GET"]


def test_what_could_not_be_written_in_parts_leaves_no_part_behind(buckets):
    buckets.front.next("ok", "ok", "access_denied")
    with pytest.raises(StorageUnavailable):
        PRIVATE_FILES.put("uploads/a", bytes(WHOLE_BYTES + 1), "text/csv")
    assert not PRIVATE_FILES.exists("uploads/a")
    assert "Uploads" not in buckets.client().list_multipart_uploads(Bucket=PRIVATE)


def test_a_part_that_was_refused_for_now_is_written_again(buckets):
    buckets.front.next("ok", "slow_down", "ok", "reset")
    PRIVATE_FILES.put("uploads/a", bytes(WHOLE_BYTES + 1), "text/csv")
    found = buckets.client().head_object(Bucket=PRIVATE, Key="uploads/a")
    assert (found["ContentLength"], found["ContentType"]) == (WHOLE_BYTES + 1, "text/csv")


def test_an_object_that_breaks_off_is_the_storages_fault():
    body = StreamingBody(io.BytesIO(b"half"), 8)
    with pytest.raises(StorageUnavailable):
        ObjectFile(body, "uploads/a", 8).read()


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


def test_a_slow_down_is_tried_again(buckets):
    buckets.front.next("slow_down", "slow_down")
    PRIVATE_FILES.put("originals/a", b"1", "image/png")
    assert PRIVATE_FILES.get("originals/a") == b"1"
    assert [outcome for *_, outcome in buckets.front.calls][:2] == ["slow_down", "slow_down"]


def test_a_round_trip_tries_nothing_again(buckets):
    buckets.front.next("slow_down")
    with pytest.raises(StorageUnavailable):
        round_trip("private", "probe/1", b"probe")
    assert len(buckets.front.calls) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: PRIVATE_FILES.put("originals/a", b"1", "image/png"),
        lambda: PRIVATE_FILES.get("originals/a"),
        lambda: PRIVATE_FILES.exists("originals/a"),
        lambda: PRIVATE_FILES.delete("originals/a"),
        lambda: PRIVATE_FILES.open("originals/a"),
    ],
    ids=["put", "get", "exists", "delete", "open"],
)
def test_a_refusal_is_one_error(buckets, call):
    buckets.front.next("access_denied")
    with pytest.raises(StorageUnavailable):
        call()


@pytest.mark.parametrize("changes", [{"endpoint_url": "http://127.0.0.1:9"}, {}])
def test_an_unreachable_endpoint_and_a_missing_bucket_are_the_storages_fault(
    buckets, settings, changes
):
    missing = buckets.storages("no-such-pages", "no-such-originals", retries=0, **changes)
    settings.STORAGES = {**settings.STORAGES, **missing}
    with pytest.raises(StorageUnavailable):
        PRIVATE_FILES.put("a", b"1", "image/png")
    with pytest.raises(StorageUnavailable):
        PRIVATE_FILES.get("a")


def test_what_boto3_knows_is_read_once_for_all_buckets(buckets):
    loaders = {
        storages[name]._create_session()._session.get_component("data_loader")
        for name in ("default", "private")
    }
    assert len(loaders) == 1


# --- local files --------------------------------------------------------------------------------


def test_a_web_server_may_read_a_public_file_and_nothing_half_written_is_left(local_files):
    PUBLIC_FILES.put("pages/a.png", b"1", "image/png")
    (file,) = [path for path in local_files.rglob("*") if path.is_file()]
    assert file == local_files / "public/pages/a.png"
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_disk_that_refuses_is_the_storages_fault(local_files):
    (local_files / "private").write_text("a file where a folder should be")
    with pytest.raises(StorageUnavailable):
        PRIVATE_FILES.put("originals/a", b"1", "image/png")


def test_a_key_cannot_leave_its_folder(local_files):
    with pytest.raises(Exception, match="path"):
        PRIVATE_FILES.put("../outside.txt", b"1", "text/plain")
    assert not (local_files / "outside.txt").exists()
