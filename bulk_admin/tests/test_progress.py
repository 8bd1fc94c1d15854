"""A job's pill and bar."""

from __future__ import annotations

import pytest
from django.template import Context, Template

from bulk_admin import progress
from bulk_admin.models import BulkGenerationJob, JobStatus

SHARES = {
    "completed_count": 3,
    "unknown_count": 1,
    "failed_count": 2,
    "queued": 1,
}


def test_the_bar_s_parts_stand_side_by_side_in_one_order():
    job = BulkGenerationJob(total=8, **SHARES)
    parts = [(part.tone, float(part.x[:-1]), float(part.width[:-1])) for part in progress.bar(job)]
    assert parts == [
        ("ok", 0, 37.5),
        ("unk", 37.5, 12.5),
        ("bad", 50, 25),
        ("run", 75, 12.5),
    ]


def test_a_job_without_pictures_has_an_empty_bar():
    assert progress.bar(BulkGenerationJob()) == []


@pytest.mark.parametrize("status", JobStatus.values)
def test_every_status_has_a_pill(status):
    assert progress.pill(BulkGenerationJob(status=status)).label


def test_an_ended_job_is_still_creating_pages_and_a_paused_one_is_paused():
    ended = BulkGenerationJob(status=JobStatus.COMPLETED, pages_open=1)
    paused = BulkGenerationJob(status=JobStatus.PAUSED, pages_open=1)
    assert [progress.pill(job).label for job in (ended, paused)] == ["Creating pages", "Paused"]


def test_a_pill_is_markup_whose_text_is_escaped():
    shown = Template("{{ pill }}").render(Context({"pill": progress.Pill("ok", "<b>", '"')}))
    assert shown == '<span class="pill tone-ok" title="&quot;">&lt;b&gt;</span>'


def test_the_sentence_for_screen_readers_leaves_out_what_is_none():
    running = BulkGenerationJob(total=8, status=JobStatus.PROCESSING, **SHARES)
    ended = BulkGenerationJob(total=1, status=JobStatus.COMPLETED, completed_count=1)
    assert progress.spoken(running) == "3 of 8 ready, 2 failed, 1 unknown."
    assert progress.spoken(ended) == "Complete: 1 of 1 ready."
