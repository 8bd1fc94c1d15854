"""A job's tone and bar, from its row alone."""

from __future__ import annotations

from dataclasses import dataclass

from bulk_admin.models import BulkGenerationJob, JobStatus

WIDTH = 100
TONES = {
    JobStatus.DRAFT: "off",
    JobStatus.PENDING: "run",
    JobStatus.PROCESSING: "run",
    JobStatus.PAUSED: "unk",
    JobStatus.COMPLETED: "ok",
    JobStatus.FAILED: "bad",
    JobStatus.CANCELLED: "off",
}


LABELS = {
    JobStatus.DRAFT: "Draft",
    JobStatus.PENDING: "Waiting to start",
    JobStatus.PROCESSING: "Generating",
    JobStatus.PAUSED: "Paused",
    JobStatus.COMPLETED: "Complete",
    JobStatus.FAILED: "Failed",
    JobStatus.CANCELLED: "Cancelled",
}


@dataclass(frozen=True, slots=True)
class Segment:
    tone: str
    start: float
    width: float


def label(job: BulkGenerationJob) -> str:
    return LABELS[JobStatus(job.status)]


def bar_segments(job: BulkGenerationJob) -> list[Segment]:
    """In hundredths of the bar: ready, unknown, failed, in flight; what is left is to come."""
    counts = (
        ("ok", job.completed_count),
        ("unk", job.unknown_count),
        ("bad", job.failed_count),
        ("run", job.generating),
    )
    segments, start = [], 0.0
    for tone, count in counts:
        width = WIDTH * count / job.total if job.total else 0.0
        if width:
            segments.append(Segment(tone, round(start, 2), round(width, 2)))
        start += width
    return segments
