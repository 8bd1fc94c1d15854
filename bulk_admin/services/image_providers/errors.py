"""What can go wrong at a provider: one family, told apart once, at the edge.

``code`` is stored on rows and keys every text and button; ``stops`` says how far the fault reaches:
one ``image``, every picture of the ``job``, or everything that the ``account`` buys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

Billed = Literal["yes", "no", "unknown"]
Reach = Literal["image", "job", "account"]


class ProviderError(Exception):
    code: ClassVar[str] = "provider_error"
    title: ClassVar[str] = "The provider refused"
    user_message: ClassVar[str] = "The provider refused this picture."
    retryable: ClassVar[bool] = False
    stops: ClassVar[Reach] = "image"
    billed: Billed = "no"

    def __init__(
        self,
        detail: str = "",
        *,
        http_status: int | None = None,
        request_id: str = "",
        retry_after: float | None = None,
        billed: Billed | None = None,
        usage: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.user_message)
        self.detail = detail
        self.http_status = http_status
        self.request_id = request_id
        self.retry_after = retry_after
        self.usage = dict(usage or {})
        if billed is not None:
            self.billed = billed

    @property
    def message(self) -> str:
        """One sentence for the tile: what happened, then what the provider said of it."""
        return f"{self.user_message} {self.detail}".strip()[:500]


class NotSent(ProviderError):
    """No connection was made: nothing left, nothing is billed."""

    code = "not_sent"
    title = "Not sent"
    user_message = "The provider could not be reached."
    retryable = True


class RateLimited(ProviderError):
    """A 429 about the pace. Normal: no try is used, the whole pool cools down."""

    code = "rate_limited"
    title = "Waiting for the provider"
    user_message = "The provider asked to slow down."
    retryable = True


class Overloaded(ProviderError):
    """A 503: refused before any work."""

    code = "overloaded"
    title = "Provider overloaded"
    user_message = "The provider was overloaded."
    retryable = True


class OutcomeUnknown(ProviderError):
    """Sent, perhaps billed, no usable answer: time-out, cut connection, 408, 500, 502, 504, broken
    200.
    """

    code = "unknown"
    title = "Outcome unknown"
    user_message = "It was sent, but no usable answer came. It may have been billed."
    billed = "unknown"


class PromptBlocked(ProviderError):
    code = "blocked"
    title = "Blocked by the provider"
    user_message = "The provider's safety system refused this prompt."


class PromptRejected(ProviderError):
    code = "rejected"
    title = "Refused by the provider"
    user_message = "The provider could not make a picture from this prompt."


class BadRequest(ProviderError):
    """A setting the provider does not take: every picture of the job would fail the same way."""

    code = "bad_request"
    title = "Setting refused"
    user_message = "The provider does not accept one of the job's settings."
    stops = "job"


class ModelRetired(ProviderError):
    code = "model_retired"
    title = "Model not available"
    user_message = "This model is retired, or this account has no access to it."
    stops = "job"


class BadKey(ProviderError):
    code = "bad_key"
    title = "Key refused"
    user_message = "The provider refused the account's key."
    stops = "account"


class NotVerified(ProviderError):
    code = "not_verified"
    title = "Organisation not verified"
    user_message = "The provider wants the organisation verified before it makes pictures."
    stops = "account"


class NoCredit(ProviderError):
    code = "no_credit"
    title = "No credit left"
    user_message = "The account's credit or spending limit at the provider is used up."
    stops = "account"


class UnsupportedOption(ProviderError, ValueError):
    """Raised by us before anything is sent: the model does not declare this size, quality or
    format.
    """

    code = "bad_request"
    title = "Setting not supported"
    user_message = "This model does not support one of the job's settings."
    stops = "job"
