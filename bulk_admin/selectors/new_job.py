"""What New job starts from: a draft on its way back, or a job that is copied."""

from __future__ import annotations

import uuid

from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageStatus


def job(job_id: uuid.UUID) -> BulkGenerationJob | None:
    return BulkGenerationJob.objects.filter(pk=job_id).first()


def rows(draft: BulkGenerationJob) -> list[GeneratedImage]:
    return list(draft.images.order_by("position"))


def prompts(pattern: BulkGenerationJob, *, only_missing: bool = False) -> list[str]:
    """Each prompt once, in order; ``only_missing``: those that lack a picture."""
    images = pattern.images.order_by("position", "variant")
    if only_missing:
        images = images.filter(status__in=(ImageStatus.FAILED, ImageStatus.CANCELLED))
    return list(dict(images.values_list("position", "prompt_text")).values())
