"""The pictures of a job as the job page asks for them: all, one, or those that changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import BooleanField, ExpressionWrapper, Max, Q, QuerySet

from bulk_admin.models import (
    BulkGenerationJob,
    GeneratedImage,
    ImageStatus,
    PageStatus,
)
from bulk_admin.numbers import LARGEST_ID, whole
from bulk_admin.services.jobs import failures

# What waits for a person: until it is decided, or another picture of it was asked for.
NEEDS_ATTENTION = ExpressionWrapper(
    Q(status=ImageStatus.UNKNOWN)
    | (
        (
            failures.FAILED
            | Q(page_status__in=(PageStatus.BLOCKED, PageStatus.FAILED), selected=True)
        )
        & failures.NOT_FOLLOWED
    ),
    output_field=BooleanField(),
)
TILES_A_POLL = 50
FIRST, PIECE = 48, 160  # tiles of the first answer, and of each of those that bring the rest

_THERE, _HAS_PAGE = Q(status=ImageStatus.COMPLETED), Q(page_id__isnull=False)
_IS_DECIDED = Q(decided_at__isnull=False) | _HAS_PAGE
# The filters by their names in the address. What is in none of them, "with-page" aside, is still to
# come.
SHOW = {
    "to-decide": _THERE & Q(selected=True) & ~_IS_DECIDED,
    "kept": _THERE & Q(selected=True) & _IS_DECIDED,
    "dropped": _THERE & Q(selected=False),
    "failed": Q(status=ImageStatus.FAILED),
    "unknown": Q(status=ImageStatus.UNKNOWN),
    "cancelled": Q(status=ImageStatus.CANCELLED),
    "with-page": _HAS_PAGE,
}
ALL = "all"
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


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole groups of variants, in order; ``after`` is the position that the next piece follows,
    None when there is none.
    """

    images: list[GeneratedImage]
    after: int | None


def first_piece(job: BulkGenerationJob, show: str = ALL, text: str = "") -> Piece:
    """What a filter shows first. The rest follows from the beginning if that left something out."""
    if show not in SHOW and not text:
        return next_piece(job, 0, FIRST)
    matching = job.images.filter(SHOW.get(show, Q()), prompt_text__icontains=text)
    positions = list(
        dict.fromkeys(matching.order_by("position").values_list("position", flat=True))
    )
    found = _tiles(job).filter(position__in=positions[:FIRST]).order_by("position", "variant")
    return Piece(_whole_groups(list(found), FIRST), 0)


def next_piece(job: BulkGenerationJob, after: int, most: int = PIECE) -> Piece:
    """The groups behind the position ``after``, about ``most`` tiles of them."""
    behind = _tiles(job).filter(position__gt=after).order_by("position", "variant")
    found = list(behind[: most + 1])
    if len(found) <= most:
        return Piece(found, None)
    last = found[-1].position
    images = [image for image in found if image.position != last]
    if not images:  # one group is larger than a piece
        images = list(behind.filter(position=last))
    return Piece(images, images[-1].position)


def _whole_groups(images: list[GeneratedImage], most: int) -> list[GeneratedImage]:
    """The first ``most``, and what belongs to the last one's prompt."""
    last = images[most - 1].position if len(images) > most else None
    return images if last is None else [image for image in images if image.position <= last]


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
    removed = GeneratedImage.everything.filter(
        job=job, deleted_at__isnull=False, revision__gte=seen.revision
    ).values_list("pk", flat=True)
    cursor = Cursor(images[-1].revision, images[-1].pk) if more else upto
    return Changes(images=images, removed=list(removed), cursor=cursor, more=more)


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
    known = GeneratedImage.everything.filter(pk=image_id)  # the list of the trash shows them too
    return known.exclude(picture_key="").only(*fields).first()
