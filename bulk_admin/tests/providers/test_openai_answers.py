"""Pictures are kept in whatever shape they come, and an error inside a 200 keeps its words."""

from __future__ import annotations

import base64
import json

import pytest

from bulk_admin.services.image_providers import Credentials, ImageOptions, provider_class
from bulk_admin.services.image_providers.errors import NotDownloaded, OutcomeUnknown
from bulk_admin.services.image_providers.http import fetch
from bulk_admin.testing import pictures
from bulk_admin.testing.loopback.wire import Answer, LoopbackServer

PICTURE = pictures.picture("64x64", mark="answers")
B64 = base64.b64encode(PICTURE).decode()
URL_SAFE = base64.urlsafe_b64encode(PICTURE).decode()
USAGE = {"input_tokens": 20, "output_tokens": 196}
TOKENS = {"text_input": 20, "image_input": 0, "image_output": 196, "text_output": 0}


class Fixed(LoopbackServer):
    """Gives every request the same answer."""

    body: object = None
    headers: dict[str, str] = {}

    def answer(self, request):
        return Answer(200, self.body, self.headers)


@pytest.fixture
def server():
    with Fixed() as running:
        yield running


def ask(server, body, headers=None, name="openai"):
    server.body, server.headers = body, headers or {}
    provider = provider_class(name)(
        Credentials(api_key="sk-answers", base_url=server.url, private_network=True)
    )
    return provider.generate("A fox", "1024x1024", "low", options=ImageOptions(model="m"))


def events(*sent, end=b"\n\n"):
    """A stream of server-sent events, with the comments and the end that servers send."""
    lines = [b": keep-alive" + end]
    for name, event in sent:
        lines.append(b"event: " + name.encode() + end[: len(end) // 2])
        lines.append(b"data: " + json.dumps({"type": name, **event}).encode() + end)
    return b"".join([*lines, b"data: [DONE]" + end])


def test_the_sample_tells_the_two_alphabets_apart():
    assert set("+/") & set(B64) and set("-_") & set(URL_SAFE) and B64.endswith("=")


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"b64_json": B64}]},
        {"data": {"b64_json": B64}},
        {"data": {"images": [{"b64_json": B64}]}},
        {"data": [B64]},
        {"data": B64},
        {"b64_json": B64},
        {"images": [B64]},
        {"images": [{"url": f"data:image/png;base64,{B64}"}]},
        {"data": [{"image_url": {"url": f"data:image/png;base64,{B64}"}}]},
        [{"b64_json": B64}],
        {"data": [{"b64_json": f"data:image/png;base64,{B64}"}]},
        {"data": [{"b64_json": f"data:image/png;BASE64,{B64}"}]},
        {"data": [{"b64_json": URL_SAFE}]},
        {"data": [{"b64_json": URL_SAFE.rstrip("=")}]},
        {"data": [{"b64_json": B64.rstrip("=")}]},
        {"data": [{"b64_json": "\n".join(B64[i : i + 76] for i in range(0, len(B64), 76))}]},
        {"data": [{"b64_json": None, "url": f"data:image/png;base64,{B64}"}]},
        {"error": None, "data": [{"b64_json": B64}]},
        {"error": {"message": "a warning"}, "data": [{"b64_json": B64}]},
    ],
)
def test_a_picture_in_hand_is_kept(server, body):
    assert [result.content for result in ask(server, body)] == [PICTURE]


def test_a_body_that_is_the_picture_is_kept(server):
    [result] = ask(server, PICTURE, {"Content-Type": "image/png"})
    assert result.content == PICTURE


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/event-stream"}])
def test_a_stream_of_events_holds_the_finished_picture(server, headers, end):
    preview = base64.b64encode(b"a preview, and no picture").decode()
    body = events(
        ("image_generation.partial_image", {"b64_json": preview, "partial_image_index": 0}),
        ("image_generation.completed", {"b64_json": B64, "usage": USAGE, "quality": "low"}),
        end=end,
    )
    [result] = ask(server, body, headers)
    assert (result.content, result.usage, result.quality) == (PICTURE, TOKENS, "low")


def test_a_whole_answer_in_one_event_is_read(server):
    body = b"data: " + json.dumps({"data": [{"b64_json": B64}], "usage": USAGE}).encode() + b"\n\n"
    [result] = ask(server, body)
    assert (result.content, result.usage) == (PICTURE, TOKENS)


@pytest.mark.parametrize("name", ["openai", "openai_compatible"])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"error": {"message": "upstream said no", "code": 502}}, "upstream said no"),
        ({"error": "upstream said no"}, "upstream said no"),
        ({"data": [], "error": {"message": "no channel, key sk-answers"}}, "no channel, key [key]"),
        ({"code": 1001, "message": "the queue is full", "data": None}, "the queue is full"),
        (events(("error", {"error": {"message": "stream broke"}})), "stream broke"),
        (b"<html><title>Welcome to nginx!</title></html>", "Welcome to nginx!"),
    ],
)
def test_an_error_inside_a_200_keeps_its_words(server, name, body, says):
    with pytest.raises(OutcomeUnknown) as caught:
        ask(server, body, name=name)
    assert says in caught.value.message
    assert (caught.value.billed, caught.value.http_status) == ("unknown", 200)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"3", b'"text"', b"{", b"data:", b"data: {\n\n", b"[" * 100_000]
    + [json.dumps(shape).encode() for shape in ({"data": "queued"}, {"data": [[[[[[1]]]]]]})]
    + [events(("image_generation.partial_image", {"b64_json": B64}))],
)
def test_an_answer_without_a_picture_is_unknown_whatever_its_shape(server, body):
    with pytest.raises(OutcomeUnknown):
        ask(server, body)


def test_a_usage_is_kept_when_the_picture_cannot_be_fetched(server):
    address = "https://files.example.com/a.png?sig=secret"
    with pytest.raises(NotDownloaded) as caught:
        ask(server, {"data": [{"url": address}], "usage": USAGE})
    assert (caught.value.usage, caught.value.address) == (TOKENS, address)
    assert "the host files.example.com is not allowed" in caught.value.message
    assert "secret" not in caught.value.message


def test_a_picture_of_more_than_40_mb_is_refused_before_it_is_decoded(server):
    much = "A" * (fetch.MAX_BYTES * 4 // 3 + 8)
    for item in ({"b64_json": much}, {"url": f"data:image/png;base64,{much}"}):
        with pytest.raises(OutcomeUnknown, match="more than 40 MB"):
            ask(server, {"data": [item]})
