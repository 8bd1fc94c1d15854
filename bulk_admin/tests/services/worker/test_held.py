"""What a provider holds is collected by its id: by any worker, after any crash, and paid once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from bulk_admin.conf import pump_lock
from bulk_admin.models import CallState, ImageStatus, ProviderCall, UnstoredImage
from bulk_admin.services.image_providers import ImageOptions
from bulk_admin.services.image_providers.errors import BadKey, NotSent, RateLimited
from bulk_admin.services.jobs import pictures
from bulk_admin.services.ledger import holding, opening
from bulk_admin.services.monitoring import health
from bulk_admin.services.storage import storing
from bulk_admin.services.worker import held, lease, pump, rescue
from bulk_admin.services.worker.clients import Clients
from bulk_admin.services.worker.host_lock import OpeningLock
from bulk_admin.testing.factories import make_account, make_job, make_worker, png_bytes
from bulk_admin.testing.loopback.replicate_server import ReplicateServer
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import audit
from bulk_admin.tests.support.refusing import POISON, refusing

pytestmark = pytest.mark.django_db(transaction=True)
MODEL = "black-forest-labs/flux-schnell"


@pytest.fixture
def server():
    with ReplicateServer() as running:
        yield running


@pytest.fixture
def account(server, settings, tmp_path):
    settings.BULK = settings.BULK | {"PUMP_LOCK": str(tmp_path / "pump.lock")}
    account = make_account("replicate", base_url=server.url + "/v1", options={"poll_seconds": 0.02})
    account.set_key("r8_0123456789abcdef")
    account.save(update_fields=["encrypted_key", "key_last_four"])
    return account


def job_of(account, prompts, **fields):
    return make_job(
        prompts,
        status="pending",
        account=account,
        model_name=MODEL,
        quality="",
        size="1024x1024",
        **fields,
    )


@pytest.fixture
def job(account):
    return job_of(account, ["a lighthouse"])


@pytest.fixture
def call(job):
    """A call that the provider holds, and that is due."""
    permit = opening.open_call(job.account.pools.get(kind="image").pk, make_worker().pk)
    submitted = (
        Clients()
        .of(job.account_id)
        .submit(permit.prompt, permit.size, "", options=ImageOptions(model=permit.model))
    )
    holding.hold(permit.call_id, submitted)
    return make_due(ProviderCall.objects.get(pk=permit.call_id))


def make_due(call, **fields):
    past = timezone.now() - dt.timedelta(seconds=1)
    ProviderCall.objects.filter(pk=call.pk).update(**{"poll_at": past, **fields})
    return ProviderCall.objects.get(pk=call.pk)


def make_last(call):
    return make_due(call, hold_until=timezone.now() - dt.timedelta(seconds=1))


def looks(server):
    return sum(
        request.method == "GET" and "/predictions/" in request.path for request in server.requests
    )


def collect(**provider):
    """One collector's look at what is due."""
    works = held.claim(5, Clients())
    for work in works:
        if provider:
            work.provider = provider["provider"]
        work.run(lambda done: None)
        work.book()
    return works


def test_a_prediction_is_held_then_collected_and_booked(job, server):
    pump.run()
    call = ProviderCall.objects.get()
    assert (call.state, call.actual, call.owner) == (CallState.DELIVERED, 3_000, None)
    assert call.remote_id
    assert call.request_id == call.remote_id
    assert job.images.get().status == ImageStatus.COMPLETED
    assert audit() == []


def test_no_thread_waits_for_what_the_provider_holds(job, server, settings):
    server.polls = 1000
    lock = OpeningLock(pump_lock())
    lock.take()
    one = pump.Pump(lock)
    one.worker = lease.register()
    one._open()
    assert len(one.in_flight) == 1
    one._sleep(5.0)
    assert ProviderCall.objects.get().state == CallState.HELD
    assert one.in_flight == {}
    one._leave()
    assert audit() == []


def test_a_dead_workers_call_is_collected_by_its_id_and_bought_once(job, server):
    pump.run()
    call = ProviderCall.objects.get()
    other = job_of(job.account, ["a lighthouse"])
    dead = make_worker()
    permit = opening.open_call(job.account.pools.get(kind="image").pk, dead.pk)
    type(dead).objects.filter(pk=dead.pk).update(beat_at=timezone.now() - dt.timedelta(hours=1))
    ProviderCall.objects.filter(pk=permit.call_id).update(remote_id=call.remote_id)
    rescue.run()
    assert other.images.get().status == ImageStatus.COMPLETED
    assert len(server.till.billed()) == 1
    assert audit() == []


