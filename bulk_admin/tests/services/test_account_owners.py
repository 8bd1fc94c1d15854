"""Whose an account is, and what is left of a private one when its owner is deleted."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.urls import reverse

from bulk_admin.management.commands.refresh_models import listing_accounts
from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.selectors.offers import account_choices
from bulk_admin.services.accounts import ensure_pools
from bulk_admin.services.ledger.opening import open_call
from bulk_admin.services.ledger.outcome import Outcome
from bulk_admin.services.ledger.permits import Permit, Stop
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.monitoring import health
from bulk_admin.services.pages.texts import platform_text_account
from bulk_admin.services.worker import pump, rescue
from bulk_admin.testing.factories import make_account, make_job, make_user, make_worker
from bulk_admin.testing.loopback.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db
KEY = "sk-of-anna-0123456789"
USERS = "/admin/auth/user/"


@pytest.fixture
def anna(db):
    return make_user("anna")


@pytest.fixture
def hers(anna):
    account = make_account("openai", label="Anna's key", owner=anna)
    account.set_key(KEY)
    account.save()
    return account


@pytest.fixture
def job(hers, anna):
    return make_job(2, JobStatus.PROCESSING, account=hers, created_by=anna)


def delete_on_her_page(client, anna):
    client.post(f"{USERS}{anna.pk}/delete/", {"post": "yes"})


def delete_from_the_list(client, anna):
    client.post(USERS, {"action": "delete_selected", "_selected_action": [anna.pk], "post": "yes"})


def delete_by_query(client, anna):
    get_user_model().objects.filter(pk=anna.pk).delete()


def delete_one(client, anna):
    anna.delete()


@pytest.mark.parametrize(
    "delete", [delete_on_her_page, delete_from_the_list, delete_by_query, delete_one]
)
def test_who_has_a_key_and_jobs_can_be_deleted_and_the_account_keeps_its_label(
    client, superuser, anna, hers, job, delete
):
    client.force_login(superuser)
    delete(client, anna)
    assert not get_user_model().objects.filter(username="anna").exists()
    hers.refresh_from_db()
    job.refresh_from_db()
    assert (hers.owner, hers.is_platform, hers.is_enabled) == (None, False, False)
    assert (hers.label, job.account, job.created_by) == ("Anna's key", hers, None)
    assert (hers.encrypted_key, hers.key_last_four, hers.api_key) == ("", "", "")


def test_nobody_else_s_account_is_touched(anna, hers, placeholder_account):
    other = make_account("openai", owner=make_user("berta"))
    other.set_key("sk-of-berta-0123456789")
    other.save()
    anna.delete()
    for account in (other, placeholder_account):
        account.refresh_from_db()
        assert account.is_enabled
    assert other.api_key == "sk-of-berta-0123456789"


def test_it_is_offered_to_nobody_and_is_no_account_of_the_platform(client, superuser, anna, hers):
    platform = make_account("openai")
    anna.delete()
    for person in (superuser, make_user("berta")):
        assert hers not in [choice.account for choice in account_choices(person)]
    assert hers not in listing_accounts()
    platform.delete()
    assert platform_text_account() is None
    (providers,) = [part for part in health.report() if part.name == "Provider"]
    assert "Anna's key" not in [fact.name for fact in providers.facts]


def test_nothing_more_is_bought_with_it(anna, hers, job):
    anna.delete()
    pool = hers.pools.get(kind="image")
    assert open_call(pool.pk, make_worker().pk) == Stop("owner_deleted")
    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.PAUSED, "owner_deleted")
    assert not ProviderCall.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_finds_its_jobs_asks_the_provider_for_nothing(settings, tmp_path, anna, job):
    settings.BULK = settings.BULK | {"PUMP_LOCK": str(tmp_path / "pump.lock")}
    with OpenAIServer() as server:
        ProviderAccount.objects.filter(pk=job.account_id).update(
            base_url=server.base_url, private_network=True
        )
        anna.delete()
        pump.run()
        assert server.requests == []
    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.PAUSED, "owner_deleted")


def open_one(job):
    worker = make_worker()
    permit = open_call(job.account.pools.get(kind="image").pk, worker.pk)
    assert isinstance(permit, Permit)
    return permit


def refused():
    return Outcome(state=CallState.REFUSED, billed="no", error_code="blocked", message="No.")


@pytest.mark.django_db(transaction=True)
def test_with_calls_under_way_the_key_is_erased_when_the_last_one_is_settled(anna, hers, job):
    first, second = open_one(job), open_one(job)
    anna.delete()
    hers.refresh_from_db()
    assert (hers.is_enabled, hers.api_key, hers.key_under_way) == (False, "", KEY)
    settle(first.call_id, refused())
    hers.refresh_from_db()
    assert hers.key_under_way == KEY, "the other call may still have to be asked for by its id"
    settle(second.call_id, refused())
    hers.refresh_from_db()
    assert (hers.encrypted_key, hers.key_last_four) == ("", "")


def test_the_rescue_erases_a_key_that_was_left_behind_and_no_other(anna, hers, job):
    permit = open_one(job)
    other = make_account("openai", is_enabled=False)
    other.set_key(KEY)
    other.save()
    anna.delete()
    # As if the process had been killed between the settlement and the erasing.
    ProviderCall.objects.filter(pk=permit.call_id).update(state=CallState.REFUSED)
    GeneratedImage.objects.filter(pk=permit.image_id).update(status=ImageStatus.QUEUED)
    BulkGenerationJob.objects.filter(pk=job.pk).update(reserved=0, queued=2)
    rescue.run()
    hers.refresh_from_db()
    other.refresh_from_db()
    assert (hers.encrypted_key, other.api_key) == ("", KEY)


def test_it_cannot_be_switched_on_again_nor_given_a_key(client, superuser, anna, hers):
    anna.delete()
    client.force_login(superuser)
    address = reverse("admin:bulk_admin_provideraccount_change", args=[hers.pk])
    data = {"label": "Hers", "tier": "1", "is_enabled": "on", "is_default": "on", "options": "{}"}
    inline = {"pools-TOTAL_FORMS": "0", "pools-INITIAL_FORMS": "0"}
    page = client.get(address).content.decode()
    assert "The owner of this account was deleted" in page
    assert client.post(address, {**data, **inline, "new_key": KEY}).status_code == 302
    hers.refresh_from_db()
    assert (hers.label, hers.is_enabled, hers.is_default, hers.encrypted_key) == (
        "Hers",
        False,
        False,
        "",
    )


@pytest.mark.parametrize(
    "wrong", [{"is_enabled": True}, {"is_default": True}], ids=["switched on", "the default"]
)
def test_the_database_keeps_it_off(anna, hers, placeholder_account, wrong):
    anna.delete()
    ProviderAccount.objects.filter(is_default=True).update(is_default=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProviderAccount.objects.filter(pk=hers.pk).update(**wrong)


def test_a_platform_s_account_has_no_owner(anna, hers):
    with pytest.raises(IntegrityError), transaction.atomic():
        ProviderAccount.objects.filter(pk=hers.pk).update(is_platform=True)


# --- labels ------------------------------------------------------------------------------------


def add(client, **changes):
    data = {"provider": "openai", "tier": "1", "is_enabled": "on", "options": "{}", **changes}
    inline = {"pools-TOTAL_FORMS": "0", "pools-INITIAL_FORMS": "0"}
    response = client.post(reverse("admin:bulk_admin_provideraccount_add"), {**data, **inline})
    return [] if response.status_code == 302 else response.context["errors"]


def test_a_label_is_taken_only_among_the_same_owner_s_accounts(client, superuser, anna, hers):
    client.force_login(superuser)
    berta = make_user("berta")
    assert add(client, label="Anna's key", owner=berta.pk) == []
    assert add(client, label="Anna's key") == []
    assert add(client, label="Anna's key", owner=anna.pk) == [
        ["This owner has an account with this label already."]
    ]
    assert add(client, label="Anna's key") == [
        ["The platform has an account with this label already."]
    ]
    assert ProviderAccount.objects.filter(label="Anna's key").count() == 3


def test_renaming_meets_the_same_rule(client, superuser, anna, hers):
    client.force_login(superuser)
    second = make_account("openai", label="Second", owner=anna)
    address = reverse("admin:bulk_admin_provideraccount_change", args=[second.pk])
    data = {"label": "Anna's key", "tier": "1", "options": "{}", "owner": anna.pk}
    inline = {"pools-TOTAL_FORMS": "0", "pools-INITIAL_FORMS": "0"}
    response = client.post(address, {**data, **inline})
    assert "This owner has an account with this label already." in response.content.decode()


def test_a_private_account_is_no_default_for_everybody(client, superuser, anna):
    client.force_login(superuser)
    errors = add(client, label="Hers", owner=anna.pk, is_default="on")
    assert errors == [["Only an account of the platform can be the default."]]


def test_two_accounts_of_one_label_are_told_apart_where_they_are_offered(anna):
    make_account(label="Studio")
    make_account(label="Studio", owner=anna)
    labels = [choice.label for choice in account_choices(anna) if "Studio" in choice.label]
    assert len(set(labels)) == 2
    assert sum("your own" in label for label in labels) == 1


def test_texts_are_bought_only_from_the_platform(anna, hers):
    hers.pools.all().delete()
    ensure_pools(hers)
    assert [pool.kind for pool in hers.pools.all()] == ["image"]
    assert platform_text_account() is None
