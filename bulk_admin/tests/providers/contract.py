"""What every provider owes the pump.

A subclass says how its provider is built and provoked; the cases are the same for all.
"""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from PIL import Image

from bulk_admin.services.image_providers import (
    Credentials,
    ImageOptions,
    ImageProvider,
    ImageResult,
    provider_class,
)
from bulk_admin.services.image_providers.errors import (
    OutcomeUnknown,
    ProviderError,
    UnsupportedOption,
)

KEY = "sk-contract-Zq81secret"
SIZE = "1024x1024"


@dataclass(frozen=True)
class Expected:
    """``prompt`` provokes the fault; ``billed`` and ``retryable`` are what the ledger will go
    by.
    """

    prompt: str
    error: type[ProviderError]
    billed: str = "no"
    retryable: bool = False
    says: str = ""
    retry_after: float | None = None


class ProviderContract:
    provider: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {"model": "gpt-image-2.5-flare"}
    quality: ClassVar[str] = "low"
    unsupported: ClassVar[list[dict[str, Any]]] = []
    expected: ClassVar[list[Expected]] = []
    limits: ClassVar[list[tuple[dict[str, Any], int]]] = []
    requests_a_call: ClassVar[int] = 1

    @pytest.fixture
    def server(self) -> Iterator[Any]:
        raise NotImplementedError

    def credentials(self, server: Any, **more: Any) -> Credentials:
        raise NotImplementedError

    def paid_requests(self, server: Any) -> int:
        """How many requests that may cost money have arrived."""
        raise NotImplementedError

    def make(self, server: Any, timeout: float = 30.0, **more: Any) -> ImageProvider:
        return provider_class(self.provider)(self.credentials(server, **more), timeout=timeout)

    def ask(
        self, provider: ImageProvider, prompt: str = "A heron over still water", **more: Any
    ) -> list[ImageResult]:
        wanted = {"size": SIZE, "quality": self.quality, **self.options, **more}
        size, quality, n = wanted.pop("size"), wanted.pop("quality"), wanted.pop("n", 1)
        return provider.generate(prompt, size, quality, n, options=ImageOptions(**wanted))

    def test_it_is_registered_under_its_own_name(self):
        assert provider_class(self.provider).name == self.provider

    def test_a_picture_comes_back_whole_after_one_request(self, server):
        results = self.ask(self.make(server), client_request_id="call-1")
        assert len(results) == 1
        with Image.open(io.BytesIO(results[0].content)) as picture:
            picture.load()
        assert self.paid_requests(server) == self.requests_a_call

    def test_every_fault_becomes_the_right_error_after_one_request(self, server, caplog):
        caplog.set_level(logging.DEBUG)
        provider = self.make(server, timeout=1.0)
        problems = []
        for case in self.expected:
            before = self.paid_requests(server)
            with pytest.raises(ProviderError) as caught:
                self.ask(provider, case.prompt, client_request_id=f"call {case.prompt}")
            problems += self.differences(case, caught.value, self.paid_requests(server) - before)
        assert problems == []
        assert KEY not in caplog.text

    def differences(self, case: Expected, error: ProviderError, requests: int) -> list[str]:
        shown = (
            f"{error} {error!r} {error.message} {error.detail}"
            f" {''.join(traceback.format_exception(error))}"
        )
        checks = {
            f"class {type(error).__name__}": type(error) is case.error,
            f"code {error.code}": error.code == case.error.code,
            f"billed {error.billed}": error.billed == case.billed,
            f"retryable {error.retryable}": error.retryable is case.retryable,
            f"message {error.message!r}": (
                case.says in error.message and "<html" not in error.message
            ),
            f"retry_after {error.retry_after}": (
                case.retry_after is None or error.retry_after == pytest.approx(case.retry_after)
            ),
            f"{requests} requests": requests == self.requests_a_call,
            "the key is in the message": KEY not in shown and KEY[3:] not in shown,
        }
        return [f"{case.prompt}: {what}" for what, holds in checks.items() if not holds]

    def test_what_is_not_supported_is_refused_before_any_request(self, server):
        provider = self.make(server)
        for wanted in [
            {"size": "huge"},
            {"size": "auto"},
            {"n": 0},
            {"n": 99},
            {"output_format": "tiff"},
            {"background": "plaid"},
            *self.unsupported,
        ]:
            with pytest.raises(UnsupportedOption) as caught:
                self.ask(provider, **wanted)
            assert caught.value.billed == "no" and caught.value.stops == "job", wanted
        assert self.paid_requests(server) == 0

    def test_the_account_sets_the_pace(self, server):
        for given, limit in [({"images_per_minute": 33}, 33), *self.limits]:
            assert self.make(server, **given).get_rate_limit() == limit, given

    def test_checking_an_account_buys_nothing(self, server):
        assert self.make(server).check().code == ""
        assert self.paid_requests(server) == 0

    def test_the_key_is_in_no_description_of_the_provider(self, server):
        provider = self.make(server)
        assert KEY not in f"{provider!r} {provider} {provider.credentials!r}"


class HttpContract(ProviderContract):
    """Cases of providers that are reached over a network."""

    hang: ClassVar[str] = "[fault:hang]"

    def connect_counts(self, server: Any) -> int:
        return server.connections

    def test_a_refused_connection_was_not_sent(self, server):
        provider = self.make(server)
        server.__exit__(None, None, None)
        with pytest.raises(ProviderError) as caught:
            self.ask(provider)
        assert (caught.value.code, caught.value.billed, caught.value.retryable) == (
            "not_sent",
            "no",
            True,
        )

    def test_an_unknown_host_was_not_sent(self, server):
        with pytest.raises(ProviderError) as caught:
            self.ask(self.make(server, base_url="http://nothing-here.invalid/v1"))
        assert caught.value.code == "not_sent"

    def test_a_call_that_hangs_ends_at_its_own_deadline_as_unknown(self, server):
        with pytest.raises(OutcomeUnknown) as caught:
            self.ask(self.make(server, timeout=60.0), f"A heron {self.hang}", timeout=0.5)
        assert caught.value.billed == "unknown"
        assert self.paid_requests(server) == 1

    def test_one_connection_serves_calls_that_follow_each_other(self, server):
        provider = self.make(server)
        self.ask(provider)
        before = self.connect_counts(server)
        provider.check()
        assert self.connect_counts(server) == before

    def test_a_key_that_cannot_stand_in_a_header_is_refused_unsent(self, server):
        provider = self.make(server, api_key="sk-pasted\nwith a break")
        with pytest.raises(ProviderError) as caught:
            self.ask(provider)
        assert caught.value.code == "bad_key"
        assert server.connections == 0

    def test_a_closed_provider_can_be_replaced_by_a_new_one(self, server):
        first = self.make(server)
        self.ask(first)
        first.close()
        assert self.ask(self.make(server))
