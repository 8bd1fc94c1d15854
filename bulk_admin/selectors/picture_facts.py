"""What zoom tells of one picture."""

from __future__ import annotations

from bulk_admin.models import BulkGenerationJob, GeneratedImage, ProviderCall

CALL_FIELDS = (
    "kind",
    "state",
    "billed",
    "reserved",
    "actual",
    "error_code",
    "sent_at",
    "finished_at",
    "person_label",
)


def picture(job: BulkGenerationJob, image_id: int) -> GeneratedImage | None:
    """With its revised prompt."""
    return job.images.defer("content", "moderation", "flags").filter(pk=image_id).first()


def calls(image: GeneratedImage) -> list[ProviderCall]:
    """Every call made for the picture and for its page, the oldest first."""
    return list(image.calls.only("image", *CALL_FIELDS).order_by("sent_at", "pk"))
