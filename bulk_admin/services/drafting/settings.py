"""The settings of a job, listed once: form, command line, copy and calls derive from the list."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel
from bulk_admin.services.drafting.intake.cleaning import clean
from bulk_admin.services.image_providers import ImageOptions
from bulk_admin.services.image_providers.base import MAX_SEED


@dataclass(frozen=True, kw_only=True, slots=True)
class JobSettings:
    """What is chosen for a job, by the names of the job's own fields. Money is micro-dollars.

    ``shown`` is how a setting is named on the job's page and sheet when it is not the default;
    one with ``most`` is a number up to that, or None, for models that say they take it.
    """

    name: str
    account_id: int
    model_name: str
    size: str
    quality: str = ""
    output_format: str = ""
    background: str = ""
    seed: int | None = field(default=None, metadata={"shown": "seed {}", "most": MAX_SEED})
    images_per_prompt: int = field(default=1, metadata={"shown": "{} per prompt"})
    character_description: str = ""
    prompt_prefix: str = ""
    prompt_suffix: str = ""
    page_options: dict[str, Any] = field(default_factory=dict)
    page_for_every_kept: bool = False
    create_pages_when_done: bool = False
    budget_cap: int | None = None

    def __post_init__(self) -> None:
        """What stands around prompts is cleaned as they are, and so counted as it is sent."""
        for each in fields(self):
            if isinstance(value := getattr(self, each.name), str):
                object.__setattr__(self, each.name, clean(value))


OPTIONAL = {
    each.name: each.metadata["most"] for each in fields(JobSettings) if "most" in each.metadata
}
NAMES = tuple(each.name for each in fields(JobSettings))
OF_A_PICTURE = frozenset(NAMES) & {each.name for each in fields(ImageOptions)}


def settings_of(job: BulkGenerationJob) -> JobSettings:
    return JobSettings(**{name: getattr(job, name) for name in NAMES})


def shown_settings(job: BulkGenerationJob) -> list[str]:
    """The settings that are not the default, in words."""
    return [
        setting.metadata["shown"].format(getattr(job, setting.name))
        for setting in fields(JobSettings)
        if "shown" in setting.metadata and getattr(job, setting.name) != setting.default
    ]


def refused_option(settings: BulkGenerationJob | JobSettings, model: ImageModel) -> str:
    """Why the model cannot have an optional setting as it is; "" when it can have them all."""
    for name, most in OPTIONAL.items():
        value = getattr(settings, name)
        if value is None:
            continue
        if name not in model.takes:
            return f"{model.label} takes no {name}."
        if not 0 <= value <= most:
            return f"The {name} is a whole number from 0 to {most}."
    return ""


def image_options(job: BulkGenerationJob, image: GeneratedImage) -> ImageOptions:
    """How the provider is asked to make one of the job's pictures.

    Each variant has a seed of its own, counted from the job's; after the largest comes 0.
    """
    chosen = {name: getattr(job, name) for name in OF_A_PICTURE}
    if job.seed is not None:
        chosen["seed"] = (job.seed + image.variant - 1) % (MAX_SEED + 1)
    return ImageOptions(model=job.model_name, variant=image.variant, **chosen)


def too_long_by(job: BulkGenerationJob, model: ImageModel, text: str) -> int:
    """Characters that a prompt, with all that is put around it, is over the model's limit; or 0."""
    return max(0, len(compose_prompt(job, text)) - model.prompt_limit)


def compose_prompt(job: BulkGenerationJob | JobSettings, text: str) -> str:
    """What is sent for a row: the job's texts around it. The one place that puts them together."""
    composed = " ".join(part for part in (job.prompt_prefix.strip(), text.strip()) if part)
    if suffix := job.prompt_suffix.strip():
        composed = f"{composed.rstrip('.,; ')}, {suffix}"
    if description := job.character_description.strip():
        composed = f"{description}{'' if description[-1] in '.!?' else '.'} {composed}"
    return composed
