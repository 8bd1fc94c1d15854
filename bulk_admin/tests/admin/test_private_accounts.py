"""A private account is its owner's: nobody else spends with it, or reads how it is called."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from bulk_admin.codes import Code
from bulk_admin.models import BulkGenerationJob, ImageStatus, JobStatus, PageStatus, Spend
from bulk_admin.services.jobs import lifecycle, pictures
from bulk_admin.services.jobs.account_check import check_account
from bulk_admin.services.ledger.opening import open_call
from bulk_admin.services.ledger.permits import Stop
from bulk_admin.testing.factories import (
    make_account,
    make_call,
    make_image,
    make_job,
    make_user,
    make_worker,
)

pytestmark = pytest.mark.django_db
LABEL = "Anna's secret studio"
VIEW = ("bulk_admin.view_bulkgenerationjob", "bulk_admin.view_generatedimage")
LEDGER = ("bulk_admin.view_providercall", "bulk_admin.view_spend")
CHANGE = (*VIEW, "bulk_admin.change_bulkgenerationjob", "bulk_admin.generate")
CALLS, SPEND = "/admin/bulk_admin/providercall/", "/admin/bulk_admin/spend/"


@pytest.fixture
def anna():
    return make_user("anna", *VIEW, *LEDGER, "bulk_admin.generate")


@pytest.fixture
def hers(anna):
    return make_account(label=LABEL, owner=anna)


@pytest.fixture
def job(hers, anna):
    job = make_job(1, JobStatus.PAUSED, account=hers, created_by=anna, name="Foxes")
    make_image(job, ImageStatus.FAILED, error_code="provider_error")
    make_image(job, ImageStatus.UNKNOWN, attempt=1)
    make_call(make_image(job, ImageStatus.COMPLETED, page_status=PageStatus.NONE))
    job.refresh_from_db()
    return job


@pytest.fixture
def draft(hers, anna):
    return make_job(2, JobStatus.DRAFT, account=hers, created_by=anna)


def colleague():
    return make_user("clara", *CHANGE)


def superuser():
    return make_user("root", is_superuser=True)


# --- spending with it --------------------------------------------------------------------------


def presses(job):
    """Each address that buys, with what its button sends."""
    address = f"/admin/bulk_admin/bulkgenerationjob/{job.pk}"
    failed, unknown = (job.images.get(status=status) for status in ("failed", "unknown"))
    return [
        (f"{address}/act/resume/", {}),
        (f"{address}/act/retry_failed/", {}),
        (f"{address}/image/{failed.pk}/retry/", {"seen_attempt": failed.attempt}),
        (f"{address}/image/{failed.pk}/reroll/", {"seen_variant": 1}),
        (f"{address}/image/{failed.pk}/edit/", {"seen_variant": 1, "prompt": "A heron"}),
        (f"{address}/image/{unknown.pk}/buy_again/", {"seen_attempt": 1}),
    ]


@pytest.mark.parametrize("person", [colleague, superuser])
def test_nobody_else_buys_with_it(client, job, person):
    client.force_login(person())
    before = (job.revision, job.queued, job.status)
    assert {client.post(url, data).status_code for url, data in presses(job)} == {403}
    job.refresh_from_db()
    assert (job.revision, job.queued, job.status) == before


def test_its_owner_does(client, anna, job):
    client.force_login(anna)
    assert {client.post(url, data).status_code for url, data in presses(job)} == {200}
    job.refresh_from_db()
    assert (job.status, job.queued) == (JobStatus.PROCESSING, 4)


def test_the_same_colleague_buys_for_a_job_on_the_platform_s_account(client, anna):
    client.force_login(colleague())
    job = make_job(1, JobStatus.PAUSED, created_by=anna)
    url = f"/admin/bulk_admin/bulkgenerationjob/{job.pk}/act/resume/"
    assert client.post(url).status_code == 200


@pytest.mark.parametrize("person", [colleague, superuser])
def test_nobody_else_starts_a_draft_with_it(client, draft, person):
    client.force_login(person())
    sheet = reverse("admin:bulk_admin_bulkgenerationjob_sheet_generate", args=[draft.pk])
    assert client.post(sheet, {"revision": draft.revision}).status_code == 403
    draft.refresh_from_db()
    assert (draft.status, draft.queued) == (JobStatus.DRAFT, 0)


def orders(job):
    """Each service that orders pictures, by name."""
    failed, unknown = (job.images.get(status=status) for status in ("failed", "unknown"))
    return {
        "resume": lambda by: lifecycle.resume(job.pk, by=by),
        "retry": lambda by: pictures.retry_failed(job.pk, by=by),
        "retry one": lambda by: pictures.retry_failed(job.pk, [failed.pk], by=by),
        "reroll": lambda by: pictures.reroll(job.pk, failed.pk, seen_variant=1, by=by),
        "buy again": lambda by: pictures.buy_again(job.pk, unknown.pk, seen_attempt=1, by=by),
    }


@pytest.mark.parametrize("name", ["resume", "retry", "retry one", "reroll", "buy again"])
@pytest.mark.parametrize("person", [colleague, superuser, lambda: None])
def test_a_service_refuses_whoever_calls_it_and_takes_its_owner(anna, job, name, person):
    before = BulkGenerationJob.objects.values().get(pk=job.pk)
    with pytest.raises(lifecycle.NotYours) as refused:
        orders(job)[name](person())
    assert refused.value.code == Code.NOT_YOURS
    assert BulkGenerationJob.objects.values().get(pk=job.pk) == before
    assert orders(job)[name](anna)


@pytest.mark.parametrize("person", [colleague, superuser, lambda: None])
def test_generate_refuses_whoever_calls_it_and_takes_its_owner(anna, draft, person):
    with pytest.raises(lifecycle.NotYours):
        lifecycle.generate(draft.pk, by=person())
    draft.refresh_from_db()
    assert draft.status == JobStatus.DRAFT
    assert lifecycle.generate(draft.pk, by=anna)


@pytest.mark.parametrize("action", ["resume", "retry"])
def test_the_command_line_refuses_who_is_not_its_owner(anna, job, action):
    superuser()
    with pytest.raises(CommandError, match="only its owner can spend with it") as refused:
        call_command("bulk_job", str(job.pk), action)
    assert refused.value.returncode == 2
    assert "--user" in str(refused.value)
    job.refresh_from_db()
    assert (job.status, job.queued) == (JobStatus.PAUSED, 1)
    call_command("bulk_job", str(job.pk), action, "--user", "anna", stderr=io.StringIO())
    job.refresh_from_db()
    assert (job.status, job.queued) != (JobStatus.PAUSED, 1)


def test_who_repairs_its_key_lets_go_on_what_its_owner_ordered(hers, job):
    BulkGenerationJob.objects.filter(pk=job.pk).update(status_reason=Code.BAD_KEY)
    check_account(hers.pk, by=superuser())
    job.refresh_from_db()
    assert job.status == JobStatus.PROCESSING


@pytest.mark.parametrize("page", ["bulkgenerationjob", "generatedimage"])
def test_bulk_actions_leave_it_alone(client, job, page):
    client.force_login(colleague())
    row = job if page == "bulkgenerationjob" else job.images.get(status=ImageStatus.FAILED)
    url = f"/admin/bulk_admin/{page}/bulk/retry_failed/"
    body = client.post(url, {"ids": str(row.pk)}).content.decode()
    assert "You do not have permission to change this one." in body
    job.refresh_from_db()
    assert job.queued == 1


def test_what_costs_nothing_is_still_for_who_may_change_jobs(client, job):
    client.force_login(colleague())
    url = f"/admin/bulk_admin/bulkgenerationjob/{job.pk}/act/cancel/"
    assert client.post(url).status_code == 200
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED


# --- once its owner is deleted -----------------------------------------------------------------


def test_a_job_whose_account_lost_its_owner_says_what_can_be_done(client, anna, job):
    lifecycle.resume(job.pk, by=anna)
    anna.delete()
    stop = open_call(job.account.pools.get(kind="image").pk, make_worker().pk)
    assert stop == Stop(Code.OWNER_DELETED)
    client.force_login(superuser())
    body = " ".join(client.get(job.get_absolute_url()).content.decode().split())
    assert "The owner of the private account was deleted" in body
    assert "Generate the rest in a new job with another account." in body
    assert "Enable it" not in body and "to-account" not in body
    assert "/act/resume/" not in body


# --- its label ---------------------------------------------------------------------------------


def part(job, name):
    return job.get_absolute_url().replace("/change/", f"/{name}/")


def pages(client, job, hers, anna):
    """What is shown of the job and of its money."""
    call = make_call(job.images.get(status=ImageStatus.COMPLETED), attempt=2)
    day = make_day(hers, anna)
    urls = [
        job.get_absolute_url(),
        part(job, "status"),
        part(job, "ask/more"),
        "/admin/",
        "/admin/health/",
        "/admin/bulk_admin/bulkgenerationjob/",
        "/admin/bulk_admin/bulkgenerationjob/add/",
        f"/admin/bulk_admin/bulkgenerationjob/add/?from={job.pk}&prompts=all",
        "/admin/bulk_admin/generatedimage/",
        CALLS,
        f"{CALLS}{call.pk}/change/",
        SPEND,
        f"{SPEND}?q=studio",
        f"{SPEND}{day.pk}/change/",
    ]
    return {url: client.get(url, follow=True).content.decode() for url in urls}


def make_day(account, person):
    return Spend.objects.create(
        scope=Spend.Scope.PERSON, key=f"{account.pk}:{person.pk}", day="2026-01-01", spent=5
    )


def test_a_label_is_shown_to_nobody_else(client, anna, hers, job):
    client.force_login(make_user("clara", *CHANGE, *LEDGER))
    shown = pages(client, job, hers, anna)
    assert [url for url, body in shown.items() if "secret studio" in body] == []
    assert "a private account" in shown[CALLS] and "a private account" in shown[SPEND]
    assert "a private account" in shown[part(job, "ask/more")]


@pytest.mark.parametrize("manages", [False, True], ids=["its owner", "who manages accounts"])
def test_a_label_is_shown_to_its_owner_and_who_manages_accounts(client, anna, hers, job, manages):
    manager = make_user("max", *VIEW, *LEDGER, "bulk_admin.manage_accounts")
    client.force_login(manager if manages else anna)
    shown = pages(client, job, hers, anna)
    for url in (part(job, "ask/more"), CALLS, SPEND, f"{SPEND}?q=studio"):
        assert "secret studio" in shown[url], url


def test_the_ledger_cannot_be_asked_for_a_label_letter_by_letter(client, job):
    client.force_login(make_user("clara", *VIEW, *LEDGER))
    assert client.get(CALLS, {"account_label__startswith": "Anna"}).status_code == 400
    assert client.get(CALLS, {"account__label__startswith": "Anna"}).status_code == 400
    assert not client.get(CALLS, {"account": LABEL}).context["cl"].result_count
    assert not client.get(SPEND, {"q": "studio"}).context["cl"].result_count


def test_a_label_that_two_accounts_share_shows_only_the_platform_s_calls(client, job):
    make_call(make_job(1, JobStatus.COMPLETED, account=make_account(label=LABEL)).images.get())
    client.force_login(make_user("clara", *VIEW, *LEDGER))
    (call,) = client.get(CALLS, {"account": LABEL}).context["cl"].result_list
    assert call.account.is_platform


def test_the_label_of_a_deleted_account_is_for_who_manages_accounts(client, job):
    job.images.all().delete()
    account = job.account
    job.delete()
    account.delete()
    client.force_login(make_user("clara", *VIEW, *LEDGER))
    body = client.get(CALLS).content.decode()
    assert "secret studio" not in body and "a deleted account" in body
