"""Fetches a finished picture from the address that a provider's answer names, and from nowhere
else.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import httpx2

from bulk_admin.services.image_providers.errors import NotDownloaded

from .client import CONNECT_SECONDS, AnswerTooBig, encoding_of, trust, unpacked
from .hosts import IPAddress, is_public, resolve

MAX_BYTES = 40 * 1024 * 1024
TOO_BIG = "more than 40 MB"
URL_SAFE = str.maketrans("-_", "+/")
# How a PNG, JPEG or WebP begins in base64, and what may stand in it: either alphabet, and line
# breaks and slashes as JSON escapes them.
PICTURE = re.compile(r"(?:iVBORw0KGgo|[/_]9j\\?[/_]|UklGR)(?:[A-Za-z0-9+/_\r\n-]|\\[nr/]){60,}")
ESCAPES = re.compile(r"\\[nr]|[\\\r\n]")
MAX_SECONDS = 60.0
PORTS = {"http": 80, "https": 443}


class FetchRefused(Exception):
    """The address is not one that we fetch from. Asking again does not help."""


class FetchFailed(Exception):
    """The picture did not come. Asking again may help: downloads are free."""


def decode_base64(text: str) -> bytes:
    """The picture, from either alphabet, with or without its padding and whatever stands around it;
    or the text itself when there is none in it, for it was paid for.

    Raises FetchRefused for one that is too big, before it is decoded.
    """
    if len(text) * 3 // 4 > MAX_BYTES:
        raise FetchRefused(TOO_BIG)
    try:
        return _decoded("".join(text.split()))
    except (binascii.Error, ValueError):
        found = pictures_in(unquote(text, errors="replace"))
    try:
        return _decoded(found[0])
    except (IndexError, binascii.Error):
        return text.encode(errors="replace")


def pictures_in(text: str) -> list[str]:
    """Every picture in base64 that stands somewhere in a text, ready to be decoded."""
    return [ESCAPES.sub("", picture) for picture in PICTURE.findall(text)]


def _decoded(letters: str) -> bytes:
    plain = letters.translate(URL_SAFE).rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def decode_data_url(url: str) -> bytes:
    """Raises FetchFailed when there is nothing in it, FetchRefused when it is too big."""
    head, _, payload = url.partition(",")
    is_base64 = head.rstrip().lower().endswith(";base64")
    if not is_base64 and len(payload) > MAX_BYTES:
        raise FetchRefused(TOO_BIG)
    plain = payload.encode(errors="replace")
    content = decode_base64(payload) if is_base64 else unquote_to_bytes(plain)
    if not content:
        raise FetchFailed("an empty data URL")
    return content


def fetch_picture(address: str, *, base_url: str, **how: Any) -> bytes:
    """The picture of a ``data:`` URL, or downloaded (see ``fetch``), also from a path on the
    server of ``base_url``. Raises NotDownloaded.
    """
    try:
        if address[:5].lower() == "data:":
            return decode_data_url(address)
        if address.startswith("/"):
            address = _absolute(address, base_url)
        return fetch(address, base_url=base_url, **how)
    except (FetchRefused, FetchFailed) as error:
        may_come = isinstance(error, FetchFailed)
        failure = NotDownloaded(str(error), address=address, may_come=may_come)
    raise failure


def _absolute(path: str, base_url: str) -> str:
    try:
        return str(httpx2.URL(base_url).join(path))
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise FetchRefused("not an address") from error


def fetch(
    url: str,
    *,
    base_url: str,
    hosts: Collection[str] = (),
    private_network: bool = False,
    seconds: float = MAX_SECONDS,
    max_bytes: int = MAX_BYTES,
) -> bytes:
    """Download a picture from ``base_url``'s own server, or over https from one of ``hosts`` or
    their subdomains.

    The address is looked up once, judged, and the very same address is connected to, so that a name
    cannot point elsewhere in between. Addresses inside our own network are refused unless the
    account may reach the ``private_network`` and ``base_url`` itself is there. No redirect is
    followed, no key is sent.
    """
    ends = time.monotonic() + min(seconds, MAX_SECONDS)
    try:
        target, home = httpx2.URL(url), httpx2.URL(base_url)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise FetchRefused("not an address") from error
    failure: httpx2.HTTPError | None = None
    for address in _addresses(target, home, hosts, private_network=private_network):
        try:
            return _download(target, address, ends, max_bytes)
        except httpx2.HTTPError as error:
            failure = error
            if not isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout)):
                break
    raise FetchFailed(type(failure).__name__) from failure


def _addresses(
    target: httpx2.URL, home: httpx2.URL, hosts: Collection[str], *, private_network: bool
) -> list[IPAddress]:
    """Where the picture may be fetched from. Raises FetchRefused."""
    same = _origin(target) == _origin(home)
    listed = (
        target.scheme == "https"
        and _origin(target)[2] == 443
        and any(_is_within(target.host, host) for host in hosts)
    )
    if not same and not listed:
        raise FetchRefused(f"the host {_named(target)} is not allowed")
    found = _resolve(target)
    if not all(map(is_public, found)) and not (
        private_network and (same or not any(map(is_public, _resolve(home))))
    ):
        raise FetchRefused("an address inside the network")
    return found


def _is_within(host: str, allowed: str) -> bool:
    """Whether it is the allowed one or a subdomain, however people wrote that."""
    name = allowed.strip().lower().removeprefix("*.").removesuffix(".")
    return host == name or host.endswith(f".{name}")


def _download(target: httpx2.URL, address: IPAddress, ends: float, max_bytes: int) -> bytes:
    timeout = httpx2.Timeout(max(ends - time.monotonic(), 0.1), connect=CONNECT_SECONDS)
    pinned = target.copy_with(host=str(address))
    headers = {
        "Host": target.netloc.decode(),
        "Accept": "image/*,*/*;q=0.5",
        "Accept-Encoding": "identity",
    }
    extensions = {"sni_hostname": target.host} if target.scheme == "https" else {}
    content = bytearray()
    with (
        httpx2.Client(
            timeout=timeout, verify=trust(), follow_redirects=False, trust_env=False
        ) as client,
        client.stream("GET", pinned, headers=headers, extensions=extensions) as response,
    ):
        if response.status_code != 200:
            raise (FetchRefused if response.is_redirect else FetchFailed)(
                f"HTTP {response.status_code}"
            )
        try:
            for piece in unpacked(response.iter_raw(), encoding_of(response), max_bytes):
                content += piece
                if time.monotonic() > ends:
                    raise FetchFailed("too slow")
        except AnswerTooBig as error:
            raise FetchRefused(f"more than {max_bytes // 1024 // 1024} MB") from error
    if not content:
        raise FetchFailed("nothing in it")
    return bytes(content)


def _named(url: httpx2.URL) -> str:
    """A server as people name it: with its scheme or port only where that is the trouble."""
    host = url.netloc.decode(errors="replace")[:260] or "(none)"
    return host if url.scheme == "https" else f"{url.scheme}://{host}"


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or PORTS.get(url.scheme, 0)


def _resolve(url: httpx2.URL) -> list[IPAddress]:
    try:
        return resolve(url.host, _origin(url)[2])
    except (OSError, UnicodeError) as error:
        raise FetchFailed("its name is not known") from error
