"""What the list of pictures offers to do with many of them. Services work on one job at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from bulk_admin import codes
from bulk_admin.admin import permissions
from bulk_admin.models import GeneratedImage, ImageStatus, PageStatus
from bulk_admin.selectors import image_list
from bulk_admin.services.jobs import decisions, pictures, trash
from bulk_admin.services.queue import page_queue

from .kit import BulkAction, Confirmation, Line, why_failed

Images = Sequence[GeneratedImage]


class ImageAction(BulkAction[GeneratedImage]):
    noun = "picture"

    def may(self, person: permissions.Person, row: GeneratedImage) -> bool:
        return permissions.can_act(person, row.job)

    def may_on_some(self, person: permissions.Person) -> bool:
        return permissions.can_act_on_some(person)


def _line(image: GeneratedImage, text: str, *, ok: bool = True) -> Line:
    return Line(
        label=f"{image.job.name} · {image}",
        url=image.job.get_absolute_url(),
        picture=image.file_url("300") if image.thumb_300 else "",
        text=text,
        ok=ok,
    )


def _lines(images: Images, reasons: dict[int, str], done: str) -> list[Line]:
    """``done`` for each picture, or the reason why it is left alone."""
    return [
        _line(image, reasons.get(image.pk) or done, ok=not reasons.get(image.pk))
        for image in images
    ]


def _by_job(images: Images) -> dict[UUID, list[int]]:
    """The ids of each job's pictures."""
    groups: dict[UUID, list[int]] = defaultdict(list)
    for image in images:
        groups[image.job_id].append(image.pk)
    return groups


def _each_job(images: Images, act: Callable[[UUID, list[int]], object]) -> dict[int, str]:
    """Do it job by job; why not, for the pictures of a job where it failed."""
    reasons: dict[int, str] = {}
    for job_id, ids in _by_job(images).items():
        if reason := why_failed(partial(act, job_id, ids)):
            reasons |= dict.fromkeys(ids, reason)
    return reasons


def _read_again(images: Images) -> dict[int, GeneratedImage]:
    """The same rows as they are now, by id."""
    return image_list.read_again([image.pk for image in images])


class CreatePages(ImageAction):
    name, label, verb = "create_pages", "Create pages", "Create pages of"

    def may(self, person: permissions.Person, row: GeneratedImage) -> bool:
        return permissions.can_create_pages(person, row.job)

    def may_on_some(self, person: permissions.Person) -> bool:
        return permissions.can_create_pages_on_some(person)

    def preview(self, rows: Images) -> list[Line]:
        reasons = {image.pk: self._why_not(image) for image in rows}
        return _lines(rows, reasons, "May become a draft page.")

    def run(self, rows: Images, confirmation: Confirmation) -> list[Line]:
        failed = _each_job(rows, partial(page_queue.create_pages, by=confirmation.person))
        now = _read_again(rows)
        reasons = {
            image.pk: failed.get(image.pk)
            or self._why_not(image)
            or self._why_passed_over(now.get(image.pk, image))
            for image in rows
        }
        return _lines(rows, reasons, "Its draft page is queued.")

    @staticmethod
    def _why_not(image: GeneratedImage) -> str:
        if image.status != ImageStatus.COMPLETED:
            return "It has no picture."
        if not image.selected:
            return "It is dropped: keep it first."
        if image.page_id is not None:
            return "It has a page."
        if image.page_status == PageStatus.BLOCKED:
            return "Moderation blocked it."
        if image.page_status not in (PageStatus.NONE, PageStatus.FAILED):
            return "Its page is being made."
        return ""

    @staticmethod
    def _why_passed_over(image: GeneratedImage) -> str:
        if image.page_status in (PageStatus.NONE, PageStatus.FAILED):
            return image.page_error or "Another picture of the same prompt has the page."
        return ""


class Retry(ImageAction):
    name, label = "retry_failed", "Retry"
    note = "A retry buys the picture."
    WHY_NOT = "Retrying will not help."

    def may(self, person: permissions.Person, row: GeneratedImage) -> bool:
        return permissions.can_spend(person, row.job)

    def may_on_some(self, person: permissions.Person) -> bool:
        return permissions.can_spend_on_some(person)

    def preview(self, rows: Images) -> list[Line]:
        reasons = {image.pk: self.WHY_NOT for image in rows if not self._helps(image)}
        return _lines(rows, reasons, "Will be tried again.")

    def run(self, rows: Images, confirmation: Confirmation) -> list[Line]:
        failed = _each_job(rows, partial(pictures.retry_failed, by=confirmation.person))
        now = _read_again(rows)
        reasons = {
            image.pk: self.WHY_NOT
            for image in rows
            if not self._helps(image) or self._helps(now.get(image.pk, image))
        }
        return _lines(rows, reasons | failed, "Queued again.")

    @staticmethod
    def _helps(image: GeneratedImage) -> bool:
        return image.status == ImageStatus.CANCELLED or (
            image.status == ImageStatus.FAILED and image.error_code in codes.RETRYABLE
        )


