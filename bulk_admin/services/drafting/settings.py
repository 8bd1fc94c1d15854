"""The settings of a job."""

from __future__ import annotations

from dataclasses import dataclass, fields

from bulk_admin.models import BulkGenerationJob, ImageModel
from bulk_admin.services.image_providers import ImageOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class JobSettings:
    """What the form asks for. Money is micro-dollars."""

    name: str
    account_id: int
    model_name: str
    size: str
    quality: str = ""
    output_format: str = ""
    background: str = ""
    images_per_prompt: int = 1
    character_description: str = ""
    prompt_prefix: str = ""
    prompt_suffix: str = ""
    category_id: int | None = None
    page_tags: str = ""
    page_visibility: str = "public"
    page_for_every_kept: bool = False
    create_pages_when_done: bool = False
    budget_cap: int | None = None


OF_A_PICTURE = {each.name for each in fields(ImageOptions)} & {
    each.name for each in fields(JobSettings)
}


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
