"""The embedded default: free, offline, and the same picture for the same prompt, size, and seed or
variant.

The account's options: ``delay`` (seconds, or [least, most] chosen by the prompt), ``limit``
(pictures per minute,
0: none) and ``faults`` (false: markers such as ``[blocked]`` in a prompt are only words).
"""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from bulk_admin.services.image_providers.account_options import (
    Rule,
    number_or_range,
    whole_number,
    yes_or_no,
)
from bulk_admin.services.image_providers.base import (
    CheckResult,
    ImageOptions,
    ImageProvider,
    ImageResult,
    parse_size,
)
from bulk_admin.services.image_providers.errors import (
    BadKey,
    NoCredit,
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
    ProviderError,
    RateLimited,
)

from .landscape import draw

FORMATS: dict[str, dict[str, Any]] = {
    "webp": {"format": "WEBP", "quality": 82, "method": 1},
    "png": {"format": "PNG", "compress_level": 3},
    "jpeg": {"format": "JPEG", "quality": 88},
}
SLOW_SECONDS = 20.0
MARKER = re.compile(
    r"\[(blocked|rejected|rate-limited|overloaded|unknown|not-an-image|slow|bad-key|no-credit)\]"
)
FAULTS: dict[str, type[ProviderError]] = {
    "blocked": PromptBlocked,
    "rejected": PromptRejected,
    "rate-limited": RateLimited,
    "overloaded": Overloaded,
    "unknown": OutcomeUnknown,
    "bad-key": BadKey,
    "no-credit": NoCredit,
}
PASSING = {"rate-limited", "overloaded"}


class PlaceholderProvider(ImageProvider):
    name = "placeholder"
    requires_key: ClassVar[bool] = False
    is_placeholder: ClassVar[bool] = True
    bills_nothing: ClassVar[bool] = True
    formats: ClassVar[tuple[str, ...]] = tuple(FORMATS)
    takes_quality: ClassVar[bool] = True
    takes_seed: ClassVar[bool] = True
    max_pictures: ClassVar[int] = 4
    longest_side: ClassVar[int] = 2048
    account_options: ClassVar[Mapping[str, Rule]] = {
        "delay": number_or_range(0, 600),
        "limit": whole_number(0, 100_000),
        "faults": yes_or_no(),
    }

    def generate(
        self, prompt: str, size: str, quality: str, n: int = 1, *, options: ImageOptions
    ) -> list[ImageResult]:
        self.refuse_unsupported(size, quality, n, options)
        width, height = parse_size(size)
        call_id = options.client_request_id
        marker = self._marker(prompt)
        self._wait(prompt, marker, options.timeout or self.timeout)
        if marker in FAULTS and (marker not in PASSING or _share(call_id, marker) < 0.5):
            raise FAULTS[marker](
                "Asked for by the prompt.", retry_after=1.0 if marker in PASSING else None
            )
        output_format = options.output_format or "webp"
        text, first = prompt, options.variant
        if options.seed is not None:  # each variant's has its own
            text, first = f"{prompt} seed {options.seed}", 1
        texts = [text if number == 1 else f"{text} #{number}" for number in range(first, first + n)]
        contents = [
            b"This is not a picture."
            if marker == "not-an-image"
            else _encoded(text, width, height, output_format)
            for text in texts
        ]
        return [
            ImageResult(content=content, request_id=call_id, size=size, quality=quality)
            for content in contents
        ]

    def get_rate_limit(self) -> int:
        return self.credentials.images_per_minute or int(self.credentials.options.get("limit") or 0)

    def check(self, model: str = "") -> CheckResult:
        return CheckResult(
            code="", message="Placeholders are drawn here: no key, no network, no cost."
        )

    def _marker(self, prompt: str) -> str:
        found = MARKER.search(prompt) if self.credentials.options.get("faults", True) else None
        return found[1] if found else ""

    def _wait(self, prompt: str, marker: str, longest: float) -> None:
        delay = self.credentials.options.get("delay") or 0
        least, most = delay if isinstance(delay, (list, tuple)) else (delay, delay)
        seconds = float(least) + (float(most) - float(least)) * _share(prompt)
        seconds += SLOW_SECONDS if marker == "slow" else 0
        time.sleep(min(seconds, longest))
        if seconds > longest:
            raise OutcomeUnknown(f"No answer within {longest:g} s.")


def _encoded(text: str, width: int, height: int, output_format: str) -> bytes:
    out = io.BytesIO()
    draw(text, width, height).save(out, **FORMATS[output_format])
    return out.getvalue()


def _share(*parts: str) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:4]) / 2**32
