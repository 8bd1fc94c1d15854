"""What can go wrong when a page's text or moderation is asked for: one error, classified once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from bulk_admin.codes import Code
from bulk_admin.services.image_providers.errors import Billed, OutcomeUnknown
from bulk_admin.services.image_providers.http.client import (
    new_client,
    timeouts,
    transport_error,
)
from bulk_admin.services.image_providers.http.error_table import error_for
from bulk_admin.text import clean_count, clean_text, clean_usage

# The package takes half of what the whole site takes to start, and only a worker that writes texts
# needs it: each function here imports it when it is called.
if TYPE_CHECKING:
    import openai

# Their sentences speak of pictures.
OF_PICTURES = (Code.REJECTED, Code.BLOCKED, Code.BAD_REQUEST)


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
    private_network: bool = False


@contextmanager
def asking(access: OpenAIAccess, *, prompt: str = "") -> Iterator[openai.OpenAI]:
    """A client for one call; whatever error the openai package raises leaves as a ServiceError."""
    import openai

    try:
        yield client(access)
    except openai.OpenAIError as error:
        raise translate(error, access, prompt=prompt) from error


@lru_cache(maxsize=16)
def client(access: OpenAIAccess) -> openai.OpenAI:
    """A client that never retries on its own: a repeated call is booked, so the ledger must know of
    it. It follows no redirect.
    """
    import openai

    return openai.OpenAI(
        api_key=access.api_key,
        base_url=access.base_url,
        max_retries=0,
        timeout=timeouts(access.timeout),
        http_client=new_client(
            access.timeout, access.base_url, private_network=access.private_network
        ),
    )


def translate(error: openai.OpenAIError, access: OpenAIAccess, *, prompt: str = "") -> ServiceError:
    """The ServiceError of an error that the openai package raised, by the table that pictures have.

    Says "unknown" whenever the call may have been billed. ``prompt``, where the answer quotes it,
    is taken for no words of the provider.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        answer = error.response
        found = error_for(
            answer.status_code, answer.headers, answer.content, key=access.api_key, prompt=prompt
        )
    elif isinstance(error, openai.APIConnectionError):
        found = transport_error(error, access.timeout)
    else:
        found = OutcomeUnknown()
    refused = found.code in OF_PICTURES
    return ServiceError(
        f"The provider refused: {found.detail}" if refused else found.message,
        # No setting of a job goes along with a text.
        code=Code.REJECTED if found.code == Code.BAD_REQUEST else found.code,
        billed=found.billed,
        retry_after=found.retry_after,
        http_status=found.http_status,
        request_id=found.request_id,
    )
