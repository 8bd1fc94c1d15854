"""Servers that imitate OpenAI's pictures endpoint: LocalAI, vLLM-Omni, stable-diffusion.cpp,
Venice, Together and the like.

They differ in every optional field, so the account's options declare what this one takes and only
that is sent:

    params           names of optional fields it takes: quality, output_format, background, seed
    size_mode        "size" (WIDTHxHEIGHT, the default) or "width_height"
    response_format  "omit" (the default), "b64_json" or "base64"
    n_max            pictures a call (1)
    prompt_max       characters of a prompt (32,000)
    images_per_minute
    download_hosts   servers, besides its own, that its pictures may be downloaded from
    extra            fields sent with every call: steps, negative_prompt and so on
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bulk_admin.services.image_providers.account_options import (
    DOWNLOAD_HOSTS,
    Rule,
    fields,
    one_of,
    some_of,
    whole_number,
)
from bulk_admin.services.image_providers.base import CheckResult, ImageOptions, parse_size
from bulk_admin.services.image_providers.errors import (
    BadAddress,
    ModelRetired,
    PromptRejected,
    UnsupportedOption,
)

from .protocol import OpenAIProtocol

OPTIONAL = ("output_format", "background", "seed")
RESPONSE_FORMATS = ("omit", "b64_json", "base64")
SIZE_MODES = ("size", "width_height")
CAUTIOUS_IMAGES_PER_MINUTE = 10
PROMPT_MAX = 32_000
NO_LIST = (404, 405)


class OpenAICompatibleProvider(OpenAIProtocol):
    name = "openai_compatible"
    requires_key: ClassVar[bool] = False
    takes_base_url: ClassVar[bool] = True
    lists_models: ClassVar[bool] = True
    takes_seed: ClassVar[bool] = True
    formats: ClassVar[tuple[str, ...]] = ("png", "jpeg", "jpg", "webp")
    backgrounds: ClassVar[tuple[str, ...]] = ("opaque", "transparent", "auto")
    account_options: ClassVar[Mapping[str, Rule]] = {
        "params": some_of("quality", *OPTIONAL),
        "size_mode": one_of(*SIZE_MODES),
        "response_format": one_of(*RESPONSE_FORMATS),
        "n_max": whole_number(1, 10),
        "prompt_max": whole_number(1, 1_000_000),
        "images_per_minute": whole_number(0, 100_000),
        **DOWNLOAD_HOSTS,
        "extra": fields(),
    }

    @property
    def base_url(self) -> str:
        # Never the SDK's default: a key for some other server is not OpenAI's to see. `.invalid`
        # resolves nowhere.
        return self.credentials.base_url or "http://no-base-url.invalid/v1"

    @property
    def profile(self) -> Mapping[str, Any]:
        return self.credentials.options

    def payload(
        self, prompt: str, size: str, quality: str, n: int, options: ImageOptions
    ) -> dict[str, Any]:
        if len(prompt) > (longest := int(self.profile.get("prompt_max", PROMPT_MAX))):
            raise PromptRejected(
                f"The prompt is longer than the {longest:,} characters that this server takes."
            )
        body: dict[str, Any] = {
            **self.profile.get("extra", {}),
            "model": options.model,
            "prompt": prompt,
            "n": n,
        }
        body |= self._size(size)
        wanted = {"quality": quality, **{name: getattr(options, name) for name in OPTIONAL}}
        body |= {
            name: value
            for name, value in wanted.items()
            if value not in ("", None) and self._takes(name)
        }
        if (response_format := self.profile.get("response_format", "omit")) != "omit":
            body["response_format"] = response_format
        return body

    def get_rate_limit(self) -> int:
        return self.credentials.images_per_minute or int(
            self.profile.get("images_per_minute", CAUTIOUS_IMAGES_PER_MINUTE)
        )

    def refuse_unsupported(self, size: str, quality: str, n: int, options: ImageOptions) -> None:
        """What this server takes is declared by the account's options."""
        super().refuse_unsupported(size, quality, n, options)
        if not options.model:
            raise UnsupportedOption("A model must be named.")
        if not 1 <= n <= int(self.profile.get("n_max", 1)):
            raise UnsupportedOption(
                f"This server makes {self.profile.get('n_max', 1)} at most in one call."
            )
        if options.background == "transparent" and not self._takes("background"):
            raise UnsupportedOption("This server is not declared to make transparent pictures.")
        if options.seed is not None and not self._takes("seed"):
            raise UnsupportedOption("This server is not declared to take a seed.")
        if (
            self.profile.get("response_format", "omit") not in RESPONSE_FORMATS
            or self.profile.get("size_mode", "size") not in SIZE_MODES
        ):
            raise UnsupportedOption(
                "The account's options name an unknown response_format or size_mode."
            )

    def _takes(self, name: str) -> bool:
        return name in self.profile.get("params", ())

    def _size(self, size: str) -> dict[str, Any]:
        if self.profile.get("size_mode", "size") == "size":
            return {"size": size}
        width, height = parse_size(size)
        return {"width": width, "height": height}

    def _check_key(self) -> CheckResult:
        try:
            return super()._check_key()
        except BadAddress as error:
            if error.http_status not in NO_LIST:
                raise
            return CheckResult(
                code="",
                message=(
                    "The server answers, but lists no models at this base URL: only the first"
                    " picture shows whether it is the right one."
                ),
            )

    def _check_model(self, model: str) -> CheckResult:
        """Many of these servers can list, few can look one up."""
        try:
            names = {row.name for row in self.list_models()}
        except BadAddress as error:
            if error.http_status not in NO_LIST:
                raise
            return self._check_key()
        if names and model not in names:
            return CheckResult(code=ModelRetired.code, message=f"The server does not list {model}.")
        return CheckResult(
            code="",
            message=(
                f"The server answers and {model} is listed."
                if names
                else "The server answers, but lists no models."
            ),
        )
