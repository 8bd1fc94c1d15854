"""A disk that is full loses no picture that was paid for, and buys none again."""

from __future__ import annotations

import psutil
import pytest
from django.db import connection

from bulk_admin.background import run_soon
from bulk_admin.models import UnstoredImage
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.testing.factories import make_account, make_job
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import audit, audit_against_till, audit_ends, audit_pictures

pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite",
        reason="With SQLite the database is on the same disk: nothing can be written down at all.",
    ),
]
PICTURES = 6
SMALLER_THAN_A_PICTURE = 1_000
PROCESSES = 6  # parent, sentinel, two workers, monitor, pusher


def limit_files(worker, most):
    """No file of a worker may grow beyond so many bytes: writing more fails, as on a full disk."""
    for process in processes.kin(worker):
        process.rlimit(psutil.RLIMIT_FSIZE, (most, psutil.RLIM_INFINITY))


def test_pictures_wait_in_the_outbox_until_the_disk_has_room(worker_process):
    with OpenAIServer() as provider:
        account = make_account("openai", base_url=provider.base_url)
        account.set_key("sk-test-0123456789")
        account.save(update_fields=["encrypted_key", "key_last_four"])
        how = {
            "model_name": "gpt-image-2.5-flare",
            "quality": "low",
            "size": "1024x1024",
            "output_format": "png",
        }
        job = make_job(
            [f"prompt {n}" for n in range(PICTURES)], status="pending", account=account, **how
        )
        # Python would leave a module's compiled file cut off, for every other process to fail on.
        no_files = {"PYTHONDONTWRITEBYTECODE": "1"}
        worker = worker_process(
            env={"BULK_RETRY_BACKOFF": "0.1", "BULK_STORAGE_DEADLINE": "1", **no_files}
        )
        processes.wait_until(
            lambda: len(processes.kin(worker)) >= PROCESSES, what="its processes have begun"
        )
        limit_files(worker, SMALLER_THAN_A_PICTURE)
        ring()
        processes.wait_until(
            lambda: UnstoredImage.objects.count() == PICTURES, what="all pictures are in the outbox"
        )
        limit_files(worker, psutil.RLIM_INFINITY)
        run_soon("bulk_admin.tasks.tick", group="tick")
        processes.wait_until(lambda: not UnstoredImage.objects.exists(), what="the outbox is empty")
        job.refresh_from_db()
        assert job.status == "completed"
        assert job.completed_count == len(provider.till.calls()) == PICTURES
        assert [
            *audit_against_till(provider),
            *audit_pictures(provider),
            *audit(),
            *audit_ends(),
        ] == []
