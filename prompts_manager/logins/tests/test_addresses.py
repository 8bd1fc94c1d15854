"""Which address a request comes from."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from prompts_manager.logins.addresses import client_address

NEAR = "127.0.0.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "sender", "found"),
    [
        (0, None, NEAR, NEAR),
        (0, "203.0.113.7", NEAR, NEAR),
        (1, "203.0.113.7", NEAR, "203.0.113.7"),
        (1, "1.1.1.1, 203.0.113.7", NEAR, "203.0.113.7"),
        (1, "1.1.1.1,203.0.113.7 ", NEAR, "203.0.113.7"),
        (2, "1.1.1.1, 203.0.113.7, 10.0.0.1", NEAR, "203.0.113.7"),
        (2, "203.0.113.7", NEAR, NEAR),
        (1, None, NEAR, NEAR),
        (1, "", NEAR, NEAR),
        (1, "unknown", NEAR, NEAR),
        (1, "203.0.113.7:1234", NEAR, NEAR),
        (1, "1.1.1.1, \0", NEAR, NEAR),
        (0, None, "", None),
        (1, "203.0.113.7", "", "203.0.113.7"),
        (0, None, "::ffff:203.0.113.7", "203.0.113.7"),
        (0, None, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "2001:db8:1:2:ffff::1", NEAR, "2001:db8:1:2::"),
    ],
)
def test_the_address_is_what_the_outermost_proxy_saw(settings, proxies, forwarded, sender, found):
    settings.PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=sender)
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    assert client_address(request) == found
