"""A held call: no worker has it, the books and the limits do."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from bulk_admin.conf import conf
from bulk_admin.models import Billed, CallState, ImageStatus, ProviderCall, Spend, Worker
from bulk_admin.services.image_providers import Submitted
from bulk_admin.services.jobs import lifecycle, trash
from bulk_admin.services.ledger import holding, opening
from bulk_admin.services.ledger.outcome import Outcome, handed_back
from bulk_admin.services.ledger.permits import Permit, Stop, Wait
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.storage import storing
from bulk_admin.services.worker import rescue
from bulk_admin.testing.factories import (
    make_account,
    make_call,
    make_job,
    make_model,
    make_user,
    make_worker,
    png_bytes,
)
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db
SUBMITTED = Submitted(remote_id="run-1", poll_in=5.0, hold_for=60.0)


@pytest.fixture
def worker():
    return make_worker()


@pytest.fixture
def job():
    return make_job(
        3,
        account=make_account(),
        model_name=make_model(name="priced").name,
        quality="medium",
        created_by=make_user(),
    )


def pool_of(job):
    return job.account.pools.get(kind="image")


def open_one(job, worker):
    return opening.open_call(pool_of(job).pk, worker.pk)


@pytest.fixture
def call(job, worker):
    """A call that the provider holds."""
    permit = open_one(job, worker)
    assert holding.hold(permit.call_id, SUBMITTED)
    return ProviderCall.objects.get(pk=permit.call_id)


def make_due(call, **fields):
    moment = timezone.now() - dt.timedelta(seconds=1)
    ProviderCall.objects.filter(pk=call.pk).update(**{"poll_at": moment, **fields})


def delivered(call):
    picture = storing.store(call.picture_key, png_bytes(), {})
    return Outcome(state=CallState.DELIVERED, billed=Billed.YES, picture=picture)


def test_holding_saves_id_and_times_and_frees_the_worker(job, call):
    assert (call.state, call.remote_id, call.owner) == (CallState.HELD, "run-1", None)
    assert (call.hold_until - call.poll_at).total_seconds() == pytest.approx(55, abs=0.1)
    image = job.images.get(pk=call.image_id)
    assert (image.status, image.owner) == (ImageStatus.GENERATING, None)
    job.refresh_from_db()
    assert (job.status, job.generating, job.reserved) == ("processing", 1, call.reserved)
    assert audit() == []


def test_the_wait_before_sending_counts_into_the_minute_of_the_pool(job, worker):
    permit = open_one(job, worker)
    opened = ProviderCall.objects.get(pk=permit.call_id).sent_at
    holding.hold(permit.call_id, SUBMITTED, send_delay=1.5)
    sent = ProviderCall.objects.get(pk=permit.call_id).sent_at
    assert (sent - opened).total_seconds() == pytest.approx(1.5)


def test_an_id_that_comes_after_the_call_was_given_up_is_kept_for_a_later_look(job, worker):
    permit = open_one(job, worker)
    settle(
        permit.call_id,
        Outcome(state=CallState.UNKNOWN, billed=Billed.UNKNOWN, error_code="unknown"),
    )
    assert not holding.hold(permit.call_id, SUBMITTED)
    call = ProviderCall.objects.get()
    assert (call.state, call.remote_id, call.poll_at) == (CallState.UNKNOWN, "run-1", None)
    assert audit() == []


def test_holding_twice_changes_nothing(call):
    assert not holding.hold(call.pk, Submitted(remote_id="run-2", poll_in=1.0, hold_for=1.0))
    again = ProviderCall.objects.get()
    assert (again.remote_id, again.poll_at) == ("run-1", call.poll_at)


@pytest.mark.parametrize("missing", ["remote_id", "poll_at", "hold_until"])
def test_the_database_refuses_a_held_call_that_nobody_could_collect(call, missing):
    with pytest.raises(IntegrityError), transaction.atomic():
        ProviderCall.objects.filter(pk=call.pk).update(
            **{missing: "" if missing == "remote_id" else None}
        )


def test_an_image_has_one_call_under_way_open_or_held(job, call):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_call(job.images.get(pk=call.image_id), CallState.OPEN)


def test_in_flight_limit_of_its_pool_sees_what_is_held(job, worker):
    pool = pool_of(job)
    type(pool).objects.filter(pk=pool.pk).update(max_in_flight=1)
    permit = open_one(job, worker)
    holding.hold(permit.call_id, SUBMITTED)
    assert open_one(job, worker) == Wait(0.5, "in_flight")
    settle(permit.call_id, handed_back("Not taken."))
    assert isinstance(open_one(job, worker), Permit)


def test_caps_see_what_is_held(job, worker, call):
    job.budget_cap = call.reserved * 2 - 1
    job.save(update_fields=["budget_cap"])
    assert open_one(job, worker) == Wait(0.5, "cap_reserved")
    type(job.account).objects.filter(pk=job.account_id).update(day_cap=call.reserved * 2 - 1)
    type(job).objects.filter(pk=job.pk).update(budget_cap=None)
    assert open_one(job, worker) == Wait(0.5, "cap_reserved")
    assert Spend.objects.get(scope="account").reserved == call.reserved
    settle(call.pk, delivered(call))
    assert open_one(job, worker) == Stop("day_cap")
    assert audit() == []


def test_rescue_leaves_it_alone_when_its_worker_is_dead_and_forgotten(job, call, worker):
    long_ago = timezone.now() - dt.timedelta(days=1)
    Worker.objects.filter(pk=worker.pk).update(beat_at=long_ago)
    ProviderCall.objects.filter(pk=call.pk).update(sent_at=long_ago)
    rescue.run()
    rescue.run()
    died = Outcome(state=CallState.UNKNOWN, billed=Billed.UNKNOWN)
    assert settle(call.pk, died, only_of_dead_owner=True) == Settled.ALIVE
    assert not Worker.objects.exists()
    assert ProviderCall.objects.get().state == CallState.HELD
    assert audit() == []


@pytest.mark.parametrize("press", [lifecycle.pause, lifecycle.cancel])
def test_pause_and_cancel_keep_it_and_its_picture_comes(job, call, press):
    press(job.pk, by=None)
    assert ProviderCall.objects.get().state == CallState.HELD
    make_due(call)
    (due,) = holding.claim_due(5)
    assert settle(due.call_id, delivered(call)) == "delivered"
    assert job.images.get(pk=call.image_id).status == ImageStatus.COMPLETED
    assert audit() == []


def test_neither_picture_nor_job_is_deleted_while_a_call_is_held(job, call):
    kept = trash.trash_images(job.pk, [call.image_id], by=None).kept
    assert [reason for _, reason in kept] == [
        "A call for it is under way: wait until it has ended."
    ]
    lifecycle.cancel(job.pk, by=None)
    assert trash.trash_job(job.pk, by=None) != ""
    assert ProviderCall.objects.get().image_id is not None


def test_a_due_call_is_claimed_once_and_due_again_when_its_claim_is_over(call, settings):
    assert holding.claim_due(5) == []
    make_due(call)
    (due,) = holding.claim_due(5)
    assert (due.call_id, due.remote_id, due.is_last) == (call.pk, "run-1", False)
    assert holding.claim_due(5) == []
    assert 0 < holding.seconds_to_next() <= conf.COLLECT_SECONDS
    make_due(call)
    assert len(holding.claim_due(5)) == 1


def test_two_that_saw_the_same_due_call_claim_it_once(call):
    make_due(call)
    seen = [ProviderCall.objects.get(), ProviderCall.objects.get()]
    claimed = [holding._claim(call.job_ref, [one]) for one in seen]
    assert [len(found) for found in claimed] == [1, 0]


def test_a_slow_collector_does_not_put_off_what_another_has_claimed_since(call):
    make_due(call)
    (slow,) = holding.claim_due(5)
    make_due(call)
    (second,) = holding.claim_due(5)
    holding.put_off(slow, 1.0)
    assert ProviderCall.objects.get().poll_at == second.claimed_until
    holding.put_off(second, 1.0)
    assert ProviderCall.objects.get().poll_at < second.claimed_until


def test_it_is_asked_at_the_end_of_its_time_and_then_for_the_last_time(call):
    make_due(call)
    (due,) = holding.claim_due(5)
    holding.put_off(due, 3_600.0)
    assert ProviderCall.objects.get().poll_at == call.hold_until
    make_due(call, hold_until=timezone.now() - dt.timedelta(seconds=1))
    assert [due.is_last for due in holding.claim_due(5)] == [True]


def test_a_due_call_is_work_that_waits(job, call):
    type(job).objects.filter(pk=job.pk).update(queued=0)
    ProviderCall.objects.update(
        poll_at=timezone.now() + dt.timedelta(minutes=10),
        hold_until=timezone.now() + dt.timedelta(hours=1),
    )
    assert not rescue.work_is_waiting()
    ProviderCall.objects.update(poll_at=timezone.now() + dt.timedelta(seconds=50))
    assert rescue.work_is_waiting(), "the next tick would come too late"
    make_due(call)
    assert rescue.work_is_waiting()
    settle(call.pk, handed_back("Not taken."))
    assert holding.seconds_to_next() is None
