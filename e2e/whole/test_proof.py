"""The promises about money, held against a server that writes down what it charged for."""

from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone

from bulk_admin.codes import Code
from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    ImageStatus,
    ProviderAccount,
    ProviderCall,
    Worker,
)
from bulk_admin.services.jobs import lifecycle, pictures
from bulk_admin.services.jobs.pictures import Decided
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.storage import storing
from bulk_admin.services.worker import pump, rescue
from bulk_admin.testing.factories import make_account, make_job
from bulk_admin.testing.loopback.faults import STOPPING_FAULTS, FaultPlan
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import audit, audit_against_till

pytestmark = pytest.mark.django_db(transaction=True)
SEED = 7
QUICK = {
    "BULK_CALL_DEADLINE": "3",
    "BULK_RETRY_BACKOFF": "0.1",
    "BULK_GRACE": "8",
    "BULK_LEASE": "2",
    "BULK_HEARTBEAT": "0.3",
    "BULK_RESCUE_EVERY": "0.5",
}


@pytest.fixture
def server():
    with OpenAIServer(shrink=16) as running:
        yield running


@pytest.fixture(autouse=True)
def quick(settings, tmp_path):
    settings.BULK = settings.BULK | {
        "CALL_DEADLINE": 2.0,
        "SLOW_CALL_DEADLINE": 2.0,
        "RETRY_BACKOFF": 0.05,
        "PUMP_LOCK": str(tmp_path / "pump.lock"),
    }


def account_at(server: OpenAIServer, **fields: object) -> ProviderAccount:
    account = make_account("openai", base_url=server.base_url, **fields)
    account.set_key("sk-test-0123456789")
    account.save(update_fields=["encrypted_key", "key_last_four"])
    return account


def job_at(server: OpenAIServer, prompts, **fields):
    fields = {
        "model_name": "gpt-image-2.5-flare",
        "quality": "low",
        "size": "1024x1024",
        "output_format": "webp",
        **fields,
    }
    return make_job(
        prompts,
        status="pending",
        account=fields.pop("account", None) or account_at(server),
        **fields,
    )


def assert_no_prompt_was_sent_after_unknown(server: OpenAIServer) -> None:
    for image in GeneratedImage.objects.filter(calls__state=CallState.UNKNOWN):
        last = image.calls.order_by("-attempt").first()
        assert last.state == CallState.UNKNOWN, f"{image} was bought again after an unknown outcome"


def run_past_the_brakes(job: BulkGenerationJob) -> None:
    """Pump, and go on as a person would when three useless answers happen to come in a row."""
    pump.run()
    job.refresh_from_db()
    while job.status == "paused":
        assert job.status_reason in (Code.NO_USE, Code.BREAKER)
        lifecycle.resume(job.pk, by=None)
        pump.run()
        job.refresh_from_db()


def test_sixty_prompts_through_every_fault_of_a_picture(server):
    server.plan = FaultPlan(share=0.3, seed=SEED, kinds="image")
    job = job_at(server, [f"prompt {n}" for n in range(60)])
    run_past_the_brakes(job)
    assert job.status == "completed"
    for image in job.images.all():
        assert image.status in (ImageStatus.COMPLETED, ImageStatus.FAILED, ImageStatus.UNKNOWN)
        assert (image.status == ImageStatus.COMPLETED) == (image.error_code == "")
        assert bool(image.error_message) == bool(image.error_code)
    assert len({entry.outcome for entry in server.till.calls()}) > 8
    assert audit_against_till(server) == []
    assert_no_prompt_was_sent_after_unknown(server)
    assert audit() == []


def test_what_is_booked_is_what_the_usage_said(server):
    job = job_at(server, ["one", "a rather longer prompt about a lighthouse in a storm"])
    pump.run()
    for entry in server.till.billed():
        usage = entry.usage
        cost = usage["input_tokens"] * 5 + usage["output_tokens"] * 30
        assert ProviderCall.objects.get(pk=entry.client_request_id).actual == cost
    job.refresh_from_db()
    assert 0 < job.spent <= sum(call.reserved for call in ProviderCall.objects.all())


@pytest.mark.parametrize("fault", [fault.name for fault in STOPPING_FAULTS])
def test_each_account_fault_makes_one_pause_and_once_repaired_the_job_finishes(server, fault):
    account = account_at(server, max_in_flight=2)
    job = job_at(server, 4, account=account)
    account.pools.update(max_in_flight=1)
    server.plan.next(fault)
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.queued) == ("paused", 4)
    assert Code(job.status_reason).about.remedy
    assert len(server.till.calls()) == 1
    assert lifecycle.resume(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.completed_count) == ("completed", 4)
    assert audit_against_till(server) == []
    assert audit() == []


