"""The trash: a page in it is shown to nobody and keeps its files, privately, until it is purged.

It frees what it was made from, so that the picture may get another page; it keeps its slug.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.admin.models import DELETION, LogEntry

from bulk_admin.adapter import database_now, forget_page, reclaim_page, whole_step
from prompts.models import Prompt
from prompts.services.doorbell import ring
from prompts.services.publish_queue import locked, log

logger = logging.getLogger(__name__)
DRAFT = Prompt.Status.DRAFT
AT_A_TIME = 100


@whole_step
def move_to_trash(page_ids: Iterable[int], *, by: Any) -> list[int]:
    """Put pages away; the ids of those that were not there yet, in the order of their keys.

    A published page leaves the site at once; the worker deletes its public pictures.
    """
    ids = _by_job(page_ids, in_trash=False)
    for page_id in ids:
        forget_page(page_id)  # its job's lock comes before the page's
    now = database_now()
    pages = [page for page in locked(ids, Prompt.everything) if page.deleted_at is None]
    for page in pages:
        Prompt.everything.filter(pk=page.pk).update(
            deleted_at=now,
            updated=now,
            status=DRAFT,
            publish_at=None,
            publish_error="",
            trashed_ref=page.source_ref or "",
            source_ref=None,
        )
    log(by.pk, pages, "Moved to the trash.")
    if pages:
        ring()
    return [page.pk for page in pages]


@whole_step
def restore(page_ids: Iterable[int], *, by: Any) -> list[int]:
    """Take pages out of the trash; the ids of those that were in it. They are drafts.

    Each has its picture again unless that has, or gets, another page.
    """
    ids = _by_job(page_ids, in_trash=True)
    refs = dict(Prompt.everything.filter(pk__in=ids).values_list("pk", "trashed_ref"))
    linked = {page_id for page_id in ids if reclaim_page(page_id, refs[page_id])}
    pages = [page for page in locked(ids, Prompt.everything) if page.deleted_at is not None]
    for page_id in linked - {page.pk for page in pages}:
        forget_page(page_id)  # it was purged just now
    for page in pages:
        Prompt.everything.filter(pk=page.pk).update(
            deleted_at=None,
            updated=database_now(),
            source_ref=page.trashed_ref if page.pk in linked else None,
            trashed_ref="",
        )
    log(by.pk, pages, "Taken out of the trash.")
    return [page.pk for page in pages]


def _by_job(page_ids: Iterable[int], *, in_trash: bool) -> list[int]:
    """In the order in which jobs are locked."""
    chosen = Prompt.everything.filter(pk__in=list(page_ids), deleted_at__isnull=not in_trash)
    return list(chosen.order_by("job_ref", "pk").values_list("pk", flat=True))


def purge() -> int:
    """Delete what has been in the trash for ``TRASH_DAYS``; the count. Some at a time: the next
    run goes on.
    """
    before = database_now() - dt.timedelta(days=settings.TRASH_DAYS)
    due = Prompt.everything.filter(deleted_at__lte=before).order_by("deleted_at")
    done = 0
    for page_id in list(due.values_list("pk", flat=True)[:AT_A_TIME]):
        done += delete_now(page_id, trashed_before=before)
    if done:
        logger.info("trash purged", extra={"pages": done})
    return done


@whole_step
def delete_now(page_id: int, *, by: Any = None, trashed_before: dt.datetime | None = None) -> bool:
    """Delete a page for good; whether it was there. Its files go after it, by the worker.

    ``trashed_before``: only if it is in the trash since then, for it may have been restored just
    now.
    """
    there = Prompt.everything.filter(pk=page_id)
    if trashed_before is not None:
        there = there.filter(deleted_at__lte=trashed_before)
    page = there.first()
    if page is None:
        return False
    if by is not None:
        LogEntry.objects.log_actions(by.pk, [page], DELETION, "Deleted.")
    page.delete()
    return True
