"""The registry: a provider is found by its name and imported on first use."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .account_options import problem_of
from .base import (
    CheckResult,
    Credentials,
    ImageOptions,
    ImageProvider,
    ImageResult,
    ListedModel,
    NotYet,
    Submitted,
)

PROVIDERS: dict[str, tuple[str, str]] = {
    "openai": ("OpenAI", "bulk_admin.services.image_providers.openai.provider.OpenAIProvider"),
    "openai_compatible": (
        "OpenAI-compatible server",
        "bulk_admin.services.image_providers.openai.compatible.OpenAICompatibleProvider",
    ),
    "replicate": (
        "Replicate",
        "bulk_admin.services.image_providers.replicate.ReplicateProvider",
    ),
    "placeholder": (
        "Placeholder (offline)",
        "bulk_admin.services.image_providers.placeholder.provider.PlaceholderProvider",
    ),
}


@cache
def provider_class(name: str) -> type[ImageProvider]:
    """Raises ImproperlyConfigured when nothing is registered under that name."""
    if name not in PROVIDERS:
        raise ImproperlyConfigured(
            f"There is no image provider {name!r}; registered: {', '.join(sorted(PROVIDERS))}."
        )
    found: type[ImageProvider] = import_string(PROVIDERS[name][1])
    return found


def options_problem(name: str, options: Any) -> str:
    """Why an account of this provider cannot have these options, as a sentence; "" when it can."""
    return problem_of(options, provider_class(name).account_options)


def provider_label(name: str) -> str:
    """Its name on the screen; ``name`` itself when nothing is registered under it."""
    return PROVIDERS[name][0] if name in PROVIDERS else name


def provider_choices() -> list[tuple[str, str]]:
    return [(name, label) for name, (label, _) in PROVIDERS.items()]


__all__ = [
    "PROVIDERS",
    "CheckResult",
    "Credentials",
    "ImageOptions",
    "ImageProvider",
    "ImageResult",
    "ListedModel",
    "NotYet",
    "Submitted",
    "options_problem",
    "provider_choices",
    "provider_class",
    "provider_label",
]
