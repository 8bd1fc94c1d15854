"""Every pair of statuses: allowed by the one table, or refused."""

from __future__ import annotations

import itertools

import pytest

from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    PageStatus,
    ProviderCall,
)
from bulk_admin.models.statuses import CALL_MOVES, IMAGE_MOVES, JOB_MOVES, PAGE_MOVES
from bulk_admin.testing.factories import make_call, make_image, make_job, make_page

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("statuses", "moves"),
    [
        (JobStatus, JOB_MOVES),
        (ImageStatus, IMAGE_MOVES),
        (PageStatus, PAGE_MOVES),
        (CallState, CALL_MOVES),
    ],
)
def test_every_status_has_its_row_in_the_table(statuses, moves):
    assert set(moves) == set(statuses)
    assert all(targets <= set(statuses) for targets in moves.values())


def test_a_job_moves_only_as_the_table_says():
    job = make_job(1)
    for before, after in itertools.product(JobStatus.values, repeat=2):
        BulkGenerationJob.objects.filter(pk=job.pk).update(status=before)
        moved = BulkGenerationJob.objects.filter(pk=job.pk).move(after)
        job.refresh_from_db()
        assert (moved == 1) == (after in JOB_MOVES[before]), (before, after)
        assert job.status == (after if moved else before)


def test_an_image_moves_only_as_the_table_says():
    image = make_image(make_job(1))
    for before, after in itertools.product(ImageStatus.values, repeat=2):
        GeneratedImage.objects.filter(pk=image.pk).update(status=before)
        moved = GeneratedImage.objects.filter(pk=image.pk).move(after)
        image.refresh_from_db()
        assert (moved == 1) == (after in IMAGE_MOVES[before]), (before, after)
        assert image.status == (after if moved else before)


def test_a_page_moves_only_as_the_table_says():
    image = make_image(make_job(1), page_id=make_page().pk)
    for before, after in itertools.product(PageStatus.values, repeat=2):
        GeneratedImage.objects.filter(pk=image.pk).update(page_status=before)
        moved = GeneratedImage.objects.filter(pk=image.pk).move(after, field="page_status")
        image.refresh_from_db()
        assert (moved == 1) == (after in PAGE_MOVES[before]), (before, after)
        assert image.page_status == (after if moved else before)


def test_a_call_moves_only_as_the_table_says():
    call = make_call(make_image(make_job(1)), CallState.HELD)
    for before, after in itertools.product(CallState.values, repeat=2):
        ProviderCall.objects.filter(pk=call.pk).update(state=before)
        moved = ProviderCall.objects.filter(pk=call.pk).move(after, field="state")
        call.refresh_from_db()
        assert (moved == 1) == (after in CALL_MOVES[before]), (before, after)
        assert call.state == (after if moved else before)
