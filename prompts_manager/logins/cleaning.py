"""What logins leave behind, deleted once a day."""

from __future__ import annotations

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.core.management import call_command
from django.db import connection

NAME = "clean-logins"
KEPT_DAYS = 180


def clean() -> None:
    """Delete sessions that have ended, and half-year-old lines of the log of logins."""
    call_command("clearsessions")
    AxesProxyHandler.reset_logs(age_days=KEPT_DAYS)
    AxesProxyHandler.reset_failure_logs(age_days=KEPT_DAYS)


def ensure_schedule(**kwargs: Any) -> None:
    """Receiver of post_migrate; an edited schedule stays as it is."""
    from django_q.models import Schedule  # its models load after this module

    if Schedule._meta.db_table in connection.introspection.table_names():
        Schedule.objects.get_or_create(
            name=NAME,
            defaults={
                "func": "prompts_manager.logins.tasks.clean",
                "schedule_type": Schedule.DAILY,
            },
        )
