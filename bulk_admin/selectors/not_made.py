"""What the failure tray shows: the pictures that were not made and wait for a person."""

from __future__ import annotations

from bulk_admin.causes import Cause
from bulk_admin.models import BulkGenerationJob, GeneratedImage
from bulk_admin.services.jobs import failures


def by_cause(job: BulkGenerationJob) -> dict[Cause, list[GeneratedImage]]:
    """In the order of the causes, each with at least one picture. One query."""
    waiting = job.images.filter(failures.WAITING).order_by("position", "variant")
    images = list(waiting.defer("content", "moderation", "flags", "revised_prompt"))
    found: dict[Cause, list[GeneratedImage]] = {cause: [] for cause in Cause}
    for image in images:
        found[failures.cause_of(image)].append(image)
    return {cause: group for cause, group in found.items() if group}


def prompts(job: BulkGenerationJob, cause: Cause) -> list[str]:
    """Of those pictures, each prompt once."""
    return list(dict.fromkeys(image.prompt_text for image in by_cause(job).get(cause, [])))
