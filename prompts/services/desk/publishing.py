"""Approved pages are published, at once or spread; a schedule is stopped; pages are taken back.

Each can be undone, but for pages that somebody edited since.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bulk_admin import undo
from bulk_admin.adapter import database_now, whole_step
from bulk_admin.undo import RowChange, undoes
from prompts.models import Prompt
from prompts.services import publish_queue
from prompts.services.desk.editing import SCOPE
from prompts.services.desk.reviewing import why_not_approve
from prompts.services.publishing import doubts_of

PUBLISH, STOP, UNPUBLISH = "desk_publish", "desk_stop", "desk_unpublish"
DRAFT, PUBLISHED = Prompt.Status.DRAFT, Prompt.Status.PUBLISHED
RIGHT = "prompts.publish"
NOT_APPROVED = "It is not approved."


def why_not(page: Prompt) -> str:
    """Why the desk does not publish it, or ""."""
    return why_not_approve(page) if page.is_approved else NOT_APPROVED


@whole_step
def publish(
    page_ids: Iterable[int], *, by: Any, at: Mapping[int, dt.datetime] | None = None
) -> dict[int, str]:
    """Have approved drafts published now, or each at its time; for each that is there "" or why
    not.

    Whoever approved them has accepted their doubts. A page that is out, or on its way, is left.
    """
    pages = publish_queue.locked(page_ids)
    reasons = {page.pk: why_not(page) for page in pages if page.status == DRAFT}
    ready = [page for page in pages if reasons.get(page.pk) == "" and not page.publish_at]
    accepted = {page.pk: list(doubts_of(page)) for page in ready}
    publish_queue.request_publishing(ready, by.pk, accepted=accepted, at=at)
    asked = database_now().isoformat()
    rows = [RowChange(str(page.pk), {}, {"asked": asked}) for page in ready]
    undo.record(PUBLISH, SCOPE, rows, by=by)
    return reasons


@undoes(PUBLISH)
def _not_published(scope: str, rows: Sequence[RowChange], by: Any) -> Iterable[str]:
    return _take_back(_unedited(rows), by)


@whole_step
def stop(page_ids: Iterable[int], *, by: Any) -> int:
    """Take pages off their schedule; how many. They stay approved."""
    chosen = publish_queue.locked(page_ids)
    waiting = [page for page in chosen if page.status == DRAFT and page.publish_at]
    rows = [
        RowChange(str(page.pk), {"publish_at": page.publish_at.isoformat()}, {"publish_at": None})
        for page in waiting
        if page.publish_at
    ]
    publish_queue.unpublish(waiting, by.pk)
    undo.record(STOP, SCOPE, rows, by=by)
    return len(rows)


@undoes(STOP)
def _scheduled_again(scope: str, rows: Sequence[RowChange], by: Any) -> Iterable[str]:
    """Each at its time; what is over by now is published at once."""
    at = {int(row.id): dt.datetime.fromisoformat(row.before["publish_at"]) for row in rows}
    return _publish_again(list(at), by, at)


def edited_since(page: Prompt) -> bool:
    """Whether somebody edited it after it was published."""
    return bool(page.edited_at and page.published and page.edited_at > page.published)


@whole_step
def unpublish(page_ids: Iterable[int], *, by: Any) -> tuple[list[int], list[int]]:
    """Make drafts of published pages, approved as they are; those, and the ones that are spared
    since somebody edited them after they were published.
    """
    published = [page for page in publish_queue.locked(page_ids) if page.status == PUBLISHED]
    spared = [page.pk for page in published if edited_since(page)]
    back = [page for page in published if page.pk not in set(spared)]
    publish_queue.unpublish(back, by.pk)
    asked = database_now().isoformat()
    undo.record(
        UNPUBLISH, SCOPE, [RowChange(str(page.pk), {}, {"asked": asked}) for page in back], by=by
    )
    return [page.pk for page in back], spared


@undoes(UNPUBLISH)
def _published_again(scope: str, rows: Sequence[RowChange], by: Any) -> Iterable[str]:
    return _publish_again([page.pk for page in _unedited(rows)], by)


def _unedited(rows: Sequence[RowChange]) -> list[Prompt]:
    """Those that nobody edited since it was asked for."""
    asked = {int(row.id): dt.datetime.fromisoformat(row.after["asked"]) for row in rows}
    pages = publish_queue.locked(asked)
    return [page for page in pages if not page.edited_at or page.edited_at <= asked[page.pk]]


def _take_back(pages: Sequence[Prompt], by: Any) -> list[str]:
    if not by.has_perm(RIGHT):  # any more
        return []
    return [str(page_id) for page_id in sorted(publish_queue.unpublish(pages, by.pk))]


def _publish_again(
    page_ids: Sequence[int], by: Any, at: Mapping[int, dt.datetime] | None = None
) -> list[str]:
    if not by.has_perm(RIGHT):  # any more
        return []
    drafts = [page for page in publish_queue.locked(page_ids) if page.status == DRAFT]
    ready = [page for page in drafts if not page.publish_at]
    accepted = {page.pk: page.publish_confirmed for page in ready}
    reasons = publish_queue.request_publishing(ready, by.pk, accepted=accepted, at=at)
    return [str(page_id) for page_id, reason in reasons.items() if not reason]
