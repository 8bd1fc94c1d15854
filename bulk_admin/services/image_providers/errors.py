"""What can go wrong at a provider: one family, classified once, at the edge.

``code`` is stored on rows and keys every text and button; ``stops`` says how far the fault reaches:
one ``image``, every picture of the ``job``, or everything that the ``account`` buys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from bulk_admin.codes import Code, Reach
from bulk_admin.text import clean_count, clean_text, clean_usage

Billed = Literal["yes", "no", "unknown"]


class ProviderError(Exception):
    """What the provider said of it is cleaned here, whoever raises it."""

    code: ClassVar[Code] = Code.PROVIDER_ERROR
    user_message: ClassVar[str] = ""  # instead of the code's sentence
    billed: Billed = "no"
    address: str = ""  # where a picture waits that could not be fetched

    def __init__(
        self,
        detail: str = "",
        *,
        http_status: int | None = None,
        request_id: str = "",
        retry_after: float | None = None,
        billed: Billed | None = None,
        usage: Mapping[str, object] | None = None,
    ) -> None:
        self.detail = clean_text(detail)
        super().__init__(self.detail or self.sentence)
        self.http_status = clean_count(http_status, 999)
        self.request_id = clean_text(request_id, 120)
        self.retry_after = retry_after
        self.usage = clean_usage(usage)
        if billed is not None:
            self.billed = billed

    @property
    def sentence(self) -> str:
        return self.user_message or self.code.about.sentence

    @property
    def retryable(self) -> bool:
        return self.code.about.is_retried

    @property
    def stops(self) -> Reach:
        return self.code.about.reach

    @property
    def message(self) -> str:
        """One sentence for the tile: what happened, then what the provider said of it."""
        return f"{self.sentence} {self.detail}".strip()[:500]


class NotSent(ProviderError):
    """No connection was made: nothing left, nothing is billed."""

    code = Code.NOT_SENT


class RateLimited(ProviderError):
    """A 429 about the pace. Normal: no try is used, the whole pool cools down."""

    code = Code.RATE_LIMITED


class Overloaded(ProviderError):
    """A 503 or 529: refused before any work."""

    code = Code.OVERLOADED


class OutcomeUnknown(ProviderError):
    """Sent, perhaps billed, no usable answer: time-out, cut connection, 408, 500, 502, 504, broken
    200.
    """

    code = Code.UNKNOWN
    billed = "unknown"


class NotDownloaded(OutcomeUnknown):
    """Made, but not fetched from ``address``: asking for it again there buys nothing.

    ``may_come`` tells a download that broke from an address that is refused.
    """

    def __init__(self, why: str, *, address: str, may_come: bool) -> None:
        super().__init__(f"The picture was made, but could not be downloaded: {why}.")
        self.address, self.may_come = address, may_come


class PromptBlocked(ProviderError):
    code = Code.BLOCKED


class PromptRejected(ProviderError):
    code = Code.REJECTED


class BadRequest(ProviderError):
    """A setting the provider does not take: every picture of the job would fail the same way."""

    code = Code.BAD_REQUEST


class ModelRetired(ProviderError):
    code = Code.MODEL_RETIRED


class BadAddress(ProviderError):
    """No such address there, a redirect, or one that we do not send to: the base URL is wrong."""

    code = Code.BAD_ADDRESS


class BadKey(ProviderError):
    code = Code.BAD_KEY


class NotVerified(ProviderError):
    code = Code.NOT_VERIFIED


class NoCredit(ProviderError):
    code = Code.NO_CREDIT


class UnsupportedOption(ProviderError, ValueError):
    """Raised by us before anything is sent: the model does not declare this size, quality or
    format.
    """

    code = Code.BAD_REQUEST
    user_message = "This model does not support one of the job's settings."
