"""Staff actions keep to the lock order: pool, account, job, page; nobody waits for one who waits
for them.
"""

from __future__ import annotations

import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.db import OperationalError, connection
from django.db.models.signals import pre_delete
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bulk_admin.models import PageStatus, Pool, ProviderAccount
from bulk_admin.testing.factories import make_account, make_image, make_job, make_page, make_user
from prompts.models import Prompt

DELETE = "/admin/prompts/prompt/bulk/delete/"


def page_of(job):
    return make_image(job, page_status=PageStatus.CREATED, page_id=make_page().pk).page_id


@pytest.mark.django_db(transaction=True)
def test_each_page_is_deleted_in_a_transaction_of_its_own(client):
    client.force_login(make_user("root", is_superuser=True))
    pages = [page_of(make_job(0, "completed")) for _ in range(2)]
    with CaptureQueriesContext(connection) as queries:
        client.post(DELETE, {"ids": ",".join(map(str, pages))})
    lock = 'FROM "bulk_admin_bulkgenerationjob" WHERE'
    steps = [
        "lock" if lock in query["sql"] else "commit"
        for query in queries
        if lock in query["sql"] or query["sql"] == "COMMIT"
    ]
    assert steps.count("lock") == 2
    assert "commit" in steps[steps.index("lock") : len(steps) - steps[::-1].index("lock")]
    assert not Prompt.objects.exists()
    assert LogEntry.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_two_deletions_that_meet_the_same_jobs_in_opposite_order_both_end():
    one, other = make_job(0, "completed"), make_job(0, "completed")
    mine, theirs = [page_of(one)], [page_of(other)]
    mine, theirs = [*mine, page_of(other)], [*theirs, page_of(one)]
    person = make_user("root", is_superuser=True)
    both_hold_one = threading.Barrier(2)
    answers = []

    def wait_for_the_other(instance, **kwargs):
        if instance.pk in (mine[0], theirs[0]):
            both_hold_one.wait(10)

    def delete(pages):
        client = Client()
        client.force_login(person)
        try:
            answers.append(client.post(DELETE, {"ids": ",".join(map(str, pages))}).context["done"])
        finally:
            connection.close()

    pre_delete.connect(
        wait_for_the_other, sender=Prompt
    )  # after the generator's own receiver, which locks the job
    try:
        threads = [threading.Thread(target=delete, args=(pages,)) for pages in (mine, theirs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    finally:
        pre_delete.disconnect(wait_for_the_other, sender=Prompt)
    assert answers == [2, 2]
    assert not Prompt.objects.exists()


@pytest.mark.django_db
def test_a_page_that_is_gone_by_then_is_reported_and_the_rest_goes_on(client):
    client.force_login(make_user("root", is_superuser=True))
    first, second = make_page().pk, make_page().pk

    def take_the_second(instance, **kwargs):
        Prompt.objects.filter(pk=second)._raw_delete(using="default")

    pre_delete.connect(take_the_second, sender=Prompt)
    try:
        response = client.post(DELETE, {"ids": f"{first},{second}"})
    finally:
        pre_delete.disconnect(take_the_second, sender=Prompt)
    assert {line.text: line.ok for line in response.context["lines"]} == {
        "Deleted.": True,
        "It was deleted in the meantime.": False,
    }


@pytest.mark.django_db
def test_an_account_is_saved_after_its_pools_are_locked(client):
    client.force_login(make_user("root", is_superuser=True))
    account = make_account("placeholder", label="Ours")
    form = {
        "label": "Ours",
        "tier": "1",
        "is_enabled": "on",
        "options": "{}",
        "images_per_minute": "7",
    }
    inline = {"pools-TOTAL_FORMS": "0", "pools-INITIAL_FORMS": "0"}
    with CaptureQueriesContext(connection) as queries:
        response = client.post(
            f"/admin/bulk_admin/provideraccount/{account.pk}/change/", {**form, **inline}
        )
    assert response.status_code == 302, response.context["errors"]
    written = [query["sql"] for query in queries]
    saved = next(
        n for n, sql in enumerate(written) if sql.startswith('UPDATE "bulk_admin_provideraccount"')
    )
    locked = [sql for sql in written[:saved] if f'FROM "{Pool._meta.db_table}"' in sql]
    assert locked
    assert connection.vendor != "postgresql" or any("FOR NO KEY UPDATE" in sql for sql in locked)
    assert ProviderAccount.objects.get(pk=account.pk).images_per_minute == 7


@pytest.mark.django_db
def test_a_page_that_the_database_would_not_delete_now_is_reported_and_the_rest_goes_on(client):
    client.force_login(make_user("root", is_superuser=True))
    busy, free = make_page().pk, make_page().pk

    def fail(instance, **kwargs):
        if instance.pk == busy:
            raise OperationalError("lock timeout")

    pre_delete.connect(fail, sender=Prompt)
    try:
        response = client.post(DELETE, {"ids": f"{busy},{free}"})
    finally:
        pre_delete.disconnect(fail, sender=Prompt)
    assert "The database was busy" in response.content.decode()
    assert list(Prompt.objects.values_list("pk", flat=True)) == [busy]
    assert LogEntry.objects.count() == 1
