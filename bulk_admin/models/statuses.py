"""Every status, and the one table that says which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import nonmember
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
    """Where an image stands on its way to a page; without page_owner it waits for a worker to take
    that step.
    """

    NONE = "none"
    QUEUED = "queued"
    CHECKING = "checking"
    WRITING = "writing"
    SAVING = "saving"
    CREATED = "created"
    REWRITING = "rewriting"  # its page waits for a new text, and keeps the old one until then
    BLOCKED = "blocked"
    FAILED = "failed"


class CallState(models.TextChoices):
    OPEN = "open"  # may have left: its price is reserved, and a worker waits for the answer
    HELD = "held"  # the provider works on it under a remote id: asked again at poll_at
    DELIVERED = "delivered"
    REFUSED = "refused"
    UNKNOWN = "unknown"

    UNSETTLED = nonmember((OPEN, HELD))  # under way: how they end is not known yet


class Billed(models.TextChoices):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class CallKind(models.TextChoices):
    IMAGE = "image"
    TEXT = "text"


ACTIVE_JOBS = (JobStatus.PENDING, JobStatus.PROCESSING)
ENDED_JOBS = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
NEW_PAGES = (PageStatus.QUEUED, PageStatus.CHECKING, PageStatus.WRITING, PageStatus.SAVING)
OPEN_PAGES = (*NEW_PAGES, PageStatus.REWRITING)
MADE_PAGES = (PageStatus.CREATED, PageStatus.REWRITING)
TEXT_STEPS = (PageStatus.WRITING, PageStatus.REWRITING)

Job, Img, Page, Call = JobStatus, ImageStatus, PageStatus, CallState
JOB_MOVES: Mapping[str, frozenset[str]] = {
    Job.DRAFT: frozenset({Job.PENDING}),
    Job.PENDING: frozenset({Job.PROCESSING, Job.PAUSED, Job.CANCELLED, Job.COMPLETED, Job.FAILED}),
    Job.PROCESSING: frozenset({Job.PAUSED, Job.COMPLETED, Job.FAILED, Job.CANCELLED}),
    Job.PAUSED: frozenset({Job.PROCESSING, Job.COMPLETED, Job.FAILED, Job.CANCELLED}),
    # Re-roll, buy again, retry and late answers reopen an ended job.
    Job.COMPLETED: frozenset({Job.PROCESSING}),
    Job.FAILED: frozenset({Job.PROCESSING, Job.COMPLETED}),
    Job.CANCELLED: frozenset({Job.PROCESSING}),
}
IMAGE_MOVES: Mapping[str, frozenset[str]] = {
    Img.DRAFT: frozenset({Img.QUEUED}),
    Img.QUEUED: frozenset({Img.GENERATING, Img.CANCELLED}),
    Img.GENERATING: frozenset({Img.QUEUED, Img.COMPLETED, Img.FAILED, Img.UNKNOWN, Img.CANCELLED}),
    Img.COMPLETED: frozenset(),
    Img.FAILED: frozenset(
        {Img.QUEUED, Img.COMPLETED}
    ),  # completed: an answer that came after "accept as lost"
    Img.UNKNOWN: frozenset({Img.QUEUED, Img.COMPLETED, Img.FAILED, Img.CANCELLED}),
    Img.CANCELLED: frozenset({Img.QUEUED}),
}
PAGE_MOVES: Mapping[str, frozenset[str]] = {
    Page.NONE: frozenset({Page.QUEUED, Page.CREATED}),  # created: its page came back
    Page.QUEUED: frozenset({Page.CHECKING, Page.WRITING, Page.SAVING, Page.FAILED, Page.NONE}),
    Page.CHECKING: frozenset(
        {Page.WRITING, Page.CREATED, Page.BLOCKED, Page.FAILED, Page.NONE}
    ),  # created: its text came by rule
    Page.WRITING: frozenset({Page.SAVING, Page.FAILED, Page.NONE}),
    Page.SAVING: frozenset({Page.CREATED, Page.FAILED, Page.NONE}),
    Page.CREATED: frozenset({Page.REWRITING, Page.NONE}),  # none: its page was deleted
    Page.REWRITING: frozenset({Page.CREATED, Page.NONE}),
    Page.BLOCKED: frozenset({Page.QUEUED}),
    Page.FAILED: frozenset({Page.QUEUED}),
}
CALL_MOVES: Mapping[str, frozenset[str]] = {
    Call.OPEN: frozenset({Call.HELD, Call.DELIVERED, Call.REFUSED, Call.UNKNOWN}),
    Call.HELD: frozenset({Call.DELIVERED, Call.REFUSED, Call.UNKNOWN}),
    Call.UNKNOWN: frozenset({Call.DELIVERED, Call.REFUSED}),  # the answer came after all
    Call.DELIVERED: frozenset(),
    Call.REFUSED: frozenset(),
}

Row = TypeVar("Row", bound=models.Model)


class StatusQuerySet(models.QuerySet[Row]):
    """Rows whose status changes only through ``move``."""

    moves: ClassVar[Mapping[str, Mapping[str, frozenset[str]]]]

    def move(self, to: str, *, field: str = "status", **changes: Any) -> int:
        """Give these rows a new status; the count of those that were allowed to take it.

        A row whose status may not be followed by ``to`` is left alone: a second call changes
        nothing.
        """
        sources = [status for status, targets in self.moves[field].items() if to in targets]
        return self.filter(**{f"{field}__in": sources}).update(**{field: to}, **changes)
