"""Rings for the worker that publishes. The pages are the queue; a task only says that one should
look.
"""

from __future__ import annotations

from typing import Any

from django_q.tasks import async_task

PUBLISH_DUE = "prompts.tasks.publish_due"


def ring() -> None:
    """Put one task into the queue, inside the caller's transaction: rolled back with it.

    One too many is harmless.
    """
    async_task(PUBLISH_DUE, group="publish")


def ensure_schedule(**kwargs: Any) -> None:
    """Receiver of post_migrate: what a lost task or a crash left behind goes on within a minute.

    Setting up again undoes no edit.
    """
    from django.db import connection
    from django_q.models import Schedule  # its models load after this module

    if Schedule._meta.db_table in connection.introspection.table_names():
        Schedule.objects.get_or_create(
            name="publish-due",
            defaults={"func": PUBLISH_DUE, "schedule_type": Schedule.MINUTES, "minutes": 1},
        )
