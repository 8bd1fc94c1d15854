"""Amounts, durations, and a job's pill and bar in templates."""

from __future__ import annotations

from django import template

from bulk_admin import formats, money, progress
from bulk_admin.services.drafting.settings import shown_settings

register = template.Library()

register.filter(formats.duration)
register.filter(formats.times)
register.filter(shown_settings)
register.filter(money.usd)
register.filter(money.usd_total)
register.filter("job_pill", progress.pill)
register.inclusion_tag("admin/bulk_admin/shared/_progress.html", name="job_progress")(
    progress.progress_context
)
