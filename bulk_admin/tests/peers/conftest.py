"""Starts third-party servers on loopback, and the real worker beside them."""

from __future__ import annotations

import base64
import json
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
from bulk_admin.testing.pictures import png_bytes
from bulk_admin.tests.peers import tools
from bulk_admin.tests.support import processes, run_folder

# Without the site's names: LiteLLM would take DATABASE_URL for its own.
KEPT = ("PATH", "HOME", "TMPDIR", run_folder.NAME)
PLAIN = {name: os.environ[name] for name in KEPT if name in os.environ} | {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True"  # it would fetch prices otherwise
}

CHAOS = ("--chaos-drop", "0.1", "--chaos-malformed", "0.1", "--chaos-disconnect", "0.1")
DRIVEN: set[str] = set()
MISSING: set[str] = set()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for whoever asks what a green run has tried."""
    driven, missing = (", ".join(sorted(names)) or "none" for names in (DRIVEN, MISSING))
    terminalreporter.write_line(f"Driven: {driven}. Skipped, as it is not there: {missing}.")


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a program: ``peer("s3rver", "-p", "{port}", path="/health")``; its address."""
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, *words: str, path: str = "/") -> str:
        if (found := tools.program(name)) is None:
            MISSING.add(name)
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
        DRIVEN.add(name)
        return url

    yield start
    for server in running:
        server.kill()
        server.wait()


TEXT = {
    "title": "A Red Fox Asleep in Fresh Snow at First Light",
    "description": "A red fox sleeps. Snow lies around it. The light is cold. It suits a card.",
    "tags": ["fox", "snow", "winter"],
    "alt_text": "A red fox asleep in snow.",
}


@pytest.fixture
def aimock(peer: Callable[..., str], tmp_path: Path) -> Callable[..., str]:
    """Starts aimock, which answers every prompt with a picture, and every chat with a page's
    text.
    """
    encoded = base64.b64encode(png_bytes(64, 64)).decode()
    usage = {"input_tokens": 900, "output_tokens": 120}
    answers = [
        {"match": {"endpoint": "image"}, "response": {"image": {"b64Json": encoded}}},
        {
            "match": {"endpoint": "chat"},
            "response": {"content": json.dumps(TEXT), "usage": usage},
        },
    ]
    fixtures = tmp_path / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": answers}))

    def start(*chaos: str) -> str:
        return peer("aimock", "-p", "{port}", "-f", str(fixtures), *chaos)

    return start


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
