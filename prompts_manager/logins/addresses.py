"""Whose request it is, as far as a lock-out is concerned."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

NETWORK_OF_ONE = 64  # bits: whoever has one IPv6 address has the whole network behind them


def client_address(request: HttpRequest) -> str | None:
    """The address that the outermost of ``PROXY_COUNT`` proxies saw.

    Each proxy adds the address that it was reached from at the right of X-Forwarded-For; whatever
    stands further left was sent by the client and is worth nothing. A request that came past the
    proxies, and one whose entry is not an address, counts as its last sender's. An IPv6 address
    stands for its network. None: the request came through a Unix socket.
    """
    sender = _address(request.META.get("REMOTE_ADDR", ""))
    count = settings.PROXY_COUNT
    if not count:
        return sender
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return (_address(hops[-count]) if len(hops) >= count else None) or sender


def _address(text: str) -> str | None:
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        host_bits = 128 - NETWORK_OF_ONE
        return str(IPv6Address(int(found) >> host_bits << host_bits))
    return str(found)
