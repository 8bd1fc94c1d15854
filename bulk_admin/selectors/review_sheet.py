"""What the review sheet of a draft reads."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel


def job(job_id: uuid.UUID) -> BulkGenerationJob | None:
    """A job in any state: the sheet may have been left since."""
    return (
        BulkGenerationJob.objects.select_related("account")
        .defer("source_text")
        .filter(pk=job_id)
        .first()
    )


def rows(draft: BulkGenerationJob) -> list[GeneratedImage]:
    return list(draft.images.order_by("position"))


def row(draft: BulkGenerationJob, image_id: int) -> GeneratedImage | None:
    return draft.images.filter(pk=image_id).first()


def has_all(draft: BulkGenerationJob, image_ids: Collection[int]) -> bool:
    return draft.images.filter(pk__in=image_ids).count() == len(set(image_ids))


def shown(draft: BulkGenerationJob) -> dict[int, tuple[Any, ...]]:
    """What the sheet shows of each row, by its id: to see which rows a change has reached."""
    values = draft.images.values_list("pk", "prompt_text", "size", "flags", "included")
    return {row[0]: row[1:] for row in values}


def ids_with_flag(draft: BulkGenerationJob, code: str) -> list[int]:
    """Of the rows that are ticked."""
    return [
        image.pk
        for image in draft.images.filter(included=True)
        if any(flag["code"] == code for flag in image.flags)
    ]


def priced_model(draft: BulkGenerationJob) -> ImageModel | None:
    """The draft's model with its prices; None when the catalogue no longer has it."""
    return (
        ImageModel.objects.filter(provider=draft.provider, name=draft.model_name)
        .prefetch_related("prices")
        .first()
    )