def test_a_strict_limiter_costs_nothing_but_time(server, settings):
    settings.BULK = settings.BULK | {"WINDOW": 1.0, "GUARD": 0.0}
    server.window.limit, server.window.seconds = 3, 1.2
    account = account_at(server)
    account.pools.update(limit_per_minute=6)
    job = job_at(server, 9, account=account)
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.completed_count) == ("completed", 9)
    assert any(entry.outcome == "rate_limited" for entry in server.till.calls())
    assert len(server.till.billed()) == 9
    assert set(job.images.values_list("tries", flat=True)) == {0}
    assert audit_against_till(server) == []


@pytest.mark.process
def test_kill_dash_nine_in_the_middle_and_a_new_worker(server, worker_process):
    server.latency = (0.3, 0.8)
    job = job_at(server, 40, account=account_at(server, max_in_flight=10))
    job.account.pools.update(max_in_flight=10)
    first = worker_process(env=QUICK)
    processes.wait_until(lambda: len(server.till.calls()) > 12, what="some calls have left")
    processes.kill(first)
    in_flight = ProviderCall.objects.filter(state=CallState.OPEN).count()
    worker_process(env=QUICK)
    processes.wait_until(lambda: not_running(job), what="the job has ended")
    assert job.images.filter(status=ImageStatus.UNKNOWN).count() <= in_flight <= 10
    assert job.images.exclude(status__in=(ImageStatus.COMPLETED, ImageStatus.UNKNOWN)).count() == 0
    assert max(Counter(entry.prompt for entry in server.till.calls()).values()) == 1
    assert audit_against_till(server) == []
    assert audit() == []


@pytest.mark.process
@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("after_commit:3", "unknown"),
        ("after_reply:3", "unknown"),
        ("after_put:3", "completed"),
        ("before_settle:3", "completed"),
    ],
)
def test_death_at_each_moment_of_a_call(server, worker_process, moment, status):
    job = job_at(server, 4)
    job.account.pools.update(max_in_flight=1)
    first = worker_process(env={**QUICK, "BULK_FAIL_AT": moment})
    processes.wait_until(
        lambda: (
            ProviderCall.objects.exclude(state=CallState.OPEN).count() == 2
            and ProviderCall.objects.filter(state=CallState.OPEN).exists()
        )
    )
    processes.wait_until(
        lambda: (
            not Worker.objects.filter(
                beat_at__gt=timezone.now() - timezone.timedelta(seconds=1)
            ).exists()
        ),
        what="the worker is dead",
    )
    processes.kill(first)
    worker_process(env=QUICK)
    processes.wait_until(lambda: not_running(job), what="the job has ended")
    assert job.images.get(position=3).status == status
    assert max(Counter(entry.prompt for entry in server.till.calls()).values()) == 1
    assert audit_against_till(server) == []
    assert audit() == []


@pytest.mark.process
def test_sigterm_to_every_process_with_a_hundred_calls_in_flight_leaves_nothing_unknown(
    server, worker_process
):
    server.gate.clear()
    server.latency = 5.0
    job = job_at(server, 120, account=account_at(server))
    job.account.pools.update(max_in_flight=100)
    # What is asked is whether the worker waits for all of them, not whether this machine can
    # thumbnail a hundred in time.
    worker = worker_process(
        env={"BULK_MAX_IN_FLIGHT": "100", "BULK_GRACE": str(processes.PATIENCE)}
    )
    processes.wait_until(
        lambda: len(server.till.calls()) == 100, what="a hundred calls are in flight"
    )
    server.gate.set()
    processes.stop(worker, seconds=processes.PATIENCE + 10)
    assert Counter(
        ProviderCall.objects.exclude(error_code="not_sent").values_list("state", flat=True)
    ) == {CallState.DELIVERED: 100}
    server.latency = 0.1
    worker_process(env=QUICK)
    processes.wait_until(lambda: not_running(job), what="the job has ended")
    assert (job.status, job.completed_count) == ("completed", 120)
    assert len(server.till.billed()) == 120
    assert audit() == []


def not_running(job) -> bool:
    job.refresh_from_db()
    return job.status in ("completed", "failed", "cancelled")


def test_two_late_answers_in_any_order_are_paid_once_each(server, settings):
    """A worker that was stopped long enough for a rescue and a second purchase, and then goes
    on.
    """
    job = job_at(server, ["one"])
    server.latency = 3.0
    # The coordinator gives up long before the connection does.
    settings.BULK = settings.BULK | {"CALL_DEADLINE": 0.3, "SLOW_CALL_DEADLINE": 20.0}
    pump.run()
    image = job.images.get()
    assert image.status == ImageStatus.UNKNOWN
    server.latency = 0.0
    assert pictures.buy_again(job.pk, image.pk, seen_attempt=1, by=None) == Decided.QUEUED
    settings.BULK = settings.BULK | {"CALL_DEADLINE": 20.0}
    pump.run()
    first = image.calls.get(attempt=1)
    processes.wait_until(lambda: storing.find(first.picture_key), what="the first answer is stored")
    assert rescue.look_up(first) == Settled.NEW_VARIANT
    assert sorted(job.images.values_list("variant", "status")) == [
        (1, "completed"),
        (2, "completed"),
    ]
    assert len(server.till.billed()) == 2
    assert audit() == []
