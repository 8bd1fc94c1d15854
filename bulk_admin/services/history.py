"""Who did what: one line on a row's history page, which is admin's log too."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

LONGEST_NAME = 200


def record(row: Model, by: Any, what: str, *, flag: int = CHANGE) -> None:
    """Write that ``by`` did ``what`` to a row, in the caller's transaction: undone with it.

    Nothing is written when there is nobody to name (None): the log has no line without a person.
    """
    if by is None:
        return
    LogEntry.objects.create(
        user_id=by.pk,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=str(row)[:LONGEST_NAME],
        action_flag=flag,
        change_message=what,
    )
