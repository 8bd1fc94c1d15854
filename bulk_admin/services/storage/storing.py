"""Paid bytes to safety: verified, kept as they came, with thumbnails.

Runs in threads; touches no ORM.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bulk_admin.failpoints import reach
from bulk_admin.services.storage import pictures, private
from bulk_admin.services.storage.pictures import PILLOW
from bulk_admin.storages import StorageDenied, StorageUnavailable

logger = logging.getLogger(__name__)
THUMBNAILS = (300, 600)
PROBES = "originals/probe-"


@dataclass(frozen=True, slots=True)
class Decoded:
    content_type: str
    width: int
    height: int
    thumbnails: Mapping[int, bytes]


def original_key(job_id: uuid.UUID, call_id: uuid.UUID) -> str:
    """Where a call's bytes go. Never reused: putting the same bytes again is harmless."""
    return f"originals/{job_id}/{call_id}"


def describe(key: str, content: bytes, facts: Mapping[str, Any]) -> StoredPicture:
    """Bytes that could not be stored yet, for the outbox."""
    sha256 = hashlib.sha256(content).hexdigest()
    held = StoredPicture(
        key=key,
        sha256=sha256,
        length=len(content),
        unstored=content,
        metadata={**facts, "sha256": sha256},
    )
    try:
        with PILLOW:
            decoded = decode(content)
    except pictures.Unreadable:
        return replace(held, is_readable=False, content_type=pictures.content_type(content))
    return replace(
        held, content_type=decoded.content_type, width=decoded.width, height=decoded.height
    )


def store(key: str, content: bytes, facts: Mapping[str, Any]) -> StoredPicture:
    """Put an answer's bytes under ``key``, its sidecar and its thumbnails beside it.

    ``facts`` (usage, request id, ...) go into the sidecar, so that a rescue can book what it finds.
    Bytes that do not decode are stored all the same (``is_readable`` False). Raises
    StorageUnavailable while the original is not safe; a thumbnail that could not be stored is left
    out.
    """
    keep(key, content, facts)
    return with_thumbnails(key, lambda: content, facts)


def keep(key: str, content: bytes, facts: Mapping[str, Any]) -> None:
    """The first half of ``store``: the original is safe when this returns."""
    # The sidecar goes first: where there is an original, there is what it cost.
    private.put(
        f"{key}.json",
        json.dumps({**facts, "sha256": hashlib.sha256(content).hexdigest()}).encode(),
        "application/json",
    )
    private.put(key, content, pictures.content_type(content))
    reach("after_put")


def put_aside(content: bytes) -> Callable[[], bytes]:
    """Bytes that wait for their turn with Pillow, on disk instead of in memory; call it once to
    have them back.

    A burst of 250 answers at once would be 350 MB.
    """
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # open until the bytes are wanted back
        file.write(content)
        file.seek(0)
    except OSError:  # a full disk: they stay in memory
        return lambda: content

    def back() -> bytes:
        with file:
            return file.read()

    return back


def find(key: str) -> StoredPicture | None:
    """What is stored under a call's key, if anything; its ``metadata`` is the sidecar.

    What is empty, or is not what its sidecar was written for, is no picture: a write that broke
    off, perhaps repeated later. Raises StorageUnavailable.
    """
    if not _is_there(key):
        return None
    try:
        content = private.get(key)
    except FileNotFoundError:  # it went since, or was listed only
        return None
    try:
        facts = json.loads(private.get(f"{key}.json"))
    except (FileNotFoundError, ValueError, RecursionError):
        facts = {}
    facts = facts if isinstance(facts, Mapping) else {}
    found = hashlib.sha256(content).hexdigest()
    if not content or facts.get("sha256", found) != found:
        logger.warning("what is stored for a call is not whole", extra={"key": key})
        return None
    return with_thumbnails(key, lambda: content, facts)


def _is_there(key: str) -> bool:
    """A 403 means missing where the storage says 403 for whatever is missing and shows the rest:
    else a call whose bytes never came would be open for ever.
    """
    try:
        return private.exists(key)
    except StorageDenied as denied:
        if not private.hides_missing(f"{PROBES}{uuid.uuid4()}"):
            raise
        logger.warning(
            "the storage answers 403 for what is missing: its key may not list the bucket",
            extra={"key": key, "reason": str(denied)},
        )
        return False


def delete(keys: Iterable[str]) -> None:
    """Delete originals with what stands beside them.

    Pages have copies of their own. Raises StorageUnavailable.
    """
    for key in keys:
        for name in (key, f"{key}.json", *(_thumbnail_key(key, side) for side in THUMBNAILS)):
            private.delete(name)


def _thumbnail_key(key: str, side: int) -> str:
    return f"{key.replace('originals/', 'thumbnails/', 1)}-{side}.webp"


def with_thumbnails(
    key: str, original: Callable[[], bytes], facts: Mapping[str, Any]
) -> StoredPicture:
    """The second half of ``store``; the bytes are asked for when it is their turn."""
    with PILLOW:
        content = original()
        sha256 = hashlib.sha256(content).hexdigest()
        try:
            decoded = decode(content)
        except pictures.Unreadable:
            return StoredPicture(
                key=key,
                sha256=sha256,
                length=len(content),
                content_type=pictures.content_type(content),
                is_readable=False,
                metadata=facts,
            )
    names: dict[int, str] = {}
    for side, thumbnail in decoded.thumbnails.items():
        name = _thumbnail_key(key, side)
        try:
            private.put(name, thumbnail, "image/webp")
        except StorageUnavailable:
            continue
        names[side] = name
    return StoredPicture(
        key=key,
        sha256=sha256,
        length=len(content),
        content_type=decoded.content_type,
        width=decoded.width,
        height=decoded.height,
        thumb_300=names.get(300, ""),
        thumb_600=names.get(600, ""),
        metadata=facts,
    )


def decode(content: bytes) -> Decoded:
    """The real format and size, and WebP thumbnails. Raises Unreadable."""
    opened = pictures.opened(content, max(THUMBNAILS))
    thumbnails = {
        side: pictures.webp(opened.picture, side) for side in sorted(THUMBNAILS, reverse=True)
    }
    return Decoded(opened.content_type, opened.width, opened.height, thumbnails)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPicture:
    """Bytes that are in the storage under ``key``; or, with ``unstored``, that still have to go
    there.
    """

    key: str
    sha256: str
    length: int
    content_type: str = ""
    width: int = 0
    height: int = 0
    thumb_300: str = ""
    thumb_600: str = ""
    is_readable: bool = True
    unstored: bytes | None = field(default=None, repr=False)
    metadata: Mapping[str, Any] = field(default_factory=dict)
