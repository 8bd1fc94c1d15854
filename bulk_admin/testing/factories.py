"""Rows for tests: plain functions that keep every counter true."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_q.models import Task

from bulk_admin.adapter import Content, PageDraft, Verdict
from bulk_admin.background import CLUSTER
from bulk_admin.conf import page_adapter
from bulk_admin.models import (
    MADE_PAGES,
    OPEN_PAGES,
    Billed,
    BulkGenerationJob,
    CallKind,
    CallState,
    GeneratedImage,
    ImageModel,
    ImageStatus,
    JobStatus,
    ModelPrice,
    PageStatus,
    Pool,
    ProviderAccount,
    ProviderCall,
    Worker,
)
from bulk_admin.services.drafting import page_options
from bulk_admin.testing.pictures import png_bytes

numbers = itertools.count(1)
IMAGES_OF = {
    JobStatus.DRAFT: ImageStatus.DRAFT,
    JobStatus.COMPLETED: ImageStatus.COMPLETED,
    JobStatus.FAILED: ImageStatus.FAILED,
    JobStatus.CANCELLED: ImageStatus.CANCELLED,
}


def make_user(name: str = "", *permissions: str, **fields: Any) -> Any:
    """A member of staff with these permissions, as "app.codename"; the password is "password"."""
    fields = {"is_staff": True, **fields}
    user = get_user_model().objects.create_user(
        name or f"user{next(numbers)}", password="password", **fields
    )
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return user


def make_model(provider: str = "placeholder", **fields: Any) -> ImageModel:
    """The provider's default image model; a plain priced one when the catalogue has none, or when
    fields are given.
    """
    found = ImageModel.objects.filter(
        provider=provider, kind=CallKind.IMAGE, is_default=True
    ).first()
    if found and not fields:
        return found
    number = next(numbers)
    model = ImageModel.objects.create(
        **{
            "provider": provider,
            "name": f"{provider}-{number}",
            "label": f"{provider} {number}",
            "sizes": ["1024x1024", "1536x1024", "1024x1536"],
            "qualities": ["low", "medium", "high"],
            "output_formats": ["png"],
            "default_size": "1024x1024",
            "default_quality": "medium",
            "is_default": found is None,
            **fields,
        }
    )
    ModelPrice.objects.create(model=model, valid_from=dt.date(2020, 1, 1), per_image={"*": 10_000})
    return model


def make_account(
    provider: str = "placeholder",
    *,
    limit_per_minute: int = 0,
    max_in_flight: int = 60,
    **fields: Any,
) -> ProviderAccount:
    """An account with its pools for pictures and texts, the platform's unless it has an owner; 0
    per minute means no limit.
    """
    account = ProviderAccount.objects.create(
        **{
            "provider": provider,
            "label": f"{provider} account {next(numbers)}",
            "is_platform": fields.get("owner") is None,
            "private_network": bool(fields.get("base_url")),  # a server of the test
            **fields,
        }
    )
    for kind in CallKind.values:
        Pool.objects.create(
            account=account,
            kind=kind,
            limit_per_minute=limit_per_minute,
            max_in_flight=max_in_flight,
        )
    return account


def make_job(
    prompts: int | Sequence[str] = 3,
    status: str = JobStatus.PROCESSING,
    *,
    account: ProviderAccount | None = None,
    images_per_prompt: int = 1,
    image_status: str = "",
    stored: bool = False,
    **fields: Any,
) -> BulkGenerationJob:
    """A job with its images: queued ones while it is active, else the ones that fit its status.

    ``stored`` also writes the pictures of completed images, a small PNG each.
    """
    texts = (
        [f"A lighthouse at dusk, number {n}" for n in range(1, prompts + 1)]
        if isinstance(prompts, int)
        else list(prompts)
    )
    account = account or make_account()
    model = make_model(account.provider) if "model_name" not in fields else None
    if model:
        fields = {
            "model_name": model.name,
            "size": model.default_size or "1024x1024",
            "quality": model.default_quality,
            **fields,
        }
    number = next(numbers)
    job = BulkGenerationJob.objects.create(
        **{
            "name": f"Job {number}",
            "account": account,
            "provider": account.provider,
            "status": status,
            "size": "1024x1024",
            "images_per_prompt": images_per_prompt,
            "total_prompts": len(texts),
            "started": None if status in (JobStatus.DRAFT, JobStatus.PENDING) else timezone.now(),
            "finished": timezone.now()
            if status in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
            else None,
            **fields,
        }
    )
    wanted = image_status or IMAGES_OF.get(JobStatus(status), ImageStatus.QUEUED)
    variants = 1 if status == JobStatus.DRAFT else images_per_prompt
    for position, text in enumerate(texts, 1):
        for variant in range(1, variants + 1):
            make_image(
                job,
                wanted,
                position=position,
                variant=variant,
                prompt_text=text,
                stored=stored,
                recounted=False,
            )
    return recount(job)


def make_image(
    job: BulkGenerationJob,
    status: str = ImageStatus.COMPLETED,
    *,
    stored: bool = False,
    recounted: bool = True,
    **fields: Any,
) -> GeneratedImage:
    """One more image of a job, with what its status needs; a new prompt's unless ``position`` is
    given.
    """
    last = GeneratedImage.objects.filter(job=job).order_by("position").last()
    fields = {
        "position": last.position + 1 if last else 1,
        "prompt_text": "A fox in the snow",
        "requested_by": job.created_by,
        "page_requested_by": job.created_by,
        **fields,
    }
    if status == ImageStatus.COMPLETED:
        fields = {**picture_fields(job, stored=stored), **fields}
    if status == ImageStatus.FAILED:
        fields = {
            "error_code": "blocked",
            "error_message": "The provider's safety system refused this prompt.",
            **fields,
        }
    if status == ImageStatus.GENERATING:
        fields = {"owner": fields.get("owner") or make_worker(), "attempt": 1, **fields}
    if fields.get("page_status") in MADE_PAGES and "page_id" not in fields:
        fields["page_id"] = str(make_page(prompt=fields["prompt_text"]).pk)
    BulkGenerationJob.objects.filter(pk=job.pk).update(revision=F("revision") + 1)
    job.refresh_from_db(fields=["revision"])
    image = GeneratedImage.objects.create(job=job, status=status, revision=job.revision, **fields)
    if recounted:
        recount(job)
    return image


def picture_fields(job: BulkGenerationJob, *, stored: bool) -> dict[str, Any]:
    key = f"originals/{job.pk}/{uuid.uuid4()}"
    if stored:
        for name in (key, f"{key}-300.webp", f"{key}-600.webp"):
            storages["private"].save(name, ContentFile(png_bytes()))
    return {
        "picture_key": key,
        "thumb_300": f"{key}-300.webp",
        "thumb_600": f"{key}-600.webp",
        "width": 64,
        "height": 64,
        "bytes": len(png_bytes()),
        "content_type": "image/png",
        "attempt": 1,
    }


def make_content(**changes: Any) -> Content:
    """A page's texts as the text model writes them."""
    facts = {
        "title": "Red Fox Curled Asleep in Deep Winter Snow",
        "description": "A red fox sleeps in snow. Soft light falls on its fur.",
        "tags": ["fox", "winter-snow", "wildlife"],
        "alt_text": "A red fox asleep in deep snow.",
        "source": "ai",
    }
    return Content(**{**facts, **changes})


