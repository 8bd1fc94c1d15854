"""Pictures are kept in whatever shape they come, and an error inside a 200 keeps its words."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

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


@pytest.mark.parametrize("kind", ["image/png", "Image/PNG", "application/octet-stream", "text/x"])
def test_a_body_that_is_the_picture_is_kept(server, kind):
    [result] = ask(server, PICTURE, {"Content-Type": kind})
    assert result.content == PICTURE


SOUND = json.dumps({"data": [{"b64_json": B64, "note": "NOTE"}]}).encode()


@pytest.mark.parametrize(
    "body",
    [
        SOUND.replace(b"NOTE", b"caf\xe9"),
        SOUND.replace(b"NOTE", b"a\nfox\x01"),
        SOUND.replace(b'"NOTE"', b"9" * 5_000),
        SOUND.replace(b'"NOTE"', b"[" * 100_000 + b"]" * 100_000),
        SOUND.replace(b'"NOTE"', b"{'not': JSON}").replace(b"/", b"\\/"),
        SOUND + b"\n<!-- a proxy -->",
        b'{"status": "working"}\n' + SOUND + b'\n{"done": true}\n',
        b")]}'\n" + SOUND,
        b"\xef\xbb\xbfdata: " + SOUND + b"\n\n",
        json.dumps(SOUND.decode()).encode(),
        B64.encode(),
    ],
    ids=lambda body: ascii(body[:12]),
)
def test_a_picture_in_spoilt_json_is_kept(server, body):
    assert [result.content for result in ask(server, body)] == [PICTURE]


@pytest.mark.parametrize(
    "body",
    [
        {"artifacts": [{"base64": B64, "finishReason": "SUCCESS"}]},
        {"candidates": [{"content": {"parts": [{"text": "!"}, {"inlineData": {"data": B64}}]}}]},
        {"choices": [{"message": {"content": f"![a fox](data:image/png;base64,{B64})"}}]},
        {"url": "https://elsewhere.example/help", "data": [{"b64_json": B64}]},
        {"data": [{"b64_json": "None", "url": f" DATA:image/png;base64,{B64}"}]},
        {"data": [{"b64_json": f"b'{B64}'"}]},
        {"data": [{"b64_json": quote(B64)}]},
        {"data": [{"b64_json": f"\ufeff{B64}\0\ud83e"}]},
    ],
    ids=lambda body: ascii(body)[:40],
)
def test_a_picture_in_an_unknown_shape_is_kept(server, body):
    assert [result.content for result in ask(server, body)] == [PICTURE]


PAGE = f'<html><img src="data:image/png;base64,{B64}"></html>'


@pytest.mark.parametrize(
    "body",
    [PAGE.encode(), {"message": PAGE}, {"error": {"message": f"no channel: {PAGE}"}}],
    ids=["page", "page in JSON", "page in an error"],
)
def test_a_picture_within_a_web_page_is_none(server, body):
    with pytest.raises(OutcomeUnknown):
        ask(server, body)


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
