"""A draft job: its settings, one row a prompt, and what the review sheet has to say of each row.

Buys nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from django.contrib.admin.models import DELETION

from bulk_admin.formats import counted
from bulk_admin.models import (
    BulkGenerationJob,
    GeneratedImage,
    ImageModel,
    ImageStatus,
    JobStatus,
    ProviderAccount,
)
from bulk_admin.services import history
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.drafting import page_options
from bulk_admin.services.drafting.flags import find_flags, starts_on
from bulk_admin.services.drafting.intake import Row, clean
from bulk_admin.services.drafting.marks import MARKS, OPTIONS, ratio_of
from bulk_admin.services.drafting.settings import JobSettings, refused_option
from bulk_admin.services.pricing.catalogue import (
    ModelNotAvailable,
    is_offered,
    model_for,
    size_of_ratio,
)
from bulk_admin.services.queue.job_row import lock_job
from bulk_admin.text import storable

MAX_PICTURES = 1000


class DraftRefused(ValueError):
    """The draft cannot be made; the message says what to change."""


def create_draft(
    settings: JobSettings, rows: Sequence[Row], *, by: Any, source_text: str = "", skipped: int = 0
) -> BulkGenerationJob:
    """A DRAFT job with one row a prompt, flagged.

    Raises DraftRefused, ModelNotAvailable; then nothing is saved.
    """

    @whole_step
    def step() -> BulkGenerationJob:
        job = BulkGenerationJob(
            created_by=by,
            status=JobStatus.DRAFT,
            source_text=storable(source_text),
            skipped=skipped,
        )
        _choose(job, settings)
        _fill(job, rows)
        return job

    return step()


@whole_step
def replace_draft(
    job_id: uuid.UUID,
    settings: JobSettings,
    rows: Sequence[Row],
    *,
    source_text: str = "",
    skipped: int = 0,
) -> BulkGenerationJob:
    """The same draft again with other settings and rows.

    Raises DraftRefused when it is no longer a draft.
    """
    job = lock_job(job_id)
    if job.status != JobStatus.DRAFT:
        raise DraftRefused("This job has been started in the meantime: make a new one.")
    job.source_text, job.skipped = storable(source_text), skipped
    _choose(job, settings)
    GeneratedImage.everything.filter(job=job).delete()
    _fill(job, rows)
    return job


def _choose(job: BulkGenerationJob, settings: JobSettings) -> None:
    account = ProviderAccount.objects.filter(pk=settings.account_id).first()
    if account is None:
        raise DraftRefused("That account does not exist: choose another one.")
    for name, value in asdict(settings).items():
        setattr(job, name, value)
    job.page_options = page_options.storable(settings.page_options)
    job.account, job.provider = account, account.provider


def _fill(job: BulkGenerationJob, rows: Sequence[Row]) -> None:
    rows = [replace(row, text=clean(row.text)) for row in rows]
    model = model_for(job.account, job.model_name, database_now().date())
    _check(job, model, rows)
    job.revision += 1
    job.total_prompts = len(rows)
    job.save()
    images = [_image(job, position, row) for position, row in enumerate(rows, 1)]
    for image, row, flags in zip(
        images, rows, find_flags(job, model, [row.text for row in rows]), strict=True
    ):
        image.flags = flags
        image.included = starts_on(flags) if row.included is None else row.included
    GeneratedImage.objects.bulk_create(images, batch_size=500)


def _check(job: BulkGenerationJob, model: ImageModel, rows: Sequence[Row]) -> None:
    if not rows:
        raise DraftRefused("There is no prompt: paste at least one.")
    pictures = sum(row.count or job.images_per_prompt for row in rows)
    if pictures > MAX_PICTURES:
        raise DraftRefused(
            f"That is {pictures:,} pictures; a job takes at most {MAX_PICTURES:,}. Make several"
            " jobs of it."
        )
    if why := refused_option(job, model):
        raise DraftRefused(why)
    for row in rows:
        if not row.text:
            raise DraftRefused(f"Line {row.line}: There is no prompt in this row.")
        quality, size = row.quality or job.quality, row.size or job.size
        if not is_offered(model, quality, size):
            where = f"Line {row.line}: " if row.size or row.quality else ""
            raise DraftRefused(
                f"{where}{model.label} does not make {size} pictures in {quality or 'no'} quality."
                " Choose another size or quality."
            )


def _image(job: BulkGenerationJob, position: int, row: Row) -> GeneratedImage:
    return GeneratedImage(
        job=job,
        position=position,
        prompt_text=row.text,
        size=row.size,
        quality=row.quality,
        count=row.count,
        status=ImageStatus.DRAFT,
        revision=job.revision,
    )


@whole_step
def set_included(job_id: uuid.UUID, image_ids: Iterable[int], wanted: bool) -> int:
    """Tick or untick rows of a draft: the wanted state, never a toggle; how many changed."""
    job = lock_job(job_id)
    if job.status != JobStatus.DRAFT:
        return 0
    changed = job.images.filter(pk__in=list(image_ids), included=not wanted).update(included=wanted)
    if changed:
        _raise_revision(job)
    return changed


def _raise_revision(job: BulkGenerationJob) -> None:
    """What Generate was shown for has changed: a button that knows an older revision starts
    nothing.
    """
    job.revision += 1
    BulkGenerationJob.objects.filter(pk=job.pk).update(revision=job.revision)


@whole_step
def edit_row(job_id: uuid.UUID, image_id: int, text: str) -> GeneratedImage:
    """Reword a row of a draft; every row is flagged again, since a twin may have come or gone.

    Raises DraftRefused.
    """
    job = lock_job(job_id)
    text = clean(text)
    if job.status != JobStatus.DRAFT:
        raise DraftRefused("This job has been started in the meantime.")
    if not text:
        raise DraftRefused("The prompt is empty. Untick the row to leave it out.")
    if not job.images.filter(pk=image_id).update(prompt_text=text):
        raise DraftRefused("This row is gone: reload the page.")
    _raise_revision(job)
    rows = list(job.images.order_by("position"))
    _flag_again(job, model_for(job.account, job.model_name, database_now().date()), rows)
    return next(row for row in rows if row.pk == image_id)


@whole_step
def fix_rows(job_id: uuid.UUID, code: str, image_ids: Iterable[int] | None = None) -> int:
    """Cut the marks of a kind from rows of a draft, or from all of them; how many changed.

    A row's tick follows its new flags unless a person had set it against the old ones. The shape
    among its options becomes its size where the model makes it. A second call changes nothing.
    Raises DraftRefused, ModelNotAvailable.
    """
    job = lock_job(job_id)
    if job.status != JobStatus.DRAFT:
        raise DraftRefused("This job has been started in the meantime.")
    model = model_for(job.account, job.model_name, database_now().date())
    wanted = None if image_ids is None else set(image_ids)
    rows = list(job.images.order_by("position"))
    fixed = [
        row
        for row in rows
        if (wanted is None or row.pk in wanted) and _cut_marks(job, model, row, code)
    ]
    if not fixed:
        return 0
    followers = [row for row in fixed if row.included == starts_on(row.flags)]
    _flag_again(job, model, rows)
    for row in followers:
        row.included = starts_on(row.flags)
    GeneratedImage.objects.bulk_update(fixed, ["prompt_text", "size", "included"], batch_size=500)
    _raise_revision(job)
    return len(fixed)


def _cut_marks(job: BulkGenerationJob, model: ImageModel, row: GeneratedImage, code: str) -> bool:
    """Whether the row has another text now; one of which nothing would be left keeps its own."""
    text = row.prompt_text
    for mark in MARKS:
        if mark.code == code and mark.find(text):
            row.prompt_text = clean(mark.cut(text)) or text
    if row.prompt_text == text:
        return False
    ratio = ratio_of(text) if code == OPTIONS.code and not row.size else None
    size = size_of_ratio(model, ratio, near=job.size) if ratio else ""
    if size != job.size and is_offered(model, row.quality or job.quality, size):
        row.size = size
    return True


def flag_again(job: BulkGenerationJob) -> None:
    """Find the flags of a locked draft's rows again: a twin has gone. They stay as they are where
    the model is no longer in the catalogue.
    """
    with suppress(ModelNotAvailable):
        model = model_for(job.account, job.model_name, database_now().date())
        _flag_again(job, model, list(job.images.order_by("position")))


def _flag_again(job: BulkGenerationJob, model: ImageModel, rows: Sequence[GeneratedImage]) -> None:
    texts = [row.prompt_text for row in rows]
    changed = []
    for row, flags in zip(rows, find_flags(job, model, texts), strict=True):
        if row.flags != flags:
            row.flags = flags
            changed.append(row)
    GeneratedImage.objects.bulk_update(changed, ["flags"], batch_size=500)


@whole_step
def discard(job_id: uuid.UUID, *, by: Any) -> bool:
    """Delete a draft; False when it is no longer one."""
    job = (
        BulkGenerationJob.objects.select_for_update(no_key=True)
        .filter(pk=job_id, status=JobStatus.DRAFT)
        .first()
    )
    if job is None:
        return False
    prompts = counted(job.total_prompts, "prompt")
    history.record(job, by, f"Discarded the draft with {prompts}.", flag=DELETION)
    job.delete()
    return True
