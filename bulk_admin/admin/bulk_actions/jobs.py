"""What the list of jobs offers to do with many of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bulk_admin.admin import permissions
from bulk_admin.formats import counted
from bulk_admin.models import ENDED_JOBS, BulkGenerationJob, JobStatus
from bulk_admin.services.jobs import lifecycle, pictures
from bulk_admin.services.queue import page_queue

from .kit import Act, Line


def _line(job: BulkGenerationJob, text: str, *, ok: bool = True) -> Line:
    return Line(job.name, job.get_absolute_url(), text, ok)


def _each(
    one: Callable[[BulkGenerationJob], Line],
) -> Callable[[Sequence[BulkGenerationJob]], list[Line]]:
    return lambda rows: [one(job) for job in rows]


def may_delete(user: permissions.Person, job: BulkGenerationJob) -> bool:
    if job.status == JobStatus.DRAFT:
        return permissions.can_act(user, job)
    return permissions.has(user, "delete_bulkgenerationjob")


def may_delete_at_all(user: permissions.Person) -> bool:
    return permissions.can_act_at_all(user) or permissions.has(user, "delete_bulkgenerationjob")


def _pages_line(job: BulkGenerationJob, made: page_queue.CreatePages, verb: str) -> Line:
    if not made.queued:
        return _line(job, "No kept picture waits for a page.", ok=False)
    parts = [f"{counted(made.queued, 'page')} {verb}"]
    if made.same_prompt:
        parts.append(f"{counted(made.same_prompt, 'picture')} of the same prompt left out")
    if made.skipped:
        parts.append(f"{counted(made.skipped, 'picture')} with a page or without a file left out")
    return _line(job, ", ".join(parts) + ".")


def _preview_pages(job: BulkGenerationJob) -> Line:
    return _pages_line(job, page_queue.preview(job.pk), "will be made")


def _create_pages(job: BulkGenerationJob) -> Line:
    return _pages_line(job, page_queue.create_pages(job.pk), "queued")


def _preview_cancel(job: BulkGenerationJob) -> Line:
    if job.status == JobStatus.DRAFT:
        return _line(job, "A draft: nothing is bought, so there is nothing to cancel.", ok=False)
    if job.status in ENDED_JOBS:
        return _line(job, "It has ended.", ok=False)
    return _line(
        job,
        f"{counted(job.queued, 'picture')} will not be bought; {job.generating:,} in flight will be"
        " kept.",
    )


def _cancel(job: BulkGenerationJob) -> Line:
    return (
        _line(job, "Cancelled.")
        if lifecycle.cancel(job.pk)
        else _line(job, "It had ended, or is a draft.", ok=False)
    )


def _preview_retry(job: BulkGenerationJob) -> Line:
    count = job.retryable  # type: ignore[attr-defined]  # annotated by act_queryset
    return (
        _line(job, f"{counted(count, 'picture')} will be tried again.")
        if count
        else _line(job, "No failure here that a retry can help.", ok=False)
    )


def _retry(job: BulkGenerationJob) -> Line:
    count = pictures.retry_failed(job.pk)
    return (
        _line(job, f"{counted(count, 'picture')} queued again.")
        if count
        else _line(job, "No failure here that a retry can help.", ok=False)
    )


def _preview_delete(job: BulkGenerationJob) -> Line:
    if job.status not in (*ENDED_JOBS, JobStatus.DRAFT):
        return _line(job, "It is still running: cancel it first.", ok=False)
    if job.unknown_count:
        return _line(
            job,
            f"{counted(job.unknown_count, 'outcome is', 'outcomes are')} unknown:"
            f" {lifecycle.DECIDE_FIRST}",
            ok=False,
        )
    return _line(
        job,
        f"{counted(job.total, 'picture')} will be deleted. Pages made from it and its money rows"
        " stay.",
    )


def _delete(job: BulkGenerationJob) -> Line:
    reason = lifecycle.delete_job(job.pk)
    return _line(job, reason, ok=False) if reason else Line(job.name, "", "Deleted.")


def _for_so_many(verb: str) -> Callable[[list[Line]], str]:
    return lambda lines: f"{verb} {counted(sum(line.ok for line in lines), 'job')}"


CREATE_PAGES = Act(
    "create_pages",
    "Create pages",
    permissions.can_create_pages,
    permissions.can_create_pages_at_all,
    _each(_preview_pages),
    _each(_create_pages),
    _for_so_many("Create pages of"),
)
CANCEL = Act(
    "cancel",
    "Cancel the rest",
    permissions.can_act,
    permissions.can_act_at_all,
    _each(_preview_cancel),
    _each(_cancel),
    _for_so_many("Cancel"),
    danger=True,
)
RETRY = Act(
    "retry_failed",
    "Retry failed",
    permissions.can_spend,
    permissions.can_spend_at_all,
    _each(_preview_retry),
    _each(_retry),
    _for_so_many("Retry"),
    warning="A retry buys the picture.",
)
DELETE = Act(
    "delete_jobs",
    "Delete",
    may_delete,
    may_delete_at_all,
    _each(_preview_delete),
    _each(_delete),
    _for_so_many("Delete"),
    danger=True,
    warning="This cannot be undone.",
)
