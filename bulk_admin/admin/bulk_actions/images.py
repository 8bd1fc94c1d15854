"""What the list of pictures offers to do with many of them. Services work on one job at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from bulk_admin.admin import permissions
from bulk_admin.formats import counted
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageStatus, PageStatus
from bulk_admin.services.jobs import lifecycle, pictures
from bulk_admin.services.queue import page_queue

from .kit import Act, Line

Images = Sequence[GeneratedImage]


def _line(image: GeneratedImage, text: str, *, ok: bool = True) -> Line:
    return Line(f"{image.job.name} · {image}", image.job.get_absolute_url(), text, ok)


def _by_job(images: Images) -> dict[UUID, list[GeneratedImage]]:
    groups: dict[UUID, list[GeneratedImage]] = defaultdict(list)
    for image in images:
        groups[image.job_id].append(image)
    return groups


def _fresh(images: Images) -> dict[int, GeneratedImage]:
    """The same rows as they are now, by id."""
    return {
        image.pk: image
        for image in GeneratedImage.objects.filter(
            pk__in=[image.pk for image in images]
        ).select_related("job")
    }


def _why_no_page(image: GeneratedImage) -> str:
    if image.status != ImageStatus.COMPLETED:
        return "It has no picture."
    if not image.selected:
        return "It is dropped: keep it first."
    if image.prompt_page_id:
        return "It has a page."
    if image.page_status == PageStatus.BLOCKED:
        return "Moderation blocked it."
    return (
        ""
        if image.page_status in (PageStatus.NONE, PageStatus.FAILED)
        else "Its page is being made."
    )


def _preview_pages(images: Images) -> list[Line]:
    return [
        _line(image, reason, ok=False)
        if (reason := _why_no_page(image))
        else _line(image, "May become a draft page.")
        for image in images
    ]


def _create_pages(images: Images) -> list[Line]:
    for job_id, group in _by_job(images).items():
        page_queue.create_pages(job_id, [image.pk for image in group])
    return [_page_line(before, after) for before, after in _pairs(images)]


def _page_line(before: GeneratedImage, after: GeneratedImage) -> Line:
    if reason := _why_no_page(before):
        return _line(before, reason, ok=False)
    if after.page_status in (PageStatus.NONE, PageStatus.FAILED):
        return _line(
            before, after.page_error or "Another picture of the same prompt has the page.", ok=False
        )
    return _line(before, "Its draft page is queued.")


def _pairs(images: Images) -> list[tuple[GeneratedImage, GeneratedImage]]:
    fresh = _fresh(images)
    return [(image, fresh.get(image.pk, image)) for image in images]


def _can_retry(image: GeneratedImage) -> bool:
    return image.status == ImageStatus.CANCELLED or (
        image.status == ImageStatus.FAILED and image.error_code in pictures.RETRYABLE_CODES
    )


def _preview_retry(images: Images) -> list[Line]:
    return [
        _line(image, "Will be tried again.")
        if _can_retry(image)
        else _line(image, "A retry cannot help it.", ok=False)
        for image in images
    ]


def _retry(images: Images) -> list[Line]:
    for job_id, group in _by_job(images).items():
        pictures.retry_failed(job_id, [image.pk for image in group])
    return [
        _line(before, "Queued again.")
        if _can_retry(before) and not _can_retry(after)
        else _line(before, "A retry cannot help it.", ok=False)
        for before, after in _pairs(images)
    ]


def _preview_selection(wanted: bool) -> Callable[[Images], list[Line]]:
    word = "kept" if wanted else "dropped"

    def preview(images: Images) -> list[Line]:
        return [
            _line(image, "It has no picture.", ok=False)
            if image.status != ImageStatus.COMPLETED
            else _line(image, f"Is {word} already.", ok=False)
            if image.selected == wanted
            else _line(image, f"Will be {word}.")
            for image in images
        ]

    return preview


def _select(wanted: bool) -> Callable[[Images], list[Line]]:
    word = "Kept" if wanted else "Dropped"

    def perform(images: Images) -> list[Line]:
        done = [image for image in images if image.status == ImageStatus.COMPLETED]
        for job_id, group in _by_job(done).items():
            pictures.set_selected(job_id, [image.pk for image in group], wanted)
        return [
            _line(image, f"{word}.")
            if image.status == ImageStatus.COMPLETED
            else _line(image, "It has no picture.", ok=False)
            for image in images
        ]

    return perform


def may_delete(user: permissions.Person, image: GeneratedImage) -> bool:
    return permissions.can_act(user, image.job) and permissions.has(user, "delete_generatedimage")


def may_delete_at_all(user: permissions.Person) -> bool:
    return permissions.can_act_at_all(user) and permissions.has(user, "delete_generatedimage")


def _preview_delete(images: Images) -> list[Line]:
    return [
        _line(image, reason, ok=False)
        if (reason := _why_keep(image))
        else _line(image, "Will be deleted, unless a call for it is open.")
        for image in images
    ]


def _why_keep(image: GeneratedImage) -> str:
    if image.status == ImageStatus.UNKNOWN:
        return f"Its outcome is unknown: {lifecycle.DECIDE_FIRST}"
    has_page = image.prompt_page_id or image.page_status not in (
        PageStatus.NONE,
        PageStatus.BLOCKED,
        PageStatus.FAILED,
    )
    return "It has a page, or one is being made." if has_page else ""


def _delete(images: Images) -> list[Line]:
    kept: dict[int, str] = {}
    for job_id, group in _by_job(images).items():
        kept |= {
            image.pk: reason
            for image, reason in pictures.delete_images(job_id, [image.pk for image in group]).kept
        }
    return [
        _line(image, kept[image.pk], ok=False) if image.pk in kept else _line(image, "Deleted.")
        for image in images
    ]


def _for_so_many(verb: str) -> Callable[[list[Line]], str]:
    return lambda lines: f"{verb} {counted(sum(line.ok for line in lines), 'picture')}"


def _on_job(
    may: Callable[[permissions.Person, BulkGenerationJob], bool],
) -> Callable[[permissions.Person, GeneratedImage], bool]:
    return lambda user, image: may(user, image.job)


CREATE_PAGES = Act(
    "create_pages",
    "Create pages",
    _on_job(permissions.can_create_pages),
    permissions.can_create_pages_at_all,
    _preview_pages,
    _create_pages,
    _for_so_many("Create pages of"),
)
RETRY = Act(
    "retry_failed",
    "Retry",
    _on_job(permissions.can_spend),
    permissions.can_spend_at_all,
    _preview_retry,
    _retry,
    _for_so_many("Retry"),
    warning="A retry buys the picture.",
)
KEEP = Act(
    "keep",
    "Keep",
    _on_job(permissions.can_act),
    permissions.can_act_at_all,
    _preview_selection(True),
    _select(True),
    _for_so_many("Keep"),
)
DROP = Act(
    "drop",
    "Drop",
    _on_job(permissions.can_act),
    permissions.can_act_at_all,
    _preview_selection(False),
    _select(False),
    _for_so_many("Drop"),
)
DELETE = Act(
    "delete_images",
    "Delete",
    may_delete,
    may_delete_at_all,
    _preview_delete,
    _delete,
    _for_so_many("Delete"),
    danger=True,
    warning="The files go too. This cannot be undone.",
)
