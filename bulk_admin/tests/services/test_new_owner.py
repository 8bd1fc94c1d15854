"""An account that is given to another owner keeps neither the key nor the orders of the one before,
whichever way its owner was changed.
"""

from __future__ import annotations

import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.urls import reverse

from bulk_admin.management.commands.refresh_models import listing_accounts
from bulk_admin.models import (
    CallState,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    Pool,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.services.accounts import lock_pools
from bulk_admin.services.image_providers import ImageOptions
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.jobs.account_check import check_account
from bulk_admin.services.ledger import holding
from bulk_admin.services.ledger.handover import KeyStillNeeded, change_owner, handover_of
from bulk_admin.services.ledger.opening import open_call
from bulk_admin.services.ledger.outcome import Outcome
from bulk_admin.services.ledger.permits import Permit, Stop
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.worker import held, rescue
from bulk_admin.services.worker.clients import Clients
from bulk_admin.testing.factories import make_account, make_job, make_user, make_worker
from bulk_admin.testing.loopback.replicate_server import ReplicateServer
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db(transaction=True)
ANNA_S, BERTA_S = "r8_of_anna_0123456789", "r8_of_berta_0123456789"
MODEL = "black-forest-labs/flux-schnell"


@pytest.fixture
def server():
    with ReplicateServer(polls=1) as running:
        yield running


@pytest.fixture
def anna():
    return make_user("anna")


@pytest.fixture
def berta():
    return make_user("berta")


@pytest.fixture
def account(server, anna):
    made = make_account("replicate", label="Studio", owner=anna, base_url=server.base_url)
    made.set_key(ANNA_S)
    made.save()
    return made


@pytest.fixture
def job(account, anna):
    return make_job(
        3,
        JobStatus.PROCESSING,
        account=account,
        created_by=anna,
        model_name=MODEL,
        quality="",
        size="1024x1024",
    )


def pool_of(account):
    return account.pools.get(kind="image").pk


def open_one(account):
    permit = open_call(pool_of(account), make_worker().pk)
    assert isinstance(permit, Permit)
    return permit


def hold_one(account):
    permit = open_one(account)
    options = ImageOptions(model=permit.model)
    client = Clients().of(account.pk)
    holding.hold(permit.call_id, client.submit(permit.prompt, permit.size, "", options=options))
    ProviderCall.objects.filter(pk=permit.call_id).update(poll_at="2026-01-01T00:00Z")
    return permit


def keys(account):
    account.refresh_from_db()
    return account.api_key, account.key_under_way


def keys_at(server):
    sent = [request.headers.get("authorization", "") for request in server.requests]
    return {key.removeprefix("Bearer ") for key in sent if key}


def refused():
    return Outcome(state=CallState.REFUSED, billed="no", error_code="blocked", message="No.")


def by_service(account, owner):
    change_owner(account, owner)


def in_a_shell(account, owner):
    account.owner, account.is_platform = owner, owner is None
    account.save()


def by_query(account, owner):
    rows = ProviderAccount.objects.filter(pk=account.pk)
    rows.update(owner=owner, is_platform=owner is None)


WAYS = pytest.mark.parametrize("change", [by_service, in_a_shell, by_query])


# --- whichever way ------------------------------------------------------------------------------


@WAYS
@pytest.mark.parametrize("to", ["another person", "the platform"])
def test_the_key_is_not_the_new_owner_s_and_goes(account, job, berta, change, to):
    change(account, berta if to == "another person" else None)
    assert keys(account)[0] == ""
    assert not isinstance(open_call(pool_of(account), make_worker().pk), Permit)
    rescue.run()
    assert keys(account) == ("", "")
    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.PAUSED, "new_owner")
    assert not ProviderCall.objects.exists()


