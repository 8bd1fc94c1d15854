"""The commands for the upkeep: retirement days from the provider, keys encrypted again."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import call_command

from bulk_admin.models import ImageModel
from bulk_admin.testing.factories import make_account, make_model
from bulk_admin.testing.loopback.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db


def run(command):
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command(command, stdout=out, stderr=err)
    except SystemExit as stopped:
        code = stopped.code
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def platform_key(settings):
    def use(server):
        settings.OPENAI_API_KEY = "sk-for-a-test"
        settings.BULK = settings.BULK | {"OPENAI_BASE_URL": server.base_url}

    return use


def test_retirement_days_come_from_the_providers_list_and_nothing_else_is_touched(platform_key):
    model = make_model(
        "openai",
        name="gpt-image-test",
        label="Test",
        retired_on=None,
        is_default=False,
        note="Checked by hand.",
    )
    before = dict(
        ImageModel.objects.exclude(pk=model.pk)
        .filter(provider="placeholder")
        .values_list("name", "retired_on")
    )
    with OpenAIServer(
        models={"gpt-image-test": "2031-02-03", "gpt-image-unheard-of": None}
    ) as server:
        platform_key(server)
        code, out, err = run("refresh_models")
        again = run("refresh_models")[1]
    model.refresh_from_db()
    assert (code, err) == (0, "")
    assert (model.retired_on, model.is_enabled, model.note) == (
        dt.date(2031, 2, 3),
        True,
        "Checked by hand.",
    )
    assert "gpt-image-test ends on 2031-02-03" in out
    assert "gpt-image-unheard-of" in out
    assert "gpt-image-test ends" not in again
    assert not ImageModel.objects.filter(name="gpt-image-unheard-of").exists()
    assert (
        dict(ImageModel.objects.filter(provider="placeholder").values_list("name", "retired_on"))
        == before
    )


def test_a_provider_that_cannot_be_asked_is_reported_and_exits_with_1(platform_key):
    with OpenAIServer() as server:
        platform_key(server)
    code, _, err = run("refresh_models")
    assert code == 1
    assert err.startswith("OpenAI: ")
    assert "sk-for-a-test" not in err


def test_without_a_provider_that_lists_models_there_is_nothing_to_do(placeholder_account):
    code, out, _ = run("refresh_models")
    assert code == 0
    assert "No enabled account" in out


def account_with(key, settings, credential_key, label):
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": [credential_key]}
    account = make_account("openai", label=label)
    account.set_key(key)
    account.save(update_fields=["encrypted_key", "key_last_four"])
    return account


def test_keys_are_encrypted_again_and_the_old_credential_key_can_go(settings):
    account = account_with("sk-the-same-key", settings, "old", "Mine")
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": ["new", "old"]}
    assert run("rotate_keys") == (0, "1 encrypted again, 0 cannot be read.\n", "")
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": ["new"]}
    account.refresh_from_db()
    assert account.api_key == "sk-the-same-key"


def test_a_key_that_cannot_be_read_is_reported_left_as_it_is_and_the_others_go_on(settings):
    lost = account_with("sk-lost", settings, "forgotten", "Lost")
    kept = account_with("sk-kept", settings, "old", "Sound")
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": ["new", "old"]}
    code, out, err = run("rotate_keys")
    assert (code, out) == (1, "1 encrypted again, 1 cannot be read.\n")
    assert err.startswith("Lost: ")
    assert "Enter the key again." in err
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": ["new", "forgotten"]}
    for account, key in ((lost, "sk-lost"), (kept, "sk-kept")):
        account.refresh_from_db()
        assert account.api_key == key
