"""What a fresh database gets automatically, and what that never undoes."""

from __future__ import annotations

import pytest
from django_q.models import Schedule

from bulk_admin import credentials
from bulk_admin.models import Pool, ProviderAccount
from bulk_admin.services import accounts
from bulk_admin.services.image_providers import Credentials
from bulk_admin.testing.factories import make_account, make_user

pytestmark = pytest.mark.django_db


def pools(account):
    return {pool.kind: (pool.limit_per_minute, pool.max_in_flight) for pool in account.pools.all()}


def platform_account(**fields):
    return ProviderAccount.objects.create(
        provider="openai", label="Ours", is_platform=True, **fields
    )


def names():
    return set(ProviderAccount.objects.values_list("provider", "is_default"))


def test_a_fresh_database_has_the_placeholder_and_the_schedule():
    account = ProviderAccount.objects.get()
    assert (account.provider, account.is_default, account.owner) == ("placeholder", True, None)
    assert pools(account) == {"image": (60, 8)}
    schedule = Schedule.objects.get(name="bulk-tick")
    assert (schedule.name, schedule.func, schedule.schedule_type, schedule.minutes) == (
        "bulk-tick",
        "bulk_admin.tasks.tick",
        "I",
        1,
    )


def test_keys_that_a_site_has_for_itself_are_not_used(settings):
    settings.OPENAI_API_KEY, settings.REPLICATE_API_TOKEN = "sk-the-site-s", "r8-the-site-s"
    settings.BULK = {name: value for name, value in settings.BULK.items() if "KEYS" not in name}
    accounts.set_up_after_migrate()
    assert list(ProviderAccount.objects.values_list("provider", flat=True)) == ["placeholder"]
    account = make_account("openai", key_from_environment=True)
    assert account.api_key == ""


def test_setting_up_again_changes_nothing_and_undoes_no_edit(settings):
    settings.OPENAI_API_KEY = "sk-for-a-test"
    accounts.set_up_after_migrate()
    ProviderAccount.objects.filter(provider="openai").update(
        label="Ours", is_enabled=False, is_default=False, tier=4, max_in_flight=7
    )
    ProviderAccount.objects.filter(provider="placeholder").update(
        is_default=True, label="Toy", options={}
    )
    Schedule.objects.update(minutes=9)
    accounts.set_up_after_migrate()
    openai = ProviderAccount.objects.get(provider="openai")
    placeholder = ProviderAccount.objects.get(provider="placeholder")
    assert (openai.label, openai.is_enabled, openai.is_default, openai.tier) == (
        "Ours",
        False,
        False,
        4,
    )
    assert (placeholder.label, placeholder.is_default, placeholder.options) == ("Toy", True, {})
    assert Schedule.objects.get(name="bulk-tick").minutes == 9


def test_a_key_in_the_environment_makes_the_account_appear_and_the_default(settings):
    settings.OPENAI_API_KEY = "sk-for-a-test"
    accounts.ensure_platform_accounts()
    assert names() == {("placeholder", False), ("openai", True)}
    account = ProviderAccount.objects.get(provider="openai")
    assert (
        account.api_key,
        account.encrypted_key,
        account.base_url,
        account.key_from_environment,
    ) == ("sk-for-a-test", "", "", True)
    assert pools(account) == {"image": (5, 5), "text": (500, 20)}


def test_the_default_is_openai_whichever_key_came_first(settings):
    settings.REPLICATE_API_TOKEN = "r8-for-a-test"
    accounts.ensure_platform_accounts()
    assert names() == {("placeholder", False), ("replicate", True)}
    settings.OPENAI_API_KEY = "sk-for-a-test"
    accounts.ensure_platform_accounts()
    assert names() == {("placeholder", False), ("replicate", False), ("openai", True)}


def test_an_account_of_staff_stays_the_default_when_a_token_of_replicate_appears(settings):
    ProviderAccount.objects.update(is_default=False)
    make_account("openai_compatible", is_default=True)
    settings.REPLICATE_API_TOKEN = "r8-for-a-test"
    accounts.ensure_platform_accounts()
    assert names() == {("placeholder", False), ("openai_compatible", True), ("replicate", False)}


def test_a_key_in_the_environment_is_enough_for_a_provider_without_settings_of_its_own(
    settings, monkeypatch
):
    monkeypatch.setitem(credentials.ENVIRONMENT_KEYS, "openai_compatible", "STUDIO_KEY")
    settings.STUDIO_KEY = "studio-key-for-a-test"
    accounts.set_up_after_migrate()
    account = ProviderAccount.objects.get(provider="openai_compatible")
    assert accounts.credentials_of(account) == Credentials(api_key="studio-key-for-a-test")
    assert set(pools(account)) == {"image"}


