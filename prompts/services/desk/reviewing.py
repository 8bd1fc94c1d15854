"""What a person decides about a draft that they have read: approve, or drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bulk_admin import undo
from bulk_admin.adapter import database_now, whole_step
from bulk_admin.undo import RowChange
from prompts.models import Prompt
from prompts.services import trash
from prompts.services.desk.editing import SCOPE, lock
from prompts.services.desk.texts import seen
from prompts.services.publish_queue import log
from prompts.services.publishing import leftovers_of, why_never

APPROVE, DROP = "desk_approve", "desk_drop"
CHANGED = "It was changed meanwhile: read it again."
GONE = "It is deleted, or in the trash."


def why_not_approve(page: Prompt) -> str:
    """What keeps a draft from being published from the desk, or "".

    Other doubts, such as that nobody moderated it, are accepted by approving it.
    """
    return why_never(page) or " ".join(leftovers_of(page).values())


@whole_step
def approve(marks: Mapping[int, str], *, by: Any) -> dict[int, str]:
    """Approve pages as they were seen (``texts.seen``); for each "" or why not.

    One that is approved already stays approved by whoever did it.
    """
    pages = lock(marks)
    reasons = {page_id: _why_not(pages.get(page_id), mark) for page_id, mark in marks.items()}
    approved = [
        page for page in pages.values() if not reasons[page.pk] and page.reviewed_at is None
    ]
    now = database_now()
    ids = [page.pk for page in approved]
    Prompt.objects.filter(pk__in=ids).update(reviewed_by=by, reviewed_at=now, updated=now)
    rows = [RowChange(str(page_id), {"approved": False}, {"approved": True}) for page_id in ids]
    undo.record(APPROVE, SCOPE, rows, by=by)
    log(by.pk, approved, "Approved.")
    return reasons


def _why_not(page: Prompt | None, mark: str) -> str:
    if page is None:
        return GONE
    if seen(page) != mark:
        return CHANGED
    return why_not_approve(page)


@whole_step
def drop(page_ids: Sequence[int], *, by: Any) -> list[int]:
    """Put drafts in the trash; the ids of those that this moved. A page that is published, or is
    about to be, has to be taken back first.
    """
    drafts = Prompt.objects.filter(
        pk__in=list(page_ids), status=Prompt.Status.DRAFT, publish_at=None
    )
    gone = trash.move_to_trash(list(drafts.values_list("pk", flat=True)), by=by)
    rows = [RowChange(str(page_id), {"trash": False}, {"trash": True}) for page_id in gone]
    undo.record(DROP, SCOPE, rows, by=by)
    return gone
