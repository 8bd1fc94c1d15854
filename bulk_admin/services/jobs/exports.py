"""A job to take along: a ZIP of its pictures with a list of all rows, or the list alone.

Both are streamed: a picture is read in pieces as the archive is sent, and no more than one piece of
it is held.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import IO, Any

from django.utils.text import slugify
from zipstream import ZIP_STORED, ZipStream

from bulk_admin import csv_files
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageStatus
from bulk_admin.money import decimal_string
from bulk_admin.services import page_adapter
from bulk_admin.services.page_adapter import GONE, PageInfo
from bulk_admin.services.storage import private
from bulk_admin.services.storage.outbox import in_outbox
from bulk_admin.services.storage.pictures import CONTENT_TYPES, EXTENSIONS

logger = logging.getLogger(__name__)
MANIFEST = "manifest.csv"
PIECE = 64 * 1024
LONGEST_NAME = 60
EXTENSION_OF = {kind: EXTENSIONS[name] for name, kind in CONTENT_TYPES.items()}
COLUMNS = (
    *("prompt_number", "variant", "status", "decision", "prompt", "revised_prompt"),
    *("model", "quality", "size", "width", "height", "cost_usd", "seconds", "error"),
    *("page_title", "page_url", "file"),
)


def zip_of(jobs: Sequence[BulkGenerationJob]) -> Iterator[bytes]:
    """The originals that were not dropped, and a list of all rows; of several jobs, a folder each.

    A picture whose file is missing is left out, and the list says so. Raises StorageUnavailable
    when the storage fails while a picture is read: an archive without its end is seen to be broken.
    """
    archive = ZipStream(compress_type=ZIP_STORED)  # pictures are compressed already
    for job in jobs:
        folder = "" if len(jobs) == 1 else f"{file_name(job)}/"
        names: dict[int, str] = {}
        for image in _pictures(job):
            if (file := _open(image)) is not None:
                names[image.pk] = _name(image)
                with file:
                    archive.add(_pieces(file), f"{folder}{names[image.pk]}")
                    yield from archive.all_files()
        archive.add(csv_of(job, names), f"{folder}{MANIFEST}")
        yield from archive.all_files()
    yield from archive.finalize()


def csv_of(job: BulkGenerationJob, names: dict[int, str] | None = None) -> Iterator[bytes]:
    """Every row of a job with its cost. ``names``: of the files beside it, by id of the picture."""
    images = list(job.images.order_by("position", "variant").defer("content", "moderation"))
    pages = page_adapter.describe(image.page_id for image in images if image.page_id)
    return csv_files.lines(
        COLUMNS if names is not None else COLUMNS[:-1],
        (_row(job, image, pages, names) for image in images),
    )


def file_name(job: BulkGenerationJob) -> str:
    """Made by us, without an extension: two jobs never have the same."""
    name = slugify(job.name)[:LONGEST_NAME].strip("-") or "job"
    return f"{name}-{str(job.pk)[:8]}"


def _row(
    job: BulkGenerationJob,
    image: GeneratedImage,
    pages: dict[str, PageInfo],
    names: dict[int, str] | None,
) -> list[object]:
    page = pages.get(image.page_id, GONE) if image.page_id else None
    return [
        *(image.position, image.variant, image.status, _decision(image)),
        *(image.prompt_text, image.revised_prompt, job.model_name),
        *(image.quality or job.quality, image.size or job.size, image.width, image.height),
        *(decimal_string(image.cost), round(image.seconds, 1), image.error_message),
        *((page.title, page.url) if page else ("", "")),
        *([names.get(image.pk, "")] if names is not None else []),
    ]


def _decision(image: GeneratedImage) -> str:
    if image.status != ImageStatus.COMPLETED:
        return ""
    if not image.selected:
        return "dropped"
    return "kept" if image.decided_at else "to decide"


def _pictures(job: BulkGenerationJob) -> list[GeneratedImage]:
    made = job.images.filter(status=ImageStatus.COMPLETED, selected=True)
    fields = ("position", "variant", "prompt_text", "picture_key", "content_type", "job_id")
    return list(made.order_by("position", "variant").only(*fields))


def _name(image: GeneratedImage) -> str:
    words = slugify(image.prompt_text[: 2 * LONGEST_NAME])[:LONGEST_NAME].strip("-")
    extension = EXTENSION_OF.get(image.content_type, "bin")
    return f"{image.position:04}-{image.variant}{'-' if words else ''}{words}.{extension}"


def _open(image: GeneratedImage) -> IO[Any] | None:
    """The original, from where it is: the storage, or the outbox. None when it is nowhere."""
    if (waiting := in_outbox(image.picture_key)) is not None:
        return BytesIO(bytes(waiting.content))
    try:
        return private.open_file(image.picture_key)
    except FileNotFoundError:
        logger.warning("an original is missing", extra={"image": image.pk})
        return None


def _pieces(file: IO[Any]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece
