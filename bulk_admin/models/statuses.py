"""Every status, and the one table that says which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.db import models


class JobStatus(models.TextChoices):
    DRAFT = "draft"  # on the review sheet: nothing is bought
    PENDING = "pending"  # Generate was pressed: no worker has taken a picture yet
    PROCESSING = "processing"
    PAUSED = "paused"  # buys nothing more: see status_reason
    COMPLETED = "completed"  # ended with at least one picture
    FAILED = "failed"  # ended with none
    CANCELLED = "cancelled"


class ImageStatus(models.TextChoices):
    DRAFT = "draft"
    QUEUED = "queued"
    GENERATING = "generating"  # a worker holds it: see owner and attempt
    COMPLETED = "completed"  # paid for, and its bytes are in the storage or in the outbox
    FAILED = "failed"
    UNKNOWN = "unknown"  # sent, perhaps billed, never answered: a person decides
    CANCELLED = "cancelled"


class PageStatus(models.TextChoices):
    """Where an image stands on its way to a page; without page_owner it waits for a worker to take that step."""

    NONE = "none"
    QUEUED = "queued"
    CHECKING = "checking"
    WRITING = "writing"
    SAVING = "saving"
    CREATED = "created"
    BLOCKED = "blocked"
    FAILED = "failed"


class CallState(models.TextChoices):
    OPEN = "open"  # may have left: its price is reserved
    DELIVERED = "delivered"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Billed(models.TextChoices):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class CallKind(models.TextChoices):
    IMAGE = "image"
    TEXT = "text"


ACTIVE_JOBS = (JobStatus.PENDING, JobStatus.PROCESSING)
ENDED_JOBS = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
OPEN_PAGES = (PageStatus.QUEUED, PageStatus.CHECKING, PageStatus.WRITING, PageStatus.SAVING)

J, I, P, C = JobStatus, ImageStatus, PageStatus, CallState
JOB_MOVES: Mapping[str, frozenset[str]] = {
    J.DRAFT: frozenset({J.PENDING}),
    J.PENDING: frozenset({J.PROCESSING, J.PAUSED, J.CANCELLED, J.COMPLETED, J.FAILED}),
    J.PROCESSING: frozenset({J.PAUSED, J.COMPLETED, J.FAILED, J.CANCELLED}),
    J.PAUSED: frozenset({J.PROCESSING, J.COMPLETED, J.FAILED, J.CANCELLED}),
    # Re-roll, buy again, retry and late answers reopen an ended job.
    J.COMPLETED: frozenset({J.PROCESSING}),
    J.FAILED: frozenset({J.PROCESSING, J.COMPLETED}),
    J.CANCELLED: frozenset({J.PROCESSING}),
}
IMAGE_MOVES: Mapping[str, frozenset[str]] = {
    I.DRAFT: frozenset({I.QUEUED}),
    I.QUEUED: frozenset({I.GENERATING, I.CANCELLED}),
    I.GENERATING: frozenset({I.QUEUED, I.COMPLETED, I.FAILED, I.UNKNOWN, I.CANCELLED}),
    I.COMPLETED: frozenset(),
    I.FAILED: frozenset({I.QUEUED, I.COMPLETED}),  # completed: an answer that came after "accept as lost"
    I.UNKNOWN: frozenset({I.QUEUED, I.COMPLETED, I.FAILED, I.CANCELLED}),
    I.CANCELLED: frozenset({I.QUEUED}),
}
PAGE_MOVES: Mapping[str, frozenset[str]] = {
    P.NONE: frozenset({P.QUEUED}),
    P.QUEUED: frozenset({P.CHECKING, P.WRITING, P.SAVING, P.NONE}),
    P.CHECKING: frozenset({P.WRITING, P.BLOCKED, P.FAILED, P.NONE}),
    P.WRITING: frozenset({P.SAVING, P.FAILED, P.NONE}),
    P.SAVING: frozenset({P.CREATED, P.FAILED, P.NONE}),
    P.CREATED: frozenset({P.NONE}),  # its page was deleted
    P.BLOCKED: frozenset({P.QUEUED}),
    P.FAILED: frozenset({P.QUEUED}),
}
CALL_MOVES: Mapping[str, frozenset[str]] = {
    C.OPEN: frozenset({C.DELIVERED, C.REFUSED, C.UNKNOWN}),
    C.UNKNOWN: frozenset({C.DELIVERED, C.REFUSED}),  # the answer came after all
    C.DELIVERED: frozenset(),
    C.REFUSED: frozenset(),
}

Row = TypeVar("Row", bound=models.Model)


class StatusQuerySet(models.QuerySet[Row]):
    """Rows whose status changes only through ``move``."""

    moves: ClassVar[Mapping[str, Mapping[str, frozenset[str]]]]

    def move(self, to: str, *, field: str = "status", **changes: Any) -> int:
        """Give these rows a new status; the count of those that were allowed to take it.

        A row whose status may not be followed by ``to`` is left alone: a second call changes nothing.
        """
        sources = [status for status, targets in self.moves[field].items() if to in targets]
        return self.filter(**{f"{field}__in": sources}).update(**{field: to}, **changes)
