"""Rings for a pump. The rows are the queue; a Django-Q task only says that it is time to look."""

from __future__ import annotations

import datetime as dt
import logging

from django.utils import timezone
from django_q.models import Schedule

from bulk_admin.background import CLUSTER, run_at, run_soon
from bulk_admin.services.database import database_now

OUR_TASKS = "bulk_admin.tasks."
PUMP = f"{OUR_TASKS}pump"
TICK = f"{OUR_TASKS}tick"
DELETE_FILES = f"{OUR_TASKS}delete_files"
FILES_A_TASK = 100
TICK_EVERY = dt.timedelta(minutes=1)
logger = logging.getLogger(__name__)


def pull_back_schedules() -> None:
    """Have our schedules that run by the minute or the hour run now if their next run lies more
    than two intervals ahead: a clock that was ahead has put it there, and none would run until that
    moment.
    """
    now = database_now()
    often = (Schedule.MINUTES, Schedule.HOURLY)
    ours = Schedule.objects.filter(cluster=CLUSTER, schedule_type__in=often)
    for each in ours.filter(next_run__gt=now):
        interval = each.calculate_next_run(now) - now
        if each.next_run > now + 2 * interval:
            row = Schedule.objects.filter(pk=each.pk, next_run=each.next_run)
            if row.update(next_run=now):
                logger.warning("schedule pulled back", extra={"schedule": each.name})


def ring() -> None:
    """Put one doorbell into the queue, inside the caller's transaction: rolled back with it.

    A bell too many is harmless: the second pump of a host returns at once.
    """
    run_soon(PUMP, group="doorbell")


def ring_to_delete(picture_keys: list[str]) -> None:
    """Have the files of deleted pictures deleted, soon and in the background."""
    for start in range(0, len(picture_keys), FILES_A_TASK):
        run_soon(DELETE_FILES, picture_keys[start : start + FILES_A_TASK], group="delete files")


def ring_to_delete_later(picture_keys: list[str], tries: int) -> None:
    """Have files deleted that the storage would not delete now: in ten minutes, and ever later with
    each try.
    """
    moment = timezone.now() + dt.timedelta(minutes=10 * 2 ** (tries - 1))
    run_at(moment, DELETE_FILES, picture_keys, tries)
