"""The poll: only what changed travels, and nothing is missed or sent twice for nothing."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from bulk_admin.models import BulkGenerationJob, ImageStatus, JobStatus, PageStatus
from bulk_admin.selectors.job_page import job_page
from bulk_admin.selectors.tiles import TILES_A_POLL, WHOLE, Cursor, changed_tiles
from bulk_admin.services.jobs import decisions, trash
from bulk_admin.testing.factories import make_image, make_job, make_user, recount

pytestmark = pytest.mark.django_db


def cursor_of(html):
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', html)[1] for name in ("seen", "digest")
    }


@pytest.fixture
def poll(client, staff):
    client.force_login(staff)

    def ask(job, **data):
        return client.get(
            reverse("admin:bulk_admin_bulkgenerationjob_status", args=[job.pk]),
            data,
            headers={"HX-Request": "true"},
        )

    return ask


def tiles_in(response):
    return [int(pk) for pk in re.findall(r'data-tile="(\d+)"', response.content.decode())]


def open_page(client, job):
    return cursor_of(client.get(job.get_absolute_url()).content.decode())


def test_nothing_new_answers_204(client, poll):
    job = make_job(3)
    response = poll(job, **open_page(client, job))
    assert response.status_code == 204
    assert response.content == b""


def test_nothing_new_costs_four_queries_besides_session_user_and_permissions(
    client, django_assert_num_queries
):
    user = make_user("plain")
    user.user_permissions.add(
        *Permission.objects.filter(
            content_type__app_label="bulk_admin", codename="view_bulkgenerationjob"
        )
    )
    client.force_login(user)
    job = make_job(100)
    job.account.pools.update(limit_per_minute=20)
    cursor = open_page(client, job)
    session_user_permissions = 4  # session, user, the user's permissions, the groups'
    with django_assert_num_queries(session_user_permissions + 4):
        response = client.get(
            reverse("admin:bulk_admin_bulkgenerationjob_status", args=[job.pk]), cursor
        )
    assert response.status_code == 204


def test_only_the_tiles_that_changed_travel(client, poll):
    job = make_job(5, JobStatus.PROCESSING, image_status=ImageStatus.COMPLETED)
    make_image(job, ImageStatus.QUEUED)
    cursor = open_page(client, job)
    image = job.images.all()[2]
    decisions.decide(job.pk, [image.pk], keep=False, by=None)
    response = poll(job, **cursor)
    assert response.status_code == 200
    assert tiles_in(response) == [image.pk]
    assert poll(job, **cursor_of(response.content.decode())).status_code == 204


def test_a_bulk_act_on_more_tiles_than_one_answer_holds_loses_none(client, poll):
    job = make_job(TILES_A_POLL + 21, JobStatus.PROCESSING, image_status=ImageStatus.COMPLETED)
    cursor = open_page(client, job)
    everything = set(job.images.values_list("pk", flat=True))
    decisions.decide(job.pk, everything, keep=False, by=None)
    first = poll(job, **cursor)
    assert len(tiles_in(first)) == TILES_A_POLL
    second = poll(job, **cursor_of(first.content.decode()))
    assert set(tiles_in(first)) | set(tiles_in(second)) == everything
    assert not set(tiles_in(first)) & set(tiles_in(second))


def test_a_tile_that_changes_after_the_job_was_read_comes_with_the_next_answer():
    job = make_job(2, JobStatus.PROCESSING, image_status=ImageStatus.COMPLETED)
    before = Cursor(job.revision, WHOLE)
    read_early = job_page(job.pk)
    decisions.decide(job.pk, [job.images.first().pk], keep=False, by=None)
    early = changed_tiles(read_early, before)
    assert early.images == []
    late = changed_tiles(job_page(job.pk), early.cursor)
    assert [image.pk for image in late.images] == [job.images.first().pk]


def test_a_deleted_tile_is_named(client, poll):
    job = make_job(3, JobStatus.PROCESSING, image_status=ImageStatus.COMPLETED)
    cursor = open_page(client, job)
    image = job.images.first()
    pk = image.pk
    trash.trash_images(job.pk, [pk], by=None)
    assert f'data-removed="{pk}"' in poll(job, **cursor).content.decode()


def test_the_last_answer_stops_the_poll(client, poll):
    job = make_job(2)
    cursor = open_page(client, job)
    BulkGenerationJob.objects.filter(pk=job.pk).update(
        status=JobStatus.CANCELLED, revision=job.revision + 1
    )
    job.images.update(status=ImageStatus.CANCELLED, revision=job.revision + 1)
    recount(job)
    response = poll(job, **cursor)
    assert response.status_code == 286
    assert "hx-trigger" not in response.content.decode()
    assert len(tiles_in(response)) == 2


@pytest.mark.parametrize("page_status", [PageStatus.QUEUED, PageStatus.WRITING])
def test_pages_under_way_keep_the_poll_alive_after_the_job_ended(client, poll, page_status):
    job = make_job(0, JobStatus.COMPLETED)
    make_image(job, page_status=page_status)
    assert poll(job, seen="", digest="").status_code == 200


@pytest.mark.parametrize(
    "seen", ["", "x", "1", "1:", ":1", "-1:5", "9" * 40 + ":1", "1:" + "9" * 40, "1:1:1"]
)
def test_a_broken_cursor_gets_every_tile_and_no_error(poll, seen):
    job = make_job(2)
    response = poll(job, seen=seen)
    assert response.status_code == 200
    assert len(tiles_in(response)) == 2


def test_a_dead_worker_is_news_although_the_revision_is_the_same(client, poll):
    job = make_job(2)
    cursor = open_page(client, job)
    BulkGenerationJob.objects.filter(pk=job.pk).update(started="2020-01-01T00:00:00Z")
    response = poll(job, **cursor)
    assert response.status_code == 200
    assert tiles_in(response) == []
    assert "No worker is running" in response.content.decode()


def test_scripts_get_the_same_facts_as_json(client, staff):
    client.force_login(staff)
    job = make_job(2, JobStatus.COMPLETED)
    response = client.get(
        reverse("admin:bulk_admin_bulkgenerationjob_status", args=[job.pk]),
        headers={"Accept": "application/json"},
    )
    assert response.json()["status"] == "completed"
    assert response.json()["job"] == str(job.pk)


def test_an_expired_session_leads_to_the_login_page_and_never_into_a_tile(client):
    job = make_job(1)
    response = client.get(
        reverse("admin:bulk_admin_bulkgenerationjob_status", args=[job.pk]),
        headers={"HX-Request": "true"},
    )
    assert "/admin/login/" in response["HX-Redirect"]
