"""What the admin's front page says of the generator."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from bulk_admin.models import ACTIVE_JOBS, BulkGenerationJob, JobStatus
from bulk_admin.services.monitoring import workers

MOST = 12


def jobs_under_way() -> list[BulkGenerationJob]:
    """Jobs that run, that wait for a person, and those of which pages are being made; newest
    first.
    """
    under_way = Q(status__in=(*ACTIVE_JOBS, JobStatus.PAUSED)) | Q(pages_open__gt=0)
    return list(
        BulkGenerationJob.objects.filter(under_way)
        .select_related("created_by")
        .defer("source_text", "removed_images")
        .order_by("-created")[:MOST]
    )


def no_worker() -> bool:
    """Whether work waits and no worker has been seen lately."""
    return workers.work_waits_in_vain(timezone.now())
