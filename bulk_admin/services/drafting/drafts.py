"""A draft job: its settings, one row a prompt, and what the review sheet has to say of each row. Buys nothing."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.urls import reverse

from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, ImageStatus, JobStatus, ProviderAccount
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.drafting.intake import Row, clean
from bulk_admin.services.pricing.catalogue import is_offered, model_for
from bulk_admin.services.queue.job_row import lock_job
from prompts.models import Prompt

MAX_PICTURES = 1000
# {season}, {{ season }}, {red|blue}, [subject], <name>, __colour__: what a template leaves behind.
MARK_UP = "script|style|span|div|body|head|html|title|table|main|code|pre|img|svg|strong"
LEFTOVER = re.compile(
    r"\{\{?\s*[a-z][a-z0-9 _|-]{1,30}\}?\}"
    r"|\[[a-z][a-z0-9 _-]{2,30}\]"
    rf"|<(?!(?:{MARK_UP})\b)[a-z][a-z0-9 _-]{{2,30}}>"
    r"|__[a-z][a-z0-9_-]{1,30}__",
    re.IGNORECASE,
)
STARTS_OFF = frozenset({"duplicate", "too_long"})


class DraftRefused(ValueError):
    """The draft can not be made; the message says what to change."""


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


def compose_prompt(job: BulkGenerationJob | JobSettings, text: str) -> str:
    """What is sent for a row: the job's texts around it. The one place that puts them together."""
    composed = " ".join(part for part in (job.prompt_prefix.strip(), text.strip()) if part)
    if suffix := job.prompt_suffix.strip():
        composed = f"{composed.rstrip('.,; ')}, {suffix}"
    if description := job.character_description.strip():
        composed = f"{description}{'' if description[-1] in '.!?' else '.'} {composed}"
    return composed


def create_draft(settings: JobSettings, rows: Sequence[Row], *, by: Any, source_text: str = "", skipped: int = 0) -> BulkGenerationJob:
    """A DRAFT job with one row a prompt, flagged. Raises DraftRefused, ModelNotAvailable; then nothing is saved."""

    @whole_step
    def step() -> BulkGenerationJob:
        account = _account(settings)
        job = BulkGenerationJob(created_by=by, status=JobStatus.DRAFT, provider=account.provider, source_text=source_text, skipped=skipped, **asdict(settings))
        job.account = account
        _fill(job, rows)
        return job

    return step()


@whole_step
def replace_draft(job_id: uuid.UUID, settings: JobSettings, rows: Sequence[Row], *, source_text: str = "", skipped: int = 0) -> BulkGenerationJob:
    """The same draft again with other settings and rows. Raises DraftRefused when it is no draft any more."""
    job = lock_job(job_id)
    if job.status != JobStatus.DRAFT:
        raise DraftRefused("This job was started meanwhile: make a new one.")
    job.account = _account(settings)
    job.provider, job.source_text, job.skipped = job.account.provider, source_text, skipped
    for name, value in asdict(settings).items():
        setattr(job, name, value)
    job.images.all().delete()
    _fill(job, rows)
    return job


def _account(settings: JobSettings) -> ProviderAccount:
    account = ProviderAccount.objects.filter(pk=settings.account_id).first()
    if account is None:
        raise DraftRefused("That account does not exist: choose another one.")
    return account


def _fill(job: BulkGenerationJob, rows: Sequence[Row]) -> None:
    model = model_for(job.account, job.model_name, database_now().date())
    _check(job, model, rows)
    job.revision += 1
    job.total_prompts = len(rows)
    job.save()
    images = [_image(job, position, row) for position, row in enumerate(rows, 1)]
    for image, row, flags in zip(images, rows, find_flags(job, model, [row.text for row in rows]), strict=True):
        image.flags = flags
        image.included = starts_on(flags) if row.included is None else row.included
    GeneratedImage.objects.bulk_create(images, batch_size=500)


def starts_on(flags: Iterable[Mapping[str, str]]) -> bool:
    """Whether a row is ticked before anybody chose."""
    return not any(flag["code"] in STARTS_OFF for flag in flags)


