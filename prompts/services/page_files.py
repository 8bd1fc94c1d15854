"""Where a page's files are. They are private; while the page is published, copies are public.

A page names its files by their keys in public storage. The private ones have the same names, in the
page's ``draft_folder``.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from django.urls import reverse

from bulk_admin.adapter import private
from bulk_admin.storages import StorageUnavailable
from prompts.models import Prompt
from prompts.services import b2_upload

logger = logging.getLogger(__name__)
PUBLIC_FOLDER, PRIVATE_FOLDER = "pages/", "drafts/"
AT_ONCE = 5
CONTENT_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}


class TooLate(StorageUnavailable):
    """Another worker may work on the page's files by now: nothing more is written or deleted."""


def new_folder() -> str:
    """A private folder that no other page has, not even one that is made of the same picture."""
    return f"{PRIVATE_FOLDER}{uuid.uuid4().hex}/"


def name_of(key: str) -> str:
    return key.rpartition("/")[2]


def content_type_of(key: str) -> str:
    return CONTENT_TYPES.get(key.rpartition(".")[2], "application/octet-stream")


def keys_of(page: Prompt) -> list[str]:
    """The public keys of a page's own files; what else a page may show is not ours to touch."""
    keys = (page.image, *(variant["key"] for variant in page.variants))
    return [key for key in keys if key.startswith(PUBLIC_FOLDER)]


def named(page: Prompt) -> dict[str, str]:
    """Name -> public key, of every picture that the page shows."""
    keys = (page.image, *(variant["key"] for variant in page.variants))
    return {name_of(key): key for key in keys if key}


def url(page: Prompt, key: str) -> str:
    """Where a file of the page is seen: by everybody, or while it is not public by staff alone."""
    if page.is_public:
        return b2_upload.public_url(key)
    return reverse("admin:prompts_prompt_picture", args=[page.pk, name_of(key)])


def smallest_url(page: Prompt) -> str:
    """Of its smallest picture; empty where it has none."""
    key = page.variants[0]["key"] if page.variants else page.image
    return url(page, key) if key else ""


# --- what the worker does to them, outside any transaction ----------------------------------------
# Each raises StorageUnavailable, begins nothing after ``until`` (of time.monotonic), and is
# harmless when it is repeated.


def copy_to_public(page: Prompt, until: float) -> None:
    """Raises FileNotFoundError when a file is nowhere."""

    def copy(key: str) -> None:
        if page.draft_folder:
            content = private.get(page.draft_folder + name_of(key))
            _check_time(until)
            b2_upload.put(key, content, content_type_of(key))
        elif not b2_upload.exists(key):  # a page of the time when drafts were public
            raise FileNotFoundError(key)

    _each(copy, keys_of(page))


def copy_to_private(page: Prompt, until: float) -> str:
    """Keep the files of a page that has only public ones; the folder that they are in."""
    folder = f"{PRIVATE_FOLDER}page-{page.pk}/"

    def keep(key: str) -> None:
        try:
            content = b2_upload.get(key)
        except FileNotFoundError:
            logger.warning("a file of the page is missing", extra={"page": page.pk, "file": key})
            return
        _check_time(until)
        private.put(folder + name_of(key), content, content_type_of(key))

    _each(keep, keys_of(page))
    return folder


def delete_public(keys: Iterable[str], until: float) -> None:
    def delete(key: str) -> None:
        _check_time(until)
        b2_upload.delete(key)

    _each(delete, keys)


def delete_private(keys: Iterable[str], folder: str, until: float) -> None:
    def delete(key: str) -> None:
        _check_time(until)
        private.delete(folder + name_of(key))

    _each(delete, keys)


def _check_time(until: float) -> None:
    if time.monotonic() > until:
        raise TooLate("The storage took too long.")


def _each(work: Callable[[str], None], keys: Iterable[str]) -> None:
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        for _ in threads.map(work, keys):
            pass
