"""How the desk's actions are taken back: what somebody else changed since stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from bulk_admin import undo
from bulk_admin.adapter import database_now
from bulk_admin.undo import RowChange, Undone, undoes
from prompts.models import Prompt
from prompts.services import trash
from prompts.services.desk import publishing
from prompts.services.desk.editing import EDIT, SCOPE, lock, write
from prompts.services.desk.reviewing import APPROVE, DROP
from prompts.services.desk.texts import is_same, text_of

WORDS = {
    EDIT: "change",
    APPROVE: "approval",
    DROP: "drop",
    publishing.PUBLISH: "publishing",
    publishing.STOP: "stop",
    publishing.UNPUBLISH: "unpublishing",
}


def sentence(undone: Undone) -> str:
    """What was undone, and what was not since somebody changed it."""
    what, n, left = WORDS[undone.kind], len(undone.put_back), len(undone.left)
    told = f"Undone: {what}{f' of {n} pages' if n > 1 else ''}." if n else ""
    if left:
        told += f" {left} left as {'it is' if left == 1 else 'they are'}: changed since."
    return told.strip()


def undo_last(page_ids: Collection[int], *, by: Any) -> Undone | None:
    """Undo this person's last action on the desk, if it was on one of these pages; else None."""
    change = undo.last(SCOPE, by=by)
    if change is None or not any(int(row["id"]) in page_ids for row in change.rows):
        return None
    return undo.undo(change.pk, by=by)


@undoes(EDIT)
def _texts_back(scope: str, rows: Sequence[RowChange], by: Any) -> Iterable[str]:
    pages = lock(int(row.id) for row in rows)
    for row in rows:
        page = pages.get(int(row.id))
        if page is not None and _texts_are_back(page, row, by):
            yield row.id


def _texts_are_back(page: Prompt, row: RowChange, by: Any) -> bool:
    if not all(is_same(field, text_of(page, field), text) for field, text in row.after.items()):
        return False
    try:
        for field, text in row.before.items():
            write(page, field, text, by)
    except ValidationError:  # what stands in the way is no longer as it was
        return False
    return True


@undoes(APPROVE)
def _to_read_again(scope: str, rows: Sequence[RowChange], by: Any) -> Iterable[str]:
    """Only an approval by this person; a page that is out, or on its way, stays approved."""
    pages = lock(int(row.id) for row in rows)
    mine = [
        page.pk
        for page in pages.values()
        if page.reviewed_by_id == by.pk and page.status == Prompt.Status.DRAFT
        if not page.publish_at
    ]
    Prompt.objects.filter(pk__in=mine).update(
        reviewed_by=None, reviewed_at=None, updated=database_now()
    )
    return [str(page_id) for page_id in mine]


@undoes(DROP)
def _out_of_the_trash(scope: str, rows: Sequence[RowChange], by: Any) -> Iterable[str]:
    return [str(page_id) for page_id in trash.restore([int(row.id) for row in rows], by=by)]
