"""Every read that a page makes.

A poll reads the job first and the tiles after it: a tile that changes in between has a revision
above the job's and comes with the next answer.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from bulk_admin import codes
from bulk_admin.codes import Code
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
)
from bulk_admin.selectors import tiles
from bulk_admin.services import page_adapter
from bulk_admin.services.image_providers import provider_class
from bulk_admin.services.jobs import failures
from bulk_admin.services.ledger import pacing
from bulk_admin.services.monitoring import workers
from bulk_admin.services.page_adapter import GONE, PageInfo

PACE_WINDOW = dt.timedelta(seconds=120)


# --- the job ------------------------------------------------------------------------------------


def job_page(job_id: uuid.UUID) -> BulkGenerationJob | None:
    """A job that has left the review sheet."""
    return (
        BulkGenerationJob.objects.select_related("account")
        .defer("source_text")
        .exclude(status=JobStatus.DRAFT)
        .filter(pk=job_id)
        .first()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What changes without the job's revision: workers, the provider's pace, the account."""

    now: dt.datetime
    no_worker: bool
    wait_until: dt.datetime | None
    limit: int
    pace: float
    seconds_left: int | None
    account_stop: str


def conditions(job: BulkGenerationJob) -> Conditions:
    """At most three queries."""
    now = timezone.now()
    kind = CallKind.IMAGE if job.status not in ENDED_JOBS or not job.pages_open else CallKind.TEXT
    pool = workers.first_with_signs(Pool.objects.filter(account=job.account_id, kind=kind))
    signs = pool or workers.first_with_signs(BulkGenerationJob.objects.filter(pk=job.pk).only("pk"))
    pace, seconds_left = speed(job, now) if job.is_active else (0.0, None)
    return Conditions(
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
    if pool is None or not job.work_waits:
        return None
    oldest = pacing.limit_th_newest(pool).first()
    moments = [pool.cooldown_until, oldest and oldest + pool.window]
    return max((moment for moment in moments if moment and moment > now), default=None)


def speed(job: BulkGenerationJob, now: dt.datetime) -> tuple[float, int | None]:
    """Pictures per minute in the last minutes, and the seconds left at the pace of everything that
    ended, failures too.
    """
    now = now.replace(
        second=now.second // 10 * 10, microsecond=0
    )  # in steps, or every poll had a new pace to tell
    ended = ~Q(state__in=CallState.UNSETTLED) & ~Q(error_code__in=codes.RETRIED)
    seen = ProviderCall.objects.filter(
        job_ref=job.pk, kind=CallKind.IMAGE, finished_at__gte=now - PACE_WINDOW
    ).aggregate(
        pictures=Count("pk", filter=Q(state=CallState.DELIVERED)),
        ended=Count("pk", filter=ended),
        first=Min("sent_at"),
    )
    if not seen["ended"] or not seen["first"]:
        return 0.0, None
    minutes = (now - max(seen["first"], now - PACE_WINDOW)).total_seconds() / 60
    if minutes < 0.25 or seen["ended"] < 3:
        return 0.0, None
    return seen["pictures"] / minutes, round(
        (job.queued + job.generating) / (seen["ended"] / minutes) * 60
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """``shown``: by the filters' names, "all" among them. ``not_made`` wait in the failure tray,
    with the newest revision among them. ``for_pages`` are kept, ``undecided`` are not yet decided,
    ``siblings`` have the same prompt as a page: all three could have a page.
    """

    shown: dict[str, int]
    needs_attention: int
    retryable: int
    not_made: int
    not_made_revision: int | None
    for_pages: int
    undecided: int
    siblings: int


def tile_counts(job: BulkGenerationJob) -> Counts:
    """One query."""
    shown = {name: Count("pk", filter=which) for name, which in tiles.SHOW.items()}
    found = job.images.aggregate(
        **{tiles.ALL: Count("pk")},
        **shown,
        needs_attention=Count("pk", filter=tiles.NEEDS_ATTENTION),
        retryable=Count("pk", filter=RETRYABLE),
        not_made=Count("pk", filter=failures.WAITING),
        not_made_revision=Max("revision", filter=failures.WAITING),
        for_pages=Count("pk", filter=FOR_PAGES & tiles.SHOW["kept"] & ~SIBLING),
        undecided=Count("pk", filter=FOR_PAGES & tiles.SHOW["to-decide"] & ~SIBLING),
        siblings=Count("pk", filter=FOR_PAGES & SIBLING),
    )
    return Counts(shown={name: found.pop(name) for name in (tiles.ALL, *shown)}, **found)


RETRYABLE = Q(status=ImageStatus.FAILED, error_code__in=codes.RETRYABLE)
FOR_PAGES = Q(
    status=ImageStatus.COMPLETED,
    selected=True,
    page_status=PageStatus.NONE,
    page_id__isnull=True,
)
SIBLING = Q(page_error_code=Code.SAME_PROMPT)


# --- tiles --------------------------------------------------------------------------------------


def retryable(job: BulkGenerationJob) -> list[GeneratedImage]:
    return list(job.images.filter(RETRYABLE).only("quality", "size"))


def for_pages(job: BulkGenerationJob, *, undecided: bool) -> list[int]:
    """The kept pictures that could have a page, with those that are not decided yet if wanted."""
    which = FOR_PAGES if undecided else FOR_PAGES & ~tiles.SHOW["to-decide"]
    return list(
        job.images.filter(which).order_by("position", "variant").values_list("pk", flat=True)
    )


def dropped(job: BulkGenerationJob) -> list[int]:
    return list(
        job.images.filter(status=ImageStatus.COMPLETED, selected=False)
        .order_by("position", "variant")
        .values_list("pk", flat=True)
    )


def published_pages(job: BulkGenerationJob, image_ids: Iterable[int]) -> dict[str, PageInfo]:
    """The pages of these pictures that are out though the picture was dropped, by their key."""
    dropped_ones = job.images.filter(
        pk__in=list(image_ids), selected=False, page_id__isnull=False
    ).order_by("position", "variant")
    ids = [image.page_id or "" for image in dropped_ones.only("page_id")]
    known = page_adapter.describe(ids) if ids else {}
    return {page_id: page for page_id, page in known.items() if page.is_published}


def catalogue_model(job: BulkGenerationJob) -> ImageModel | None:
    return ImageModel.objects.filter(provider=job.provider, name=job.model_name).first()


def is_placeholder(job: BulkGenerationJob) -> bool:
    return provider_class(job.provider).is_placeholder


# --- how it ended -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSummary:
    failures: Sequence[Mapping[str, object]]
    page_failures: Sequence[Mapping[str, object]]
    pages: list[tuple[str, PageInfo]]


def job_summary(job: BulkGenerationJob) -> JobSummary:
    """What was made, and what was not and why."""
    bad = (
        job.images.filter(status__in=(ImageStatus.FAILED, ImageStatus.UNKNOWN))
        .order_by()
        .values("status", "error_code")
    )
    stopped = (
        job.images.filter(page_status__in=(PageStatus.BLOCKED, PageStatus.FAILED))
        .order_by()
        .values("page_status", "page_error")
    )
    made = job.images.filter(page_id__isnull=False).order_by("position", "variant")
    ids = [image.page_id or "" for image in made.only("page_id")]
    known = page_adapter.describe(ids)
    return JobSummary(
        failures=list(
            bad.annotate(count=Count("pk"), message=Min("error_message")).order_by("-count")
        ),
        page_failures=list(stopped.annotate(count=Count("pk")).order_by("-count")),
        pages=[(page_id, known.get(page_id, GONE)) for page_id in ids],
    )


def is_quiet(job: BulkGenerationJob) -> bool:
    """Nothing more can happen on its own: polling may stop."""
    return job.status in ENDED_JOBS and not job.generating and not job.pages_open


# --- files --------------------------------------------------------------------------------------
