"""A job in one flat line, for scripts: the commands' ``--json`` and the status address.

The keys are a contract.
"""

from __future__ import annotations

from bulk_admin.addresses import absolute
from bulk_admin.models import BulkGenerationJob
from bulk_admin.money import decimal_string
from bulk_admin.services import page_adapter


def _published(job: BulkGenerationJob) -> int:
    if not job.pages_created:
        return 0
    ids = job.images.filter(page_id__isnull=False).values_list("page_id", flat=True)
    pages = page_adapter.describe(page_id for page_id in ids if page_id)
    return sum(page.is_published for page in pages.values())


def job_report(job: BulkGenerationJob, *, url: str = "") -> dict[str, str | int]:
    """The job as its row says, and the site of its pages.

    Money is exact dollars as a string; ``spent_usd`` is what is billed and what may be.

    ``url``: of the change page where a request says the host; else ``SITE_URL`` does.
    """
    return {
        "job": str(job.pk),
        "status": job.status,
        "status_reason": job.status_reason,
        "total": job.total,
        "queued": job.queued,
        "running": job.generating,
        "completed": job.completed_count,
        "failed": job.failed_count,
        "unknown": job.unknown_count,
        "cancelled": job.cancelled_count,
        "skipped": job.skipped,
        "estimated_usd": decimal_string(job.estimate),
        "spent_usd": decimal_string(job.spent + job.text_spent),
        "pages_created": job.pages_created,
        "pages_blocked": job.pages_blocked,
        "pages_failed": job.pages_failed,
        "pages_published": _published(job),
        "url": url or absolute(job.get_absolute_url()),
    }
