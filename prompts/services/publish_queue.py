"""What staff press: publish, unpublish, private or public. Only rows change here, in one short
transaction; the worker moves the files (``publish_worker``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Manager

from bulk_admin.adapter import database_now, whole_step
from prompts.models import DeletedPage, Prompt
from prompts.services import page_files
from prompts.services.doorbell import ring
from prompts.services.publishing import why_not_publish

PUBLISHED = Prompt.Status.PUBLISHED
AT_ONCE = 100
LEASE = dt.timedelta(minutes=5)  # a worker's claim on the files of a page


@whole_step
def request_publishing(
    pages: Iterable[Prompt],
    person_id: int | None,
    *,
    accepted: Mapping[int, Collection[str]] | None = None,
    per_day: int | None = None,
    at: Mapping[int, dt.datetime] | None = None,
) -> dict[int, str]:
    """Have the worker publish pages at once, so many a day from now on, or each ``at`` its time;
    for each that is there "" or why not.

    ``accepted``: the doubts that the person saw of a page, by its id, and accepts. A page that is
    published or on its way is left as it is.
    """
    now = database_now()
    reasons: dict[int, str] = {}
    asked: list[Prompt] = []
    for page in locked(page.pk for page in pages):
        confirmed = list((accepted or {}).get(page.pk, ()))
        reasons[page.pk] = reason = why_not_publish(page, confirmed)
        if reason or page.status == PUBLISHED or page.publish_at:
            continue
        days = len(asked) // per_day if per_day else 0
        time = (at or {}).get(page.pk, now + dt.timedelta(days=days))
        page.publish_at, page.publish_by_id = time, person_id
        page.publish_confirmed, page.publish_error = confirmed, ""
        asked.append(page)
    _save(asked, "publish_at", "publish_by", "publish_confirmed", "publish_error")
    log(person_id, asked, "Publishing requested.")
    if asked:
        ring()
    return reasons


@whole_step
def unpublish(pages: Iterable[Prompt], person_id: int | None) -> set[int]:
    """Make drafts of pages that are published or on their way; their ids.

    They leave the site at once; the worker deletes their public pictures.
    """
    chosen = locked(page.pk for page in pages)
    back = [page for page in chosen if page.status == PUBLISHED or page.publish_at]
    for page in back:
        page.status, page.publish_at, page.publish_error = Prompt.Status.DRAFT, None, ""
    _save(back, "status", "publish_at", "publish_error")
    log(person_id, back, "Unpublished.")
    if back:
        ring()
    return {page.pk for page in back}


@whole_step
def set_visibility(page: Prompt, visibility: str, person_id: int | None) -> None:
    """Make a page private or public.

    A published page that becomes public is a draft until the worker has copied its pictures.
    """
    for current in locked([page.pk]):
        if current.visibility == visibility:
            continue
        current.visibility = visibility
        if current.is_public:
            current.status, current.publish_error = Prompt.Status.DRAFT, ""
            current.publish_at, current.publish_by_id = database_now(), person_id
        _save([current], "visibility", "status", "publish_at", "publish_by", "publish_error")
        ring()


def on_page_deleted(sender: type[Prompt], instance: Prompt, **kwargs: Any) -> None:
    """Receiver of pre_delete: the page's files are noted, for no row is left that would name them.

    Takes no lock on the page: its job's comes first. A worker may be copying the files at this
    moment, hence ``final_at``.
    """
    page = Prompt.everything.filter(pk=instance.pk).first()
    if page is None or not (keys := page_files.keys_of(page)):
        return
    now = database_now()
    DeletedPage.objects.create(
        image=page.image,
        keys=keys,
        draft_folder=page.draft_folder,
        not_before=now,
        final_at=now + LEASE,
    )
    ring()


def log(person_id: int | None, pages: Sequence[Prompt], message: str) -> None:
    if pages and person_id is not None:
        LogEntry.objects.log_actions(person_id, pages, CHANGE, message)


def locked(ids: Iterable[int], pages: Manager[Prompt] = Prompt.objects) -> list[Prompt]:
    """In one order everywhere, and locked to the end of the transaction."""
    return list(pages.filter(pk__in=list(ids)).order_by("pk").select_for_update(no_key=True))


def _save(pages: list[Prompt], *fields: str) -> None:
    """With what a press does to a pause after a failure: the worker tries again at once."""
    now = database_now()
    for page in pages:
        page.updated = now
        if not page.files_claim:
            page.files_not_before, page.files_tries = None, 0
    names = [*fields, "files_not_before", "files_tries", "updated"]
    Prompt.objects.bulk_update(pages, names, batch_size=AT_ONCE)
