"""What the admin's front page says of the generator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from bulk_admin.models import ACTIVE_JOBS, BulkGenerationJob, JobStatus, Worker

MOST = 12


def jobs_under_way() -> list[BulkGenerationJob]:
    """Jobs that run, that wait for somebody, and those of which pages are being made; newest first."""
    under_way = Q(status__in=(*ACTIVE_JOBS, JobStatus.PAUSED)) | Q(pages_open__gt=0)
    return list(BulkGenerationJob.objects.filter(under_way).select_related("created_by").defer("source_text", "removed_images").order_by("-created")[:MOST])


def no_worker(jobs: Sequence[BulkGenerationJob]) -> bool:
    """Whether work waits and no worker has been seen lately."""
    if not any(job.is_active or job.pages_open for job in jobs):
        return False
    lately = timezone.now() - dt.timedelta(seconds=settings.BULK_NO_WORKER_AFTER)
    waits_long = any((job.started or job.created) < lately for job in jobs)
    return waits_long and not Worker.objects.filter(beat_at__gte=lately).exists()
