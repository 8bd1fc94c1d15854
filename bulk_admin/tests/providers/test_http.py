from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib

import httpx2
import pytest

from bulk_admin.services.image_providers import Credentials, ImageOptions, provider_class
from bulk_admin.services.image_providers.errors import BadAddress, NotDownloaded
from bulk_admin.services.image_providers.http import client as http_client
from bulk_admin.services.image_providers.http.client import (
    clean,
    new_client,
    transport_error,
)
from bulk_admin.services.image_providers.http.fetch import (
    FetchFailed,
    FetchRefused,
    fetch,
    fetch_picture,
)
from bulk_admin.services.ledger.outcome import outcome_of
from bulk_admin.services.writing.content import write
from bulk_admin.services.writing.errors import OpenAIAccess, ServiceError
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.testing.loopback.wire import Answer, LoopbackServer
from bulk_admin.testing.pictures import make_picture


def test_an_idle_connection_is_dropped_and_a_busy_one_kept():
    with (
        OpenAIServer() as server,
        new_client(5, server.base_url, private_network=True, idle=0.05) as client,
    ):
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
    ("text", "shown"),
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
def test_keys_and_pages_are_taken_out_of_messages(text, shown):
    assert clean(text, "my-own-key") == shown


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
    assert len(fetch(f"{files.url}/a.png", base_url=files.url, private_network=True)) == 300


def test_a_path_alone_is_one_of_the_servers_own(files):
    where = {"base_url": f"{files.url}/v1", "private_network": True}
    assert len(fetch_picture("/a.png", **where)) == 300
    with pytest.raises(NotDownloaded, match=r"evil\.example is not allowed") as caught:
        fetch_picture("//evil.example/a.png", **where)
    assert caught.value.address == "http://evil.example/a.png"


@pytest.mark.parametrize("address", ["https://a.example/b", "HTTPS://A.example:443/b"])
def test_an_address_that_was_refused_can_be_asked_again_however_it_is_written(address):
    error = NotDownloaded("the host is not allowed", address=address, may_come=False)
    assert outcome_of(error).download_host == "a.example"


@pytest.mark.parametrize("allowed", ["Files.Example.com", "*.example.com", " example.com."])
def test_a_host_is_allowed_however_it_is_written(allowed, monkeypatch):
    """It is looked up, then: in vain."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **more: [])
    with pytest.raises(FetchFailed):
        fetch("https://files.example.com/a", base_url="https://93.184.215.14/", hosts=[allowed])


@pytest.mark.parametrize("path", ["drip", "cut", "hang"])
def test_a_download_that_stalls_or_breaks_fails(files, path):
    with pytest.raises(FetchFailed):
        fetch(f"{files.url}/{path}", base_url=files.url, private_network=True, seconds=0.15)


def test_a_download_that_is_too_big_is_refused(files):
    with pytest.raises(FetchRefused, match="more than"):
        fetch(f"{files.url}/a.png", base_url=files.url, private_network=True, max_bytes=100)


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


def test_a_server_inside_the_network_is_fetched_from_only_where_the_account_may(files):
    with pytest.raises(FetchRefused, match="inside the network"):
        fetch(f"{files.url}/a.png", base_url=files.url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.7", "169.254.169.254", "[::ffff:10.0.0.7]"]
)
@pytest.mark.parametrize("name", ["openai", "openai_compatible", "replicate"])
def test_a_base_url_inside_the_network_is_refused_unsent(name, host):
    credentials = Credentials(api_key="sk-inside", base_url=f"http://{host}:9/v1")
    provider = provider_class(name)(credentials)
    options = ImageOptions(model="owner/name")
    quality = "low" if provider.takes_quality else ""
    with pytest.raises(BadAddress, match="private network") as caught:
        provider.generate("A fox", "1024x1024", quality, options=options)
    assert (caught.value.billed, caught.value.stops) == ("no", "account")
    assert provider.check().code == "bad_address"


def test_a_page_s_text_is_not_asked_for_inside_the_network_either():
    access = OpenAIAccess(api_key="sk-inside", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ServiceError) as caught:
        write(access, "gpt", "A fox", make_picture(), "", client_request_id="call-1")
    assert (caught.value.code, caught.value.billed) == ("bad_address", "no")


class Packed(LoopbackServer):
    """Gives every request the same packed answer."""

    body = b""
    headers: dict[str, str] = {}
    accepted = ""

    def answer(self, request):
        self.accepted = request.headers["accept-encoding"]
        return Answer(200, self.body, self.headers)


@pytest.fixture
def packed():
    with Packed() as server:
        yield server


def get(server):
    with new_client(20, server.url, private_network=True) as client:
        return client.get("/")


PLAIN = b'{"data": "' + b"A" * 3_000_000 + b'"}'
PACKED = {
    "gzip": gzip.compress(PLAIN),
    "x-gzip": gzip.compress(PLAIN[:1_000]) + gzip.compress(PLAIN[1_000:]),
    "deflate": zlib.compress(PLAIN),
    "Deflate": zlib.compress(PLAIN)[2:-4],
    "identity": PLAIN,
}


@pytest.mark.parametrize("encoding", PACKED)
def test_a_packed_answer_is_unpacked(packed, encoding):
    packed.body, packed.headers = PACKED[encoding], {"Content-Encoding": encoding}
    assert get(packed).content == PLAIN
    assert packed.accepted == "gzip, deflate"
    assert fetch(packed.url, base_url=packed.url, private_network=True) == PLAIN


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"anything"), ("gzip", b"no gzip"), ("gzip, gzip", b"x"), ("deflate", b"\xff" * 9)],
)
def test_an_answer_that_cannot_be_unpacked_says_so(packed, encoding, body):
    packed.body, packed.headers = body, {"Content-Encoding": encoding}
    with pytest.raises(httpx2.DecodingError) as caught:
        get(packed)
    assert "packed" in transport_error(caught.value, 1).message


def test_an_answer_is_cut_while_it_is_unpacked(packed):
    """200 MB of nothing are 200 kB on the wire."""
    packed.body = gzip.compress(b"\0" * 200 * 1024 * 1024, compresslevel=1)
    packed.headers = {"Content-Encoding": "gzip"}
    tracemalloc.start()
    try:
        with pytest.raises(httpx2.HTTPError) as caught:
            get(packed)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "more than 160 MB" in transport_error(caught.value, 1).message
    assert peak < 185 * 1024 * 1024
    with pytest.raises(FetchRefused, match="more than 40 MB"):
        fetch(packed.url, base_url=packed.url, private_network=True)


class Moved(LoopbackServer):
    asked = 0

    def answer(self, request):
        self.asked += 1
        return Answer(307, b"", {"Location": f"{self.url}/elsewhere"})


def test_a_text_call_follows_no_redirect():
    with Moved() as server:
        access = OpenAIAccess(api_key="sk-x", base_url=server.url, private_network=True)
        with pytest.raises(ServiceError) as caught:
            write(access, "gpt", "A fox", make_picture(), "", client_request_id="call-1")
        assert caught.value.code == "bad_address"
        assert server.asked == 1
