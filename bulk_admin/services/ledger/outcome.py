"""What became of one call, as the thread that made it tells the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from bulk_admin.codes import Code, Reach, about
from bulk_admin.conf import conf
from bulk_admin.models import Billed, CallState
from bulk_admin.services.image_providers.base import PROMPT_LIMIT
from bulk_admin.services.image_providers.errors import Overloaded, ProviderError, RateLimited
from bulk_admin.services.storage.storing import StoredPicture
from bulk_admin.text import clean_count, clean_text, clean_usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a call ended.

    Seconds; ``retry_in`` None means that the image is not queued again automatically.
    """

    state: CallState
    billed: Billed
    picture: StoredPicture | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    http_status: int | None = None
    request_id: str = ""
    revised_prompt: str = ""
    error_code: str = ""
    message: str = ""
    address: str = field(default="", repr=False)  # where a picture waits that was not downloaded
    stops: Reach = Reach.IMAGE
    retry_in: float | None = None
    counts_as_try: bool = True
    cooldown: float | None = None
    send_delay: float = 0.0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Also of what a sidecar says: the last door before a row."""
        cleaned = {
            "usage": clean_usage(self.usage),
            "http_status": clean_count(self.http_status, 999),
            "request_id": clean_text(self.request_id, 120),
            "revised_prompt": clean_text(self.revised_prompt, PROMPT_LIMIT, lines=True),
            "message": clean_text(self.message, 500),
            "address": clean_text(self.address, LONGEST_ADDRESS + 1),
        }
        for name, value in cleaned.items():
            object.__setattr__(self, name, value)

    @property
    def download_host(self) -> str:
        """The server of ``address``; "" when it is none that can be asked again."""
        try:
            host = urlsplit(self.address).hostname or ""
        except ValueError:
            return ""
        is_kept = self.address.lower().startswith("http") and len(self.address) <= LONGEST_ADDRESS
        return clean_text(host, 253) if is_kept else ""

    def bare(self) -> Outcome:
        """The same end of a call without anything that its provider said of it."""
        picture = self.picture and replace(self.picture, metadata={"sha256": self.picture.sha256})
        return replace(
            self,
            picture=picture,
            usage={},
            http_status=None,
            request_id="",
            revised_prompt="",
            address="",
            message=about(self.error_code).sentence,
        )


DEFAULT_COOLDOWN = 5.0
LONGEST_ADDRESS = 8_000


def handed_back(message: str) -> Outcome:
    """Nothing was sent: un-booked, and queued again at once."""
    return Outcome(
        state=CallState.REFUSED,
        billed=Billed.NO,
        error_code=Code.NOT_SENT,
        message=message,
        retry_in=0.0,
        counts_as_try=False,
    )


def outcome_of(error: ProviderError, *, send_delay: float = 0.0, seconds: float = 0.0) -> Outcome:
    """The ledger's view of a provider's refusal."""
    is_pace = isinstance(error, RateLimited)
    cooldown = (
        (error.retry_after or DEFAULT_COOLDOWN)
        if isinstance(error, RateLimited | Overloaded)
        else None
    )
    state = CallState.UNKNOWN if error.code == Code.UNKNOWN else CallState.REFUSED
    return Outcome(
        state=state,
        billed=Billed(error.billed),
        usage=error.usage,
        http_status=error.http_status,
        request_id=error.request_id,
        error_code=error.code,
        message=error.message,
        address=error.address,
        stops=error.stops,
        retry_in=(0.0 if is_pace else conf.RETRY_BACKOFF) if error.retryable else None,
        counts_as_try=not is_pace and error.stops == Reach.IMAGE,
        cooldown=cooldown,
        send_delay=send_delay,
        seconds=seconds,
    )
