"""Rings for the worker that publishes. The pages are the queue; a task only says that one should
look.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django_q.models import Schedule

from bulk_admin import background

PUBLISH_DUE = "prompts.tasks.publish_due"
PURGE_TRASH = "prompts.tasks.purge_trash"


def ring() -> None:
    """Put one task into the queue, inside the caller's transaction: rolled back with it.

    One too many is harmless.
    """
    background.run_soon(PUBLISH_DUE, group="publish")


def ensure_schedule(**kwargs: Any) -> None:
    """Receiver of post_migrate: what a lost task or a crash left behind goes on within a minute.

    Setting up again undoes no edit.
    """

    if Schedule._meta.db_table in connection.introspection.table_names():
        background.move_here("prompts.tasks.")
        background.ensure_schedule(
            "publish-due", PUBLISH_DUE, schedule_type=Schedule.MINUTES, minutes=1
        )
        background.ensure_schedule("purge-trash", PURGE_TRASH, schedule_type=Schedule.HOURLY)
