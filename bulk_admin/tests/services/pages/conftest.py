"""The platform's text account, at a server of its own."""

from __future__ import annotations

import pytest

from bulk_admin.testing.factories import make_account
from bulk_admin.testing.loopback.openai_server import OpenAIServer


@pytest.fixture
def server():
    with OpenAIServer(shrink=16) as running:
        yield running


@pytest.fixture(autouse=True)
def quick(settings, tmp_path):
    settings.BULK = settings.BULK | {
        "RETRY_BACKOFF": 0.02,
        "PUMP_LOCK": str(tmp_path / "pump.lock"),
    }


@pytest.fixture
def text_account(server):
    account = make_account("openai", base_url=server.base_url)
    account.set_key("sk-test-0123456789")
    account.save(update_fields=["encrypted_key", "key_last_four"])
    return account
