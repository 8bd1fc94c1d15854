"""Rings for a pump. The rows are the queue; a Django-Q task only says that somebody should look."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django_q.tasks import async_task, schedule

PUMP = "bulk_admin.tasks.pump"
DELETE_FILES = "bulk_admin.tasks.delete_files"
FILES_A_TASK = 100
TICK_EVERY = dt.timedelta(minutes=1)


def ring() -> None:
    """Put one doorbell into the queue, inside the caller's transaction: rolled back with it.

    A bell too many is harmless: the second pump of a host returns at once.
    """
    async_task(PUMP, group="doorbell")


def ring_to_delete(picture_keys: list[str]) -> None:
    """Have the files of deleted pictures deleted, soon and in the background."""
    for start in range(0, len(picture_keys), FILES_A_TASK):
        async_task(DELETE_FILES, picture_keys[start : start + FILES_A_TASK], group="delete files")


def ring_to_delete_later(picture_keys: list[str], tries: int) -> None:
    """Have files deleted that the storage would not delete now: in ten minutes, and ever later with
    each try.
    """
    schedule(
        DELETE_FILES,
        picture_keys,
        tries,
        next_run=timezone.now() + dt.timedelta(minutes=10 * 2 ** (tries - 1)),
    )
