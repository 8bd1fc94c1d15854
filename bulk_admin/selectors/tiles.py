"""The pictures of a job as the job page asks for them: all, one, or those that changed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import BooleanField, Exists, ExpressionWrapper, Max, OuterRef, Q, QuerySet

from bulk_admin.codes import Code
from bulk_admin.models import (
    BulkGenerationJob,
    GeneratedImage,
    ImageStatus,
    PageStatus,
    UnstoredImage,
)
from bulk_admin.numbers import LARGEST_ID, whole

# What waits for a person: until it is decided, or another picture of it was asked for.
NEEDS_ATTENTION = ExpressionWrapper(
    Q(status=ImageStatus.UNKNOWN)
    | (
        (
            (Q(status=ImageStatus.FAILED) & ~Q(error_code=Code.LOST))
            | Q(page_status__in=(PageStatus.BLOCKED, PageStatus.FAILED), selected=True)
        )
        & ~Exists(GeneratedImage.objects.filter(parent=OuterRef("pk")))
    ),
    output_field=BooleanField(),
)
TILES_A_POLL = 50
WHOLE = LARGEST_ID  # as the cursor's image id: every tile of that revision was sent


@dataclass(frozen=True, slots=True)
class Cursor:
    """The newest tile that a page has."""

    revision: int
    image_id: int

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """From "revision:image id"; anything else means that the page has nothing."""
        first, _, second = text.partition(":")
        revision, image_id = whole(first), whole(second)
        return cls(-1, 0) if revision is None or image_id is None else cls(revision, image_id)

    def __str__(self) -> str:
        return f"{self.revision}:{self.image_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    images: list[GeneratedImage]
    removed: list[int]
    cursor: Cursor
    more: bool


def _tiles(job: BulkGenerationJob) -> QuerySet[GeneratedImage]:
    """With ``needs_attention``."""
    return job.images.defer("content", "moderation", "flags", "revised_prompt").annotate(
        needs_attention=NEEDS_ATTENTION
    )


def all_tiles(job: BulkGenerationJob) -> list[GeneratedImage]:
    return list(_tiles(job).order_by("position", "variant"))


def one_tile(job: BulkGenerationJob, image_id: int) -> GeneratedImage | None:
    return _tiles(job).filter(pk=image_id).first()


def changed_tiles(job: BulkGenerationJob, seen: Cursor) -> Changes:
    """The tiles that changed since ``seen``, up to the revision that ``job`` was read at; no query
    when it is the same.
    """
    upto = Cursor(job.revision, WHOLE)
    if seen == upto:
        return Changes(images=[], removed=[], cursor=upto, more=False)
    newer = Q(revision__gt=seen.revision) | Q(revision=seen.revision, pk__gt=seen.image_id)
    found = list(
        _tiles(job)
        .filter(newer, revision__lte=job.revision)
        .order_by("revision", "pk")[: TILES_A_POLL + 1]
    )
    images, more = found[:TILES_A_POLL], len(found) > TILES_A_POLL
    removed = [image_id for revision, image_id in job.removed_images if revision >= seen.revision]
    cursor = Cursor(images[-1].revision, images[-1].pk) if more else upto
    return Changes(images=images, removed=removed, cursor=cursor, more=more)


def newest_variants(job: BulkGenerationJob, positions: Iterable[int]) -> dict[int, int]:
    """Position -> the newest variant of that prompt: what a re-roll button answers."""
    found = (
        job.images.filter(position__in=set(positions)).order_by("position").values_list("position")
    )
    return dict(found.annotate(newest=Max("variant")))


def image_file(image_id: int) -> GeneratedImage | None:
    fields = (
        "picture_key",
        "thumb_300",
        "thumb_600",
        "content_type",
        "error_code",
        "position",
        "variant",
        "job_id",
    )
    return GeneratedImage.objects.filter(pk=image_id).exclude(picture_key="").only(*fields).first()


def in_outbox(picture_key: str) -> UnstoredImage | None:
    """The bytes of a picture that the storage has not taken yet. Its key ends in its call's id."""
    try:
        call_id = uuid.UUID(picture_key.rpartition("/")[2])
    except ValueError:
        return None
    return UnstoredImage.objects.filter(pk=call_id).first()
