"""What staff do to a job. Each function is one transaction under the job's lock; a second press changes nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, QuerySet

from bulk_admin.credentials import KeyUnreadable
from bulk_admin.models import (
    ACTIVE_JOBS,
    ENDED_JOBS,
    BulkGenerationJob,
    CallKind,
    CallState,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    PageStatus,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.models.images import ImageQuerySet
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.drafting.drafts import compose_prompt
from bulk_admin.services.image_providers import provider_class
from bulk_admin.services.pricing import estimate
from bulk_admin.services.pricing.catalogue import ModelNotAvailable, model_for
from bulk_admin.services.queue.doorbell import ring, ring_to_delete
from bulk_admin.services.queue.job_row import count, count_pages, lock_job, save
from bulk_admin.services.worker.rescue import look_up

# Failures of the moment. A refused prompt must be reworded, and what was paid for is re-rolled instead.
RETRYABLE_CODES = frozenset({"not_sent", "overloaded", "rate_limited", "provider_error"})
DECIDE_FIRST = "buy it again, or accept it as lost, first."
REASONS = {
    "paused": "Paused by staff. Resume when you are ready.",
    "cancelled": "Cancelled. Pictures that were in flight are kept.",
    "job_cap": "The job's budget cap is reached. Raise the cap, then resume.",
    "day_cap": "Today's spending cap, the account's or yours, is reached. Raise it or resume tomorrow.",
    "month_cap": "This month's spending cap of the account is reached. Raise it, then resume.",
    "no_credit": "The account has no credit left at the provider. Top it up there, then resume.",
    "bad_key": "The provider refused the account's key. Enter a working key, then resume.",
    "not_verified": "The provider wants the organisation verified first. Verify it there, wait 15 minutes, then resume.",
    "model_retired": "The model is retired, or the account has no access to it. Generate the rest in a new job with another model.",
    "bad_request": "The provider does not accept one of the job's settings. Generate the rest in a new job with other settings.",
    "account_off": "The account is switched off. Switch it on, then resume.",
    "storage_down": "The picture storage is down. What was paid for is kept, and buying goes on by itself when it is back.",
}


class CannotStart(Exception):
    """Generate was refused; ``message`` says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class SheetChanged(CannotStart):
    """The draft is not what the pressed button was made for."""

    def __init__(self) -> None:
        super().__init__("changed", "The sheet was changed after this page was made. Look at the new price, then press again.")


@dataclass(frozen=True, slots=True)
class DeleteResult:
    deleted: int
    kept: list[tuple[GeneratedImage, str]] = field(default_factory=list)


def check_can_buy(account: ProviderAccount, model_name: str, on: dt.date) -> None:
    """Raise CannotStart when nothing could be bought: account off or without a key, model retired or unknown."""
    if not account.is_enabled:
        raise CannotStart("account_off", f"The account {account.label} is switched off. Switch it on, or choose another one.")
    if provider_class(account.provider).requires_key and not _readable_key(account):
        raise CannotStart("bad_key", f"The account {account.label} has no key. Enter one, or choose another account.")
    try:
        model_for(account, model_name, on)
    except ModelNotAvailable as error:
        raise CannotStart("model_retired", str(error)) from error


def _readable_key(account: ProviderAccount) -> str:
    try:
        return account.api_key
    except KeyUnreadable as error:
        raise CannotStart("bad_key", f"{error} Enter the key of {account.label} again.") from error


