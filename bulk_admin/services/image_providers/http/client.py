"""How providers speak HTTP: connections, total deadlines, and whether a failed request had left."""

from __future__ import annotations

import functools
import html
import re
import ssl
import time
import urllib.request
from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit

import httpx2

from bulk_admin.services.image_providers.errors import NotSent, OutcomeUnknown
from bulk_admin.text import WORDS_LIMIT, clean_text

IDLE_SECONDS = (
    4.0  # less than any provider or proxy keeps a socket: a reused one must not turn out to be dead
)
CONNECT_SECONDS = 8.0
ANSWER_BYTES = 160 * 1024 * 1024

NOTHING_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
KEY = re.compile(r"\b(?:sk|r8)[-_][\w*.…-]+")
TITLE = re.compile(
    r"<(title|h1|h2)\b[^>]{0,200}>(?P<words>.{1,200}?)</\1>", re.IGNORECASE | re.DOTALL
)
TAG = re.compile(r"<[^>]{0,200}>")


class _Timed(httpx2.SyncByteStream):
    """A body that must be whole by a moment: httpx2's own time-out only bounds the wait for each
    piece.
    """

    def __init__(self, body: httpx2.SyncByteStream, ends: float) -> None:
        self.body = body
        self.ends = ends

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self.body:
            size += len(piece)
            if time.monotonic() > self.ends:
                raise httpx2.ReadTimeout("The answer took too long.")
            if size > ANSWER_BYTES:
                raise httpx2.ReadError("The answer is too big.")
            yield piece

    def close(self) -> None:
        self.body.close()


class DeadlineTransport(httpx2.HTTPTransport):
    """The read time-out of a request is also the deadline of its whole answer."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        seconds = request.extensions.get("timeout", {}).get("read")
        ends = time.monotonic() + seconds if seconds is not None else float("inf")
        response = super().handle_request(request)
        response.stream = _Timed(cast(httpx2.SyncByteStream, response.stream), ends)
        return response


@functools.cache
def trust() -> ssl.SSLContext:
    """Reading the certificates takes tens of milliseconds: once a process is enough."""
    return httpx2.create_ssl_context()


def timeouts(seconds: float) -> httpx2.Timeout:
    return httpx2.Timeout(
        seconds, connect=min(CONNECT_SECONDS, seconds), pool=min(CONNECT_SECONDS, seconds)
    )


def new_client(seconds: float, base_url: str, *, idle: float = IDLE_SECONDS) -> httpx2.Client:
    """A client for one server that retries nothing, follows no redirect, and never queues a call
    behind others.
    """
    limits = httpx2.Limits(
        max_connections=None, max_keepalive_connections=100, keepalive_expiry=idle
    )
    transport = DeadlineTransport(verify=trust(), limits=limits, proxy=_environment_proxy(base_url))
    return httpx2.Client(
        base_url=base_url, transport=transport, timeout=timeouts(seconds), follow_redirects=False
    )


def transport_error(error: BaseException, seconds: float) -> NotSent | OutcomeUnknown:
    """What a failed request means for money: only when no connection was made has nothing left."""
    causes: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and len(causes) < 10:
        causes.append(link)
        link = link.__cause__
    if any(isinstance(cause, NOTHING_LEFT) for cause in causes):
        return NotSent(
            f"{type(next(cause for cause in causes if isinstance(cause, NOTHING_LEFT))).__name__}."
        )
    if any(isinstance(cause, httpx2.TimeoutException) for cause in causes):
        return OutcomeUnknown(f"No answer within {seconds:g} s.")
    return OutcomeUnknown("The connection was cut.")


def clean(text: object, key: str = "") -> str:
    """A provider's words for people: one line, short, with no key in it and no HTML page."""
    line = clean_text(text, WORDS_LIMIT)
    if is_page(line):
        return ""
    if key:
        line = line.replace(key, "[key]")
    return clean_text(KEY.sub("[key]", line))


def is_page(text: str) -> bool:
    return text.lstrip().startswith("<")


def words_of_page(page: str) -> str:
    """What a web page says of itself: its title, else its first heading, in quotes; "" if it has
    neither.
    """
    found = TITLE.search(page[: 10 * WORDS_LIMIT])
    words = " ".join(html.unescape(TAG.sub(" ", found["words"])).split()) if found else ""
    return f'It answered with a web page: "{words}".' if words else ""


def sendable(key: str) -> bool:
    """Whether a key can stand in a header at all: one pasted with a line break or a dash made
    typographic cannot.
    """
    return key.isascii() and key.isprintable() and " " not in key


def _environment_proxy(url: str) -> str | None:
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)
