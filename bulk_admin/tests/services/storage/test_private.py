from __future__ import annotations

import urllib.request

from bulk_admin.services.storage import private
from bulk_admin.storages import ObjectStore


def test_what_is_private_is_kept_in_the_private_storage(any_storage):
    private.put("originals/a", b"bytes", "image/png")
    assert ObjectStore("private").get("originals/a") == private.get("originals/a") == b"bytes"
    assert not ObjectStore("default").exists("originals/a")


def test_a_link_opens_for_a_quarter_of_an_hour_with_its_type_and_name(buckets):
    private.put("originals/a", b"bytes", "application/octet-stream")
    link = private.link(
        "originals/a", content_type="image/png", download_name='fox "7"\r\nX: y.png'
    )
    assert "X-Amz-Expires=900" in link
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"bytes"
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename")
        assert answer.headers["X"] is None


def test_local_files_have_no_link(local_files):
    private.put("originals/a", b"1", "image/png")
    assert private.link("originals/a") is None
