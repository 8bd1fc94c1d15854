"""Which tiles the page begins with, how the rest follows, and that the filters part the whole."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from bulk_admin.admin.job_page.tiles import Prices, grouped, make_tiles, places
from bulk_admin.models import ImageStatus, JobStatus, PageStatus
from bulk_admin.selectors import job_page
from bulk_admin.selectors.tiles import FIRST, PIECE, SHOW, Piece, next_piece
from bulk_admin.services.jobs import decisions
from bulk_admin.testing.factories import make_image, make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def mixed():
    """To decide, kept, dropped, failed, unknown, cancelled, two with a page, queued."""
    job = make_job(0, JobStatus.PROCESSING)
    for _ in range(3):
        make_image(job, ImageStatus.COMPLETED)
    for status in (ImageStatus.FAILED, ImageStatus.UNKNOWN, ImageStatus.CANCELLED):
        make_image(job, status)
    for _ in range(2):
        make_image(job, page_status=PageStatus.CREATED)
    make_image(job, ImageStatus.QUEUED)
    ids = list(job.images.order_by("position").values_list("pk", flat=True))
    decisions.decide(job.pk, [ids[1], ids[7]], keep=True, by=None)
    decisions.decide(job.pk, [ids[2]], keep=False, by=None)
    return job


def positions(response):
    return [int(each) for each in re.findall(r'data-position="(\d+)"', response.content.decode())]


def test_the_filters_part_the_whole(mixed):
    shown = job_page.tile_counts(mixed).shown
    assert shown == {
        "all": 9,
        "to-decide": 1,
        "kept": 3,
        "dropped": 1,
        "failed": 1,
        "unknown": 1,
        "cancelled": 1,
        "with-page": 2,
    }
    to_come = mixed.images.filter(status=ImageStatus.QUEUED).count()
    parts = sum(count for name, count in shown.items() if name not in ("all", "with-page"))
    assert parts + to_come == shown["all"]
    seen = [pk for name in SHOW if name != "with-page" for pk in shown_ids(mixed, name)]
    assert len(seen) == len(set(seen)) == shown["all"] - to_come


def shown_ids(job, name):
    return list(job.images.filter(SHOW[name]).values_list("pk", flat=True))


@pytest.mark.parametrize("name", SHOW)
def test_a_filter_in_the_address_is_what_comes_first(client, staff, mixed, name):
    client.force_login(staff)
    response = client.get(mixed.get_absolute_url(), {"show": name})
    found = [int(pk) for pk in re.findall(r'data-tile="(\d+)"', response.content.decode())]
    assert found == shown_ids(mixed, name)
    html = response.content.decode()
    assert re.search(rf'id="chip-{name}"[^>]*aria-current="true"', html)
    assert 'data-after="0"' in html, "the rest follows"


def test_a_text_in_the_address_is_found_in_the_prompts(client, staff):
    job = make_job(["A red fox", "A heron", "Another FOX"], JobStatus.COMPLETED)
    client.force_login(staff)
    assert positions(client.get(job.get_absolute_url(), {"q": " fox"})) == [1, 3]
    everything = client.get(job.get_absolute_url(), {"show": "<b>", "q": ""})
    assert positions(everything) == [1, 2, 3]


def test_the_rest_follows_in_pieces_and_nothing_comes_twice(client, staff):
    job = make_job(FIRST + PIECE + 7, JobStatus.COMPLETED)
    client.force_login(staff)
    response = client.get(job.get_absolute_url())
    seen = positions(response)
    assert len(seen) == FIRST
    url = reverse("admin:bulk_admin_bulkgenerationjob_tiles", args=[job.pk])
    while after := re.search(r'data-after="(\d*)"', response.content.decode())[1]:
        response = client.get(url, {"after": after})
        seen += positions(response)
    assert seen == list(range(1, FIRST + PIECE + 8))


def test_the_variants_of_a_prompt_stay_together():
    job = make_job(0, JobStatus.COMPLETED)
    for position in (1, 2):
        for variant in (1, 2, 3):
            make_image(job, position=position, variant=variant)
    assert [image.position for image in next_piece(job, 0, 4).images] == [1, 1, 1]
    assert [image.position for image in next_piece(job, 1, 2).images] == [2, 2, 2], "however many"
    assert next_piece(job, 2, 4) == Piece([], None)


@pytest.mark.parametrize("after", ["", "x", "-1", "9" * 30, "1.5"])
def test_an_odd_place_to_go_on_from_is_an_answer(client, staff, after):
    client.force_login(staff)
    url = reverse("admin:bulk_admin_bulkgenerationjob_tiles", args=[make_job(1).pk])
    assert client.get(url, {"after": after}).status_code == 200


def test_failures_that_follow_each_other_share_a_place_three_at_most():
    job = make_job(0, JobStatus.COMPLETED)
    for status in ("completed", *["failed"] * 4, "completed", "failed", "completed"):
        make_image(job, ImageStatus(status))
    groups = grouped(make_tiles(next_piece(job, 0).images, Prices(job)))
    assert [[group.position for group in place] for place in places(groups)] == [
        *([1], [2, 3, 4], [5], [6], [7], [8])
    ]


def test_a_failed_variant_stays_with_its_prompt():
    job = make_job(0, JobStatus.COMPLETED)
    for position, variant in ((1, 1), (2, 1), (2, 2), (4, 1)):
        make_image(job, ImageStatus.FAILED, position=position, variant=variant)
    groups = grouped(make_tiles(next_piece(job, 0).images, Prices(job)))
    assert [len(place) for place in places(groups)] == [1, 1, 1]
    assert [group.newest for group in groups] == [1, 2, 1]
