from __future__ import annotations

from bulk_admin.storages import ObjectStore
from prompts.services import b2_upload


def test_a_pages_file_is_kept_in_the_public_storage(any_storage):
    b2_upload.put("pages/red-fox.webp", b"bytes", "image/webp")
    assert b2_upload.get("pages/red-fox.webp") == b"bytes"
    assert ObjectStore("default").exists("pages/red-fox.webp")
    assert not ObjectStore("private").exists("pages/red-fox.webp")
    b2_upload.delete("pages/red-fox.webp")
    assert not b2_upload.exists("pages/red-fox.webp")


def test_a_public_file_has_the_address_of_the_cdn(buckets):
    assert (
        b2_upload.public_url("pages/red-fox.webp") == "https://img.example.com/f/pages/red-fox.webp"
    )


def test_a_local_file_has_the_address_of_the_site(local_files):
    assert b2_upload.public_url("pages/a.png") == "/media/pages/a.png"


def test_a_local_file_is_cached_for_a_day_and_no_longer(client):
    b2_upload.put("pages/cached-fox.png", b"bytes", "image/png")
    answer = client.get("/media/pages/cached-fox.png")
    assert b"".join(answer.streaming_content) == b"bytes"
    assert answer["Cache-Control"] == "public, max-age=86400"
    assert "Cache-Control" not in client.get("/media/pages/no-such-fox.png")
