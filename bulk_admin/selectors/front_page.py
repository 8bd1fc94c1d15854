"""What a site's front page says of the generator: what waits for a person, what runs, what was
made. However many rows there are, each costs the same few queries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from bulk_admin.codes import Code
from bulk_admin.models import (
    ACTIVE_JOBS,
    ENDED_JOBS,
    BulkGenerationJob,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    PageStatus,
    ProviderAccount,
    UnstoredImage,
)
from bulk_admin.selectors import job_list, job_page
from bulk_admin.services.monitoring import workers

MOST_UNDER_WAY = 6
MOST_RECENT = 4
PICTURES_OF_A_JOB = 3
MOST_NAMES = 3
MOST_PICTURES = 5
# What nobody has looked at for so long is no longer news; the lists still have it.
STILL_NEWS = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of those that wait are one job's."""

    job: BulkGenerationJob
    count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person: how many, the newest jobs that have some, a few pictures."""

    count: int
    shares: Sequence[Share] = ()
    pictures: Sequence[GeneratedImage] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Whether the machinery works, as far as the database shows it."""

    no_worker: bool  # although work waits
    last_seen: dt.datetime | None  # a worker
    is_up: bool
    stopped_accounts: int
    unstored: int


@dataclass(frozen=True, slots=True)
class UnderWay:
    job: BulkGenerationJob
    seconds_left: int | None


def jobs_under_way() -> list[UnderWay]:
    """Jobs that run, that wait for a person, and those of which pages are being made; newest
    first.
    """
    wanted = Q(status__in=(*ACTIVE_JOBS, JobStatus.PAUSED)) | Q(pages_open__gt=0)
    jobs = _jobs().filter(wanted)[:MOST_UNDER_WAY]
    now = timezone.now()
    return [UnderWay(job, job_page.speed(job, now)[1] if job.is_active else None) for job in jobs]


def recent_jobs() -> list[BulkGenerationJob]:
    """The newest that have ended, each with ``thumbs``, its first pictures."""
    jobs = _jobs().filter(status__in=ENDED_JOBS)[:MOST_RECENT]
    return job_list.with_thumbs(jobs, PICTURES_OF_A_JOB)


def to_decide() -> Waiting:
    """Pictures of jobs that have ended which nobody has kept or dropped."""
    images = GeneratedImage.objects.filter(
        job__in=_news().filter(status__in=ENDED_JOBS).values("pk"),
        status=ImageStatus.COMPLETED,
        decided_at=None,
        page_status=PageStatus.NONE,
    )
    counts = (
        images.order_by()
        .values_list("job")
        .annotate(count=Count("pk"), newest=Max("job__created"))
        .order_by("-newest")[:MOST_NAMES]
    )
    shown = images.exclude(thumb_300="").order_by("-job__created", "position", "variant")
    return Waiting(
        images.count(),
        _shares({job_id: count for job_id, count, _ in counts}),
        list(shown.only("picture_key")[:MOST_PICTURES]),
    )


def unknown_outcomes() -> Waiting:
    """Pictures that were sent and perhaps billed, and that no answer came for."""
    jobs = _jobs().filter(unknown_count__gt=0)
    count = jobs.aggregate(count=Sum("unknown_count", default=0))["count"]
    return Waiting(count, [Share(job, job.unknown_count) for job in jobs[:MOST_NAMES]])


def failed_jobs() -> Waiting:
    """Jobs of which no picture could be made."""
    jobs = _news().filter(status=JobStatus.FAILED)
    return Waiting(jobs.count(), [Share(job, job.failed_count) for job in jobs[:MOST_NAMES]])


def jobs_in_trouble() -> int:
    """Jobs that need a person: failed, stopped without anyone pressing Pause, or with pictures of
    which nobody knows the outcome. Each counts once.
    """
    failed = Q(status=JobStatus.FAILED)
    stopped = Q(status=JobStatus.PAUSED) & ~Q(status_reason=Code.PAUSED)
    return _news().filter(failed | stopped | Q(unknown_count__gt=0)).count()


def no_worker() -> bool:
    """Whether work waits and no worker has been seen lately."""
    return workers.work_waits_in_vain(timezone.now())


def signs() -> Signs:
    stopped = ProviderAccount.objects.platform().filter(is_enabled=True).exclude(stop_code="")
    seen = workers.last_seen()
    return Signs(
        no_worker=no_worker(),
        last_seen=seen,
        is_up=workers.is_up(seen, timezone.now()),
        stopped_accounts=stopped.count(),
        unstored=UnstoredImage.objects.count(),
    )


def _jobs() -> QuerySet[BulkGenerationJob]:
    jobs = BulkGenerationJob.objects.select_related("created_by")
    return jobs.defer(*job_list.UNREAD).order_by("-created")


def _news() -> QuerySet[BulkGenerationJob]:
    return _jobs().filter(created__gte=timezone.now() - STILL_NEWS)


def _shares(counts: dict[object, int]) -> list[Share]:
    jobs = _jobs().in_bulk(list(counts))
    return [Share(jobs[job_id], count) for job_id, count in counts.items() if job_id in jobs]