def _check(job: BulkGenerationJob, model: ImageModel, rows: Sequence[Row]) -> None:
    if not rows:
        raise DraftRefused("There is no prompt: paste at least one.")
    pictures = sum(row.count or job.images_per_prompt for row in rows)
    if pictures > MAX_PICTURES:
        raise DraftRefused(f"That is {pictures:,} pictures; a job takes at most {MAX_PICTURES:,}. Make several jobs of it.")
    for row in rows:
        quality, size = row.quality or job.quality, row.size or job.size
        if not is_offered(model, quality, size):
            where = f"Line {row.line}: " if row.size or row.quality else ""
            raise DraftRefused(f"{where}{model.label} does not make {size} pictures in {quality or 'no'} quality. Choose another size or quality.")


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


def find_flags(job: BulkGenerationJob, model: ImageModel, texts: Sequence[str]) -> list[list[dict[str, str]]]:
    """For each prompt what staff should look at: code, text, and a link where there is something to open."""
    pages = dict(Prompt.objects.filter(prompt_text__in=texts).values_list("prompt_text", "pk"))
    earlier_images = GeneratedImage.objects.filter(prompt_text__in=texts, status=ImageStatus.COMPLETED).exclude(job_id=job.pk)
    earlier = dict(earlier_images.values_list("prompt_text", "job_id"))
    first_row: dict[str, int] = {}
    found: list[list[dict[str, str]]] = []
    for position, text in enumerate(texts, 1):
        flags: list[dict[str, str]] = []
        twin = first_row.setdefault(_normal(text), position)
        if twin != position:
            flags.append(_flag("duplicate", f"same as row {twin}"))
        over = len(compose_prompt(job, text)) - model.prompt_limit
        if over > 0:
            flags.append(_flag("too_long", f"too long by {over:,}"))
        if text in pages:
            flags.append(_flag("page", "already a page", reverse("admin:prompts_prompt_change", args=[pages[text]])))
        elif text in earlier:
            flags.append(_flag("earlier", "made before", reverse("admin:bulk_admin_bulkgenerationjob_change", args=[earlier[text]])))
        if leftover := LEFTOVER.search(text):
            flags.append(_flag("leftover", f"left-over {leftover[0]}"))
        found.append(flags)
    return found


def _normal(text: str) -> str:
    return " ".join(text.lower().split())


def _flag(code: str, text: str, url: str = "") -> dict[str, str]:
    return {"code": code, "text": text, "url": url}


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
    """What Generate was shown for is no more: a button that knows an older revision starts nothing."""
    job.revision += 1
    BulkGenerationJob.objects.filter(pk=job.pk).update(revision=job.revision)


@whole_step
def edit_row(job_id: uuid.UUID, image_id: int, text: str) -> GeneratedImage:
    """Reword a row of a draft; every row is flagged anew, since a twin may have come or gone. Raises DraftRefused."""
    job = lock_job(job_id)
    text = clean(text)
    if job.status != JobStatus.DRAFT:
        raise DraftRefused("This job was started meanwhile.")
    if not text:
        raise DraftRefused("The prompt is empty. Untick the row to leave it out.")
    if not job.images.filter(pk=image_id).update(prompt_text=text):
        raise DraftRefused("This row is gone: reload the page.")
    _raise_revision(job)
    model = model_for(job.account, job.model_name, database_now().date())
    rows = list(job.images.order_by("position"))
    changed = []
    for row, flags in zip(rows, find_flags(job, model, [row.prompt_text for row in rows]), strict=True):
        if row.flags != flags:
            row.flags = flags
            changed.append(row)
    GeneratedImage.objects.bulk_update(changed, ["flags"], batch_size=500)
    return next(row for row in rows if row.pk == image_id)


@whole_step
def discard(job_id: uuid.UUID) -> bool:
    """Delete a draft; False when it is no draft any more."""
    job = BulkGenerationJob.objects.select_for_update(no_key=True).filter(pk=job_id, status=JobStatus.DRAFT).first()
    if job is None:
        return False
    job.delete()
    return True