@WAYS
def test_with_calls_under_way_the_key_only_collects_them(server, account, job, berta, change):
    held_one, open_one_ = hold_one(account), open_one(account)
    change(account, berta)
    assert keys(account) == ("", ANNA_S)
    assert open_call(pool_of(account), make_worker().pk) == Stop("new_owner")
    server.requests.clear()
    assert check_account(account.pk, by=berta).code == "bad_key"
    assert server.requests == []
    for work in held.claim(5, Clients()):
        work.run(lambda done: None)
        work.book()
    assert keys_at(server) == {ANNA_S}
    assert GeneratedImage.objects.get(pk=held_one.image_id).status == ImageStatus.COMPLETED
    assert keys(account) == ("", ANNA_S), "the open call may still have to be asked for"
    settle(open_one_.call_id, refused())
    assert keys(account) == ("", "")
    assert audit() == []


@WAYS
def test_what_was_ordered_before_is_bought_only_if_the_new_owner_resumes_it(
    server, account, job, anna, berta, change
):
    change(account, berta)
    open_call(pool_of(account), make_worker().pk)
    rescue.run()
    account.refresh_from_db()
    account.set_key(BERTA_S)
    account.save()
    check_account(account.pk, by=berta)
    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.PAUSED, "new_owner")
    with pytest.raises(lifecycle.NotYours):
        lifecycle.resume(job.pk, by=anna)
    assert lifecycle.resume(job.pk, by=berta)
    hold_one(account)
    assert keys_at(server) == {BERTA_S}


def test_a_key_of_a_person_who_gave_it_away_and_was_deleted_is_nobody_s(account, job, anna):
    open_one(account)
    change_owner(account, None)
    anna.delete()
    assert keys(account) == ("", ANNA_S)
    assert account not in [each for each in listing_accounts() if each.api_key]


# --- the service --------------------------------------------------------------------------------


def test_a_job_that_waited_for_the_account_does_not_go_on_with_a_new_key(account, job, berta):
    rows = type(job).objects.filter(pk=job.pk)
    rows.update(status=JobStatus.PAUSED, status_reason="bad_key")
    other = make_job(1, JobStatus.PAUSED, account=account, status_reason="paused")
    change_owner(account, berta, new_key=BERTA_S)
    assert keys(account) == (BERTA_S, BERTA_S)
    check_account(account.pk, by=berta)
    assert set(rows.values_list("status", "status_reason")) == {("paused", "new_owner")}
    other.refresh_from_db()
    assert (other.status, other.status_reason) == (JobStatus.PAUSED, "paused")


def test_a_new_key_is_refused_while_the_old_one_is_needed(account, job, berta, anna):
    open_one(account)
    with pytest.raises(KeyStillNeeded):
        change_owner(account, berta, new_key=BERTA_S)
    account.refresh_from_db()
    job.refresh_from_db()
    assert (account.owner, account.api_key, job.status) == (anna, ANNA_S, JobStatus.PROCESSING)


def test_a_worker_that_knew_the_old_key_buys_with_the_new_one(server, account, job, berta):
    clients = Clients()
    clients.of(account.pk)
    change_owner(account, berta, new_key=BERTA_S)
    lifecycle.resume(job.pk, by=berta)
    permit = open_one(account)
    client = clients.of(account.pk, sealed_key=permit.sealed_key)
    client.submit(permit.prompt, permit.size, "", options=ImageOptions(model=permit.model))
    assert keys_at(server) == {BERTA_S}


