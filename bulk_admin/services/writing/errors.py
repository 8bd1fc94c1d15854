"""What can go wrong when a page's text or moderation is asked for: one error, told apart once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import httpx2
import openai
from openai import OpenAI

from bulk_admin.codes import Code
from bulk_admin.services.image_providers.http.waits import wait_of
from bulk_admin.text import clean_count, clean_text, clean_usage

Billed = Literal["yes", "no", "unknown"]
QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    }
)


class ServiceError(Exception):
    """``message`` stands for the code's sentence; ``code`` is stored; ``billed`` is for the ledger;
    ``retry_after`` is seconds, if the server said so. What the server said is cleaned here.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: Code,
        billed: Billed,
        retry_after: float | None = None,
        http_status: int | None = None,
        request_id: str = "",
        usage: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(clean_text(message, 500) or code.about.sentence)
        self.code, self.billed, self.retry_after = code, billed, retry_after
        self.http_status = clean_count(http_status, 999)
        self.request_id = clean_text(request_id, 120)
        self.usage = clean_usage(usage)

    @property
    def retryable(self) -> bool:
        return self.code.about.is_page_retried


@dataclass(frozen=True, slots=True)
class OpenAIAccess:
    """A key and where it may go. ``timeout`` is seconds."""

    api_key: str = field(repr=False)
    base_url: str
    timeout: float = 60.0


@lru_cache(maxsize=16)
def client(access: OpenAIAccess) -> OpenAI:
    """A client that never retries by itself: a repeated call is booked, so the ledger must know of
    it.
    """
    limits = httpx2.Limits(keepalive_expiry=4.0)
    timeout = httpx2.Timeout(access.timeout, connect=10.0)
    http_client = openai.DefaultHttpxClient(limits=limits, timeout=timeout)
    return OpenAI(
        api_key=access.api_key,
        base_url=access.base_url,
        max_retries=0,
        timeout=timeout,
        http_client=http_client,
    )


def translate(error: openai.OpenAIError) -> ServiceError:
    """The ServiceError of an error that the openai package raised.

    Says "unknown" whenever the call may have been billed.
    """
    if isinstance(error, openai.APIStatusError):
        return _of_status(error)
    if isinstance(error, openai.APIConnectionError) and isinstance(
        error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout
    ):
        return ServiceError(code=Code.NOT_SENT, billed="no")
    return ServiceError(
        "It was sent, but no usable answer came.", code=Code.UNKNOWN, billed="unknown"
    )


def _of_status(error: openai.APIStatusError) -> ServiceError:
    status = error.status_code
    facts: dict[str, Any] = {"http_status": status, "request_id": error.request_id or ""}
    if status == 429 and (error.code in QUOTA_CODES or error.type == "insufficient_quota"):
        return ServiceError(
            "The account has no credit left.",
            code=Code.NO_CREDIT,
            billed="no",
            **facts,
        )
    if status == 429:
        return ServiceError(
            code=Code.RATE_LIMITED,
            billed="no",
            retry_after=wait_of(error.response.headers, error.message),
            **facts,
        )
    if status == 503:
        return ServiceError(
            code=Code.OVERLOADED,
            billed="no",
            retry_after=wait_of(error.response.headers, error.message),
            **facts,
        )
    if status in (401, 403):
        return ServiceError(
            code=Code.BAD_KEY,
            billed="no",
            **facts,
        )
    if status == 408 or status >= 500:
        return ServiceError(
            "It was sent, but no usable answer came.",
            code=Code.UNKNOWN,
            billed="unknown",
            **facts,
        )
    return ServiceError(
        f"The provider refused: {error.message}"[:300],
        code=Code.REJECTED,
        billed="no",
        **facts,
    )
