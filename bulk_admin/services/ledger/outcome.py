"""What became of one call, as the thread that made it tells the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulk_admin.models import Billed, CallState


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPicture:
    """Bytes that are in the storage under ``key``; or, with ``unstored``, that still have to go there."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a call ended. Seconds; ``retry_in`` None means that the image is not queued again by itself."""

    state: CallState
    billed: Billed
    picture: StoredPicture | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    http_status: int | None = None
    request_id: str = ""
    revised_prompt: str = ""
    error_code: str = ""
    message: str = ""
    stops: str = "image"
    retry_in: float | None = None
    counts_as_try: bool = True
    cooldown: float | None = None
    send_delay: float = 0.0
    seconds: float = 0.0