def test_an_id_that_nobody_knows_leaves_the_outcome_unknown(job, call):
    make_due(call, remote_id="gone")
    collect()
    assert ProviderCall.objects.get().state == CallState.UNKNOWN
    assert pictures.accept_as_lost(job.pk, job.images.get().pk, seen_attempt=1, by=None) == "lost"
    assert audit() == []


def test_what_is_not_finished_is_asked_for_again_later(call, server):
    server.polls = 1000
    collect()
    again = ProviderCall.objects.get()
    assert again.state == CallState.HELD
    assert call.poll_at < again.poll_at < timezone.now() + dt.timedelta(seconds=5)
    assert looks(server) == 1


def test_the_longer_a_call_takes_the_less_often_it_is_asked_for(call, server):
    server.polls = 1000
    make_due(call, sent_at=timezone.now() - dt.timedelta(seconds=200))
    collect()
    assert 15 < holding.seconds_to_next() < 25


def test_after_its_time_it_is_asked_once_more_and_then_unknown(job, call, server):
    server.polls = 1000
    make_last(call)
    collect()
    collect()
    assert looks(server) == 1
    assert ProviderCall.objects.get().state == CallState.UNKNOWN
    image = job.images.get()
    assert image.status == ImageStatus.UNKNOWN
    assert "in the time that it takes at most" in image.error_message
    assert len(server.till.billed()) == 1
    assert audit() == []


def test_what_is_finished_when_its_time_is_over_is_taken_by_the_last_look(job, call, server):
    server.polls = 1
    make_last(call)
    collect()
    assert job.images.get().status == ImageStatus.COMPLETED
    assert audit() == []


def test_a_storage_that_is_down_while_collecting_fills_the_outbox(
    job, call, server, settings, tmp_path
):
    server.polls = 1
    (tmp_path / "a-file").write_text("")
    healthy = settings.STORAGES
    below = {"location": tmp_path / "a-file" / "below"}
    settings.STORAGES = {**healthy, "private": {**healthy["private"], "OPTIONS": below}}
    collect()
    assert UnstoredImage.objects.count() == 1
    assert job.images.get().status == ImageStatus.COMPLETED
    settings.STORAGES = healthy
    rescue.empty_outbox()
    assert storing.find(ProviderCall.objects.get().picture_key) is not None
    assert audit() == []


def test_two_collectors_ask_once(call, server):
    server.polls = 1
    assert [len(works) for works in (held.claim(5, Clients()), held.claim(5, Clients()))] == [1, 0]
    assert ProviderCall.objects.get().state == CallState.HELD


def test_a_collector_that_is_too_slow_books_nothing_twice(job, call, server):
    server.polls = 1
    (slow,) = held.claim(5, Clients())
    slow.run(lambda done: None)
    make_due(call)
    collect()
    slow.book()
    job.refresh_from_db()
    assert (job.completed_count, job.spent, job.reserved) == (1, 3_000, 0)
    assert job.images.count() == 1
    assert audit() == []


def test_a_collector_that_dies_leaves_the_call_due_again(job, call, server, settings):
    settings.BULK = settings.BULK | {"COLLECT_SECONDS": 0.0}
    server.polls = 1
    held.claim(5, Clients())  # and it ends here
    pump.run()
    assert job.images.get().status == ImageStatus.COMPLETED
    assert audit() == []


def test_what_an_earlier_collector_stored_is_adopted_when_the_provider_has_forgotten_it(job, call):
    """Predictions are deleted an hour after they ended; the worker was away for longer."""
    storing.store(call.picture_key, png_bytes(), {"request_id": call.remote_id})
    make_due(call, remote_id="forgotten")
    collect()
    assert job.images.get().status == ImageStatus.COMPLETED
    assert audit() == []


class Refusing:
    """A provider whose looks fail for a reason that says nothing about the call."""

    def __init__(self, error):
        self.error = error

    def collect(self, remote_id):
        raise self.error


