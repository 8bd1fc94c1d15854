"""OpenAI: GPT Image models."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from bulk_admin.services.image_providers.account_options import DOWNLOAD_HOSTS, Rule
from bulk_admin.services.image_providers.base import CheckResult, ImageOptions
from bulk_admin.services.image_providers.errors import ModelRetired, UnsupportedOption

from .protocol import OpenAIProtocol

BASE_URL = "https://api.openai.com/v1"
IMAGES_PER_MINUTE = {1: 5, 2: 20, 3: 50, 4: 150, 5: 250}
NO_PROOF = "That is no proof that the organisation is verified: only the first picture shows it."


class OpenAIProvider(OpenAIProtocol):
    name = "openai"
    lists_models: ClassVar[bool] = True
    account_options: ClassVar[Mapping[str, Rule]] = DOWNLOAD_HOSTS
    formats: ClassVar[tuple[str, ...]] = ("png", "jpeg", "webp")
    backgrounds: ClassVar[tuple[str, ...]] = ("opaque", "transparent", "auto")

    @property
    def base_url(self) -> str:
        return self.credentials.base_url or BASE_URL

    def refuse_unsupported(self, size: str, quality: str, n: int, options: ImageOptions) -> None:
        """A model and a quality must be named too: what ``auto`` costs is not known before."""
        super().refuse_unsupported(size, quality, n, options)
        if not options.model or quality in ("", "auto"):
            raise UnsupportedOption("A model and a quality must be named.")
        if options.background == "transparent" and options.output_format == "jpeg":
            raise UnsupportedOption("A JPEG cannot be transparent.")

    def payload(
        self, prompt: str, size: str, quality: str, n: int, options: ImageOptions
    ) -> dict[str, Any]:
        body = {
            "model": options.model,
            "prompt": prompt,
            "n": n,
            "size": size,
            "quality": quality,
            "output_format": options.output_format,
            "background": options.background,
        }
        return {name: value for name, value in body.items() if value != ""}

    def get_rate_limit(self) -> int:
        return self.credentials.images_per_minute or IMAGES_PER_MINUTE.get(
            self.credentials.tier, IMAGES_PER_MINUTE[1]
        )

    def _check_key(self) -> CheckResult:
        models = self.list_models()
        return CheckResult(
            code="", message=f"The key works and lists {len(models)} models. {NO_PROOF}"
        )

    def _check_model(self, model: str) -> CheckResult:
        ends = self.look_up(model).shutdown_date
        if ends and ends <= dt.datetime.now(dt.UTC).date().isoformat():
            return CheckResult(
                code=ModelRetired.code, message=f"The provider shut {model} down on {ends}."
            )
        last_day = f" Its last day is {ends}." if ends else ""
        return CheckResult(
            code="", message=f"The key works and {model} is listed.{last_day} {NO_PROOF}"
        )
