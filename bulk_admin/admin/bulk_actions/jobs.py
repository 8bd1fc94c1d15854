"""What the list of jobs offers to do with many of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from bulk_admin.admin import permissions
from bulk_admin.formats import counted
from bulk_admin.models import ENDED_JOBS, BulkGenerationJob, JobStatus
from bulk_admin.services.jobs import lifecycle, pictures, trash
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


class TrashAction(JobAction):
    def may(self, person: permissions.Person, row: BulkGenerationJob) -> bool:
        if row.status == JobStatus.DRAFT:
            return permissions.can_act(person, row)
        return permissions.has(person, "delete_bulkgenerationjob")

    def may_on_some(self, person: permissions.Person) -> bool:
        return permissions.can_act_on_some(person) or permissions.has(
            person, "delete_bulkgenerationjob"
        )


class MoveToTrash(TrashAction):
    name, label, danger = "delete_jobs", "Move to the trash", True
    note = "What is in the trash can be restored. After a while it is deleted for good."

    def button(self, count: int) -> str:
        return f"Move {self.counted(count)} to the trash"

    def preview_one(self, job: BulkGenerationJob) -> Line:
        if reason := trash.why_not_trash_job(job):
            return _line(job, reason, ok=False)
        return _line(
            job,
            f"It goes with {counted(job.total, 'picture')}. Pages made from it and its entries in"
            " the ledger stay.",
        )

    def run_one(self, job: BulkGenerationJob, by: permissions.Person) -> Line:
        if reason := trash.trash_job(job.pk, by=by):
            return _line(job, reason, ok=False)
        return Line(label=job.name, text="In the trash.")


class Restore(TrashAction):
    name, label, on_trash = "restore_jobs", "Restore", True

    def preview_one(self, job: BulkGenerationJob) -> Line:
        return _line(job, f"Will be back with {counted(job.total, 'picture')}.")

    def run_one(self, job: BulkGenerationJob, by: permissions.Person) -> Line:
        if trash.restore_job(job.pk, by=by):
            return _line(job, "Restored.")
        return _line(job, "It is not in the trash any more.", ok=False)


class DeleteNow(TrashAction):
    name, label, danger, on_trash = "delete_jobs_now", "Delete for good", True, True
    note = "The pictures and their files are deleted too. This cannot be undone."

    def preview_one(self, job: BulkGenerationJob) -> Line:
        return _line(
            job,
            f"{counted(job.total, 'picture')} will be deleted for good. Those that a page was made"
            " of stay in the trash.",
        )

    def run_one(self, job: BulkGenerationJob, by: permissions.Person) -> Line:
        if reason := trash.delete_job(job.pk, by=by):
            return Line(label=job.name, text=reason, ok=False)
        return Line(label=job.name, text="Deleted for good.")


CREATE_PAGES, CANCEL, RETRY_FAILED, TRASH = CreatePages(), Cancel(), RetryFailed(), MoveToTrash()
ALL = (CREATE_PAGES, CANCEL, RETRY_FAILED, TRASH, Restore(), DeleteNow())
