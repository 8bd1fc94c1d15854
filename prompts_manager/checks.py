"""System checks of what only PromptFinder sets: where its files are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

B2_NEEDED = (
    "B2_ENDPOINT_URL",
    "B2_REGION",
    "B2_BUCKET",
    "B2_PRIVATE_BUCKET",
    "B2_KEY_ID",
    "B2_APPLICATION_KEY",
)


@register("storage")
def check_b2(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    missing = [name for name in B2_NEEDED if not getattr(settings, name)]
    if 0 < len(missing) < len(B2_NEEDED):
        hint = f"Set {', '.join(missing)} too, or none of them to keep pictures in local files."
        return [Error("B2 is configured by half.", hint=hint, id="prompts_manager.E008")]
    if not missing and not settings.PUBLIC_MEDIA_URL:
        hint = (
            "Set it to the public bucket's address: without it pages show links that end after 15"
            " minutes, and caches keep them."
        )
        return [
            Warning(
                "B2_BUCKET is set and PUBLIC_MEDIA_URL is not.",
                hint=hint,
                id="prompts_manager.W003",
            )
        ]
    if missing and not settings.DEBUG and "sqlite" not in settings.DATABASES["default"]["ENGINE"]:
        hint = (
            "Set the B2_* variables, unless web and worker share one disk: else web cannot show"
            " what the worker stores."
        )
        return [Warning("Pictures are kept in local files.", hint=hint, id="prompts_manager.W001")]
    return []
