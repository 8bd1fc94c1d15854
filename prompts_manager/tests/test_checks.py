"""B2 is set up whole or not at all."""

from __future__ import annotations

import pytest
from django.core.checks import Warning

from prompts_manager import checks

B2 = {
    "B2_ENDPOINT_URL": "https://s3.example.com",
    "B2_REGION": "eu",
    "B2_BUCKET": "a",
    "B2_PRIVATE_BUCKET": "b",
    "B2_KEY_ID": "c",
    "B2_APPLICATION_KEY": "d",
}


@pytest.mark.parametrize("missing", sorted(B2))
def test_b2_configured_by_half_is_an_error_that_names_what_is_missing(settings, missing):
    for name, value in B2.items():
        setattr(settings, name, "" if name == missing else value)
    [message] = checks.check_b2(None)
    assert message.id == "prompts_manager.E008"
    assert missing in message.hint


@pytest.mark.parametrize(
    ("engine", "debug", "b2", "complaints"),
    [
        ("postgresql", False, False, ["prompts_manager.W001"]),
        ("postgresql", False, True, []),
        ("postgresql", True, False, []),
        ("sqlite3", False, False, []),
    ],
)
def test_local_files_under_several_hosts_are_warned_of(
    settings, monkeypatch, engine, debug, b2, complaints
):
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", f"django.db.backends.{engine}")
    settings.DEBUG = debug
    settings.PUBLIC_MEDIA_URL = "https://img.example.com" if b2 else ""
    for name, value in B2.items():
        setattr(settings, name, value if b2 else "")
    messages = checks.check_b2(None)
    assert [message.id for message in messages] == complaints
    assert all(isinstance(message, Warning) for message in messages)


def test_a_public_bucket_without_an_address_is_warned_of(settings):
    for name, value in B2.items():
        setattr(settings, name, value)
    settings.PUBLIC_MEDIA_URL = ""
    [message] = checks.check_b2(None)
    assert (message.id, isinstance(message, Warning)) == ("prompts_manager.W003", True)
    settings.PUBLIC_MEDIA_URL = "https://img.example.com"
    assert checks.check_b2(None) == []
