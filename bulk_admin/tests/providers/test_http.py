from __future__ import annotations

import time

import pytest

from bulk_admin.services.image_providers.http import client as http_client
from bulk_admin.services.image_providers.http.client import clean, new_client
from bulk_admin.services.image_providers.http.fetch import FetchFailed, FetchRefused, fetch
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.testing.loopback.wire import Answer, LoopbackServer


def test_an_idle_connection_is_dropped_and_a_busy_one_kept():
    with OpenAIServer() as server, new_client(5, server.base_url, idle=0.05) as client:
        client.get("models")
        client.get("models")
        assert server.connections == 1
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < 0.06:
            pass  # the clock is the state: how long a connection was idle
        client.get("models")
        assert server.connections == 2


def test_idle_connections_are_dropped_after_four_seconds_by_default():
    assert http_client.IDLE_SECONDS == 4.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Incorrect API key provided: sk-abcd1234. Look", "Incorrect API key provided: [key] Look"),
        ("sk-ab***wxyz is bad", "[key] is bad"),
        ("token r8_abcdef", "token [key]"),
        ("<html>502</html>", ""),
        ("my-own-key is bad", "[key] is bad"),
        ("two\n lines", "two lines"),
        (None, ""),
    ],
)
def test_keys_and_pages_are_taken_out_of_messages(text, told):
    assert clean(text, "my-own-key") == told


class Files(LoopbackServer):
    def answer(self, request):
        wire = request.path.removeprefix("/")
        return Answer(
            200,
            b"0123456789" * 30,
            {"X-Host": request.headers["host"]},
            wire if wire in ("drip", "cut", "hang") else "whole",
        )


@pytest.fixture
def files():
    with Files() as server:
        yield server


def test_a_picture_is_fetched_from_the_servers_own_address(files):
    assert len(fetch(f"{files.url}/a.png", base_url=f"{files.url}/v1")) == 300


@pytest.mark.parametrize("path", ["drip", "cut", "hang"])
def test_a_download_that_stalls_or_breaks_fails(files, path):
    with pytest.raises(FetchFailed):
        fetch(f"{files.url}/{path}", base_url=files.url, seconds=0.15)


def test_a_download_that_is_too_big_is_refused(files):
    with pytest.raises(FetchRefused, match="more than"):
        fetch(f"{files.url}/a.png", base_url=files.url, max_bytes=100)


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/a.png",
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://10.0.0.7/a.png",
        "https://100.64.0.1/a",
        "https://[::ffff:127.0.0.1]/a",
    ],
)
def test_a_listed_name_that_points_into_the_network_is_refused(url):
    host = url.removeprefix("https://").rpartition("/")[0].strip("[]")
    with pytest.raises(FetchRefused, match="inside the network"):
        fetch(url, base_url="https://93.184.215.14/v1", hosts=[host])


@pytest.mark.parametrize(
    "url",
    [
        "https://evil-replicate.delivery/a",
        "http://pbxt.replicate.delivery/a",
        "https://pbxt.replicate.delivery:8443/a",
        "https://replicate.delivery@evil.com/a",
    ],
)
def test_a_name_that_only_looks_listed_is_refused(url):
    with pytest.raises(FetchRefused, match="not allowed"):
        fetch(url, base_url="https://api.replicate.com/v1", hosts=["replicate.delivery"])