def test_an_opening_that_waits_for_a_change_of_owner_sees_it(account, job, berta):
    """Locks are waited for, and what was read before the wait is old."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    pool, worker, answers = pool_of(account), make_worker().pk, []
    changed, go_on = threading.Event(), threading.Event()

    def give():
        with transaction.atomic():
            in_a_shell(account, berta)
            lock_pools(ProviderAccount.objects.filter(pk=account.pk))
            changed.set()
            go_on.wait(10)
        connection.close()

    def open_():
        answers.append(open_call(pool, worker))
        connection.close()

    threads = [threading.Thread(target=give), threading.Thread(target=open_)]
    threads[0].start()
    changed.wait(10)
    threads[1].start()
    processes.wait_until(waits_for_a_lock, what="the opening waits")
    go_on.set()
    for thread in threads:
        thread.join()
    assert answers == [Stop("new_owner")]


def waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone() is not None


# --- the form -----------------------------------------------------------------------------------


@pytest.fixture
def keeper(client):
    client.force_login(make_user("keeper", "bulk_admin.manage_accounts"))
    return client


def address(account):
    return reverse("admin:bulk_admin_provideraccount_change", args=[account.pk])


def form(owner, **changes):
    inline = {"pools-TOTAL_FORMS": "0", "pools-INITIAL_FORMS": "0"}
    shown = {"label": "Studio", "tier": "1", "is_enabled": "on", "options": "{}"}
    return {**shown, **inline, "owner": owner.pk if owner else "", **changes}


def test_the_form_says_before_what_a_new_owner_means(keeper, account, job):
    body = keeper.get(address(account)).content.decode()
    assert "it is erased at once" in body and "1 job will be paused" in body
    hold_one(account)
    open_one(account)
    body = keeper.get(address(account)).content.decode()
    assert "1 open and 1 held" in body and ANNA_S not in body
    assert "key" not in str(handover_of(make_account()))


@pytest.mark.parametrize("to", ["another person", "the platform"])
def test_a_forged_form_without_the_tick_changes_nothing(keeper, account, job, anna, berta, to):
    owner = berta if to == "another person" else None
    before = ProviderAccount.objects.values().get(pk=account.pk)
    for more in ({}, {"new_key": BERTA_S}, {"is_default": "on"}):
        response = keeper.post(address(account), form(owner, **more))
        assert "confirms_new_owner" in response.context["adminform"].form.errors
    job.refresh_from_db()
    assert ProviderAccount.objects.values().get(pk=account.pk) == before
    assert job.status == JobStatus.PROCESSING


def test_with_the_tick_it_is_given_and_its_history_says_so(keeper, account, job, berta):
    form_data = form(berta, confirms_new_owner="on", new_key=BERTA_S, label="Hers")
    assert keeper.post(address(account), form_data).status_code == 302
    assert (*keys(account), account.owner, account.label) == (BERTA_S, BERTA_S, berta, "Hers")
    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.PAUSED, "new_owner")
    line = LogEntry.objects.get().get_change_message()
    assert "Owner" in line and "Give it" not in line


def test_with_calls_under_way_the_form_takes_no_new_key(keeper, account, job, anna, berta):
    open_one(account)
    both = form(berta, confirms_new_owner="on", new_key=BERTA_S)
    response = keeper.post(address(account), both)
    assert "new_key" in response.context["adminform"].form.errors
    account.refresh_from_db()
    assert account.owner == anna
    keeper.post(address(account), form(berta, confirms_new_owner="on"))
    keeper.post(address(account), form(berta, new_key=BERTA_S))
    assert keys(account) == ("", ANNA_S)
    assert "A key of the owner before" in keeper.get(address(account)).content.decode()


def test_a_key_of_the_environment_is_given_to_nobody(keeper, berta, settings):
    account = make_account("openai", label="Studio", key_from_environment=True)
    assert 'name="owner"' not in keeper.get(address(account)).content.decode()
    keeper.post(address(account), form(berta, confirms_new_owner="on"))
    account.refresh_from_db()
    assert (account.owner, account.is_platform) == (None, True)
    with pytest.raises(ValueError, match="environment"):
        change_owner(account, berta)


def test_an_account_whose_owner_was_deleted_can_have_a_new_one(keeper, account, anna, berta):
    anna.delete()
    keeper.post(address(account), form(berta, confirms_new_owner="on"))
    assert (*keys(account), account.owner, account.is_enabled) == ("", "", berta, False)
    keeper.post(address(account), form(berta, new_key=BERTA_S))
    assert (*keys(account), account.is_enabled) == (BERTA_S, BERTA_S, True)


def test_the_default_account_of_all_becomes_nobody_s_own(keeper, berta, placeholder_account):
    Pool.objects.filter(account=placeholder_account).update(max_in_flight=8)
    given = form(berta, confirms_new_owner="on", is_default="on", label="Placeholder")
    response = keeper.post(address(placeholder_account), given)
    assert "is_default" in response.context["adminform"].form.errors
    change_owner(placeholder_account, berta)
    placeholder_account.refresh_from_db()
    assert (placeholder_account.owner, placeholder_account.is_default) == (berta, False)
