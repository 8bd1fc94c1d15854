"""Waiting for a job: with real workers, without one, on a terminal, and interrupted."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import threading

import pytest
from django.core.management import call_command
from django.db import connection

from bulk_admin.management import watching
from bulk_admin.models import BulkGenerationJob, JobStatus, ProviderAccount
from bulk_admin.services.worker import pump
from bulk_admin.testing.factories import make_account, make_job, make_user
from bulk_admin.tests.support.processes import ROOT, environment, start, stop, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def prompts(tmp_path):
    file = tmp_path / "foxes.txt"
    file.write_text("a fox\nan owl\n[blocked] a hare\n")
    return file


@pytest.fixture
def fast_account(transactional_db, settings, tmp_path, undrained):
    settings.BULK = settings.BULK | {"PUMP_LOCK": str(tmp_path / "pump.lock")}
    return make_account(label="Fast", options={"delay": 0, "faults": True})


@pytest.mark.process
def test_a_worker_makes_pictures_and_pages_while_the_command_watches(
    worker_process, fast_account, prompts, tmp_path
):
    make_user("root", is_superuser=True)
    lock = str(tmp_path / "worker.lock")
    worker_process(env={"BULK_PUMP_LOCK": lock, "REPLICATE_API_TOKEN": "r8-for-a-test"})
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command(
            "bulk_generate",
            str(prompts),
            account="Fast",
            wait=True,
            create_pages=True,
            json=True,
            stdout=out,
            stderr=err,
        )
    assert stopped.value.code == 3
    # A worker's start looks for keys that came into the environment after the last migrate.
    assert ProviderAccount.objects.filter(provider="replicate", key_from_environment=True).exists()
    report = json.loads(out.getvalue())
    assert (report["status"], report["completed"], report["failed"], report["pages_created"]) == (
        "completed",
        2,
        1,
        2,
    )
    lines = err.getvalue().splitlines()
    assert lines[:2] == [
        "prompt 3 stays as it is: left-over [blocked]",
        "foxes: 3 pictures, about $0.00",
    ]
    assert lines[-1].startswith("completed: 3 of 3, 1 failed, 2 pages created")
    assert len(lines) == len(set(lines))


class Heard(io.StringIO):
    """Standard error that tells when a word was written."""

    def __init__(self, word):
        super().__init__()
        self.word, self.heard = word, threading.Event()

    def write(self, text):
        if self.word in text:
            self.heard.set()
        return super().write(text)


def test_a_missing_worker_is_reported_once_and_the_watch_goes_on(fast_account, settings):
    settings.BULK = settings.BULK | {"NO_WORKER_AFTER": 0}
    job = make_job(["a fox"], JobStatus.PENDING, account=fast_account)
    err = Heard("No worker is running")

    def work_then():
        assert err.heard.wait(20)
        try:
            pump.run()
        finally:
            connection.close()

    worker = threading.Thread(target=work_then)
    worker.start()
    call_command("bulk_job", str(job.pk), "--wait", stdout=io.StringIO(), stderr=err)
    worker.join()
    assert err.getvalue().count("No worker is running") == 1
    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED


@pytest.fixture
def interruptible():
    """A process that is started in the background would leave Ctrl-C ignored to its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.process
def test_an_interrupted_watch_leaves_the_job_alone(interruptible, fast_account, tmp_path):
    job = make_job(["a fox"], JobStatus.PENDING, account=fast_account)
    before = BulkGenerationJob.objects.values().get(pk=job.pk)
    log = tmp_path / "log"
    process = start(("bulk_job", str(job.pk), "--wait"), log, {})
    try:
        wait_until(lambda: "pending: 0 of 1" in log.read_text(), what="the watch to begin")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == watching.INTERRUPTED
    finally:
        stop(process)
    assert "The job goes on" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert BulkGenerationJob.objects.values().get(pk=job.pk) == before


@pytest.mark.process
def test_a_terminal_gets_a_bar_and_standard_output_only_the_json(transactional_db):
    job = make_job(3, JobStatus.COMPLETED)
    terminal, stderr = pty.openpty()
    termios.tcsetwinsize(stderr, (24, 100))
    command = [sys.executable, "manage.py", "bulk_job", str(job.pk), "--wait", "--json"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment({"TERM": "xterm"}),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    ) as process:
        os.close(stderr)
        out, _ = process.communicate(timeout=30)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert json.loads(out)["completed"] == 3
    assert "3/3" in shown
    assert "100%" in shown
