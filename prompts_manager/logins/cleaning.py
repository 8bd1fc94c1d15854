"""What logins leave behind, deleted once a day."""

from __future__ import annotations

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.core.management import call_command
from django.db import connection
from django_q.models import Schedule

from bulk_admin import background

NAME = "clean-logins"
CLEAN = "prompts_manager.logins.tasks.clean"
KEPT_DAYS = 180


def clean() -> None:
    """Delete sessions that have ended, and half-year-old lines of the log of logins."""
    call_command("clearsessions")
    AxesProxyHandler.reset_logs(age_days=KEPT_DAYS)
    AxesProxyHandler.reset_failure_logs(age_days=KEPT_DAYS)


def ensure_schedule(**kwargs: Any) -> None:
    """Receiver of post_migrate; an edited schedule stays as it is."""
    if Schedule._meta.db_table in connection.introspection.table_names():
        background.move_here(CLEAN)
        background.ensure_schedule(NAME, CLEAN, schedule_type=Schedule.DAILY)