def make_draft(**changes: Any) -> PageDraft:
    """What a page is made of, with the options that nobody changed."""
    facts = {
        "source_ref": f"test-{next(numbers)}",
        "prompt": "A lighthouse",
        "content": make_content(),
        "verdict": Verdict("passed"),
        "original": png_bytes(),
        "options": page_options.completed({}),
    }
    return PageDraft(**{**facts, **changes})


def make_page(**changes: Any) -> Any:
    """A page, as the site's adapter makes it; ``changes`` are fields of PageDraft."""
    draft = make_draft(**changes)
    with transaction.atomic():
        return page_adapter().create(draft, page_adapter().store(draft))


def make_worker(**fields: Any) -> Worker:
    return Worker.objects.create(
        **{"host": "test", "pid": next(numbers), "beat_at": timezone.now(), **fields}
    )


def end_a_task(stopped: dt.datetime, cluster: str = CLUSTER) -> None:
    """As a worker's tick does."""
    Task.objects.create(
        id=uuid.uuid4().hex,
        name="tick",
        func="bulk_admin.tasks.tick",
        started=stopped,
        stopped=stopped,
        success=True,
        cluster=cluster,
    )


def _held() -> dict[str, Any]:
    """What a held call needs: it is due to be asked for, and has an hour left."""
    now = timezone.now()
    return {
        "owner": None,
        "remote_id": f"remote-{next(numbers)}",
        "poll_at": now,
        "hold_until": now + dt.timedelta(hours=1),
    }


def make_call(
    image: GeneratedImage, state: str = CallState.DELIVERED, **fields: Any
) -> ProviderCall:
    """A row of the ledger for an image's latest attempt. Books nothing on job, image or day."""
    job = image.job
    billed = {CallState.DELIVERED: Billed.YES, CallState.REFUSED: Billed.NO}.get(
        CallState(state), Billed.UNKNOWN
    )
    return ProviderCall.objects.create(
        **{
            "kind": CallKind.IMAGE,
            "image": image,
            "account": job.account,
            "pool": job.account.pools.get(kind=CallKind.IMAGE),
            "person": job.created_by,
            "owner": image.owner,
            "job_ref": job.pk,
            "place": f"{image.position}.{image.variant}",
            "job_label": job.name,
            "account_label": job.account.label,
            "model_name": job.model_name,
            "attempt": image.attempt,
            "day": timezone.now().date(),
            "sent_at": timezone.now(),
            "finished_at": None if state in CallState.UNSETTLED else timezone.now(),
            "state": state,
            "billed": billed,
            "reserved": 10_000,
            "actual": 10_000 if state == CallState.DELIVERED else None,
            **(_held() if state == CallState.HELD else {}),
            **fields,
        }
    )


def counters(job: BulkGenerationJob) -> dict[str, int]:
    """What the job's counters must say, counted again from its images."""
    images = list(GeneratedImage.objects.filter(job=job).values_list("status", "page_status"))
    statuses = [status for status, _ in images]
    pages = [page for _, page in images]
    return {
        "total": len(images) - statuses.count(ImageStatus.DRAFT),
        "queued": statuses.count(ImageStatus.QUEUED),
        "completed_count": statuses.count(ImageStatus.COMPLETED),
        "failed_count": statuses.count(ImageStatus.FAILED),
        "unknown_count": statuses.count(ImageStatus.UNKNOWN),
        "cancelled_count": statuses.count(ImageStatus.CANCELLED),
        "pages_open": sum(page in OPEN_PAGES for page in pages),
        "pages_created": sum(page in MADE_PAGES for page in pages),
        "pages_blocked": pages.count(PageStatus.BLOCKED),
        "pages_failed": pages.count(PageStatus.FAILED),
    }


def recount(job: BulkGenerationJob) -> BulkGenerationJob:
    """Write the true counters onto the job, and read it again."""
    BulkGenerationJob.objects.filter(pk=job.pk).update(**counters(job))
    job.refresh_from_db()
    return job
