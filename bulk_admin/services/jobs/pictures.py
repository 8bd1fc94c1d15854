"""What staff do to a job's pictures.

Each function is one transaction under the job's lock; a second press changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from django.db.models import Count, Max, QuerySet

from bulk_admin import codes
from bulk_admin.codes import Code
from bulk_admin.formats import counted
from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    ImageModel,
    ImageStatus,
    JobStatus,
    ProviderCall,
)
from bulk_admin.models.images import ImageQuerySet
from bulk_admin.services import history
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.drafting.intake import clean
from bulk_admin.services.drafting.settings import too_long_by
from bulk_admin.services.jobs.lifecycle import (
    at_revision,
    check_is_theirs,
    copy_of,
    lock_to_buy,
    reopen,
)
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.queue.job_row import count, lock_job, save
from bulk_admin.services.queue.page_queue import queue_kept
from bulk_admin.services.worker.rescue import look_up


class Decided(StrEnum):
    """What came of a person's word on a picture whose outcome was unknown."""

    ADOPTED = "adopted"  # its bytes had arrived after all: nothing is bought or given up
    QUEUED = "queued"
    LOST = "lost"
    STALE = "stale"  # the button answered an older attempt: nothing changed


class PromptRefused(ValueError):
    """Nothing was bought for this prompt; the message says why."""


@whole_step
def retry_failed(job_id: uuid.UUID, image_ids: Iterable[int] | None = None, *, by: Any) -> int:
    """Queue again, as asked for by ``by``, the failures that a retry can help, of these images or
    of all; the count.

    With ids, what was cancelled before it was bought is queued too. Raises NotYours.
    """
    job = lock_to_buy(job_id, by)
    job.revision += 1
    failed = job.images.filter(status=ImageStatus.FAILED, error_code__in=codes.RETRYABLE)
    again = _queue_again(job, failed, image_ids, by)
    if image_ids is not None:
        cancelled = job.images.filter(status=ImageStatus.CANCELLED)
        again += _queue_again(job, cancelled, image_ids, by)
    if again:
        reopen(job)
        history.record(job, by, f"Queued {counted(again, 'picture')} again.")
    return again


def _queue_again(
    job: BulkGenerationJob, images: ImageQuerySet, image_ids: Iterable[int] | None, by: Any
) -> int:
    if image_ids is not None:
        images = images.filter(pk__in=list(image_ids))
    before = dict(images.values_list("status").annotate(n=Count("*")).order_by())
    moved = images.move(ImageStatus.QUEUED, revision=job.revision, **_asked_again(by))
    for status, n in before.items():
        count(job, status, ImageStatus.QUEUED, n)
    return moved


def _asked_again(by: Any) -> dict[str, Any]:
    """The fields of an image that a person wants bought once more."""
    return {
        "requested_by": by,
        "error_code": "",
        "error_message": "",
        "decided_at": None,
        "tries": 0,
        "not_before": None,
    }


@whole_step
def reroll(
    job_id: uuid.UUID, image_id: int, *, seen_variant: int, prompt: str | None = None, by: Any
) -> GeneratedImage | None:
    """Buy one more picture of an image's prompt, or of ``prompt``, at the end of its group; the old
    one stays.

    None when the group has a variant that the pressed button did not know: it was pressed twice.
    Raises PromptRefused, NotYours.
    """
    job = lock_to_buy(job_id, by)
    parent = job.images.get(pk=image_id)
    if _newest(job.images.all(), parent) != seen_variant or job.status == JobStatus.DRAFT:
        return None
    text = parent.prompt_text if prompt is None else accepted(job, prompt)
    job.revision += 1
    new = add_variant(job, parent, text, by=by)
    reopen(job)
    history.record(job, by, f"Ordered one more picture of prompt {new.position}.")
    return new


def add_variant(
    job: BulkGenerationJob, parent: GeneratedImage, prompt: str, *, by: Any
) -> GeneratedImage:
    """Queue one more picture at the end of its group, of a locked job that was raised to its next
    revision. Does not save the job.
    """
    for_pages = parent.page_requested_by if job.create_pages_when_done else None
    place = (
        _newest(GeneratedImage.everything.filter(job=job), parent) + 1
    )  # the trash keeps its own
    new = copy_of(parent, place, requested_by=by, page_requested_by=for_pages)
    at_revision(new, job.revision)
    new.parent = parent
    new.prompt_text = prompt
    new.save(force_insert=True)
    # Its tile needs no attention any more.
    job.images.filter(pk=parent.pk).update(revision=job.revision)
    count(job, None, ImageStatus.QUEUED)
    return new