@whole_step
def generate(job_id: uuid.UUID, *, by: Any, seen_revision: int | None = None) -> bool:
    """Start a draft: drop the rows not included, make the variants, queue everything and ring.

    False when it was no draft any more (pressed twice). Raises CannotStart, and then nothing changes;
    SheetChanged when ``seen_revision``, the draft's as its price was shown, is not its revision now.
    """
    job = lock_job(job_id)
    if job.status != JobStatus.DRAFT:
        return False
    if seen_revision is not None and job.revision != seen_revision:
        raise SheetChanged
    now = database_now()
    check_can_buy(job.account, job.model_name, now.date())
    rows = list(job.images.filter(included=True).order_by("position"))
    if not rows:
        raise CannotStart("empty", "No prompt is ticked: tick at least one.")
    _check_prices(job, rows, now.date())
    job.estimate = _expected_cost(job, rows, now.date())
    job.skipped += job.images.filter(included=False).count()
    job.images.filter(included=False).delete()
    variants = [variant for row in rows for variant in _further_variants(job, row)]
    job.revision += 1
    job.images.all().move(ImageStatus.QUEUED, revision=job.revision)
    GeneratedImage.objects.bulk_create([_at_revision(variant, job.revision) for variant in variants], batch_size=500)
    job.total_prompts = len(rows)
    count(job, None, ImageStatus.QUEUED, len(rows) + len(variants))
    save(job, now, status=JobStatus.PENDING)
    if job.created_by_id is None:
        BulkGenerationJob.objects.filter(pk=job.pk).update(created_by=by)
    ring()
    return True


def _check_prices(job: BulkGenerationJob, rows: list[GeneratedImage], on: dt.date) -> None:
    model = model_for(job.account, job.model_name, on)
    for quality, size in {(row.quality or job.quality, row.size or job.size) for row in rows}:
        try:
            estimate.reserve_for(model, quality, size, "", on)
        except estimate.UnknownPrice as error:
            raise CannotStart("bad_request", f"{error} Choose another size or quality.") from error
    for row in rows:
        over = len(compose_prompt(job, row.prompt_text)) - model.prompt_limit
        if over > 0:
            raise CannotStart("too_long", f"Prompt {row.position} is {over} characters too long for {model.label}. Shorten it or untick it.")


def _expected_cost(job: BulkGenerationJob, rows: list[GeneratedImage], on: dt.date) -> int:
    prompts = [compose_prompt(job, row.prompt_text) for row in rows]
    return estimate.estimate_job(job, model_for(job.account, job.model_name, on), rows, prompts, on).total.high


def _further_variants(job: BulkGenerationJob, row: GeneratedImage) -> list[GeneratedImage]:
    wanted = row.count or job.images_per_prompt
    return [_copy_of(row, variant) for variant in range(2, wanted + 1)]


def _copy_of(image: GeneratedImage, variant: int) -> GeneratedImage:
    return GeneratedImage(
        job_id=image.job_id,
        position=image.position,
        variant=variant,
        prompt_text=image.prompt_text,
        size=image.size,
        quality=image.quality,
        count=image.count,
        status=ImageStatus.QUEUED,
    )


def _at_revision(image: GeneratedImage, revision: int) -> GeneratedImage:
    image.revision = revision
    return image


@whole_step
def pause(job_id: uuid.UUID) -> bool:
    """Buy nothing more; what is in flight is kept. False when it was not running."""
    job = lock_job(job_id)
    if job.status not in ACTIVE_JOBS:
        return False
    job.revision += 1
    save(job, database_now(), status=JobStatus.PAUSED, reason="paused")
    return True


@whole_step
def resume(job_id: uuid.UUID) -> bool:
    """Go on with a paused job; False when it was not paused.

    After a fault of its account the account is tried again: a key that is still bad pauses the job once more.
    """
    found = BulkGenerationJob.objects.only("account_id", "status_reason").get(pk=job_id)
    if found.status_reason in ("no_credit", "bad_key", "not_verified"):
        ProviderAccount.objects.select_for_update(no_key=True).filter(pk=found.account_id).first()
        ProviderAccount.objects.filter(pk=found.account_id).update(stop_code="", stop_message="")
    job = lock_job(job_id)
    if job.status != JobStatus.PAUSED:
        return False
    job.revision += 1
    save(job, database_now(), status=JobStatus.PROCESSING, reason="")
    ring()
    return True


@whole_step
def cancel(job_id: uuid.UUID) -> bool:
    """Drop what is queued; what is in flight is kept. False when the job had ended."""
    job = lock_job(job_id)
    if job.status in ENDED_JOBS or job.status == JobStatus.DRAFT:
        return False
    job.revision += 1
    dropped = job.images.filter(status=ImageStatus.QUEUED).move(ImageStatus.CANCELLED, revision=job.revision, not_before=None)
    count(job, ImageStatus.QUEUED, ImageStatus.CANCELLED, dropped)
    save(job, database_now(), status=JobStatus.CANCELLED, reason="cancelled")
    return True


