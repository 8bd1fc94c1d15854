"""From a page of the site back to the job that its picture was made in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bulk_admin.models import BulkGenerationJob


@dataclass(frozen=True, slots=True)
class JobLink:
    name: str
    url: str


def job_of(page_id: Any) -> JobLink | None:
    """None for a page that no job has made, or whose job is deleted."""
    job = BulkGenerationJob.objects.filter(images__page_id=str(page_id)).only("name").first()
    return JobLink(job.name, job.get_absolute_url()) if job else None
