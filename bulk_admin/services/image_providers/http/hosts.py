"""Which addresses we connect to: public ones, unless an account may reach inside the network."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

import httpcore2
import httpx2

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(httpx2.ConnectError):
    """The name leads to an address inside the network: no connection was made."""

    def __init__(self) -> None:
        super().__init__("an address inside the network")


def resolve(host: str, port: int) -> list[IPAddress]:
    """Every address of a name, or of an address as it stands in a URL. Raises OSError."""
    with contextlib.suppress(ValueError):
        return [ipaddress.ip_address(host.strip("[]"))]
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]


def is_public(address: IPAddress) -> bool:
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_global) and not mapped.is_multicast


def refuse_private(url: httpx2.URL) -> None:
    """For a server that a proxy connects to: it looks the name up itself, so what is judged here is
    what we see of it. Raises AddressRefused.
    """
    with contextlib.suppress(OSError):
        if not all(map(is_public, resolve(url.host, url.port or 443))):
            raise AddressRefused


class PublicNetwork(httpcore2.NetworkBackend):
    """Connects to public addresses alone.

    A name is looked up once, every address of it is judged, and the very same ones are connected
    to, so that a name cannot point elsewhere in between.
    """

    def __init__(self) -> None:
        self._network = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = resolve(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        if not all(map(is_public, addresses)):
            raise AddressRefused
        failure: Exception = httpcore2.ConnectError("the name has no address")
        for address in addresses:
            try:
                return self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure
