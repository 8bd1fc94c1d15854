"""What the list of jobs offers to do with many of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from bulk_admin.admin import permissions
from bulk_admin.formats import counted
from bulk_admin.models import ENDED_JOBS, BulkGenerationJob, JobStatus
from bulk_admin.services.jobs import lifecycle, pictures
from bulk_admin.services.queue import page_queue

from .kit import BulkAction, Confirmation, Line, why_failed


class JobAction(BulkAction[BulkGenerationJob]):
    """One job after the other: services work on one at a time."""

    noun = "job"

    @abstractmethod
    def preview_one(self, job: BulkGenerationJob) -> Line: ...

    @abstractmethod
    def run_one(self, job: BulkGenerationJob, by: permissions.Person) -> Line: ...

    def preview(self, rows: Sequence[BulkGenerationJob]) -> list[Line]:
        return [self.preview_one(job) for job in rows]

    def run(self, rows: Sequence[BulkGenerationJob], confirmation: Confirmation) -> list[Line]:
        return [self._run_apart(job, confirmation.person) for job in rows]

    def _run_apart(self, job: BulkGenerationJob, by: permissions.Person) -> Line:
        lines: list[Line] = []
        reason = why_failed(lambda: lines.append(self.run_one(job, by)))
        return _line(job, reason, ok=False) if reason else lines[0]


def _line(job: BulkGenerationJob, text: str, *, ok: bool = True) -> Line:
    return Line(label=job.name, url=job.get_absolute_url(), text=text, ok=ok)


class CreatePages(JobAction):
    name, label, verb = "create_pages", "Create pages", "Create pages of"

    def may(self, person: permissions.Person, row: BulkGenerationJob) -> bool:
        return permissions.can_create_pages(person, row)

    def may_on_some(self, person: permissions.Person) -> bool:
        return permissions.can_create_pages_on_some(person)

    def preview_one(self, job: BulkGenerationJob) -> Line:
        return self._pages_line(job, page_queue.preview(job.pk), "will be made")

    def run_one(self, job: BulkGenerationJob, by: permissions.Person) -> Line:
        return self._pages_line(job, page_queue.create_pages(job.pk, by=by), "queued")

    def _pages_line(self, job: BulkGenerationJob, made: page_queue.CreatePages, verb: str) -> Line:
        if not made.queued:
            return _line(job, "No kept picture is waiting for a page.", ok=False)
        parts = [f"{counted(made.queued, 'page')} {verb}"]
        if made.same_prompt:
            parts.append(f"{counted(made.same_prompt, 'picture')} of the same prompt left out")
        if made.skipped:
            left_out = counted(made.skipped, "picture")
            parts.append(f"{left_out} with a page or without a file left out")
        return _line(job, ", ".join(parts) + ".")


class Cancel(JobAction):
    name, label, verb, danger = "cancel", "Cancel the rest", "Cancel", True

    def may(self, person: permissions.Person, row: BulkGenerationJob) -> bool:
        return permissions.can_act(person, row)

    def may_on_some(self, person: permissions.Person) -> bool:
        return permissions.can_act_on_some(person)

    def preview_one(self, job: BulkGenerationJob) -> Line:
        if job.status == JobStatus.DRAFT:
            return _line(job, "It is a draft: nothing was bought, nothing to cancel.", ok=False)
        if job.status in ENDED_JOBS:
            return _line(job, "It has ended.", ok=False)
        return _line(
            job,
            f"{counted(job.queued, 'picture')} will not be bought; {job.generating:,} in flight"
            " will be kept.",
        )

    def run_one(self, job: BulkGenerationJob, by: permissions.Person) -> Line:
        if lifecycle.cancel(job.pk, by=by):
            return _line(job, "Cancelled.")
        return _line(job, "It had ended, or is a draft.", ok=False)


class RetryFailed(JobAction):
    name, label, verb = "retry_failed", "Retry failed", "Retry"
    note = "A retry buys the picture."

    def may(self, person: permissions.Person, row: BulkGenerationJob) -> bool:
        return permissions.can_spend(person, row)

    def may_on_some(self, person: permissions.Person) -> bool:
        return permissions.can_spend_on_some(person)

    def preview_one(self, job: BulkGenerationJob) -> Line:
        count = job.retryable  # type: ignore[attr-defined]  # annotated by bulk_queryset
        return self._retry_line(job, count, "will be tried again")

    def run_one(self, job: BulkGenerationJob, by: permissions.Person) -> Line:
        return self._retry_line(job, pictures.retry_failed(job.pk, by=by), "queued again")

    def _retry_line(self, job: BulkGenerationJob, count: int, verb: str) -> Line:
        if not count:
            return _line(job, "Nothing here can be retried.", ok=False)
        return _line(job, f"{counted(count, 'picture')} {verb}.")


class Delete(JobAction):
    name, label, danger = "delete_jobs", "Delete", True
    note = "This cannot be undone."

    def may(self, person: permissions.Person, row: BulkGenerationJob) -> bool:
        if row.status == JobStatus.DRAFT:
            return permissions.can_act(person, row)
        return permissions.has(person, "delete_bulkgenerationjob")

    def may_on_some(self, person: permissions.Person) -> bool:
        return permissions.can_act_on_some(person) or permissions.has(
            person, "delete_bulkgenerationjob"
        )

    def preview_one(self, job: BulkGenerationJob) -> Line:
        if job.status not in (*ENDED_JOBS, JobStatus.DRAFT):
            return _line(job, "It is still running: cancel it first.", ok=False)
        if job.unknown_count:
            unknown = counted(job.unknown_count, "outcome is", "outcomes are")
            return _line(job, f"{unknown} unknown: {lifecycle.DECIDE_FIRST}", ok=False)
        return _line(
            job,
            f"{counted(job.total, 'picture')} will be deleted. Pages made from it and its entries"
            " in the ledger stay.",
        )

    def run_one(self, job: BulkGenerationJob, by: permissions.Person) -> Line:
        if reason := lifecycle.delete_job(job.pk, by=by):
            return _line(job, reason, ok=False)
        return Line(label=job.name, text="Deleted.")


CREATE_PAGES, CANCEL, RETRY_FAILED, DELETE = CreatePages(), Cancel(), RetryFailed(), Delete()
ALL = (CREATE_PAGES, CANCEL, RETRY_FAILED, DELETE)
