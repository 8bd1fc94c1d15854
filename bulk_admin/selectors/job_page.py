"""Every read that a page makes.

A poll reads the job first and the tiles after it: a tile that changes in between has a revision above
the job's and comes with the next answer.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from bulk_admin.models import (
    ENDED_JOBS,
    BulkGenerationJob,
    CallKind,
    CallState,
    GeneratedImage,
    ImageModel,
    ImageStatus,
    JobStatus,
    PageStatus,
    Pool,
    ProviderCall,
    UnstoredImage,
)
from bulk_admin.services.drafting.drafts import compose_prompt
from bulk_admin.services.image_providers import provider_class
from bulk_admin.services.jobs import lifecycle as job_service
from bulk_admin.services.monitoring import workers
from bulk_admin.services.queue import page_queue as page_service

TILES_A_POLL = 50
WHOLE = 2**63 - 1  # as the cursor's image id: every tile of that revision was sent
PACE_WINDOW = dt.timedelta(seconds=120)
NO_PROGRESS = ("rate_limited", "not_sent", "overloaded")  # calls that came back to the queue


# --- the job ------------------------------------------------------------------------------------


def job_page(job_id: uuid.UUID) -> BulkGenerationJob | None:
    """A job that has left the review sheet."""
    return BulkGenerationJob.objects.select_related("account").defer("source_text").exclude(status=JobStatus.DRAFT).filter(pk=job_id).first()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What changes without the job's revision: workers, the provider's pace, the account."""

    now: dt.datetime
    no_worker: bool
    wait_until: dt.datetime | None
    limit: int
    pace: float
    seconds_left: int | None
    account_stop: str


def surroundings(job: BulkGenerationJob) -> Surroundings:
    """At most three queries."""
    now = timezone.now()
    kind = CallKind.IMAGE if job.status not in ENDED_JOBS or not job.pages_open else CallKind.TEXT
    pool = workers.first_with_signs(Pool.objects.filter(account=job.account_id, kind=kind))
    signs = pool or workers.first_with_signs(BulkGenerationJob.objects.filter(pk=job.pk).only("pk"))
    pace, seconds_left = _pace(job, now) if job.is_active else (0.0, None)
    return Surroundings(
        now=now,
        no_worker=workers.no_worker(job, signs, now),
        wait_until=_wait_until(job, pool, now),
        limit=pool.limit_per_minute if pool else 0,
        pace=pace,
        seconds_left=seconds_left,
        account_stop=job.account.stop_code if job.is_active else "",
    )


def _wait_until(job: BulkGenerationJob, pool: Pool | None, now: dt.datetime) -> dt.datetime | None:
    """When the provider's limit lets the next call of this job go, if that is still to come."""
    if pool is None or not workers.waits(job):
        return None
    moments = [pool.cooldown_until]
    if pool.limit_per_minute:
        nth = ProviderCall.objects.filter(pool=pool).order_by("-sent_at").values_list("sent_at", flat=True)
        oldest = nth[pool.limit_per_minute - 1 : pool.limit_per_minute].first()
        moments.append(oldest and oldest + dt.timedelta(seconds=settings.BULK_WINDOW + settings.BULK_GUARD))
    return max((moment for moment in moments if moment and moment > now), default=None)