@pytest.mark.parametrize(
    "error", [NotSent(), RateLimited(), BadKey(), RuntimeError("nobody thought of this")]
)
def test_an_error_of_the_look_neither_ends_the_call_nor_has_it_bought_again(job, call, error):
    collect(provider=Refusing(error))
    job.refresh_from_db()
    assert ProviderCall.objects.get().state == CallState.HELD
    assert (job.status, job.queued, job.account.stop_code) == ("processing", 0, "")
    make_last(call)
    collect(provider=Refusing(error))
    assert ProviderCall.objects.get().state == CallState.UNKNOWN
    assert audit() == []


def test_without_a_readable_key_it_waits_for_one_until_its_time_is_over(job, call, server):
    server.polls = 1
    account = job.account
    readable = account.encrypted_key
    type(account).objects.filter(pk=account.pk).update(encrypted_key="of another key")
    collect()
    assert ProviderCall.objects.get().state == CallState.HELD
    type(account).objects.filter(pk=account.pk).update(encrypted_key=readable)
    make_due(call)
    collect()
    assert job.images.get().status == ImageStatus.COMPLETED


def test_a_switched_off_account_still_hands_out_what_was_paid(job, call, server):
    server.polls = 1
    type(job.account).objects.filter(pk=job.account_id).update(is_enabled=False)
    pump.run()
    assert job.images.get().status == ImageStatus.COMPLETED


def test_a_run_that_the_provider_ended_before_it_began_is_queued_again(account, server):
    job = job_of(account, ["[run:aborted] a lighthouse"])
    permit = opening.open_call(account.pools.get(kind="image").pk, make_worker().pk)
    server.polls = 1
    submitted = (
        Clients()
        .of(account.pk)
        .submit(permit.prompt, permit.size, "", options=ImageOptions(model=MODEL))
    )
    holding.hold(permit.call_id, submitted)
    make_due(ProviderCall.objects.get())
    collect()
    call = ProviderCall.objects.get()
    assert (call.state, call.billed) == (CallState.REFUSED, "no")
    assert job.images.get().status == ImageStatus.QUEUED
    assert audit() == []


def test_a_held_call_that_cannot_be_booked_is_set_aside_and_stops_nothing(job, call, server):
    """Its image's row takes no change at all, whatever is said of it."""
    other = job_of(job.account, ["a heron"])
    server.polls = 1
    job.images.update(prompt_text=POISON)
    with refusing("bulk_admin_generatedimage", "prompt_text"):
        pump.run()
        call.refresh_from_db()
        assert (call.state, call.set_aside[:14]) == (CallState.HELD, "IntegrityError")
        seen = looks(server)
        make_due(call)
        pump.run()
        rescue.run()
        assert looks(server) == seen, "it is asked for no more"
    states = dict(ProviderCall.objects.values_list("job_label", "state"))
    assert states == {job.name: CallState.HELD, other.name: CallState.DELIVERED}
    (queue,) = [part for part in health.report() if part.name == "Queue"]
    (fact,) = [fact for fact in queue.facts if fact.name == "Results set aside"]
    assert (fact.state, fact.value) == ("bad", "1, of which 1 still open")
    assert call.set_aside in fact.todo
    assert len(server.till.billed()) == 2
    assert audit() == []


def test_the_tick_rings_for_a_held_call_that_is_due(job, call):
    OrmQ.objects.all().delete()
    rescue.tick()
    assert OrmQ.objects.count() == 1


@pytest.mark.process
def test_twenty_held_predictions_survive_the_death_of_their_worker(account, server, worker_process):
    server.polls = 1_000_000
    job = job_of(account, [f"a lighthouse, view {number}" for number in range(20)])
    first = worker_process()
    calls = ProviderCall.objects.all()
    processes.wait_until(
        lambda: calls.filter(state=CallState.HELD).count() == 20, what="all are held"
    )
    processes.kill(first)
    assert calls.filter(state=CallState.HELD).count() == 20
    server.polls = 1
    worker_process()
    processes.wait_until(
        lambda: not job.images.filter(status=ImageStatus.GENERATING).exists(),
        what="all are collected",
    )
    assert set(calls.values_list("state", flat=True)) == {CallState.DELIVERED}
    assert calls.count() == len(server.till.calls()) == len(server.till.billed()) == 20
    job.refresh_from_db()
    assert (job.status, job.completed_count, job.unknown_count) == ("completed", 20, 0)
    assert audit() == []
