"""Which pages are on the desk, and how far they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from prompts.models import Prompt
from prompts.services.desk.flags import Flag, Titles, Weight, flags_of, same_texts
from prompts.services.desk.texts import with_tags

MOST = 1_000  # a job has no more
MOST_NAMED = 400  # ids in an address


class State(StrEnum):
    """How far a page is; the values are its filters."""

    TO_READ = "to_read"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    DROPPED = "dropped"

    @property
    def word(self) -> str:
        return self.value.replace("_", " ").capitalize()


FLAGGED = "flagged"  # the one filter that is no state


def state_of(page: Prompt) -> State:
    if page.deleted_at is not None:
        return State.DROPPED
    if page.status == Prompt.Status.PUBLISHED:
        return State.PUBLISHED
    if page.publish_at is not None:
        return State.SCHEDULED
    return State.APPROVED if page.is_approved else State.TO_READ


@dataclass(frozen=True)
class Batch:
    """The pages of a job, those that were chosen by their ids, or else every draft.

    ``show``: a state, "flagged" or "", which says what is walked through.
    """

    job: str = ""
    ids: tuple[int, ...] = ()
    show: str = ""

    def query(self, **more: Any) -> str:
        """Of an address that shows the same pages."""
        own = {"job": self.job, "ids": ",".join(map(str, self.ids)), "show": self.show}
        return urlencode({key: value for key, value in (own | more).items() if value})

    def again(self) -> Batch:
        """As the pages are now."""
        return Batch(self.job, self.ids, self.show)

    @property
    def chosen(self) -> QuerySet[Prompt]:
        if self.job:
            return Prompt.everything.filter(job_ref=self.job)
        if self.ids:
            return Prompt.everything.filter(pk__in=self.ids)
        return Prompt.objects.filter(status=Prompt.Status.DRAFT)

    @cached_property
    def pages(self) -> list[Prompt]:
        """All of them, in the order in which they are read."""
        return list(with_tags(self.chosen.order_by("pk"))[:MOST])

    @cached_property
    def label(self) -> str:
        if self.job:
            return next((page.job_label for page in self.pages if page.job_label), "A job's pages")
        return f"{len(self.pages)} chosen pages" if self.ids else "All drafts"

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(state_of(page) for page in self.pages)

    @cached_property
    def flags(self) -> dict[int, list[Flag]]:
        titles, same = Titles.of_all_pages(), same_texts(self.readable)
        return {page.pk: flags_of(page, titles, same.get(page.pk, ())) for page in self.readable}

    @property
    def readable(self) -> list[Prompt]:
        return [page for page in self.pages if page.deleted_at is None]

    def is_flagged(self, page: Prompt) -> bool:
        return any(flag.weight < Weight.NOTE for flag in self.flags.get(page.pk, ()))

    @cached_property
    def shown(self) -> list[Prompt]:
        """What the filter leaves."""
        if self.show == FLAGGED:
            return [page for page in self.pages if self.is_flagged(page)]
        if self.show:
            return [page for page in self.pages if state_of(page) == self.show]
        return self.pages

    def find(self, page_id: int) -> Prompt | None:
        return next((page for page in self.pages if page.pk == page_id), None)

    def first(self) -> Prompt | None:
        """Where reading begins."""
        unread = (page for page in self.shown if state_of(page) == State.TO_READ)
        return next(unread, self.shown[0] if self.shown else None)

    def next_to_read(self, after: int) -> Prompt | None:
        """The next draft that nobody has read, from the beginning again after the last one."""
        unread = [page for page in self.pages if state_of(page) == State.TO_READ]
        return next((page for page in unread if page.pk > after), unread[0] if unread else None)

    def around(self, page: Prompt) -> tuple[Prompt | None, Prompt | None]:
        """The one before and the one after, of those that are shown."""
        return _nearest(self.shown, page.pk)

    def approved(self) -> list[Prompt]:
        return [page for page in self.pages if state_of(page) == State.APPROVED]


def _nearest(pages: Sequence[Prompt], pk: int) -> tuple[Prompt | None, Prompt | None]:
    before = [page for page in pages if page.pk < pk]
    after = [page for page in pages if page.pk > pk]
    return (before[-1] if before else None, after[0] if after else None)


def batch_of(query: Any) -> Batch:
    """Of an address's query; whatever makes no sense in it is left out."""
    show = query.get("show", "")
    return Batch(
        query.get("job", "")[:60],
        tuple(_numbers(query.get("ids", "").split(",")))[:MOST],
        show if show in [*State, FLAGGED] else "",
    )


def _numbers(parts: Iterable[str]) -> Iterable[int]:
    return (int(part) for part in parts if part.isascii() and part.isdecimal() and len(part) < 19)
