"""The provider seam.

A provider module is a payload, a parse and an error table; it knows no model and no ORM.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageResult:
    """One picture as it came.

    ``content`` is never empty and is kept byte for byte, whatever it turns out to be. ``usage``
    holds token counts: text_input, image_input, image_output, text_output; empty when the provider
    told none.
    """

    content: bytes
    usage: Mapping[str, int] = field(default_factory=dict)
    request_id: str = ""
    http_status: int | None = None
    revised_prompt: str = ""
    size: str = ""
    quality: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What a provider needs to know of an account."""

    api_key: str = field(default="", repr=False)
    base_url: str = ""
    tier: int = 1
    images_per_minute: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """``code`` is "" when all is well, else an error's code; ``message`` is a sentence for the
    account's page.
    """

    code: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedModel:
    """One row of a provider's model list; ``shutdown_date`` is an ISO day or ""."""

    name: str
    shutdown_date: str = ""


class ImageProvider(ABC):
    """One account at one provider.

    Instances are shared by threads and keep at most a connection pool.

    Capabilities are off unless a provider declares them.
    """

    name: ClassVar[str]  # stored in rows: never renamed
    label: ClassVar[str]
    requires_key: ClassVar[bool] = True
    takes_base_url: ClassVar[bool] = False
    requires_nsfw_check: ClassVar[bool] = True  # False: the provider refuses such pictures itself
    is_placeholder: ClassVar[bool] = False
    lists_models: ClassVar[bool] = False
    resumable: ClassVar[bool] = (
        False  # a call has a remote id, and its picture can be collected by it later
    )

    def __init__(self, credentials: Credentials, *, timeout: float = 180.0) -> None:
        self.credentials = credentials
        self.timeout = timeout

    @abstractmethod
    def generate(
        self, prompt: str, size: str, quality: str, n: int = 1, **options: Any
    ) -> list[ImageResult]:
        """Ask for ``n`` pictures, once, without any retry.

        ``options``: model (id), output_format, background, client_request_id (sent where the
        provider takes one), timeout (seconds for the whole call, instead of the constructor's),
        on_remote_id (called with the id, as soon as it is known, where ``resumable`` is declared).
        Empty strings are not sent. Raises a ProviderError; UnsupportedOption before anything is
        sent.
        """

    def resume(self, remote_id: str, **options: Any) -> list[ImageResult]:
        """Collect a call that was made before, where ``resumable`` is declared; buys nothing.

        Raises as ``generate`` does.
        """
        raise NotImplementedError(f"{type(self).__name__} does not resume calls")

    @abstractmethod
    def get_rate_limit(self) -> int:
        """Pictures per minute that the account's tier allows; 0 when there is no limit."""

    @abstractmethod
    def check(self, model: str = "") -> CheckResult:
        """Look at the key, and at the model if one is named, without buying anything."""

    def list_models(self) -> list[ListedModel]:
        """The provider's models, where ``lists_models`` is declared. Raises a ProviderError."""
        raise NotImplementedError(f"{type(self).__name__} does not list models")

    def close(self) -> None:  # noqa: B027  # most providers hold nothing open
        """Drop open connections. A later call opens new ones."""
