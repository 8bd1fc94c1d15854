"""A burst of answers: their originals are safe at once, and they wait for their thumbnails outside
of memory.
"""

from __future__ import annotations

import threading
import uuid
from contextlib import contextmanager

import pytest

from bulk_admin.services.image_providers import ImageResult
from bulk_admin.services.ledger.permits import Permit
from bulk_admin.services.storage import private, storing
from bulk_admin.services.storage.pictures import PILLOW
from bulk_admin.services.worker.image_work import ImageWork
from bulk_admin.testing.pictures import png_bytes
from bulk_admin.tests.support.processes import wait_until


class OneAnswer:
    holds_calls = False

    def generate(self, *given, **options):
        return [ImageResult(content=png_bytes(), usage={"image_output": 7})]


@pytest.fixture
def work():
    ids = {"image_id": 1, "job_id": uuid.uuid4(), "account_id": 1, "pool_id": 1, "attempt": 1}
    permit = Permit(
        call_id=uuid.uuid4(),
        kind="image",
        prompt="A fox",
        model="m",
        size="64x64",
        quality="low",
        **ids,
    )
    return ImageWork(permit, OneAnswer())


@contextmanager
def all_of_pillow():
    taken = [PILLOW.acquire(), PILLOW.acquire()]
    try:
        yield
    finally:
        for _ in taken:
            PILLOW.release()


def test_a_safe_original_waits_for_its_thumbnails_without_its_bytes_and_never_goes_into_the_outbox(
    work,
):
    thread = threading.Thread(target=work.run, args=(lambda done: None,))
    with all_of_pillow():
        thread.start()
        wait_until(lambda: work.answer and not work.answer.content, what="the bytes are let go")
        assert private.get(work.key) == png_bytes()
        assert work.into_outbox() is None
        assert work.outcome is None
    thread.join(timeout=10)
    picture = work.outcome.picture
    assert (picture.width, picture.length, picture.unstored) == (64, len(png_bytes()), None)
    assert private.exists(picture.thumb_300)
    assert work.outcome.usage == {"image_output": 7}


def test_an_original_that_is_not_safe_goes_into_the_outbox_whole(work):
    work.answer = OneAnswer().generate()[0]
    assert work.into_outbox().picture.unstored == png_bytes()


def test_bytes_put_aside_come_back_whole(tmp_path, monkeypatch):
    assert storing.put_aside(b"abc" * 1000)() == b"abc" * 1000
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no such folder"))
    assert storing.put_aside(b"abc")() == b"abc"