class Select(ImageAction):
    """Keep or drop. The wanted state is set, never toggled."""

    wanted: bool
    past: str

    def preview(self, rows: Images) -> list[Line]:
        reasons = {
            image.pk: self._why_not(image) or f"Already {self.past}."
            for image in rows
            if self._why_not(image) or self._is_so(image)
        }
        return _lines(rows, reasons, f"Will be {self.past}.")

    def run(self, rows: Images, confirmation: Confirmation) -> list[Line]:
        reasons = {image.pk: self._why_not(image) for image in rows}
        chosen = [image for image in rows if not reasons[image.pk]]
        decide = partial(decisions.decide, keep=self.wanted, by=confirmation.person)
        failed = _each_job(chosen, decide)
        return _lines(rows, reasons | failed, f"{self.past.capitalize()}.")

    def _is_so(self, image: GeneratedImage) -> bool:
        return image.decided_at is not None and image.selected == self.wanted

    @staticmethod
    def _why_not(image: GeneratedImage) -> str:
        return "" if image.status == ImageStatus.COMPLETED else "It has no picture."


class Keep(Select):
    name, label, wanted, past = "keep", "Keep", True, "kept"


class Drop(Select):
    name, label, wanted, past = "drop", "Drop", False, "dropped"


class TrashAction(ImageAction):
    def may(self, person: permissions.Person, row: GeneratedImage) -> bool:
        return super().may(person, row) and permissions.has(person, "delete_generatedimage")

    def may_on_some(self, person: permissions.Person) -> bool:
        return super().may_on_some(person) and permissions.has(person, "delete_generatedimage")


class MoveToTrash(TrashAction):
    name, label, danger = "delete_images", "Move to the trash", True
    note = "What is in the trash can be restored. After a while it is deleted for good."

    def button(self, count: int) -> str:
        return f"Move {self.counted(count)} to the trash"

    def preview(self, rows: Images) -> list[Line]:
        reasons = {image.pk: trash.why_not_trash(image) for image in rows}
        return _lines(rows, reasons, "Will go to the trash, unless a call for it is under way.")

    def run(self, rows: Images, confirmation: Confirmation) -> list[Line]:
        return _moved(rows, partial(trash.trash_images, by=confirmation.person), "In the trash.")


class Restore(TrashAction):
    name, label, on_trash = "restore_images", "Restore", True

    def preview(self, rows: Images) -> list[Line]:
        reasons = {image.pk: self._why_not(image) for image in rows}
        return _lines(rows, reasons, "Will be where it was.")

    def run(self, rows: Images, confirmation: Confirmation) -> list[Line]:
        reasons = {image.pk: self._why_not(image) for image in rows}
        ready = [image for image in rows if not reasons[image.pk]]
        left = [image for image in rows if reasons[image.pk]]
        done = _moved(ready, partial(trash.restore_images, by=confirmation.person), "Restored.")
        return [*done, *_lines(left, reasons, "")]

    @staticmethod
    def _why_not(image: GeneratedImage) -> str:
        return "Its job is in the trash: restore that." if image.job.deleted_at else ""


class DeleteNow(TrashAction):
    name, label, danger, on_trash = "delete_images_now", "Delete for good", True, True
    note = "The files are deleted too. This cannot be undone."

    def preview(self, rows: Images) -> list[Line]:
        reasons = {image.pk: self._why_not(image) for image in rows}
        return _lines(rows, reasons, "Will be deleted for good.")

    def run(self, rows: Images, confirmation: Confirmation) -> list[Line]:
        failed = _each_job(rows, partial(trash.delete_images, by=confirmation.person))
        reasons = {image.pk: self._why_not(image) for image in rows}
        return _lines(rows, reasons | failed, "Deleted for good.")

    @staticmethod
    def _why_not(image: GeneratedImage) -> str:
        return "A page was made of it." if image.page_id else ""


def _moved(
    images: Images, move: Callable[[UUID, list[int]], trash.TrashResult], done: str
) -> list[Line]:
    """Into the trash or out of it, job by job."""
    reasons: dict[int, str] = {}

    def one_job(job_id: UUID, ids: list[int]) -> None:
        reasons.update({image.pk: reason for image, reason in move(job_id, ids).kept})

    failed = _each_job(images, one_job)
    return _lines(images, reasons | failed, done)


TRASH = MoveToTrash()
ALL = (CreatePages(), Keep(), Drop(), Retry(), TRASH, Restore(), DeleteNow())
