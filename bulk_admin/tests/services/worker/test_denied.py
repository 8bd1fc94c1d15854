"""A storage that answers 403 for what is missing, as S3 does to a key that may not list."""

from __future__ import annotations

import logging

import pytest
from django.urls import reverse

from bulk_admin.models import CallState, GeneratedImage, ImageStatus, ProviderCall
from bulk_admin.services.jobs import pictures
from bulk_admin.services.storage import storing
from bulk_admin.services.worker import lease, rescue
from bulk_admin.storages import StorageDenied
from bulk_admin.testing.factories import make_call, make_image, make_job, make_user, make_worker
from bulk_admin.testing.loopback.s3_server import S3Server
from bulk_admin.testing.pictures import png_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running():
    with S3Server("pages", "originals") as server:
        yield server


@pytest.fixture
def server(running, settings):
    running.reset()
    settings.STORAGES = {**settings.STORAGES, **running.storages("pages", "originals", retries=0)}
    running.front.hides_missing = True
    return running


def dead_call(job):
    """An open call of a worker that died."""
    image = make_image(job, ImageStatus.GENERATING, owner=make_worker(beat_at=lease.GONE))
    job.__class__.objects.filter(pk=job.pk).update(reserved=10_000 * job.images.count())
    return make_call(image, CallState.OPEN)


def states():
    return dict(ProviderCall.objects.values_list("pk", "state"))


def test_what_never_came_becomes_unknown_and_what_came_is_adopted(server, caplog):
    job = make_job(0, "processing")
    lost, came = dead_call(job), dead_call(job)
    storing.keep(came.picture_key, png_bytes(), {})
    with caplog.at_level(logging.WARNING):
        rescue.rescue_calls()
    assert states() == {lost.pk: CallState.UNKNOWN, came.pk: CallState.DELIVERED}
    assert "may not list the bucket" in caplog.text
    assert [key for key in server.keys("originals") if "probe" in key] == []


def test_a_storage_that_denies_everything_decides_nothing(server, caplog):
    job = make_job(0, "processing")
    call = dead_call(job)
    server.front.next("access_denied", "ok", "access_denied", "ok")  # look, probe, its look
    with caplog.at_level(logging.WARNING):
        rescue.rescue_calls()
    assert states() == {call.pk: CallState.OPEN}
    assert "does not say whether" in caplog.text


def test_a_403_is_no_answer_where_what_is_missing_is_a_404(server):
    server.front.hides_missing = False
    server.front.next("access_denied")
    with pytest.raises(StorageDenied):
        storing.find("originals/some-job/some-call")


def test_a_button_says_why_the_storage_does_not_answer(server, client):
    job = make_job(0, "completed")
    image = make_image(job, ImageStatus.UNKNOWN, attempt=1)
    make_call(image, CallState.UNKNOWN, attempt=1)
    client.force_login(make_user("root", is_superuser=True))
    server.front.outage = True
    address = reverse("admin:bulk_admin_bulkgenerationjob_image_act", args=[job.pk, image.pk, "x"])
    answer = client.post(address.replace("/x/", "/buy_again/"), {"seen_attempt": "1"})
    assert answer.status_code == 200
    assert "SlowDown" in answer["HX-Trigger"] or "503" in answer["HX-Trigger"]
    image.refresh_from_db()
    assert image.status == ImageStatus.UNKNOWN


def test_an_unknown_picture_can_be_decided(server):
    job = make_job(0, "completed")
    image = make_image(job, ImageStatus.UNKNOWN, attempt=1)
    make_call(image, CallState.UNKNOWN, attempt=1)
    assert pictures.accept_as_lost(job.pk, image.pk, seen_attempt=1, by=None) == "lost"
    assert GeneratedImage.objects.get(pk=image.pk).status == ImageStatus.FAILED
