"""A job's state and bar in lists."""

from __future__ import annotations

from django import template
from django.utils.html import format_html

from bulk_admin.models import BulkGenerationJob, JobStatus
from bulk_admin.progress import TONES, Segment, bar_segments, label

register = template.Library()


@register.filter
def segments(job: BulkGenerationJob) -> list[Segment]:
    return bar_segments(job)


@register.simple_tag
def job_tone(job: BulkGenerationJob) -> str:
    return format_html(
        '<span class="pill tone-{}">{}</span>', TONES[JobStatus(job.status)], label(job)
    )