def _reopen(job: BulkGenerationJob) -> None:
    """Write a job that has something queued again, and ring. A paused job stays paused."""
    status = JobStatus.PROCESSING if job.status in ENDED_JOBS else ""
    save(job, database_now(), status=status, reason="" if status else None)
    ring()


@whole_step
def retry_failed(job_id: uuid.UUID, image_ids: Iterable[int] | None = None) -> int:
    """Queue again the failures that a retry can help, of these images or of all; the count.

    With ids, what was cancelled before it was bought is queued too.
    """
    job = lock_job(job_id)
    job.revision += 1
    failed = job.images.filter(status=ImageStatus.FAILED, error_code__in=RETRYABLE_CODES)
    again = _queue_again(job, failed, image_ids)
    if image_ids is not None:
        again += _queue_again(job, job.images.filter(status=ImageStatus.CANCELLED), image_ids)
    if again:
        _reopen(job)
    return again


def _queue_again(job: BulkGenerationJob, images: ImageQuerySet, image_ids: Iterable[int] | None) -> int:
    if image_ids is not None:
        images = images.filter(pk__in=list(image_ids))
    before = dict(images.values_list("status").annotate(n=Count("*")).order_by())
    moved = images.move(ImageStatus.QUEUED, revision=job.revision, error_code="", error_message="", tries=0, not_before=None)
    for status, n in before.items():
        count(job, status, ImageStatus.QUEUED, n)
    return moved


@whole_step
def reroll(job_id: uuid.UUID, image_id: int, *, seen_variant: int, prompt: str | None = None) -> GeneratedImage | None:
    """Buy one more picture of an image's prompt, or of ``prompt``, at the end of its group; the old one stays.

    None when the group has a variant that the pressed button did not know: it was pressed twice.
    """
    job = lock_job(job_id)
    parent = job.images.get(pk=image_id)
    newest = job.images.filter(position=parent.position).aggregate(newest=Max("variant"))["newest"]
    if newest != seen_variant or job.status == JobStatus.DRAFT:
        return None
    if prompt is not None and not prompt.strip():
        raise ValueError("The prompt is empty.")
    job.revision += 1
    new = _at_revision(_copy_of(parent, newest + 1), job.revision)
    new.parent = parent
    new.prompt_text = parent.prompt_text if prompt is None else prompt.strip()
    new.save(force_insert=True)
    count(job, None, ImageStatus.QUEUED)
    _reopen(job)
    return new


def buy_again(job_id: uuid.UUID, image_id: int, *, seen_attempt: int) -> str:
    """Buy a picture again whose outcome is unknown; both calls are booked.

    "adopted": its bytes had arrived after all, nothing is bought. "queued", or "stale" when the button
    answered an older attempt.
    """

    def queue(job: BulkGenerationJob, image: GeneratedImage) -> str:
        job.images.filter(pk=image.pk).move(ImageStatus.QUEUED, revision=job.revision, error_code="", error_message="", tries=0, not_before=None)
        count(job, ImageStatus.UNKNOWN, ImageStatus.QUEUED)
        _reopen(job)
        return "queued"

    return _decide_unknown(job_id, image_id, seen_attempt, queue)


def accept_as_lost(job_id: uuid.UUID, image_id: int, *, seen_attempt: int) -> str:
    """Give a picture up whose outcome is unknown; its reserve stays booked. "adopted", "lost" or "stale"."""

    def give_up(job: BulkGenerationJob, image: GeneratedImage) -> str:
        message = "Accepted as lost. It is booked at its full price."
        job.images.filter(pk=image.pk).move(ImageStatus.FAILED, revision=job.revision, error_code="lost", error_message=message)
        count(job, ImageStatus.UNKNOWN, ImageStatus.FAILED)
        save(job, database_now())
        return "lost"

    return _decide_unknown(job_id, image_id, seen_attempt, give_up)


