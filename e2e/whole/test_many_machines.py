"""Several hosts: one database, one bucket, one limit, and no disk that they share."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest
from django.db import connection
from django.urls import reverse

from bulk_admin.models import CallState, ProviderCall, Worker
from bulk_admin.testing.factories import make_account, make_job
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.testing.loopback.s3_server import S3Server
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import audit, audit_against_till

pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite",
        reason="SQLite is a file on one machine: several hosts need PostgreSQL.",
    ),
]
# The guard is as long as a permit lives: a worker's first calls arrive up to so late, which a real
# minute hardly feels.
WINDOW, LIMIT, PICTURES = 3.0, 8, 24
FAST = {
    "BULK_WINDOW": str(WINDOW),
    "BULK_GUARD": "2.0",
    "BULK_GRACE": "10",
    "BULK_RETRY_BACKOFF": "0.1",
}


@pytest.fixture
def provider():
    with OpenAIServer(shrink=16) as running:
        yield running


@pytest.fixture
def bucket(settings):
    """The web process uses the same buckets as the workers."""
    with S3Server("pages", "originals") as running:
        settings.STORAGES = {**settings.STORAGES, **running.storages("pages", "originals")}
        yield running


@pytest.fixture
def start_host(worker_process, bucket, tmp_path):
    """A worker as on a machine of its own: its own lock file, its own folder, nothing shared but
    database and buckets.
    """

    def start(name):
        own = {
            "BULK_PUMP_LOCK": str(tmp_path / f"{name}.lock"),
            "MEDIA_FOLDER": str(tmp_path / f"{name}-media"),
            "Q_WORKERS": "1",
        }
        return worker_process(env={**FAST, **bucket.environment("pages", "originals"), **own})

    return start


def job_at(provider, pictures, **limits):
    account = make_account("openai", base_url=provider.base_url, **limits)
    account.set_key("sk-test-0123456789")
    account.save(update_fields=["encrypted_key", "key_last_four"])
    how = {
        "model_name": "gpt-image-2.5-flare",
        "quality": "low",
        "size": "1024x1024",
        "output_format": "webp",
    }
    return make_job(
        [f"prompt {n}" for n in range(pictures)], status="pending", account=account, **how
    )


def has_ended(job):
    job.refresh_from_db()
    return job.status in ("completed", "failed", "cancelled")


def most_in_a_window(provider, seconds):
    """How many calls arrived within any so many seconds, by the provider's own clock."""
    times = sorted(entry.at for entry in provider.till.calls())
    return max(sum(begin <= at < begin + seconds for at in times) for begin in times)


def late(provider):
    """Seconds from a call's permit to its arrival, in the order of arrival."""
    sent = {str(pk): at.timestamp() for pk, at in ProviderCall.objects.values_list("pk", "sent_at")}
    return [
        (round(entry.at % 100, 2), round(entry.at - sent[entry.client_request_id], 2))
        for entry in provider.till.calls()
    ]


def ring_for_each_host():
    from bulk_admin.services.queue.doorbell import ring

    ring()
    ring()


def test_two_hosts_share_one_limit_and_the_web_process_finds_every_picture(
    provider, start_host, bucket, client, superuser, tmp_path
):
    provider.latency = 0.4
    job = job_at(provider, PICTURES, limit_per_minute=LIMIT, max_in_flight=LIMIT)
    start_host("first")
    start_host("second")
    ring_for_each_host()
    processes.wait_until(lambda: Worker.objects.count() >= 2, what="both hosts pump")
    processes.wait_until(lambda: has_ended(job), what="the job has ended")
    assert (job.status, job.completed_count) == ("completed", PICTURES)
    assert most_in_a_window(provider, WINDOW) <= LIMIT, late(provider)
    assert max(Counter(entry.prompt for entry in provider.till.calls()).values()) == 1
    assert audit_against_till(provider) == []
    assert audit() == []

    client.force_login(superuser)
    stored = bucket.keys("originals")
    for image in job.images.all():
        answer = client.get(
            reverse("admin:bulk_admin_generatedimage_file", args=[image.pk, "original"])
        )
        assert answer.status_code == 302
        assert answer.url.startswith(f"{bucket.url}/originals/{image.picture_key}?")
        assert {image.picture_key, image.thumb_300, image.thumb_600} <= set(stored)
    assert not [
        file
        for name in ("first", "second")
        for file in tmp_path.glob(f"{name}-media/**/*")
        if file.is_file()
    ]


def add_column(name):
    """What an additive migration does: the old code neither writes nor reads the column."""
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE bulk_admin_generatedimage ADD COLUMN "{name}" integer NULL')


def drop_column(name):
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE bulk_admin_generatedimage DROP COLUMN "{name}"')


def test_a_rolling_deploy_with_an_additive_migration_loses_nothing(provider, start_host):
    provider.latency = 1.0
    job = job_at(provider, 30, max_in_flight=5)
    column = f"later_{uuid.uuid4().hex[:8]}"
    old = start_host("old")
    processes.wait_until(lambda: len(provider.till.calls()) >= 8, what="some calls have left")
    add_column(column)
    try:
        start_host("new")
        ring_for_each_host()
        processes.stop(old)
        assert not has_ended(job), "the deploy must come in the middle of the job"
        processes.wait_until(lambda: has_ended(job), what="the job has ended")
    finally:
        drop_column(column)
    assert (job.status, job.completed_count, job.unknown_count) == ("completed", 30, 0)
    assert not ProviderCall.objects.filter(state__in=(CallState.OPEN, CallState.UNKNOWN)).exists()
    assert max(Counter(entry.prompt for entry in provider.till.calls()).values()) == 1
    assert audit_against_till(provider) == []
    assert audit() == []
