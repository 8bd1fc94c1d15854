"""The provider seam.

A provider module is a payload, a parse and an error table; it knows no model and no ORM.
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bulk_admin.codes import ACCOUNT_FAULTS, NORMAL, Code
from bulk_admin.text import clean_count, clean_text, clean_usage

from .account_options import Rule
from .errors import OutcomeUnknown, ProviderError, UnsupportedOption

# Errors whose own sentence is true of a check as well.
TOLD_BY_CHECK = ACCOUNT_FAULTS | NORMAL | {Code.OVERLOADED, Code.MODEL_RETIRED}

REMOTE_ID = re.compile(r"[!-~]{1,120}")
SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")
MAX_SEED = 2**31 - 1
REQUEST_ID_LIMIT = 120
PROMPT_LIMIT = 32_000
NAME_LIMIT = 120


def parse_size(size: str) -> tuple[int, int]:
    """Width and height of "1024x1024", in pixels. Raises ValueError."""
    found = SIZE.fullmatch(size)
    if found is None:
        raise ValueError(f"{size!r} is not a size: write WIDTHxHEIGHT.")
    return int(found[1]), int(found[2])


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageOptions:
    """How a picture is wanted, beyond its prompt, size and quality; then how the call is made.

    What is empty is not sent. ``variant`` counts a job's pictures of one prompt, from 1, for
    providers that would draw the same one again. ``client_request_id`` is sent where the provider
    takes one, and ``timeout`` (seconds for the whole call) replaces the constructor's.
    """

    model: str = ""
    output_format: str = ""
    background: str = ""
    seed: int | None = None
    variant: int = 1
    client_request_id: str = ""
    timeout: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageResult:
    """One picture as it came.

    ``content`` is never empty and is kept byte for byte, whatever it turns out to be. ``usage``
    holds token counts: text_input, image_input, image_output, text_output; empty when the provider
    reported none. Everything else is cleaned here.
    """

    content: bytes
    usage: Mapping[str, int] = field(default_factory=dict)
    request_id: str = ""
    http_status: int | None = None
    revised_prompt: str = ""
    size: str = ""
    quality: str = ""

    def __post_init__(self) -> None:
        cleaned = {
            "usage": clean_usage(self.usage),
            "request_id": clean_text(self.request_id, REQUEST_ID_LIMIT),
            "http_status": clean_count(self.http_status, 999),
            "revised_prompt": clean_text(self.revised_prompt, PROMPT_LIMIT, lines=True),
            "size": clean_text(self.size, NAME_LIMIT),
            "quality": clean_text(self.quality, NAME_LIMIT),
        }
        for name, value in cleaned.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """What a provider that holds calls answers at once.

    Seconds: ``poll_in`` until a first look is worth it, ``hold_for`` until it has certainly ended.
    Raises OutcomeUnknown for an id that cannot be kept.
    """

    remote_id: str
    poll_in: float
    hold_for: float

    def __post_init__(self) -> None:
        if not isinstance(self.remote_id, str) or not REMOTE_ID.fullmatch(self.remote_id):
            raise OutcomeUnknown("The answer has no usable id to collect the picture by.")


@dataclass(frozen=True, slots=True)
class NotYet:
    """It is not known yet how a held call ends: worth asking again in so many seconds.

    ``why`` is a sentence, where it is not just that the provider works on it still.
    """

    seconds: float
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What a provider needs to know of an account."""

    api_key: str = field(default="", repr=False)
    base_url: str = ""
    private_network: bool = False  # its server may be inside our network
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", clean_text(self.message, 500))

    @classmethod
    def of(cls, error: ProviderError) -> Self:
        """A check that failed. It asked for no picture, so it speaks of no prompt and no job."""
        if error.code in TOLD_BY_CHECK:
            return cls(code=error.code, message=error.message)
        return cls(
            code=error.code,
            message=f"The provider gave no usable answer to the check. {error.detail}".strip(),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedModel:
    """One row of a provider's model list; ``shutdown_date`` is an ISO day or ""."""

    name: str
    shutdown_date: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", clean_text(self.name, NAME_LIMIT))
        object.__setattr__(self, "shutdown_date", clean_text(self.shutdown_date, 10))


class ImageProvider(ABC):
    """One account at one provider.

    Instances are shared by threads and keep at most a connection pool.

    Capabilities are off unless a provider declares them.
    """

    name: ClassVar[str]  # stored in rows: never renamed
    requires_key: ClassVar[bool] = True
    takes_base_url: ClassVar[bool] = False
    is_placeholder: ClassVar[bool] = False
    bills_nothing: ClassVar[bool] = False
    lists_models: ClassVar[bool] = False
    formats: ClassVar[tuple[str, ...]] = ()
    backgrounds: ClassVar[tuple[str, ...]] = ("opaque",)
    takes_quality: ClassVar[bool] = False
    takes_seed: ClassVar[bool] = False
    max_pictures: ClassVar[int] = 1  # of one call
    longest_side: ClassVar[int] = 99_999
    holds_calls: ClassVar[bool] = False  # it has submit and collect: no thread waits for it
    account_options: ClassVar[Mapping[str, Rule]] = {}  # what it reads of Credentials.options

    def __init__(self, credentials: Credentials, *, timeout: float = 180.0) -> None:
        self.credentials = credentials
        self.timeout = timeout

    @abstractmethod
    def generate(
        self, prompt: str, size: str, quality: str, n: int = 1, *, options: ImageOptions
    ) -> list[ImageResult]:
        """Ask for ``n`` pictures, once, without any retry.

        Calls ``refuse_unsupported`` before anything is sent. Raises a ProviderError.
        """

    def refuse_unsupported(self, size: str, quality: str, n: int, options: ImageOptions) -> None:
        """Raise UnsupportedOption for what the capabilities do not declare.

        A provider that has rules of its own besides adds them to these.
        """
        try:
            sides = parse_size(size)
        except ValueError as error:
            raise UnsupportedOption(str(error)) from error
        if max(sides) > self.longest_side:
            raise UnsupportedOption(f"No side may be longer than {self.longest_side}.")
        if not 1 <= n <= self.max_pictures:
            raise UnsupportedOption(f"The pictures of one call are 1 to {self.max_pictures}.")
        if quality not in ("", "standard") and not self.takes_quality:
            raise UnsupportedOption("A quality cannot be chosen here.")
        if options.seed is not None and not self.takes_seed:
            raise UnsupportedOption("A seed cannot be chosen here.")
        _refuse_other("format", options.output_format, self.formats)
        _refuse_other("background", options.background, self.backgrounds)

    def submit(self, prompt: str, size: str, quality: str, *, options: ImageOptions) -> Submitted:
        """Order one picture, once, without any retry, where ``holds_calls`` is declared.

        Refuses and raises as ``generate`` does.
        """
        raise NotImplementedError(f"{type(self).__name__} does not hold calls")

    def collect(self, remote_id: str) -> list[ImageResult] | NotYet:
        """Look once at what was submitted, where ``holds_calls`` is declared; buys nothing.

        Raises a ProviderError only for how the call itself ended. What says nothing about that
        (no connection, a 5xx, a 429, a refused key) is NotYet.
        """
        raise NotImplementedError(f"{type(self).__name__} does not hold calls")

    def wait_for(self, submitted: Submitted, seconds: float) -> list[ImageResult]:
        """Look until the picture is there, for scripts: a worker lets the provider hold the call.

        Raises as ``collect`` does, and OutcomeUnknown when the time is over.
        """
        ends = time.monotonic() + seconds
        pause = submitted.poll_in
        while True:
            time.sleep(max(0.0, min(pause, ends - time.monotonic())))
            answer = self.collect(submitted.remote_id)
            if not isinstance(answer, NotYet):
                return answer
            if time.monotonic() >= ends:
                raise OutcomeUnknown(
                    f"{answer.why or 'It was not finished in time.'} It can still be collected.",
                    request_id=submitted.remote_id,
                )
            pause = answer.seconds

    @property
    def download_hosts(self) -> tuple[str, ...]:
        """Servers, besides its own, that a picture may be downloaded from: the account's option."""
        return tuple(self.credentials.options.get("download_hosts", ()))

    def download(self, address: str) -> bytes:
        """Fetch a picture that was made before from where the answer said it is; buys nothing.

        The address is judged as at the first time. Raises NotDownloaded.
        """
        raise NotImplementedError(f"{type(self).__name__} names no addresses")

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


def _refuse_other(what: str, wanted: str, offered: tuple[str, ...]) -> None:
    if wanted and wanted not in offered:
        raise UnsupportedOption(
            f"The {what} {wanted!r} is not one of {', '.join(offered)}."
            if offered
            else f"A {what} cannot be chosen here."
        )
