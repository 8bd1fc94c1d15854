"""What became of one call, as the thread that made it tells the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings

from bulk_admin.codes import Code, Reach
from bulk_admin.models import Billed, CallState
from bulk_admin.services.image_providers.errors import Overloaded, ProviderError, RateLimited
from bulk_admin.services.storage.storing import StoredPicture


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a call ended.

    Seconds; ``retry_in`` None means that the image is not queued again by itself.
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
    stops: Reach = Reach.IMAGE
    retry_in: float | None = None
    counts_as_try: bool = True
    cooldown: float | None = None
    send_delay: float = 0.0
    seconds: float = 0.0


DEFAULT_COOLDOWN = 5.0


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
        usage={key: value for key, value in error.usage.items() if isinstance(value, int)},
        http_status=error.http_status,
        request_id=error.request_id,
        error_code=error.code,
        message=error.message,
        stops=error.stops,
        retry_in=(0.0 if is_pace else settings.BULK_RETRY_BACKOFF) if error.retryable else None,
        counts_as_try=not is_pace and error.stops == Reach.IMAGE,
        cooldown=cooldown,
        send_delay=send_delay,
        seconds=seconds,
    )
