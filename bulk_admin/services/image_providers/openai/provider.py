"""OpenAI: GPT Image models."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from bulk_admin.services.image_providers.base import CheckResult
from bulk_admin.services.image_providers.errors import ModelRetired, UnsupportedOption

from .protocol import OpenAIProtocol

BASE_URL = "https://api.openai.com/v1"
IMAGES_PER_MINUTE = {1: 5, 2: 20, 3: 50, 4: 150, 5: 250}
FORMATS = ("png", "jpeg", "webp")
MAX_PICTURES = 10
NO_PROOF = "That is no proof that the organisation is verified: only the first picture shows it."


class OpenAIProvider(OpenAIProtocol):
    name = "openai"
    label = "OpenAI"
    requires_nsfw_check: ClassVar[bool] = False
    lists_models: ClassVar[bool] = True

    @property
    def base_url(self) -> str:
        return self.credentials.base_url or BASE_URL

    def payload(
        self, prompt: str, size: str, quality: str, n: int, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Model, size and quality are always told: what ``auto`` costs is not known before."""
        model, output_format, background = (
            str(options.get(name) or "") for name in ("model", "output_format", "background")
        )
        if not model or quality in ("", "auto"):
            raise UnsupportedOption("A model and a quality must be named.")
        if not 1 <= n <= MAX_PICTURES:
            raise UnsupportedOption(f"One call makes 1 to {MAX_PICTURES} pictures.")
        if output_format and output_format not in FORMATS:
            raise UnsupportedOption(
                f"The format {output_format!r} is not one of {', '.join(FORMATS)}."
            )
        if background == "transparent" and output_format == "jpeg":
            raise UnsupportedOption("A JPEG cannot be transparent.")
        body = {
            "model": model,
            "prompt": prompt,
            "n": n,
            "size": size,
            "quality": quality,
            "output_format": output_format,
            "background": background,
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
