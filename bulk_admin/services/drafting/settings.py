"""The settings of a job, listed once: form, command line, copy and calls derive from the list."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from bulk_admin.models import BulkGenerationJob, ImageModel
from bulk_admin.services.image_providers import ImageOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class JobSettings:
    """What is chosen for a job, by the names of the job's own fields. Money is micro-dollars.

    ``shown`` is how a setting is named on the job's page and sheet when it is not the default.
    """

    name: str
    account_id: int
    model_name: str
    size: str
    quality: str = ""
    output_format: str = ""
    background: str = ""
    images_per_prompt: int = field(default=1, metadata={"shown": "{} per prompt"})
    character_description: str = ""
    prompt_prefix: str = ""
    prompt_suffix: str = ""
    category_id: int | None = None
    page_tags: str = ""
    page_visibility: str = "public"
    page_for_every_kept: bool = False
    create_pages_when_done: bool = False
    budget_cap: int | None = None


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


def image_options(job: BulkGenerationJob) -> ImageOptions:
    """How the provider is asked to make the job's pictures."""
    return ImageOptions(model=job.model_name, **{name: getattr(job, name) for name in OF_A_PICTURE})


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
