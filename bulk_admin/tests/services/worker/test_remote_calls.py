"""A provider that gives a call an id of its own: after a crash the picture is collected by it, and
paid once.
"""

from __future__ import annotations

import pytest
from django.utils import timezone

from bulk_admin.models import CallState, ImageStatus, ProviderCall
from bulk_admin.services.jobs import pictures
from bulk_admin.services.jobs.pictures import Decided
from bulk_admin.services.ledger import opening
from bulk_admin.services.worker import pump, rescue
from bulk_admin.testing.factories import make_account, make_job, make_worker
from bulk_admin.testing.loopback.replicate_server import ReplicateServer
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server():
    with ReplicateServer() as running:
        yield running


@pytest.fixture
def job(server, settings, tmp_path):
    settings.BULK_PUMP_LOCK = str(tmp_path / "pump.lock")
    account = make_account("replicate", base_url=server.url + "/v1", options={"poll_seconds": 0.02})
    account.set_key("r8_0123456789abcdef")
    account.save(update_fields=["encrypted_key", "key_last_four"])
    return make_job(
        ["a lighthouse"],
        status="pending",
        account=account,
        model_name="black-forest-labs/flux-schnell",
        quality="",
        size="1024x1024",
    )


def test_the_remote_id_is_kept_with_the_call(job, server):
    pump.run()
    call = ProviderCall.objects.get()
    assert call.remote_id
    assert job.images.get().status == ImageStatus.COMPLETED
    assert call.actual == 3_000
    assert audit() == []


def test_a_dead_workers_call_is_collected_by_its_id_and_bought_once(job, server):
    pump.run()
    call = ProviderCall.objects.get()
    paid = len(server.till.billed())
    other = make_job(
        ["a lighthouse"],
        status="processing",
        account=job.account,
        model_name=job.model_name,
        quality="",
        size="1024x1024",
    )
    dead = make_worker()
    permit = opening.open_call(job.account.pools.get(kind="image").pk, dead.pk)
    type(dead).objects.filter(pk=dead.pk).update(
        beat_at=timezone.now() - timezone.timedelta(hours=1)
    )
    ProviderCall.objects.filter(pk=permit.call_id).update(remote_id=call.remote_id)
    rescue.run()
    assert other.images.get().status == ImageStatus.COMPLETED
    assert len(server.till.billed()) == paid == 1
    assert audit() == []


def test_an_id_that_nobody_knows_leaves_the_outcome_unknown(job, server):
    dead = make_worker(beat_at=timezone.now() - timezone.timedelta(hours=1))
    permit = opening.open_call(job.account.pools.get(kind="image").pk, dead.pk)
    ProviderCall.objects.filter(pk=permit.call_id).update(remote_id="gone")
    rescue.run()
    assert ProviderCall.objects.get().state == CallState.UNKNOWN
    assert pictures.accept_as_lost(job.pk, job.images.get().pk, seen_attempt=1) == Decided.LOST
    assert audit() == []


@pytest.mark.process
def test_a_worker_killed_while_the_provider_works_loses_nothing(job, server, worker_process):
    server.polls = 1000
    first = worker_process()
    processes.wait_until(
        lambda: ProviderCall.objects.exclude(remote_id="").exists(), what="the id is saved"
    )
    processes.kill(first)
    server.polls = 1
    worker_process()
    processes.wait_until(
        lambda: job.images.get().status == ImageStatus.COMPLETED, what="the picture is collected"
    )
    assert len(server.till.billed()) == 1
    assert audit() == []
