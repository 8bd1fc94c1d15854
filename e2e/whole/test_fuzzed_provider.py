"""Answers of a provider that says anything: all is booked, and nothing breaks."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from bulk_admin.models import (
    ACTIVE_JOBS,
    Billed,
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    ImageModel,
    ImageStatus,
    JobStatus,
    Pool,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.worker import pump
from bulk_admin.testing.factories import make_account, make_job, make_model
from bulk_admin.testing.loopback.fuzz_server import FuzzServer
from bulk_admin.tests.support.auditor import audit, audit_ends

pytestmark = pytest.mark.django_db(transaction=True)
# ``make chaos`` asks for two thousand.
ANSWERS = int(os.environ.get("FUZZ_ANSWERS", 200))
ACCOUNTS = 8  # while one is asked to wait, the others go on


@pytest.fixture(autouse=True)
def quick(settings, tmp_path, undrained):
    settings.BULK = settings.BULK | {"NO_USE_AFTER": 0, "BREAKER_AFTER": 0, "SLOW_START": 0}
    settings.BULK = settings.BULK | {"RETRY_BACKOFF": 0.0, "PUMP_LOCK": str(tmp_path / "pump.lock")}


@contextmanager
def broken() -> Iterator[list[str]]:
    """What is logged as an error: a pump or a call that broke, a result that no row took."""
    found: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(f"{record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")

    handler = Listening(logging.ERROR)
    logging.getLogger("bulk_admin").addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger("bulk_admin").removeHandler(handler)


@contextmanager
def staff_at_work() -> Iterator[None]:
    """Someone who does not wait as long as the provider asks for, and resumes what has paused."""
    going_home = threading.Event()

    def work() -> None:
        try:
            while not going_home.wait(0.1):
                attend()
        finally:
            connections.close_all()

    person = threading.Thread(target=work)
    person.start()
    try:
        yield
    finally:
        going_home.set()
        person.join()


def attend() -> None:
    """Looks before it writes: on SQLite each write holds the pump up."""
    if (waiting := Pool.objects.exclude(cooldown_until=None)).exists():
        waiting.update(cooldown_until=None, gap=0)
    if (stopped := ProviderAccount.objects.exclude(stop_code="")).exists():
        stopped.update(stop_code="", stop_message="")
    for job_id in BulkGenerationJob.objects.filter(status=JobStatus.PAUSED).values_list("pk"):
        lifecycle.resume(job_id[0], by=None)


def test_every_row_ends_every_call_is_settled_and_the_till_agrees():
    with FuzzServer(seed=7) as server, broken() as errors:
        model = make_model("openai_compatible", name="fuzzed")
        for _ in range(ACCOUNTS):
            job_at(server, ANSWERS // ACCOUNTS, model)
        ends = time.monotonic() + max(120, ANSWERS / 2)
        with staff_at_work():
            while unfinished() and time.monotonic() < ends:
                pump.run()
        assert len(server.till.calls()) >= ANSWERS
        assert errors == []
        assert [*audit(), *audit_ends()] == []
        assert not ProviderCall.objects.exclude(set_aside="").exists()
        assert not ProviderCall.objects.filter(state__in=CallState.UNSETTLED).exists()
        assert set(GeneratedImage.objects.values_list("status", flat=True)) == {
            ImageStatus.COMPLETED,
            ImageStatus.FAILED,
            ImageStatus.UNKNOWN,
        }
        billed = ProviderCall.objects.filter(billed=Billed.YES).count()
        unknown = ProviderCall.objects.filter(billed=Billed.UNKNOWN).count()
        assert billed <= len(server.till.billed()) <= billed + unknown


def job_at(server: FuzzServer, pictures: int, model: ImageModel) -> None:
    account = make_account(model.provider, base_url=server.base_url, max_in_flight=20, options={})
    how = {"model_name": model.name, "quality": "medium"}
    make_job(pictures, status="pending", account=account, **how)


def unfinished() -> bool:
    return BulkGenerationJob.objects.filter(status__in=(*ACTIVE_JOBS, JobStatus.PAUSED)).exists()
