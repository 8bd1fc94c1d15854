"""A page's new text, as it comes from the generator: it is to be read again, and can be undone."""

from __future__ import annotations

from typing import Any

from bulk_admin import undo
from bulk_admin.adapter import Content
from bulk_admin.undo import RowChange
from prompts.services.desk.editing import EDIT, SCOPE, by_person, lock
from prompts.services.desk.texts import text_of
from prompts.services.publishing import rewrite_page

REWRITTEN = ("title", "description", "alt_text", "tags")


def rewritten(page_id: int, content: Content, *, by: Any) -> None:
    """Give a page the text that ``by`` asked for, in the caller's transaction.

    Raises PageNotCreated, and then nothing is changed; KeyError for a page in the trash.
    """
    page = lock([page_id])[page_id]
    before = {field: text_of(page, field) for field in REWRITTEN}
    rewrite_page(page, content)
    page = lock([page_id])[page_id]
    page.save(update_fields=by_person(page, None))  # nobody has read it
    after = {field: text_of(page, field) for field in REWRITTEN}
    undo.record(EDIT, SCOPE, [RowChange(str(page_id), before, after)], by=by)