def test_a_label_that_is_taken_is_not_taken_twice(settings):
    make_account("openai", label="OpenAI")
    settings.OPENAI_API_KEY = "sk-for-a-test"
    accounts.ensure_platform_accounts()
    assert ProviderAccount.objects.get(key_from_environment=True).label == "OpenAI (platform)"


def test_the_pace_of_the_environment_holds_also_for_an_account_that_is_there(settings):
    settings.OPENAI_API_KEY = "sk-for-a-test"
    accounts.ensure_platform_accounts()
    account = ProviderAccount.objects.get(provider="openai")
    settings.BULK = settings.BULK | {"OPENAI_IMAGES_PER_MINUTE": 33}
    accounts.ensure_platform_accounts()
    assert pools(account)["image"] == (33, 33)
    ProviderAccount.objects.filter(pk=account.pk).update(images_per_minute=44)
    accounts.ensure_platform_accounts()
    assert pools(account)["image"] == (44, 44)


def test_the_pace_of_the_environment_is_only_for_the_environments_account(settings):
    settings.BULK = settings.BULK | {"OPENAI_IMAGES_PER_MINUTE": 33}
    account = platform_account(tier=2)
    accounts.ensure_pools(account)
    assert pools(account)["image"] == (20, 20)


def test_nothing_is_written_when_everything_is_there(settings, django_assert_num_queries):
    settings.OPENAI_API_KEY = "sk-for-a-test"
    accounts.ensure_platform_accounts()
    with django_assert_num_queries(6) as queries:  # two of them are the savepoint's
        accounts.ensure_platform_accounts()
    assert not [query for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]


@pytest.mark.parametrize(("tier", "limit"), [(1, 5), (2, 20), (3, 50), (4, 150), (5, 250)])
def test_the_limit_is_chosen_from_the_tier(tier, limit):
    account = platform_account(tier=tier)
    accounts.ensure_pools(account)
    assert pools(account)["image"] == (limit, limit)


def test_a_pools_cooldown_survives_a_change_of_its_limit():
    account = platform_account()
    accounts.ensure_pools(account)
    Pool.objects.filter(account=account, kind="image").update(gap=12)
    account.max_in_flight = 3
    accounts.ensure_pools(account)
    pool = account.pools.get(kind="image")
    assert (pool.limit_per_minute, pool.max_in_flight, pool.gap) == (5, 3, 12)


def test_a_persons_own_account_writes_no_page_texts():
    account = ProviderAccount.objects.create(provider="openai", label="Hers", owner=make_user())
    accounts.ensure_pools(account)
    assert list(pools(account)) == ["image"]


def test_the_environments_key_goes_only_to_the_environments_address(settings):
    settings.OPENAI_API_KEY = "sk-platform"
    settings.BULK = settings.BULK | {"OPENAI_BASE_URL": "https://api.example.com/v1"}
    account = ProviderAccount(
        provider="openai", key_from_environment=True, base_url="https://thief.example.net"
    )
    found = accounts.credentials_of(account)
    assert (found.api_key, found.base_url) == ("sk-platform", "https://api.example.com/v1")


def test_an_account_with_an_address_of_its_own_never_gets_the_environments_key(settings):
    settings.OPENAI_API_KEY = "sk-platform"
    settings.BULK = settings.BULK | {"OPENAI_BASE_URL": "https://api.example.com/v1"}
    account = ProviderAccount(
        provider="openai", is_platform=True, base_url="https://proxy.example.net/v1"
    )
    assert (
        accounts.credentials_of(account).api_key,
        accounts.credentials_of(account).base_url,
    ) == ("", "https://proxy.example.net/v1")
    account.set_key("sk-own-key-of-staff")
    assert (
        accounts.credentials_of(account).api_key,
        accounts.credentials_of(account).base_url,
    ) == ("sk-own-key-of-staff", "https://proxy.example.net/v1")
    account.base_url = ""
    assert accounts.credentials_of(account).base_url == "https://api.example.com/v1"


def test_a_key_is_not_shown_where_credentials_are_printed():
    account = ProviderAccount(provider="openai")
    account.set_key("sk-own-key-of-staff")
    assert "sk-own" not in repr(accounts.credentials_of(account))
