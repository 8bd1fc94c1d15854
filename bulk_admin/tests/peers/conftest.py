"""Starts third-party servers on loopback, and the real worker beside them."""

from __future__ import annotations

import os
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bulk_admin.models import BulkGenerationJob, CallState, ProviderAccount, ProviderCall
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.testing.factories import make_account, make_job, make_model
from bulk_admin.tests.peers import tools
from bulk_admin.tests.support import processes, run_folder

# Without the site's names: LiteLLM would take DATABASE_URL for its own.
KEPT = ("PATH", "HOME", "TMPDIR", run_folder.NAME)
PLAIN = {name: os.environ[name] for name in KEPT if name in os.environ} | {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True"  # it would fetch prices otherwise
}


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a program: ``peer("s3rver", "-p", "{port}", path="/health")``; its address."""
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, *words: str, path: str = "/") -> str:
        if (found := tools.program(name)) is None:
            pytest.skip(f"{name} is not installed: make peers fetches it where it can.")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        told = [word.replace("{port}", str(port)) for word in words]
        with (tmp_path / f"{name}.log").open("wb") as log:
            server = subprocess.Popen([found, *told], stdout=log, stderr=log, env=PLAIN)
        running.append(server)
        url = f"http://127.0.0.1:{port}"
        processes.wait_until(lambda: answers(url + path), what=f"{name} answers")
        return url

    yield start
    for server in running:
        server.kill()
        server.wait()


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@pytest.fixture
def run_job(worker_process: Callable[..., Any]) -> Callable[..., BulkGenerationJob]:
    """Has a real worker make a job of so many pictures; the job, once it has ended or paused."""

    def run(account: ProviderAccount, pictures: int, **env: str) -> BulkGenerationJob:
        model = make_model(account.provider, name="gpt-image-1")
        how = {"model_name": model.name, "quality": "medium", "size": "1024x1024"}
        job = make_job(pictures, "pending", account=account, **how)
        worker_process(env={"BULK_RETRY_BACKOFF": "0.1", **env})
        ring()

        def has_ended() -> bool:
            job.refresh_from_db()
            # A pause keeps what is in flight.
            under_way = ProviderCall.objects.filter(state__in=CallState.UNSETTLED)
            return job.status not in ("pending", "processing") and not under_way.exists()

        processes.wait_until(has_ended, what="the job ends")
        return job

    return run


@pytest.fixture
def account_at(transactional_db: None) -> Callable[[str], ProviderAccount]:
    """An account at a server that speaks OpenAI's protocol."""

    def account(url: str) -> ProviderAccount:
        made = make_account("openai_compatible", base_url=f"{url}/v1", max_in_flight=4, options={})
        made.set_key("sk-test-0123456789")
        made.save(update_fields=["encrypted_key", "key_last_four"])
        return made

    return account