def _decide_unknown(job_id: uuid.UUID, image_id: int, seen_attempt: int, decide: Callable[[BulkGenerationJob, GeneratedImage], str]) -> str:
    call = ProviderCall.objects.filter(image_id=image_id, job_ref=job_id, attempt=seen_attempt, state=CallState.UNKNOWN).first()
    # A dying worker may have stored the bytes just after the last look.
    if call is not None and look_up(call) in ("adopted", "new variant"):
        return "adopted"

    @whole_step
    def step() -> str:
        job = lock_job(job_id)
        image = job.images.get(pk=image_id)
        if image.status != ImageStatus.UNKNOWN or image.attempt != seen_attempt:
            return "stale"
        job.revision += 1
        return decide(job, image)

    return step()


@whole_step
def set_selected(job_id: uuid.UUID, image_ids: Iterable[int], wanted: bool) -> int:
    """Keep or drop: the wanted state, never a toggle; the count of pictures that changed."""
    job = lock_job(job_id)
    job.revision += 1
    changed = job.images.filter(pk__in=list(image_ids), selected=not wanted).update(selected=wanted, revision=job.revision)
    if changed:
        save(job, database_now())
    return changed


@whole_step
def delete_images(job_id: uuid.UUID, image_ids: Iterable[int]) -> DeleteResult:
    """Delete pictures for good, their files soon after; those that must stay come back with the reason."""
    job = lock_job(job_id)
    job.revision += 1
    under_way = set(ProviderCall.objects.filter(image__job=job, state=CallState.OPEN).values_list("image_id", flat=True))
    deleted: list[GeneratedImage] = []
    kept: list[tuple[GeneratedImage, str]] = []
    for image in job.images.filter(pk__in=list(image_ids)):
        reason = _why_keep(image, is_under_way=image.pk in under_way)
        kept.append((image, reason)) if reason else deleted.append(image)
    for image in deleted:
        count(job, image.status, None)
        count_pages(job, image.page_status, PageStatus.NONE)
    job.removed_images = [*job.removed_images, *([job.revision, image.pk] for image in deleted)]
    if deleted:
        keys = _stop_looking(ProviderCall.objects.filter(image__in=[image.pk for image in deleted]))
        job.images.filter(pk__in=[image.pk for image in deleted]).delete()
        save(job, database_now())
        ring_to_delete([*(image.picture_key for image in deleted if image.picture_key), *keys])
    return DeleteResult(len(deleted), kept)


def _why_keep(image: GeneratedImage, *, is_under_way: bool) -> str:
    if image.status == ImageStatus.UNKNOWN:
        return f"Its outcome is unknown: {DECIDE_FIRST}"
    if is_under_way:
        return "A call for it is open: wait until it has ended."
    if image.prompt_page_id is not None or image.page_status not in (PageStatus.NONE, PageStatus.BLOCKED, PageStatus.FAILED):
        return "It has a page, or one is being made."
    return ""


def _stop_looking(calls: QuerySet[ProviderCall]) -> list[str]:
    """Calls whose picture is deleted need not be looked up any more; the keys of what they may have stored."""
    unknown = list(calls.filter(kind=CallKind.IMAGE, state=CallState.UNKNOWN))
    ProviderCall.objects.filter(pk__in=[call.pk for call in unknown]).update(looked_up=len(settings.BULK_LOOK_AGAIN))
    return [call.picture_key for call in unknown]


@whole_step
def delete_job(job_id: uuid.UUID) -> str:
    """Delete a job with its pictures; "" or the reason why it stays. Its pages and its ledger rows stay."""
    job = lock_job(job_id)
    if job.status not in (*ENDED_JOBS, JobStatus.DRAFT):
        return "It is still running: cancel it first."
    if job.unknown_count:
        return f"The outcome of a picture is unknown: {DECIDE_FIRST}"
    if ProviderCall.objects.filter(job_ref=job.pk, state=CallState.OPEN).exists():
        return "A call of it is open: wait until it has ended."
    if job.pages_open:
        return "Pages are being made from it: stop them first."
    keys = _stop_looking(ProviderCall.objects.filter(job_ref=job.pk))
    ring_to_delete([*job.images.exclude(picture_key="").values_list("picture_key", flat=True), *keys])
    job.delete()
    return ""
