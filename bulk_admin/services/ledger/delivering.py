"""A picture that has come: onto the tile that waits for it, or onto one of its own."""

from __future__ import annotations

from typing import Any

from django.db.models import Max

from bulk_admin.codes import Code
from bulk_admin.models import (
    BulkGenerationJob,
    GeneratedImage,
    ImageStatus,
    ProviderCall,
    UnstoredImage,
)
from bulk_admin.services.ledger.outcome import Outcome
from bulk_admin.services.ledger.settlement import Settled, Settlement
from bulk_admin.services.queue.job_row import count
from bulk_admin.services.storage.storing import StoredPicture


def deliver(job: BulkGenerationJob, image: GeneratedImage, settlement: Settlement) -> Settled:
    """The picture is here: completed, or failed as undecodable with its bytes kept."""
    call, outcome = settlement.call, settlement.outcome
    picture = _picture(outcome)
    cost = image.cost + settlement.added
    target = ImageStatus.COMPLETED if picture.is_readable else ImageStatus.FAILED
    if target == image.status:  # given up as lost, and what came cannot be read either
        GeneratedImage.objects.filter(pk=image.pk).update(
            revision=job.revision, cost=cost, **_picture_fields(picture, outcome)
        )
    elif GeneratedImage.objects.filter(pk=image.pk, attempt=call.attempt).move(
        target,
        revision=job.revision,
        owner=None,
        not_before=None,
        tries=0,
        cost=cost,
        **_picture_fields(picture, outcome),
    ):
        count(job, image.status, target)
    _put_in_outbox(call, picture)
    return Settled.ADOPTED if settlement.was_unknown else Settled.DELIVERED


def add_late_variant(
    job: BulkGenerationJob, image: GeneratedImage, settlement: Settlement
) -> Settled:
    """The first answer came after all, but the picture has been bought again since: it gets a tile
    of its own.
    """
    call, outcome = settlement.call, settlement.outcome
    picture = _picture(outcome)
    newest = GeneratedImage.everything.filter(job=job, position=image.position).aggregate(
        newest=Max("variant")
    )["newest"]
    status = ImageStatus.COMPLETED if picture.is_readable else ImageStatus.FAILED
    late = GeneratedImage.objects.create(
        job=job,
        position=image.position,
        variant=newest + 1,
        prompt_text=image.prompt_text,
        size=image.size,
        quality=image.quality,
        status=status,
        requested_by=call.person,
        page_requested_by=image.page_requested_by,
        revision=job.revision,
        attempt=call.attempt,
        parent=image,
        cost=settlement.booked,
        **_picture_fields(picture, outcome),
    )
    # The unknown call's price was on the first tile; it belongs to this picture.
    GeneratedImage.objects.filter(pk=image.pk).update(
        cost=image.cost - call.reserved, revision=job.revision
    )
    ProviderCall.objects.filter(pk=call.pk).update(
        image=late, place=f"{late.position}.{late.variant}"
    )
    count(job, None, status)
    _put_in_outbox(call, picture)
    return Settled.NEW_VARIANT


def _picture(outcome: Outcome) -> StoredPicture:
    if outcome.picture is None:
        raise ValueError("A delivered call must say where its bytes are.")
    return outcome.picture


def _picture_fields(picture: StoredPicture, outcome: Outcome) -> dict[str, Any]:
    return {
        "picture_key": picture.key,
        "thumb_300": picture.thumb_300,
        "thumb_600": picture.thumb_600,
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.length,
        "sha256": picture.sha256,
        "content_type": picture.content_type,
        "revised_prompt": outcome.revised_prompt,
        "seconds": outcome.seconds,
        "error_code": "" if picture.is_readable else Code.UNDECODABLE,
        "error_message": "" if picture.is_readable else Code.UNDECODABLE.about.sentence,
    }


def _put_in_outbox(call: ProviderCall, picture: StoredPicture) -> None:
    if picture.unstored is not None:
        UnstoredImage.objects.create(
            call=call,
            content=picture.unstored,
            metadata=dict(picture.metadata),
            size=len(picture.unstored),
        )