@whole_step
def take_back(job_id: uuid.UUID, image_id: int, *, by: Any) -> bool:
    """Cancel a re-roll that waits to be bought. False when it is none, or was sent already: then it
    is kept.
    """
    job = lock_job(job_id)
    job.revision += 1
    waiting = job.images.filter(pk=image_id, parent__isnull=False, status=ImageStatus.QUEUED)
    if not waiting.move(ImageStatus.CANCELLED, revision=job.revision, not_before=None):
        return False
    count(job, ImageStatus.QUEUED, ImageStatus.CANCELLED)
    now = database_now()
    has_ended = save(job, now)
    if has_ended and job.create_pages_when_done and job.status == JobStatus.COMPLETED:
        queue_kept(job, now)
    history.record(job, by, "Took back a picture that was not bought yet.")
    return True


def _newest(images: QuerySet[GeneratedImage], image: GeneratedImage) -> int:
    """The newest variant among them of an image's prompt."""
    variants = images.filter(position=image.position)
    newest: int = variants.aggregate(newest=Max("variant"))["newest"]
    return newest


def accepted(job: BulkGenerationJob, prompt: str) -> str:
    """The prompt as it is kept. Raises PromptRefused when it is empty or too long."""
    text = clean(prompt)
    if not text:
        raise PromptRefused("The prompt is empty.")
    model = ImageModel.objects.filter(provider=job.provider, name=job.model_name).first()
    if model and (over := too_long_by(job, model, text)):
        raise PromptRefused(f"The prompt is {counted(over, 'character')} too long.")
    return text


Seen = Mapping[int, int]  # image id -> the attempt that the pressed button was made for


def buy_again(job_id: uuid.UUID, image_id: int, *, seen_attempt: int, by: Any) -> Decided:
    """Buy a picture again whose outcome is unknown; both calls are booked. QUEUED, ADOPTED or
    STALE. Raises NotYours, StorageUnavailable.
    """
    return buy_each_again(job_id, {image_id: seen_attempt}, by=by)[image_id]


def buy_each_again(job_id: uuid.UUID, seen: Seen, *, by: Any) -> dict[int, Decided]:
    """The same for many, in one transaction: image id -> what came of it."""

    def queue(job: BulkGenerationJob, images: Sequence[GeneratedImage]) -> Decided:
        check_is_theirs(job, by)
        _move_unknown(job, images, ImageStatus.QUEUED, **_asked_again(by))
        reopen(job)
        history.record(job, by, f"Bought {_places(images)} again.")
        return Decided.QUEUED

    return _decide_unknown(job_id, seen, queue)


def accept_as_lost(job_id: uuid.UUID, image_id: int, *, seen_attempt: int, by: Any) -> Decided:
    """Give a picture up whose outcome is unknown; its reserve stays booked. LOST, ADOPTED or
    STALE. Raises StorageUnavailable.
    """
    return accept_each_as_lost(job_id, {image_id: seen_attempt}, by=by)[image_id]


def accept_each_as_lost(job_id: uuid.UUID, seen: Seen, *, by: Any) -> dict[int, Decided]:
    """The same for many, in one transaction: image id -> what came of it."""

    def give_up(job: BulkGenerationJob, images: Sequence[GeneratedImage]) -> Decided:
        sentence = Code.LOST.about.sentence
        _move_unknown(job, images, ImageStatus.FAILED, error_code=Code.LOST, error_message=sentence)
        save(job, database_now())
        history.record(job, by, f"Marked {_places(images)} as lost.")
        return Decided.LOST

    return _decide_unknown(job_id, seen, give_up)


def _move_unknown(
    job: BulkGenerationJob, images: Sequence[GeneratedImage], to: ImageStatus, **changes: Any
) -> None:
    moved = job.images.filter(pk__in=[image.pk for image in images]).move(
        to, revision=job.revision, **changes
    )
    count(job, ImageStatus.UNKNOWN, to, moved)


def _places(images: Sequence[GeneratedImage]) -> str:
    if len(images) > 1:
        return counted(len(images), "picture")
    return f"picture {images[0].position}.{images[0].variant}"


def _decide_unknown(
    job_id: uuid.UUID,
    seen: Seen,
    decide: Callable[[BulkGenerationJob, Sequence[GeneratedImage]], Decided],
) -> dict[int, Decided]:
    calls = ProviderCall.objects.filter(
        image_id__in=seen, job_ref=job_id, state=CallState.UNKNOWN
    ).select_related("account")
    answers = dict.fromkeys(seen, Decided.STALE)
    for call in calls:
        image_id = call.image_id or 0
        is_seen = call.attempt == seen[image_id]
        # A dying worker may have stored the bytes just after the last look.
        if is_seen and look_up(call) in (Settled.ADOPTED, Settled.NEW_VARIANT):
            answers[image_id] = Decided.ADOPTED

    @whole_step
    def step() -> dict[int, Decided]:
        job = lock_job(job_id)
        unknown = job.images.filter(pk__in=seen, status=ImageStatus.UNKNOWN)
        images = [
            image
            for image in unknown.order_by("position", "variant")
            if image.attempt == seen[image.pk] and answers[image.pk] is Decided.STALE
        ]
        if not images:
            return {}
        job.revision += 1
        return dict.fromkeys([image.pk for image in images], decide(job, images))

    return answers | step()
