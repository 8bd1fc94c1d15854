"""How providers speak HTTP: connections, total deadlines, and whether a failed request had left."""

from __future__ import annotations

import functools
import html
import re
import ssl
import time
import urllib.request
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2

from bulk_admin.services.image_providers.errors import BadAddress, NotSent, OutcomeUnknown
from bulk_admin.text import WORDS_LIMIT, clean_text

from .hosts import AddressRefused, PublicNetwork, refuse_private

IDLE_SECONDS = (
    4.0  # less than any provider or proxy keeps a socket: a reused one must not turn out to be dead
)
CONNECT_SECONDS = 8.0
ANSWER_BYTES = 160 * 1024 * 1024
PIECE_BYTES = 1024 * 1024
ENCODINGS = ("gzip", "deflate")
GZIP = b"\x1f\x8b"  # how each part of such a body begins
INSIDE = (
    "It leads into the private network, which this account may not reach: a superuser can allow it"
    " on the account's page."
)

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


class AnswerTooBig(httpx2.ReadError):
    """More came, or was unpacked, than any answer needs."""


UNUSABLE = (AnswerTooBig, httpx2.DecodingError)  # their own words say what was wrong


class _Body(httpx2.SyncByteStream):
    """A body, unpacked, that must be whole by a moment and of a bounded size.

    httpx2's own time-out only bounds the wait for each piece, and its decoders unpack whatever a
    few kilobytes blow up to.
    """

    def __init__(self, body: httpx2.SyncByteStream, encoding: str, ends: float) -> None:
        self.body, self.encoding, self.ends = body, encoding, ends

    def __iter__(self) -> Iterator[bytes]:
        yield from unpacked(self._in_time(), self.encoding, ANSWER_BYTES)

    def _in_time(self) -> Iterator[bytes]:
        for piece in self.body:
            if time.monotonic() > self.ends:
                raise httpx2.ReadTimeout("The answer took too long.")
            yield piece

    def close(self) -> None:
        self.body.close()


def unpacked(pieces: Iterable[bytes], encoding: str, most: int) -> Iterator[bytes]:
    """A body without its content encoding, a bounded piece at a time.

    Raises AnswerTooBig once more than ``most`` bytes have come out, and DecodingError.
    """
    yield from _bounded(_decoded(_bounded(pieces, most), encoding), most)


def _bounded(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise AnswerTooBig(f"The answer has more than {most // 1024 // 1024} MB.")
        yield piece


def _decoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """At most PIECE_BYTES at a time."""
    if encoding in ("", "identity"):
        yield from pieces
        return
    if encoding not in ENCODINGS:
        raise httpx2.DecodingError(f"The answer is packed as {encoding[:20]}, unasked.")
    unzip: Any = None
    try:
        for piece in filter(None, pieces):
            rest = piece
            while rest:
                if unzip is None or (unzip.eof and rest.startswith(GZIP)):  # there may be several
                    unzip = zlib.decompressobj(_window(encoding, rest))
                elif unzip.eof:
                    break
                yield unzip.decompress(rest, PIECE_BYTES)
                rest = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
        if unzip is not None:
            yield unzip.flush()
    except zlib.error as error:
        raise httpx2.DecodingError("The answer could not be unpacked.") from error


def _window(encoding: str, start: bytes) -> int:
    """For zlib: "deflate" is sent with a header, as it should be, and without."""
    if encoding == "deflate":
        return zlib.MAX_WBITS if start[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS
    return zlib.MAX_WBITS | 16


def encoding_of(response: httpx2.Response) -> str:
    return response.headers.get("content-encoding", "").strip().lower().removeprefix("x-")


class CheckedTransport(httpx2.HTTPTransport):
    """The read time-out of a request is also the deadline of its whole answer, whose size is
    bounded; with ``public_only`` no address inside the network is connected to.
    """

    def __init__(self, *, public_only: bool, proxy: str | None, **more: Any) -> None:
        super().__init__(proxy=proxy, **more)
        self._judges_names = public_only and proxy is not None
        if public_only and proxy is None:
            # httpx2 has no argument for what httpcore2 takes here.
            self._pool._network_backend = PublicNetwork()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._judges_names:
            refuse_private(request.url)
        seconds = request.extensions.get("timeout", {}).get("read")
        ends = time.monotonic() + seconds if seconds is not None else float("inf")
        response = super().handle_request(request)
        body = cast(httpx2.SyncByteStream, response.stream)
        response.stream = _Body(body, encoding_of(response), ends)
        response.headers.pop("content-encoding", None)  # or httpx2 would unpack it once more
        return response


@functools.cache
def trust() -> ssl.SSLContext:
    """Reading the certificates takes tens of milliseconds: once a process is enough."""
    return httpx2.create_ssl_context()


def timeouts(seconds: float) -> httpx2.Timeout:
    return httpx2.Timeout(
        seconds, connect=min(CONNECT_SECONDS, seconds), pool=min(CONNECT_SECONDS, seconds)
    )


def new_client(
    seconds: float, base_url: str, *, private_network: bool = False, idle: float = IDLE_SECONDS
) -> httpx2.Client:
    """A client for one server that retries nothing, follows no redirect, and never queues a call
    behind others. Without ``private_network`` it reaches no address inside the network.
    """
    limits = httpx2.Limits(
        max_connections=None, max_keepalive_connections=100, keepalive_expiry=idle
    )
    transport = CheckedTransport(
        public_only=not private_network,
        proxy=_environment_proxy(base_url),
        verify=trust(),
        limits=limits,
    )
    return httpx2.Client(
        base_url=base_url,
        transport=transport,
        timeout=timeouts(seconds),
        headers={"Accept-Encoding": ", ".join(ENCODINGS)},
        follow_redirects=False,
    )


def transport_error(error: BaseException, seconds: float) -> NotSent | OutcomeUnknown | BadAddress:
    """What a failed request means for money: only when no connection was made has nothing left."""
    causes: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and len(causes) < 10:
        causes.append(link)
        link = link.__cause__
    if any(isinstance(cause, AddressRefused) for cause in causes):
        return BadAddress(INSIDE)
    if failed := next((cause for cause in causes if isinstance(cause, NOTHING_LEFT)), None):
        return NotSent(f"{type(failed).__name__}.")
    if any(isinstance(cause, httpx2.TimeoutException) for cause in causes):
        return OutcomeUnknown(f"No answer within {seconds:g} s.")
    if unreadable := next(
        (c for c in causes if isinstance(c, AnswerTooBig | httpx2.DecodingError)), None
    ):
        return OutcomeUnknown(str(unreadable))
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
    """How a web page describes itself: its title, else its first heading, in quotes; "" if it has
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
