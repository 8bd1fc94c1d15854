"""The one pill and the one bar: how a job looks in lists, on the front page and on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from bulk_admin.models import ENDED_JOBS, BulkGenerationJob, JobStatus


@dataclass(frozen=True, slots=True)
class Pill:
    """A state in a word and a colour. As a string it is markup."""

    tone: str
    label: str
    title: str = ""

    def __str__(self) -> SafeString:
        title = format_html(' title="{}"', self.title) if self.title else ""
        return format_html('<span class="pill tone-{}"{}>{}</span>', self.tone, title, self.label)

    __html__ = __str__


PILLS = {
    JobStatus.DRAFT: Pill("off", "Draft"),
    JobStatus.PENDING: Pill("run", "Waiting to start"),
    JobStatus.PROCESSING: Pill("run", "Generating"),
    JobStatus.PAUSED: Pill("unk", "Paused"),
    JobStatus.COMPLETED: Pill("ok", "Complete"),
    JobStatus.FAILED: Pill("bad", "Failed"),
    JobStatus.CANCELLED: Pill("off", "Cancelled"),
}
CREATING_PAGES = Pill("run", "Creating pages")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the bar; ``x`` and ``width`` are percentages as SVG takes them."""

    tone: str
    x: str
    width: str


def pill(job: BulkGenerationJob) -> Pill:
    if job.pages_open and job.status in ENDED_JOBS:
        return CREATING_PAGES
    not_made = job.total - job.completed_count
    if job.status == JobStatus.COMPLETED and not_made:
        return Pill("unk", f"{PILLS[JobStatus.COMPLETED].label}, {not_made:,} not made")
    return PILLS[JobStatus(job.status)]


def bar(job: BulkGenerationJob) -> list[Segment]:
    """Ready, unknown, failed and in flight, as shares of all pictures; the rest is to come."""
    segments, before = [], 0
    for tone, count in (
        ("ok", job.completed_count),
        ("unk", job.unknown_count),
        ("bad", job.failed_count),
        ("run", job.generating),
    ):
        if count > 0:
            x, width = 100 * before / job.total, 100 * count / job.total
            segments.append(Segment(tone, f"{x:.3f}%", f"{width:.3f}%"))
            before += count
    return segments


def spoken(job: BulkGenerationJob) -> str:
    """The bar in one short sentence, for screen readers."""
    ended = "" if job.is_active else f"{pill(job).label}: "
    return f"{ended}{counts(job)}"


def counts(job: BulkGenerationJob) -> str:
    """What became of its pictures, as a sentence."""
    parts = [f"{job.completed_count:,} of {job.total:,} ready"]
    parts += [
        f"{count:,} {word}"
        for count, word in ((job.failed_count, "failed"), (job.unknown_count, "unknown"))
        if count
    ]
    return f"{', '.join(parts)}."


def progress_context(job: BulkGenerationJob) -> dict[str, Any]:
    """What ``shared/_progress.html`` shows."""
    return {"job": job, "bar": bar(job), "spoken": spoken(job)}
