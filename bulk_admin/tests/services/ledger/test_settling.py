"""What became of a call, in every order that answers can come in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from bulk_admin.models import (
    Billed,
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    JobStatus,
    Pool,
    ProviderAccount,
    ProviderCall,
    UnstoredImage,
    Worker,
)
from bulk_admin.services.image_providers.errors import NoCredit, Overloaded, RateLimited
from bulk_admin.services.jobs import lifecycle, pictures, trash
from bulk_admin.services.jobs.pictures import Decided
from bulk_admin.services.ledger import opening
from bulk_admin.services.ledger.outcome import Outcome, handed_back, outcome_of
from bulk_admin.services.ledger.permits import Permit, Stop, Wait
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.queue import page_queue
from bulk_admin.services.storage.storing import StoredPicture
from bulk_admin.testing.factories import make_account, make_job, make_model, make_user, make_worker
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db
PRICE = 10_000


@pytest.fixture
def job():
    return make_job(
        3,
        account=make_account(),
        model_name=make_model(name="priced").name,
        quality="medium",
        created_by=make_user(),
    )


def open_one(job: BulkGenerationJob) -> Permit:
    permit = opening.open_call(job.account.pools.get(kind="image").pk, make_worker().pk)
    assert isinstance(permit, Permit)
    return permit


def delivered(permit: Permit, **changes: object) -> Outcome:
    key = f"originals/{permit.job_id}/{permit.call_id}"
    picture = StoredPicture(
        key=key,
        sha256="ab" * 32,
        length=1234,
        content_type="image/png",
        width=8,
        height=9,
        thumb_300="t3",
        thumb_600="t6",
        **changes,
    )
    return Outcome(state=CallState.DELIVERED, billed=Billed.YES, picture=picture, seconds=1.5)


def unknown() -> Outcome:
    return Outcome(
        state=CallState.UNKNOWN, billed=Billed.UNKNOWN, error_code="unknown", message="No answer."
    )


def refused(code: str = "blocked", **changes: object) -> Outcome:
    return Outcome(
        **{
            "state": CallState.REFUSED,
            "billed": Billed.NO,
            "error_code": code,
            "message": "Refused.",
            **changes,
        }
    )


def image_of(permit: Permit) -> GeneratedImage:
    return GeneratedImage.objects.get(pk=permit.image_id)


def test_a_delivered_picture_is_completed_and_its_price_is_spent(job):
    permit = open_one(job)
    assert settle(permit.call_id, delivered(permit)) == Settled.DELIVERED
    image = image_of(permit)
    assert (image.status, image.picture_key, image.bytes, image.width, image.height) == (
        "completed",
        f"originals/{job.pk}/{permit.call_id}",
        1234,
        8,
        9,
    )
    job.refresh_from_db()
    assert (job.spent, job.reserved, job.completed_count, job.queued) == (PRICE, 0, 1, 2)
    assert audit() == []


def test_a_call_never_ends_before_it_was_sent(job):
    """The delay is measured by the worker's clock, the end by the database's."""
    permit = open_one(job)
    settle(permit.call_id, replace(delivered(permit), send_delay=30.0))
    call = ProviderCall.objects.get()
    assert call.finished_at == call.sent_at


def test_settling_twice_changes_nothing(job):
    permit = open_one(job)
    settle(permit.call_id, delivered(permit))
    before = BulkGenerationJob.objects.values().get(pk=job.pk)
    assert settle(permit.call_id, delivered(permit)) == Settled.DUPLICATE
    assert settle(permit.call_id, refused()) == Settled.DUPLICATE
    assert settle(permit.call_id, unknown()) == Settled.DUPLICATE
    assert BulkGenerationJob.objects.values().get(pk=job.pk) == before


def test_a_blocked_prompt_fails_unbilled(job):
    permit = open_one(job)
    settle(permit.call_id, refused())
    image = image_of(permit)
    assert (image.status, image.error_code, image.cost) == ("failed", "blocked", 0)
    job.refresh_from_db()
    assert (job.spent, job.reserved, job.failed_count) == (0, 0, 1)
    assert audit() == []


def test_a_refusal_that_may_have_been_billed_is_booked_at_its_reserve(job):
    permit = open_one(job)
    settle(permit.call_id, refused(billed=Billed.UNKNOWN))
    assert image_of(permit).cost == PRICE
    assert audit() == []


def test_an_unknown_outcome_counts_as_spent_and_is_not_bought_again(job):
    permit = open_one(job)
    settle(permit.call_id, unknown())
    job.refresh_from_db()
    assert (image_of(permit).status, job.spent, job.reserved, job.unknown_count) == (
        "unknown",
        PRICE,
        0,
        1,
    )
    assert {open_one(job).image_id, open_one(job).image_id}.isdisjoint({permit.image_id})
    assert audit() == []


def test_an_account_may_ask_to_buy_unknown_pictures_again_and_both_are_booked(job):
    ProviderAccount.objects.filter(pk=job.account_id).update(buy_again_unasked=True)
    permit = open_one(job)
    settle(permit.call_id, unknown())
    GeneratedImage.objects.filter(pk=permit.image_id).update(not_before=None)
    second = open_one(job)
    assert (second.image_id, second.attempt) == (permit.image_id, 2)
    settle(second.call_id, delivered(second))
    job.refresh_from_db()
    assert (job.spent, image_of(permit).cost) == (2 * PRICE, 2 * PRICE)
    assert audit() == []


def test_an_answer_after_all_is_adopted_and_paid_once(job):
    permit = open_one(job)
    settle(permit.call_id, unknown())
    assert settle(permit.call_id, delivered(permit)) == Settled.ADOPTED
    job.refresh_from_db()
    assert (image_of(permit).status, job.spent, job.unknown_count, job.completed_count) == (
        "completed",
        PRICE,
        0,
        1,
    )
    assert audit() == []


def test_pictures_that_come_after_the_end_get_the_page_that_was_asked_for(job):
    BulkGenerationJob.objects.filter(pk=job.pk).update(create_pages_when_done=True)
    permits = [open_one(job) for _ in range(3)]
    for permit in permits:
        settle(permit.call_id, unknown())
    job.refresh_from_db()
    assert (job.status, job.pages_open) == ("failed", 0)
    for number, permit in enumerate(permits, start=1):
        settle(permit.call_id, delivered(permit))
        job.refresh_from_db()
        assert (job.status, job.pages_open) == ("completed", number)
    assert audit() == []


def test_a_late_picture_begins_no_page_after_pages_were_stopped(job):
    BulkGenerationJob.objects.filter(pk=job.pk).update(create_pages_when_done=True)
    late, *others = [open_one(job) for _ in range(3)]
    settle(late.call_id, unknown())
    for permit in others:
        settle(permit.call_id, delivered(permit))
    assert page_queue.stop_pages(job.pk, by=None) == 2
    settle(late.call_id, delivered(late))
    assert not job.images.exclude(page_status="none").exists()


def test_a_reroll_after_pages_were_stopped_does_not_begin_them_all_again(job):
    BulkGenerationJob.objects.filter(pk=job.pk).update(create_pages_when_done=True)
    permits = [open_one(job) for _ in range(3)]
    for permit in permits:
        settle(permit.call_id, delivered(permit))
    assert page_queue.stop_pages(job.pk, by=None) == 3
    pictures.reroll(job.pk, permits[0].image_id, seen_variant=1, by=None)
    again = open_one(job)
    settle(again.call_id, delivered(again))
    job.refresh_from_db()
    assert (job.status, job.pages_open) == ("completed", 0)
    assert (
        page_queue.create_pages(job.pk, by=None).queued == 3
    )  # whoever asks for them still gets them
    assert audit() == []


def test_an_answer_after_it_was_accepted_as_lost_is_adopted(job):
    permit = open_one(job)
    settle(permit.call_id, unknown())
    assert pictures.accept_as_lost(job.pk, permit.image_id, seen_attempt=1, by=None) == Decided.LOST
    assert (
        pictures.accept_as_lost(job.pk, permit.image_id, seen_attempt=1, by=None) == Decided.STALE
    )
    assert settle(permit.call_id, delivered(permit)) == Settled.ADOPTED
    assert image_of(permit).status == "completed"
    assert audit() == []


def test_an_answer_after_it_was_bought_again_gets_a_tile_of_its_own(job):
    first = open_one(job)
    settle(first.call_id, unknown())
    assert pictures.buy_again(job.pk, first.image_id, seen_attempt=1, by=None) == Decided.QUEUED
    assert pictures.buy_again(job.pk, first.image_id, seen_attempt=1, by=None) == Decided.STALE
    second = open_one(job)
    assert (second.image_id, second.attempt) == (first.image_id, 2)
    assert settle(first.call_id, delivered(first)) == Settled.NEW_VARIANT
    settle(second.call_id, delivered(second))
    group = list(GeneratedImage.objects.filter(job=job, position=1).order_by("variant"))
    assert [(image.status, image.cost) for image in group] == [
        ("completed", PRICE),
        ("completed", PRICE),
    ]
    assert group[1].parent == group[0]
    job.refresh_from_db()
    assert (job.total, job.spent) == (4, 2 * PRICE)
    assert audit() == []


def test_a_stale_buy_again_buys_nothing_although_the_picture_is_unknown_again(job):
    first = open_one(job)
    settle(first.call_id, unknown())
    pictures.buy_again(job.pk, first.image_id, seen_attempt=1, by=None)
    settle(open_one(job).call_id, unknown())
    assert pictures.buy_again(job.pk, first.image_id, seen_attempt=1, by=None) == Decided.STALE
    assert pictures.accept_as_lost(job.pk, first.image_id, seen_attempt=1, by=None) == Decided.STALE
    assert image_of(first).status == "unknown"


def test_a_first_answer_is_not_taken_for_the_second_ones_though_both_are_unknown(job):
    first = open_one(job)
    settle(first.call_id, unknown())
    pictures.buy_again(job.pk, first.image_id, seen_attempt=1, by=None)
    second = open_one(job)
    settle(second.call_id, unknown())
    assert settle(first.call_id, delivered(first)) == Settled.NEW_VARIANT
    assert settle(second.call_id, delivered(second)) == Settled.ADOPTED
    keys = (
        GeneratedImage.objects.filter(job=job, position=1)
        .order_by("variant")
        .values_list("picture_key", flat=True)
    )
    assert list(keys) == [
        f"originals/{job.pk}/{second.call_id}",
        f"originals/{job.pk}/{first.call_id}",
    ]
    assert audit() == []


def test_a_late_not_sent_takes_its_money_off_the_books_and_queues_again(job):
    permit = open_one(job)
    settle(permit.call_id, unknown())
    settle(permit.call_id, handed_back("too old"))
    job.refresh_from_db()
    assert (image_of(permit).status, job.spent, job.unknown_count, job.queued) == (
        "queued",
        0,
        0,
        3,
    )
    assert audit() == []


def test_a_late_not_sent_after_a_second_purchase_only_unbooks(job):
    first = open_one(job)
    settle(first.call_id, unknown())
    pictures.buy_again(job.pk, first.image_id, seen_attempt=1, by=None)
    second = open_one(job)
    assert settle(first.call_id, handed_back("too old")) == Settled.STALE
    settle(second.call_id, delivered(second))
    job.refresh_from_db()
    assert job.spent == PRICE
    assert image_of(first).cost == PRICE
    assert audit() == []


def test_a_permit_handed_back_is_queued_without_a_try(job):
    permit = open_one(job)
    settle(permit.call_id, handed_back("too old"))
    image = image_of(permit)
    assert (image.status, image.tries, image.not_before) == ("queued", 0, None)
    assert open_one(job).attempt == 2
    assert audit() == []


def test_a_rate_limit_cools_the_pool_and_uses_no_try(job):
    permit = open_one(job)
    settle(
        permit.call_id, refused("rate_limited", retry_in=0.0, counts_as_try=False, cooldown=12.0)
    )
    assert (image_of(permit).status, image_of(permit).tries) == ("queued", 0)
    pool = Pool.objects.get(account=job.account, kind="image")
    assert 10 < (pool.cooldown_until - timezone.now()).total_seconds() <= 12
    assert isinstance(opening.open_call(pool.pk, make_worker().pk), Wait)


def test_a_short_wait_does_not_end_a_longer_cooldown(job):
    permits = [open_one(job), open_one(job)]
    for permit, seconds in zip(permits, (90.0, 5.0), strict=True):
        limited = refused("rate_limited", retry_in=0.0, counts_as_try=False, cooldown=seconds)
        settle(permit.call_id, limited)
    pool = Pool.objects.get(account=job.account, kind="image")
    assert 80 < (pool.cooldown_until - timezone.now()).total_seconds() <= 90


def test_only_a_refusal_of_the_picture_itself_counts_as_a_try():
    assert not outcome_of(RateLimited()).counts_as_try
    assert not outcome_of(NoCredit()).counts_as_try
    assert outcome_of(Overloaded()).counts_as_try


def test_a_rate_limit_inside_our_own_limit_makes_the_pool_space_its_calls(job):
    Pool.objects.filter(account=job.account).update(limit_per_minute=20)
    permit = open_one(job)
    settle(permit.call_id, refused("rate_limited", retry_in=0.0, counts_as_try=False, cooldown=0.0))
    assert Pool.objects.get(account=job.account, kind="image").gap == pytest.approx(60 / 20 / 8)


def test_a_refusal_of_the_moment_is_retried_three_times_and_then_fails(job):
    BulkGenerationJob.objects.filter(pk=job.pk).update(queued=1, total=1)
    GeneratedImage.objects.filter(job=job, position__gt=1).delete()
    for attempt in range(1, 5):
        permit = open_one(job)
        assert permit.attempt == attempt
        settle(permit.call_id, refused("overloaded", retry_in=0.0))
    image = image_of(permit)
    assert (image.status, image.error_code) == ("failed", "overloaded")
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert pictures.retry_failed(job.pk, by=None) == 1
    job.refresh_from_db()
    assert (job.status, job.queued, job.finished) == ("processing", 1, None)
    assert audit() == []


@pytest.mark.parametrize("code", ["bad_key", "no_credit", "not_verified"])
def test_a_fault_of_the_account_pauses_all_its_jobs_once_and_loses_no_picture(job, code):
    other = make_job(2, account=job.account, model_name=job.model_name, quality="medium")
    elsewhere = make_job(1, model_name=job.model_name, quality="medium")
    first, second = open_one(job), open_one(job)
    settle(first.call_id, refused(code, stops="account", counts_as_try=False))
    for paused in (job, other):
        paused.refresh_from_db()
        assert (paused.status, paused.status_reason) == ("paused", code)
    settle(second.call_id, refused(code, stops="account", counts_as_try=False))
    elsewhere.refresh_from_db()
    assert elsewhere.status == "processing"
    assert {image_of(first).status, image_of(second).status} == {"queued"}
    assert opening.open_call(job.account.pools.get(kind="image").pk, make_worker().pk) == Stop(code)
    assert lifecycle.resume(job.pk, by=None)
    assert open_one(job).image_id
    assert audit() == []


def test_a_setting_that_the_provider_refuses_pauses_only_its_job(job):
    other = make_job(
        2, account=job.account, model_name=job.model_name, quality="medium", served=timezone.now()
    )
    permit = open_one(job)
    settle(permit.call_id, refused("bad_request", stops="job", counts_as_try=False))
    job.refresh_from_db()
    assert (job.status, job.status_reason, job.queued) == ("paused", "bad_request", 3)
    assert open_one(job).job_id == other.pk


def test_what_is_in_flight_at_a_cancel_is_kept_and_a_hand_back_is_cancelled(job):
    kept, back = open_one(job), open_one(job)
    lifecycle.cancel(job.pk, by=None)
    settle(kept.call_id, delivered(kept))
    settle(back.call_id, handed_back("too old"))
    assert (image_of(kept).status, image_of(back).status) == ("completed", "cancelled")
    job.refresh_from_db()
    assert (job.status, job.cancelled_count, job.completed_count) == ("cancelled", 2, 1)
    assert audit() == []


def test_bytes_that_do_not_decode_fail_billed_and_stay_downloadable(job):
    permit = open_one(job)
    settle(permit.call_id, delivered(permit, is_readable=False))
    image = image_of(permit)
    assert (image.status, image.error_code, image.cost, bool(image.picture_key)) == (
        "failed",
        "undecodable",
        PRICE,
        True,
    )
    assert audit() == []


def test_bytes_that_the_storage_refused_go_to_the_outbox_with_the_row(job):
    permit = open_one(job)
    settle(permit.call_id, delivered(permit, unstored=b"bytes", metadata={"usage": {}}))
    assert bytes(UnstoredImage.objects.get(call_id=permit.call_id).content) == b"bytes"
    assert image_of(permit).status == "completed"


def test_the_job_ends_with_its_last_picture(job):
    for _ in range(2):
        permit = open_one(job)
        settle(permit.call_id, delivered(permit))
    permit = open_one(job)
    settle(permit.call_id, refused())
    job.refresh_from_db()
    assert (job.status, job.completed_count, job.failed_count) == ("completed", 2, 1)
    assert job.finished is not None


def test_a_job_without_a_single_picture_has_failed_until_one_comes_late(job):
    permits = [open_one(job) for _ in range(3)]
    for permit in permits:
        settle(permit.call_id, unknown())
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    settle(permits[1].call_id, delivered(permits[1]))
    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED


def test_rescue_leaves_a_call_alone_whose_worker_is_alive(job):
    permit = open_one(job)
    assert settle(permit.call_id, unknown(), only_of_dead_owner=True) == Settled.ALIVE
    owner = ProviderCall.objects.get(pk=permit.call_id).owner_id
    Worker.objects.filter(pk=owner).update(beat_at="1970-01-01T00:00:00Z")
    assert settle(permit.call_id, unknown(), only_of_dead_owner=True) == Settled.UNKNOWN
    assert audit() == []


@pytest.mark.parametrize("ended", ["failed", "completed"])
def test_a_late_not_sent_reopens_an_ended_job(job, ended):
    permits = [open_one(job) for _ in range(3)]
    settle(permits[0].call_id, delivered(permits[0]) if ended == "completed" else refused())
    for permit in permits[1:]:
        settle(permit.call_id, unknown())
    job.refresh_from_db()
    assert job.status == ended
    settle(permits[2].call_id, handed_back("The permit was too old to send."))
    job.refresh_from_db()
    assert (job.status, job.queued, job.unknown_count, job.finished) == ("processing", 1, 1, None)
    assert OrmQ.objects.count() == 1
    assert isinstance(open_one(job), Permit)
    assert audit() == []


@pytest.mark.parametrize("answer", ["delivered", "not sent"])
def test_a_late_answer_to_a_deleted_picture_only_moves_its_jobs_money(job, answer):
    permit = open_one(job)
    settle(permit.call_id, unknown())
    assert pictures.accept_as_lost(job.pk, permit.image_id, seen_attempt=1, by=None) == Decided.LOST
    assert trash.trash_images(job.pk, [permit.image_id], by=None).done == 1
    outcome = (
        delivered(permit)
        if answer == "delivered"
        else handed_back("The permit was too old to send.")
    )
    settle(permit.call_id, outcome)
    job.refresh_from_db()
    assert (job.spent, job.reserved) == (PRICE if answer == "delivered" else 0, 0)
    assert audit() == []


@pytest.mark.parametrize(
    "usage", [{}, {"image_output": 0, "text_input": 0}, {"text_input": 12}, {"image_output": 40}]
)
def test_what_the_usage_does_not_say_is_booked_at_the_reserve_and_called_estimated(job, usage):
    """Also where tokens are reported and the model has no price for them."""
    permit = open_one(job)
    picture = replace(delivered(permit), usage=usage)
    settle(permit.call_id, picture)
    call = ProviderCall.objects.get(pk=permit.call_id)
    assert (call.actual, call.is_estimated) == (PRICE, True)
    assert audit() == []
