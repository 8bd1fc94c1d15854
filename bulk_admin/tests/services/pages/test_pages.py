"""Kept pictures become pages through the platform's text account: checked, written, booked, and
never twice.
"""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from bulk_admin.models import (
    GeneratedImage,
    PageStatus,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.services.image_providers import PROVIDERS
from bulk_admin.services.ledger.permits import Permit
from bulk_admin.services.pages import texts
from bulk_admin.services.queue import page_queue
from bulk_admin.services.storage import private
from bulk_admin.services.worker import pump
from bulk_admin.testing.factories import make_account, make_job
from bulk_admin.testing.pages.models import Page
from bulk_admin.testing.pictures import png_bytes
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = {
    "BULK_RETRY_BACKOFF": "0.1",
    "BULK_LEASE": "2",
    "BULK_HEARTBEAT": "0.3",
    "BULK_RESCUE_EVERY": "0.5",
}


def finished_job(prompts=2, provider="openai_compatible", **fields):
    """A job whose pictures are in the storage."""
    job = make_job(
        prompts, status="completed", stored=True, account=make_account(provider), **fields
    )
    assert png_bytes()
    return job


def test_a_page_is_checked_written_and_booked(server, text_account, settings):
    settings.BULK = settings.BULK | {"STYLE_NOTE": "Mention the season."}
    job = finished_job()
    assert page_queue.create_pages(job.pk, by=None).queued == 2
    pump.run()
    job.refresh_from_db()
    assert (job.pages_created, job.pages_open, job.spent) == (2, 0, 0)
    assert job.text_spent > 0
    assert job.text_reserved == 0
    page = Page.objects.first()
    assert (page.status, page.written_by, page.moderation) == ("draft", "ai", "passed")
    assert len(server.till.calls("moderation")) == len(server.till.billed("text")) == 2
    assert set(ProviderCall.objects.values_list("kind", "state", "billed", "http_status")) == {
        ("text", "delivered", "yes", 200)
    }
    assert any("Mention the season." in str(request.json) for request in server.requests)
    assert audit() == []


def test_a_flagged_picture_makes_no_page_and_says_why(server, text_account):
    job = finished_job(["[flagged] something", "a calm sea"])
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    assert (job.pages_blocked, job.pages_created) == (1, 1)
    blocked = job.images.get(page_status=PageStatus.BLOCKED)
    assert blocked.page_error_code == "flagged"
    assert blocked.page_error
    assert not ProviderCall.objects.filter(image=blocked).exists()


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_every_providers_pictures_are_checked(server, text_account, provider):
    job = finished_job(["a calm sea", "[flagged] something"], provider=provider)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    assert [page.moderation for page in Page.objects.all()] == ["passed"]
    assert len(server.till.calls("moderation")) == 2


@pytest.mark.parametrize("has_key", [True, False])
def test_only_a_switch_of_its_account_skips_the_check(server, request, has_key):
    if has_key:
        request.getfixturevalue("text_account")
    job = finished_job(["[flagged] something"])
    ProviderAccount.objects.filter(pk=job.account_id).update(skips_moderation=True)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    assert Page.objects.get().moderation == "skipped"
    assert server.till.calls("moderation") == []


def test_without_a_key_the_page_says_that_it_was_not_checked_and_was_written_by_rule():
    job = finished_job(1)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    page = Page.objects.get()
    assert (page.moderation, page.written_by) == ("not_checked", "rule")


def test_an_unknown_text_call_is_repeated_at_most_twice_and_each_is_booked(server, text_account):
    server.text_plan.next("reset_after_billing", "server_error_billed", "bad_gateway", "ok")
    job = finished_job(1)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    assert (job.pages_failed, job.pages_created) == (1, 0)
    assert ProviderCall.objects.filter(kind="text", billed="unknown").count() == 3
    assert job.text_spent == sum(ProviderCall.objects.values_list("reserved", flat=True))
    assert page_queue.retry_pages(job.pk, by=None) == 1
    pump.run()
    job.refresh_from_db()
    assert job.pages_created == 1
    assert len(server.till.calls("moderation")) == 1, "the saved verdict was asked for again"
    assert audit() == []


@pytest.mark.parametrize("fault", ["refusal", "incomplete", "empty_data"])
def test_an_answer_without_a_usable_text_never_becomes_a_page(server, text_account, fault):
    if fault not in server.text_plan.table:
        pytest.fail(fault)
    server.text_plan.next(fault, "ok")
    job = finished_job(1)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    calls = ProviderCall.objects.filter(kind="text").order_by("sent_at")
    assert all(call.billed != "no" for call in calls)
    assert Page.objects.count() == 1
    assert Page.objects.get().written_by == "ai"
    assert audit() == []


@pytest.mark.parametrize("fault", ["insufficient_quota", "billing_hard_limit"])
def test_a_text_account_without_credit_fails_the_pages_and_a_retry_pays_nothing_twice(
    server, text_account, fault
):
    server.text_plan.next(fault)
    job = finished_job(3)
    text_account.pools.filter(kind="text").update(max_in_flight=1)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    assert (job.pages_failed, job.pages_created) == (3, 0)
    assert set(job.images.values_list("page_error_code", flat=True)) == {"no_credit"}
    assert len(server.till.calls("text")) == 1
    text_account.refresh_from_db()
    assert text_account.stop_code == "no_credit"
    ProviderAccount.objects.update(stop_code="")
    assert page_queue.retry_pages(job.pk, by=None) == 3
    pump.run()
    job.refresh_from_db()
    assert job.pages_created == 3
    assert len(server.till.billed("text")) == 3
    assert len(server.till.calls("moderation")) == 3
    assert audit() == []


def test_a_moderation_that_stumbles_is_asked_again_for_free(server, text_account):
    server.moderation_plan.next("overloaded", "server_error", "rate_limit_ms")
    job = finished_job(1)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    assert job.pages_created == 1


def test_pages_go_on_while_their_job_is_paused_or_cancelled(server, text_account):
    job = finished_job(1, image_status="completed")
    type(job).objects.filter(pk=job.pk).update(status="cancelled")
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    assert (job.pages_created, job.status) == (1, "cancelled")


def test_stopping_takes_back_what_nobody_works_on():
    job = finished_job(3)
    page_queue.create_pages(job.pk, by=None)
    assert page_queue.stop_pages(job.pk, by=None) == 3
    assert page_queue.stop_pages(job.pk, by=None) == 0
    pump.run()
    assert not Page.objects.exists()
    assert set(job.images.values_list("page_status", flat=True)) == {"none"}
    assert audit() == []


@pytest.mark.process
def test_a_worker_killed_while_it_makes_pages_makes_none_twice(
    server, text_account, worker_process
):
    server.latency = 0.2
    job = finished_job(12)
    page_queue.create_pages(job.pk, by=None)
    first = worker_process(env=QUICK)
    processes.wait_until(lambda: Page.objects.count() >= 2, what="two pages are made")
    processes.kill(first)
    worker_process(env=QUICK)
    processes.wait_until(
        lambda: GeneratedImage.objects.filter(job=job, page_status="created").count() == 12,
        what="all pages are made",
    )
    assert Page.objects.count() == 12
    assert Page.objects.values("source_ref").distinct().count() == 12
    assert audit() == []


def test_pages_whose_text_account_goes_away_have_failed_and_say_why(server, text_account):
    job = finished_job(2)
    page_queue.create_pages(job.pk, by=None)
    job.images.update(
        page_status="writing", page_not_before=timezone.now() - dt.timedelta(seconds=5)
    )
    ProviderAccount.objects.filter(pk=text_account.pk).update(is_enabled=False)
    pump.run()
    job.refresh_from_db()
    assert (job.pages_open, job.pages_failed) == (0, 2)
    assert set(job.images.values_list("page_error_code", flat=True)) == {"account_off"}
    ProviderAccount.objects.filter(pk=text_account.pk).update(is_enabled=True)
    assert page_queue.retry_pages(job.pk, by=None) == 2
    pump.run()
    assert Page.objects.filter(written_by="ai").count() == 2
    assert audit() == []


def test_a_key_that_cannot_be_read_fails_pages_and_leaves_pictures_alone(server, text_account):
    ProviderAccount.objects.filter(pk=text_account.pk).update(encrypted_key="garbage")
    pictures = make_job(3, account=make_account())
    job = finished_job(2)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    job.refresh_from_db()
    pictures.refresh_from_db()
    assert (job.pages_open, job.pages_failed, job.pages_created) == (0, 2, 0)
    assert set(job.images.values_list("page_error_code", flat=True)) == {"bad_key"}
    assert (pictures.status, pictures.completed_count) == ("completed", 3)
    assert audit() == []


def test_a_key_that_goes_between_permit_and_call_buys_nothing(server, text_account, monkeypatch):
    job = finished_job(1)
    page_queue.create_pages(job.pk, by=None)
    real = texts.work_for

    def without_key(permit):
        ProviderAccount.objects.filter(pk=text_account.pk).update(encrypted_key="garbage")
        return real(permit)

    monkeypatch.setattr("bulk_admin.services.pages.texts.work_for", without_key)
    pump.run()
    job.refresh_from_db()
    assert (job.pages_failed, job.text_spent, job.text_reserved) == (1, 0, 0)
    assert server.till.calls("text") == []
    assert audit() == []


def test_refusals_that_are_normal_use_no_try_of_a_page_up(server, text_account):
    server.text_plan.next(*["rate_limit_ms"] * 5, "ok")
    job = finished_job(1)
    page_queue.create_pages(job.pk, by=None)
    pump.run()
    assert Page.objects.get().written_by == "ai"
    assert len(server.till.billed("text")) == 1
    assert audit() == []


def test_a_text_is_written_from_the_small_picture(server, text_account):
    job = finished_job(1)
    image = job.images.get()
    private.delete(image.picture_key)
    permit_work = texts.work_for(
        Permit(
            call_id=uuid.uuid4(),
            kind="text",
            image_id=image.pk,
            job_id=job.pk,
            account_id=1,
            pool_id=1,
            attempt=1,
            prompt="a calm sea",
            model="gpt-6-luna",
        )
    )
    permit_work.run(lambda done: None)
    assert permit_work.written is not None, permit_work.error