def _pace(job: BulkGenerationJob, now: dt.datetime) -> tuple[float, int | None]:
    """Pictures a minute in the last minutes, and the seconds left at the pace of everything that ended, failures too."""
    now = now.replace(second=now.second // 10 * 10, microsecond=0)  # in steps, or every poll had a new pace to tell
    ended = ~Q(state=CallState.OPEN) & ~Q(error_code__in=NO_PROGRESS)
    seen = ProviderCall.objects.filter(job_ref=job.pk, kind=CallKind.IMAGE, finished_at__gte=now - PACE_WINDOW).aggregate(
        pictures=Count("pk", filter=Q(state=CallState.DELIVERED)), ended=Count("pk", filter=ended), first=Min("sent_at")
    )
    if not seen["ended"] or not seen["first"]:
        return 0.0, None
    minutes = (now - max(seen["first"], now - PACE_WINDOW)).total_seconds() / 60
    if minutes < 0.25 or seen["ended"] < 3:
        return 0.0, None
    return seen["pictures"] / minutes, round((job.queued + job.generating) / (seen["ended"] / minutes) * 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    all: int
    kept: int
    dropped: int
    needs_you: int
    with_page: int
    retryable: int
    for_pages: int
    siblings: int


def tile_counts(job: BulkGenerationJob) -> Counts:
    done = Q(status=ImageStatus.COMPLETED)
    return Counts(
        **job.images.aggregate(
            all=Count("pk"),
            kept=Count("pk", filter=done & Q(selected=True)),
            dropped=Count("pk", filter=done & Q(selected=False)),
            needs_you=Count("pk", filter=NEEDS_YOU),
            with_page=Count("pk", filter=Q(prompt_page__isnull=False)),
            retryable=Count("pk", filter=RETRYABLE),
            for_pages=Count("pk", filter=FOR_PAGES & ~SIBLING),
            siblings=Count("pk", filter=FOR_PAGES & SIBLING),
        )
    )


RETRYABLE = Q(status=ImageStatus.FAILED, error_code__in=job_service.RETRYABLE_CODES)
NEEDS_YOU = Q(status__in=(ImageStatus.FAILED, ImageStatus.UNKNOWN)) | Q(page_status__in=(PageStatus.BLOCKED, PageStatus.FAILED))
FOR_PAGES = Q(status=ImageStatus.COMPLETED, selected=True, page_status=PageStatus.NONE, prompt_page__isnull=True)
SIBLING = Q(page_error_code=page_service.SAME_PROMPT)


# --- tiles --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cursor:
    """The newest tile that a page has."""

    revision: int
    image_id: int

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """From "revision:image id"; anything else means that the page has nothing."""
        revision, _, image_id = text.partition(":")
        if not (revision.isdecimal() and image_id.isdecimal() and len(revision) < 19 and len(image_id) <= 19):
            return cls(-1, 0)
        return cls(int(revision), min(int(image_id), WHOLE))

    def __str__(self) -> str:
        return f"{self.revision}:{self.image_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    images: list[GeneratedImage]
    removed: list[int]
    cursor: Cursor
    more: bool


def _tiles(job: BulkGenerationJob) -> QuerySet[GeneratedImage]:
    return job.images.defer("content", "moderation", "flags", "revised_prompt")


def all_tiles(job: BulkGenerationJob) -> list[GeneratedImage]:
    return list(_tiles(job).order_by("position", "variant"))


def one_tile(job: BulkGenerationJob, image_id: int) -> GeneratedImage | None:
    return _tiles(job).filter(pk=image_id).first()


def changed_tiles(job: BulkGenerationJob, seen: Cursor) -> Changes:
    """The tiles that changed since ``seen``, up to the revision that ``job`` was read at; no query when it is the same."""
    upto = Cursor(job.revision, WHOLE)
    if seen == upto:
        return Changes(images=[], removed=[], cursor=upto, more=False)
    newer = Q(revision__gt=seen.revision) | Q(revision=seen.revision, pk__gt=seen.image_id)
    found = list(_tiles(job).filter(newer, revision__lte=job.revision).order_by("revision", "pk")[: TILES_A_POLL + 1])
    images, more = found[:TILES_A_POLL], len(found) > TILES_A_POLL
    removed = [image_id for revision, image_id in job.removed_images if revision >= seen.revision]
    cursor = Cursor(images[-1].revision, images[-1].pk) if more else upto
    return Changes(images=images, removed=removed, cursor=cursor, more=more)


def newest_variants(job: BulkGenerationJob, positions: Iterable[int]) -> dict[int, int]:
    """Position -> the newest variant of that prompt: what a re-roll button answers."""
    found = job.images.filter(position__in=set(positions)).order_by("position").values_list("position")
    return dict(found.annotate(newest=Max("variant")))


def retryable(job: BulkGenerationJob) -> list[GeneratedImage]:
    return list(job.images.filter(RETRYABLE).only("quality", "size"))


def kept_for_pages(job: BulkGenerationJob) -> list[int]:
    return list(job.images.filter(FOR_PAGES).order_by("position", "variant").values_list("pk", flat=True))


def catalogue_model(job: BulkGenerationJob) -> ImageModel | None:
    return ImageModel.objects.filter(provider=job.provider, name=job.model_name).first()


def too_long_by(job: BulkGenerationJob, prompt: str) -> int:
    """Characters that a prompt, with all that is put around it, is over its model's limit."""
    model = catalogue_model(job)
    return max(0, len(compose_prompt(job, prompt)) - model.prompt_limit) if model else 0


def is_placeholder(job: BulkGenerationJob) -> bool:
    return provider_class(job.provider).is_placeholder


# --- how it ended -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    failures: Sequence[Mapping[str, object]]
    page_failures: Sequence[Mapping[str, object]]
    pages: list[GeneratedImage]


def outcome(job: BulkGenerationJob) -> Outcome:
    """What was made, and what was not and why."""
    bad = job.images.filter(status__in=(ImageStatus.FAILED, ImageStatus.UNKNOWN)).order_by().values("status", "error_code")
    stopped = job.images.filter(page_status__in=(PageStatus.BLOCKED, PageStatus.FAILED)).order_by().values("page_status", "page_error")
    pages = job.images.filter(prompt_page__isnull=False).select_related("prompt_page").only("position", "variant", "prompt_page__title", "prompt_page__status")
    return Outcome(
        failures=list(bad.annotate(count=Count("pk"), message=Min("error_message")).order_by("-count")),
        page_failures=list(stopped.annotate(count=Count("pk")).order_by("-count")),
        pages=list(pages.order_by("position", "variant")),
    )


def is_quiet(job: BulkGenerationJob) -> bool:
    """Nothing more can come by itself: polling may stop."""
    return job.status in ENDED_JOBS and not job.generating and not job.pages_open


# --- files --------------------------------------------------------------------------------------


def image_file(image_id: int) -> GeneratedImage | None:
    fields = ("picture_key", "thumb_300", "thumb_600", "content_type", "error_code", "position", "variant", "job_id")
    return GeneratedImage.objects.filter(pk=image_id).exclude(picture_key="").only(*fields).first()


def in_outbox(picture_key: str) -> UnstoredImage | None:
    """The bytes of a picture that the storage has not taken yet. Its key ends in its call's id."""
    try:
        call_id = uuid.UUID(picture_key.rpartition("/")[2])
    except ValueError:
        return None
    return UnstoredImage.objects.filter(pk=call_id).first()
