"""What the list of jobs reads beside its rows."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from bulk_admin import codes
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageStatus, JobStatus

UNREAD = ("source_text",)
THUMBS = 2


def with_words(jobs: QuerySet[BulkGenerationJob], text: str) -> QuerySet[BulkGenerationJob]:
    """Those that have each word in their name or in one of their prompts."""
    for word in text.split():
        in_prompts = GeneratedImage.objects.filter(prompt_text__icontains=word).values("job_id")
        jobs = jobs.filter(Q(name__icontains=word) | Q(pk__in=in_prompts))
    return jobs


def for_bulk_actions(ids: Sequence[str]) -> QuerySet[BulkGenerationJob]:
    """With ``retryable``, the number of pictures that a retry can help."""
    can_be_retried = Q(
        images__status=ImageStatus.FAILED,
        images__error_code__in=codes.RETRYABLE,
        images__deleted_at=None,
    )
    return (
        BulkGenerationJob.objects.filter(pk__in=ids)
        .select_related("account")
        .defer(*UNREAD)
        .annotate(retryable=Count("images", filter=can_be_retried))
    )


def for_export(ids: Iterable[str]) -> list[BulkGenerationJob]:
    """Those of these ids that are jobs and were started; an address may say anything."""
    known = [key for text in ids if (key := _uuid(text))]
    jobs = BulkGenerationJob.objects.filter(pk__in=known).exclude(status=JobStatus.DRAFT)
    return list(jobs.order_by("-created", "pk"))


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def in_trash(ids: Sequence[str]) -> QuerySet[BulkGenerationJob]:
    there = BulkGenerationJob.everything.filter(pk__in=ids, deleted_at__isnull=False)
    return there.select_related("account").defer(*UNREAD)


def with_thumbs(jobs: Iterable[Any], count: int = THUMBS) -> list[Any]:
    """The jobs, each with ``thumbs``, its first ``count`` pictures: two queries for all of them."""
    rows = list(jobs)
    pictures = (
        GeneratedImage.everything.filter(job=OuterRef("pk"), status=ImageStatus.COMPLETED)
        .filter(Q(deleted_at=None) | Q(deleted_at=OuterRef("deleted_at")))  # gone with the job
        .exclude(thumb_300="")
        .order_by("position", "variant")
    )
    firsts = {f"thumb{n}": Subquery(pictures.values("pk")[n : n + 1]) for n in range(count)}
    found = (
        BulkGenerationJob.everything.filter(pk__in=[job.pk for job in rows])
        .order_by()
        .annotate(**firsts)
        .values_list("pk", *firsts)
    )
    ids = {pk: image_ids for pk, *image_ids in found}
    shown = GeneratedImage.everything.filter(pk__in=chain(*ids.values())).only("picture_key")
    images = {image.pk: image for image in shown}
    for job in rows:
        job.thumbs = [images[pk] for pk in ids.get(job.pk, ()) if pk in images]
    return rows
