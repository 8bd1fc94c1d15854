"""Accounts: keys are written and never shown, caps are dollars, and Check mends what waited for
it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from bulk_admin.models import JobStatus, ModelPrice, Pool, ProviderAccount
from bulk_admin.services.image_providers import options_problem
from bulk_admin.services.jobs.account_check import check_account
from bulk_admin.testing.factories import make_account, make_job, make_user
from bulk_admin.testing.loopback.openai_server import OpenAIServer

LIST = "/admin/bulk_admin/provideraccount/"
KEY = "sk-live-abcdefghij4321"
pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(client):
    client.force_login(make_user("keeper", "bulk_admin.manage_accounts"))
    return client


@pytest.fixture
def root(client, superuser):
    client.force_login(superuser)
    return client


@pytest.fixture
def account():
    found = make_account("openai", label="Studio", limit_per_minute=5)
    found.set_key(KEY)
    found.save()
    return found


def form(**changes):
    inline = {"pools-TOTAL_FORMS": "0", "pools-INITIAL_FORMS": "0"}
    return {
        "label": "Studio",
        "tier": "1",
        "is_enabled": "on",
        "options": "{}",
        **inline,
        **changes,
    }


def change(account):
    return f"{LIST}{account.pk}/change/"


def test_a_key_is_kept_encrypted_and_never_shown_again(keeper):
    response = keeper.post(
        f"{LIST}add/", form(provider="openai", label="New", new_key=KEY), follow=True
    )
    account = ProviderAccount.objects.get(label="New")
    assert account.api_key == KEY
    assert KEY not in account.encrypted_key
    pages = [
        response.content.decode(),
        keeper.get(change(account)).content.decode(),
        keeper.get(LIST).content.decode(),
        keeper.get(f"{LIST}{account.pk}/history/").content.decode(),
    ]
    assert not any(KEY in body or account.encrypted_key in body for body in pages)
    assert "ending in 4321" in pages[1]


def test_a_refused_form_does_not_send_the_key_back(keeper, account):
    body = keeper.post(
        change(account), form(label="", new_key="sk-another-secret-key")
    ).content.decode()
    assert "sk-another-secret-key" not in body
    assert "This field is required" in body


def test_an_empty_key_field_keeps_the_key(keeper, account):
    keeper.post(change(account), form(day_cap="2.50", person_day_cap="0.25"))
    account.refresh_from_db()
    assert (account.api_key, account.day_cap, account.person_day_cap, account.month_cap) == (
        KEY,
        2_500_000,
        250_000,
        None,
    )
    assert 'value="2.50"' in keeper.get(change(account)).content.decode()


@pytest.mark.parametrize(
    "amount", ["-1", "a lot", "1e30", "1e700000", "1e1000000", "9" * 12, "NaN", "0,50", "0,500"]
)
def test_a_cap_that_is_no_amount_is_refused(keeper, account, amount):
    body = keeper.post(change(account), form(day_cap=amount)).content.decode()
    assert "dollars" in body and "errorlist" in body
    account.refresh_from_db()
    assert account.day_cap is None


def test_only_a_superuser_changes_where_the_key_is_sent_and_that_clears_it(
    client, superuser, keeper
):
    account = make_account("openai_compatible", label="Studio", base_url="http://127.0.0.1:1/v1")
    account.set_key(KEY)
    account.save()
    keeper.post(change(account), form(base_url="http://evil.example/v1"))
    account.refresh_from_db()
    assert (account.base_url, account.api_key) == ("http://127.0.0.1:1/v1", KEY)
    client.force_login(superuser)
    client.post(change(account), form(base_url="http://127.0.0.1:2/v1"))
    account.refresh_from_db()
    assert (account.base_url, account.encrypted_key, account.key_last_four) == (
        "http://127.0.0.1:2/v1",
        "",
        "",
    )


def test_only_a_superuser_lets_an_account_into_the_private_network(client, superuser, keeper):
    account = make_account("openai_compatible", label="Studio", base_url="http://127.0.0.1:1/v1")
    ProviderAccount.objects.update(private_network=False)
    keeper.post(change(account), form(private_network="on"))
    account.refresh_from_db()
    assert not account.private_network
    assert check_account(account.pk, by=None).code == "bad_address"
    account.refresh_from_db()
    assert account.stop_code == "bad_address" and "private network" in account.stop_message
    client.force_login(superuser)
    assert 'name="private_network"' in client.get(change(account)).content.decode()
    client.post(change(account), form(base_url="http://127.0.0.1:1/v1", private_network="on"))
    account.refresh_from_db()
    assert account.private_network
    assert check_account(account.pk, by=None).code == "not_sent"


def test_a_save_writes_only_what_the_form_changed(keeper, account):
    # A worker stops the account while the form is open.
    stale = form(tier="3")
    ProviderAccount.objects.filter(pk=account.pk).update(
        stop_code="no_credit", stop_message="Top it up."
    )
    keeper.post(change(account), stale)
    account.refresh_from_db()
    assert (account.tier, account.stop_code) == (3, "no_credit")
    assert account.pools.get(kind="image").limit_per_minute == 50


def test_a_new_key_lifts_the_stop_that_the_old_one_caused(keeper, account):
    ProviderAccount.objects.filter(pk=account.pk).update(
        stop_code="bad_key", stop_message="Refused."
    )
    keeper.post(change(account), form(new_key="sk-live-a-better-key"))
    account.refresh_from_db()
    assert account.stop_code == ""


def test_ticking_default_takes_it_over(keeper, account, placeholder_account):
    keeper.post(change(account), form(is_default="on"))
    assert ProviderAccount.objects.get(is_default=True) == account


def test_the_environment_s_key_cannot_be_typed(keeper, settings):
    settings.OPENAI_API_KEY = KEY
    account = make_account("openai", label="Studio", key_from_environment=True)
    body = keeper.get(change(account)).content.decode()
    assert "OPENAI_API_KEY" in body and KEY not in body
    keeper.post(change(account), form(new_key="sk-typed-by-somebody"))
    account.refresh_from_db()
    assert account.encrypted_key == ""


@pytest.mark.parametrize("address", ["", "add/", "{pk}/change/", "{pk}/delete/", "{pk}/check/"])
def test_only_who_manages_accounts_meets_them(client, account, address):
    address = LIST + address.format(pk=account.pk)
    assert client.post(address).url.startswith("/admin/login/")
    client.force_login(
        make_user(
            "pat",
            "bulk_admin.view_provideraccount",
            "bulk_admin.change_provideraccount",
            "bulk_admin.generate",
        )
    )
    assert client.post(address).status_code == 403
    assert "Provider accounts" not in client.get("/admin/").content.decode()


@pytest.fixture
def provider() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def test_check_tells_a_bad_key_and_once_it_is_repaired_its_jobs_go_on(
    keeper, account, provider, settings
):
    settings.BULK = settings.BULK | {"OPENAI_BASE_URL": provider.base_url}
    provider.keys = {"sk-some-other-key"}
    waiting = make_job(1, JobStatus.PAUSED, account=account, status_reason="bad_key")
    by_staff = make_job(1, JobStatus.PAUSED, account=account, status_reason="paused")
    keeper.post(f"{LIST}{account.pk}/check/")
    account.refresh_from_db()
    assert account.stop_code == "bad_key"
    assert account.checked_at is not None
    provider.keys = {KEY}
    assert (
        "Check the key and resume 1 paused job<"
        in keeper.get(f"{LIST}{account.pk}/change/").content.decode()
    )
    assert (
        "1 paused job goes on."
        in keeper.post(f"{LIST}{account.pk}/check/", follow=True).content.decode()
    )
    for row in (account, waiting, by_staff):
        row.refresh_from_db()
    assert (account.stop_code, waiting.status, by_staff.status) == (
        "",
        JobStatus.PROCESSING,
        JobStatus.PAUSED,
    )


def test_check_of_a_provider_that_is_down_changes_no_stop(account, settings):
    settings.BULK = settings.BULK | {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    result = check_account(account.pk, by=None)
    account.refresh_from_db()
    assert result.code
    assert (account.stop_code, account.check_result) == ("", result.message[:300])


def test_check_of_an_account_without_a_key_says_so():
    account = make_account("openai", label="Keyless")
    assert check_account(account.pk, by=None).code == "bad_key"


def test_prices_are_edited_in_dollars(root):
    price = ModelPrice.objects.filter(
        model__provider="openai", model__kind="image", image_output__gt=0
    ).first()
    model = price.model
    body = root.get(f"/admin/bulk_admin/imagemodel/{model.pk}/change/").content.decode()
    assert f'value="{price.image_output // 1_000_000}' in body
    assert root.get("/admin/bulk_admin/imagemodel/").status_code == 200


@pytest.mark.parametrize("field", ["images_per_minute", "max_in_flight"])
@pytest.mark.parametrize("number", ["100001", "9" * 20, "9" * 5_000, "1e5", "-1"])
def test_a_limit_that_no_provider_has_is_refused(keeper, account, field, number):
    response = keeper.post(change(account), form(**{field: number}))
    assert field in response.context["adminform"].form.errors
    account.refresh_from_db()
    assert getattr(account, field) is None


GOOD_OPTIONS = {
    "openai": ["{}", ""],
    "placeholder": ['{"delay": 0.5}', '{"delay": [0, 2.5], "limit": 60, "faults": false}'],
    "replicate": ['{"input": {"steps": 4}, "size_mode": "width_height", "poll_seconds": 0.5}'],
    "openai_compatible": [
        '{"params": ["quality", "seed"], "size_mode": "size", "response_format": "omit"}',
        '{"n_max": 4, "prompt_max": 900, "images_per_minute": 6, "extra": {"steps": 20},'
        ' "download_hosts": ["cdn.example.com"]}',
    ],
}
BAD_OPTIONS = [
    ("placeholder", '{"dellay": 2}', "no option “dellay” here. Known: delay, faults, limit."),
    ("openai", '{"delay": 2}', "no option “delay” here. Known: download_hosts."),
    ("placeholder", '{"delay": "2"}', "“delay” must be a number from 0 to 600"),
    ("placeholder", '{"delay": true}', "“delay” must be"),
    ("placeholder", '{"delay": [3, 1]}', "the lower first"),
    ("placeholder", '{"delay": [1]}', "“delay” must be"),
    ("placeholder", '{"delay": NaN}', "A number must lie within"),
    ("placeholder", '{"delay": 1e400}', "A number must lie within"),
    ("placeholder", '{"limit": 1.5}', "“limit” must be a whole number"),
    ("placeholder", '{"limit": ' + "9" * 5_000 + "}", "not JSON"),
    ("placeholder", "[" * 9_000, "not JSON"),
    ("placeholder", "[]", "Enter a JSON object"),
    ("placeholder", '"delay"', "Enter a JSON object"),
    ("replicate", '{"input": [1]}', "“input” must be a JSON object"),
    ("replicate", '{"input": {"a": {"b": {"c": {"d": {}}}}}}', "more than 5 levels"),
    ("replicate", '{"input": {"prompt\\u0000": 1}}', "cannot be stored"),
    ("replicate", '{"input": {"style": "\\ud83e"}}', "cannot be stored"),
    ("openai_compatible", '{"params": "quality"}', "“params” must be a list"),
    ("openai_compatible", '{"size_mode": "pixels"}', "one of size, width_height"),
    ("openai_compatible", '{"prompt_max": 0}', "“prompt_max” must be"),
    ("openai_compatible", '{"download_hosts": [""]}', "“download_hosts” must be"),
]


@pytest.mark.parametrize(
    ("provider", "options"),
    [(provider, options) for provider, some in GOOD_OPTIONS.items() for options in some],
)
def test_options_that_the_provider_reads_are_kept(keeper, provider, options):
    account = make_account(provider, label="Studio")
    keeper.post(change(account), form(options=options))
    account.refresh_from_db()
    assert account.options == json.loads(options or "{}")


@pytest.mark.parametrize(("provider", "options", "complaint"), BAD_OPTIONS)
def test_options_that_it_does_not_read_are_refused_with_those_that_it_does(
    keeper, provider, options, complaint
):
    account = make_account(provider, label="Studio")
    response = keeper.post(change(account), form(options=options))
    assert complaint in "".join(response.context["adminform"].form.errors["options"])
    account.refresh_from_db()
    assert account.options == {}


def test_what_migrate_gives_the_placeholder_is_sound(placeholder_account):
    placeholder_account.full_clean()
    assert options_problem("placeholder", placeholder_account.options) == ""


@pytest.mark.parametrize("value", [float("nan"), "\0", 10**20])
def test_the_row_itself_refuses_what_a_database_cannot_hold(value):
    account = make_account("replicate")
    account.options = {"input": {"style": value}}
    with pytest.raises(ValidationError, match="options"):
        account.full_clean()


def end_cooldown(pool):
    name = "admin:bulk_admin_provideraccount_end_cooldown"
    return reverse(name, args=[pool.account_id, pool.pk])


@pytest.mark.parametrize(("kind", "words"), [("image", "pictures"), ("text", "page texts")])
def test_a_cooldown_is_shown_with_its_day_and_ended_with_a_line_in_the_history(
    keeper, account, kind, words
):
    until = timezone.now() + dt.timedelta(hours=20)
    pool = account.pools.get(kind=kind)
    Pool.objects.filter(pk=pool.pk).update(cooldown_until=until)
    body = keeper.get(change(account)).content.decode()
    assert body.count(f"until {until:%d %b %Y %H:%M:%S} UTC") == 2
    assert f'action="{end_cooldown(pool)}"' in body
    assert OrmQ.objects.count() == 0
    answer = keeper.post(end_cooldown(pool), follow=True).content.decode()
    assert f"{words} are bought again" in answer and end_cooldown(pool) not in answer
    pool.refresh_from_db()
    assert pool.cooldown(timezone.now()) == ""
    assert OrmQ.objects.count() == 1, "a worker is called"
    history = keeper.get(f"{LIST}{account.pk}/history/").content.decode()
    assert f"Ended the cooldown of {words}: it was until {until:%d %b %Y}" in history
    keeper.post(end_cooldown(pool))
    assert LogEntry.objects.count() == 1, "pressed twice"


def test_only_who_manages_accounts_ends_a_cooldown_and_only_by_a_press(client, staff, account):
    pool = account.pools.get(kind="image")
    until = timezone.now() + dt.timedelta(hours=1)
    Pool.objects.filter(pk=pool.pk).update(cooldown_until=until)
    client.force_login(staff)
    assert client.post(end_cooldown(pool)).status_code == 403
    client.force_login(make_user("keeper2", "bulk_admin.manage_accounts"))
    assert client.get(end_cooldown(pool)).status_code == 405
    other = make_account(label="Other").pools.get(kind="image")
    wrong = reverse("admin:bulk_admin_provideraccount_end_cooldown", args=[account.pk, other.pk])
    assert client.post(wrong).status_code == 404
    pool.refresh_from_db()
    assert pool.cooldown_until == until
