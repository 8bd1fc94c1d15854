"""The health page tells what needs attention; /healthz tells a stranger nothing."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Task

from bulk_admin.background import CLUSTER
from bulk_admin.models import CallState, ProviderAccount, UnstoredImage
from bulk_admin.testing.factories import (
    make_account,
    make_call,
    make_image,
    make_job,
    make_user,
    make_worker,
)
from bulk_admin.testing.loopback.s3_server import S3Server

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}

HEALTH = "admin:bulk_admin_bulkgenerationjob_health"


@pytest.fixture(autouse=True)
def a_tick_just_now(db):
    tell_tick(5)


def tell_tick(seconds_ago: int) -> None:
    stopped = timezone.now() - dt.timedelta(seconds=seconds_ago)
    Task.objects.all().delete()
    Task.objects.create(
        id=f"{seconds_ago:032d}",
        name="tick",
        func="bulk_admin.tasks.tick",
        started=stopped,
        stopped=stopped,
        success=True,
        cluster=CLUSTER,
    )


def report(client, status=200):
    answer = client.get(reverse(HEALTH), headers=JSON)
    assert answer.status_code == status, answer.content
    return {
        part["part"]: {fact["name"]: fact for fact in part["facts"]}
        for part in answer.json()["parts"]
    }


def bad(facts):
    return {
        name for part in facts.values() for name, fact in part.items() if fact["state"] == "bad"
    }


@pytest.fixture
def client(client, superuser):
    client.force_login(superuser)
    return client


def test_when_all_is_well_it_is_200_and_names_every_part(client):
    facts = report(client)
    assert list(facts) == ["Web", "Database", "Queue", "Storage", "Provider", "Pages"]
    assert bad(facts) == set()
    assert facts["Database"]["Migrations"]["value"] == "all applied"


def test_the_page_is_html_for_people_and_linked_from_the_index(client):
    answer = client.get(reverse(HEALTH))
    assert answer.status_code == 200
    assert ">Nothing needs attention<" in answer.content.decode()
    assert reverse(HEALTH) in client.get(reverse("admin:index")).content.decode()


def test_who_may_not_see_jobs_may_not_see_it(client):
    client.force_login(make_user("plain"))
    assert client.get(reverse(HEALTH)).status_code == 403
    client.force_login(make_user("viewer", "bulk_admin.view_bulkgenerationjob"))
    assert client.get(reverse(HEALTH)).status_code == 200
    client.logout()
    assert client.get(reverse(HEALTH)).status_code == 302


def test_work_without_a_worker_is_503_and_a_beating_worker_ends_that(client):
    tell_tick(170)
    make_job(2, started=timezone.now() - dt.timedelta(seconds=170))
    assert bad(report(client, 503)) == {"Queued work"}
    worker = make_worker(in_flight=3, draining=True)
    facts = report(client)
    assert "3 in flight, draining" in facts["Queue"][f"Worker {worker}"]["value"]


def test_a_doorbell_that_nobody_takes_is_503_and_one_in_work_is_not(client):
    old = timezone.now() - dt.timedelta(seconds=300)
    OrmQ.objects.create(key="site", payload="x", lock=old)  # the site's own
    assert bad(report(client)) == set()
    OrmQ.objects.create(key=CLUSTER, payload="x", lock=old)
    assert bad(report(client, 503)) == {"Tasks not picked up"}
    OrmQ.objects.update(lock=timezone.now() + dt.timedelta(seconds=300))
    assert bad(report(client)) == set()


def test_held_calls_that_nobody_asks_for_are_503(client):
    assert report(client)["Queue"]["Held by providers"]["value"] == "none"
    call = make_call(
        make_image(make_job(0, account=make_account()), "generating", attempt=1), CallState.HELD
    )
    facts = report(client)["Queue"]["Held by providers"]
    assert (facts["value"], facts["state"]) == ("1, the next look due in 0 s", "ok")
    make_worker()
    type(call).objects.update(poll_at=timezone.now() - dt.timedelta(seconds=200))
    facts = report(client, 503)
    assert bad(facts) == {"Held by providers"}
    assert "overdue" in facts["Queue"]["Held by providers"]["value"]


def test_a_tick_that_stays_away_is_503(client):
    tell_tick(600)
    assert bad(report(client, 503)) == {"Last scheduled check"}


def test_a_migration_that_is_missing_is_503(client):
    ((_, newest),) = MigrationExecutor(connection).loader.graph.leaf_nodes("prompts")
    MigrationRecorder(connection).record_unapplied("prompts", newest)
    facts = report(client, 503)
    assert f"prompts.{newest}" in facts["Database"]["Migrations"]["value"]


def test_a_stopped_account_is_503_and_a_switched_off_one_is_not(client):
    account = make_account(
        stop_code="bad_key", check_result="The key was refused.", checked_at=timezone.now()
    )
    facts = report(client, 503)
    assert bad(facts) == {account.label}
    assert "stopped: bad_key" in facts["Provider"][account.label]["value"]
    assert "The key was refused." in facts["Provider"][account.label]["value"]
    ProviderAccount.objects.filter(pk=account.pk).update(is_enabled=False)
    assert bad(report(client)) == set()


def test_an_account_s_row_leads_to_its_page_for_whoever_may_repair_it(client):
    account = make_account(stop_code="bad_key")
    link = f'href="{reverse("admin:bulk_admin_provideraccount_change", args=[account.pk])}"'
    assert link in client.get(reverse(HEALTH)).content.decode()
    client.force_login(make_user("viewer", "bulk_admin.view_bulkgenerationjob"))
    assert link not in client.get(reverse(HEALTH)).content.decode()


def test_every_cooldown_is_shown_with_its_day_and_needs_nobody(client):
    account = make_account()
    until = timezone.now() + dt.timedelta(hours=20)
    for kind, words in (("image", "pictures"), ("text", "page texts")):
        account.pools.update(cooldown_until=None)
        account.pools.filter(kind=kind).update(cooldown_until=until)
        fact = report(client)["Provider"][account.label]
        assert f"{words} wait for the provider until {until:%d %b %Y %H:%M}" in fact["value"]
        assert fact["state"] == "note"


def test_the_outbox_is_reported_and_a_full_one_is_503(client, settings):
    job = make_job(1, "completed")
    call = make_call(make_image(job), CallState.DELIVERED)
    UnstoredImage.objects.create(call=call, content=b"x", size=2_000_000)
    assert report(client)["Storage"]["Outbox"]["value"] == "1 pictures, 2.0 MB"
    settings.BULK = settings.BULK | {"OUTBOX_PICTURES": 1}
    assert bad(report(client, 503)) == {"Outbox"}


def test_a_storage_that_is_down_is_503_after_one_request_each_and_its_probe_leaves_nothing(
    client, settings
):
    with S3Server("pages", "originals") as server:
        settings.STORAGES = {**settings.STORAGES, **server.storages("pages", "originals")}
        assert "deleted in" in report(client)["Storage"]["Public pictures"]["value"]
        assert server.keys("pages") == server.keys("originals") == []
        server.front.outage = True
        server.front.calls.clear()
        answer = client.get(reverse(HEALTH), headers=JSON)
        assert answer.status_code == 503
        assert server.url not in answer.content.decode()
        assert [call[0] for call in server.front.calls] == ["PUT", "PUT"]


def test_no_key_is_on_the_page(client):
    account = make_account("openai", base_url="http://127.0.0.1:9/v1")
    account.set_key("sk-test-0123456789-secret")
    account.save()
    assert "sk-test" not in client.get(reverse(HEALTH)).content.decode()


def test_healthz_tells_a_stranger_one_word(client):
    client.logout()
    answer = client.get("/healthz")
    assert (answer.status_code, json.loads(answer.content)) == (200, {"status": "ok"})


def test_a_tick_of_a_clock_that_was_ahead_is_no_sign_of_a_worker(client, superuser):
    tell_tick(-86_400)
    client.force_login(superuser)
    facts = client.get(reverse(HEALTH), headers=JSON).content.decode()
    assert "-86400 s ago" not in facts


def test_a_storage_that_hides_what_is_missing_is_named_and_its_words_are_shown(client, settings):
    with S3Server("pages", "originals") as server:
        settings.STORAGES = {**settings.STORAGES, **server.storages("pages", "originals")}
        server.front.hides_missing = True
        fact = report(client)["Storage"]["Private pictures"]
        assert "answers 403 for files that are missing" in fact["value"]
        server.front.next("access_denied")
        fact = report(client, 503)["Storage"]["Private pictures"]
        assert "not entitled" in fact["value"]
