"""open_call decides everything, and books what it allows."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    ImageModel,
    JobStatus,
    ModelPrice,
    Pool,
    ProviderCall,
    Spend,
    UnstoredImage,
)
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.ledger import opening, spend
from bulk_admin.services.ledger.permits import Answer, Idle, Permit, Stop, Wait, Why
from bulk_admin.services.pages import texts
from bulk_admin.testing.factories import (
    make_account,
    make_call,
    make_image,
    make_job,
    make_model,
    make_user,
    make_worker,
)
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db
PRICE = 10_000


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def model(account):
    return make_model(name="priced")


@pytest.fixture
def job(account, model):
    return make_job(
        3, account=account, model_name=model.name, quality="medium", created_by=make_user()
    )


def open_one(job: BulkGenerationJob) -> Answer:
    return opening.open_call(job.account.pools.get(kind="image").pk, make_worker().pk)


def change_pool(job: BulkGenerationJob, **fields: object) -> None:
    Pool.objects.filter(account=job.account, kind="image").update(**fields)


def test_a_permit_carries_all_that_a_call_needs_and_books_its_price(job):
    BulkGenerationJob.objects.filter(pk=job.pk).update(
        prompt_suffix="oil on canvas", output_format="webp"
    )
    permit = open_one(job)
    assert isinstance(permit, Permit)
    image = GeneratedImage.objects.get(pk=permit.image_id)
    assert (image.status, image.attempt, image.position) == ("generating", 1, 1)
    assert "oil on canvas" in permit.prompt
    assert (permit.model, permit.quality, permit.size, permit.options.output_format) == (
        "priced",
        "medium",
        "1024x1024",
        "webp",
    )
    job.refresh_from_db()
    assert (job.status, job.reserved, job.spent, job.queued, job.generating) == (
        "processing",
        PRICE,
        0,
        2,
        1,
    )
    assert Spend.objects.get(scope="account").reserved == PRICE
    assert Spend.objects.get(scope="person").reserved == PRICE
    assert audit() == []


def test_nothing_queued_is_idle(job):
    GeneratedImage.objects.filter(job=job).update(status="completed", picture_key="x")
    BulkGenerationJob.objects.filter(pk=job.pk).update(queued=0)
    assert open_one(job) == Idle()


@pytest.mark.parametrize(
    "status", [s for s in JobStatus.values if s not in ("pending", "processing")]
)
def test_a_job_that_is_not_running_buys_nothing(job, status):
    BulkGenerationJob.objects.filter(pk=job.pk).update(status=status)
    assert isinstance(open_one(job), Idle)
    assert not ProviderCall.objects.exists()


def test_the_limit_th_newest_call_of_the_last_minute_makes_the_next_one_wait(job, settings):
    settings.BULK = settings.BULK | {"WINDOW": 60.0, "GUARD": 0.5}
    change_pool(job, limit_per_minute=2)
    assert isinstance(open_one(job), Permit)
    assert isinstance(open_one(job), Permit)
    answer = open_one(job)
    assert isinstance(answer, Wait)
    assert answer.why == Why.PACE
    assert 55 < answer.seconds <= 60.5
    oldest = ProviderCall.objects.order_by("sent_at").first()
    ProviderCall.objects.filter(pk=oldest.pk).update(
        sent_at=timezone.now() - dt.timedelta(seconds=60.6)
    )
    assert isinstance(open_one(job), Permit)


def test_refused_calls_count_into_the_window(job):
    change_pool(job, limit_per_minute=1)
    make_call(make_image(job), CallState.REFUSED, pool=job.account.pools.get(kind="image"))
    assert isinstance(open_one(job), Wait)


def test_a_cooling_pool_waits_until_it_is_over(job):
    change_pool(job, cooldown_until=timezone.now() + dt.timedelta(seconds=30))
    answer = open_one(job)
    assert isinstance(answer, Wait)
    assert answer.why == Why.COOLDOWN
    assert 28 < answer.seconds <= 30


def test_a_gap_spaces_calls_out(job):
    assert isinstance(open_one(job), Permit)
    change_pool(job, gap=20.0)
    answer = open_one(job)
    assert isinstance(answer, Wait)
    assert answer.why == Why.GAP


def test_no_more_calls_in_flight_than_the_pool_allows(job):
    change_pool(job, max_in_flight=1)
    assert isinstance(open_one(job), Permit)
    assert open_one(job) == Wait(0.5, Why.IN_FLIGHT)


def test_a_job_at_its_cap_is_paused_with_the_reason_and_the_next_one_is_served(job):
    BulkGenerationJob.objects.filter(pk=job.pk).update(budget_cap=PRICE - 1)
    other = make_job(
        1, account=job.account, model_name=job.model_name, quality="medium", served=timezone.now()
    )
    permit = open_one(job)
    assert isinstance(permit, Permit)
    assert permit.job_id == other.pk
    job.refresh_from_db()
    assert (job.status, job.status_reason, job.queued) == ("paused", "job_cap", 3)
    assert audit() == []


def test_room_taken_only_by_reservations_is_a_wait_and_not_a_pause(job):
    BulkGenerationJob.objects.filter(pk=job.pk).update(budget_cap=PRICE)
    assert isinstance(open_one(job), Permit)
    assert open_one(job) == Wait(0.5, Why.CAP_RESERVED)
    job.refresh_from_db()
    assert job.status == "processing"


@pytest.mark.parametrize(("field", "code"), [("day_cap", "day_cap"), ("month_cap", "month_cap")])
def test_an_account_at_its_cap_stops_and_pauses_its_jobs(job, field, code):
    setattr(job.account, field, PRICE * 2 - 1)
    job.account.save(update_fields=[field])
    day = timezone.now().date()
    Spend.objects.create(scope="account", key=str(job.account_id), day=day, spent=PRICE)
    assert open_one(job) == Stop(code)
    job.refresh_from_db()
    assert (job.status, job.status_reason, job.reserved, job.queued) == ("paused", code, 0, 3)
    assert not ProviderCall.objects.exists()
    assert not GeneratedImage.objects.filter(status="generating").exists()


def test_a_month_cap_counts_the_days_before(job):
    today = timezone.now().date()
    if today.day == 1:
        today = today + dt.timedelta(days=1)
    job.account.month_cap = PRICE * 3
    Spend.objects.create(
        scope="account",
        key=str(job.account_id),
        day=today.replace(day=1) if today.day > 1 else today,
        spent=PRICE * 2,
    )
    assert spend.spent_this_month(str(job.account_id), today) == PRICE * 2
    assert spend.spent_this_month(str(job.account_id), today.replace(day=1)) == 0


def test_what_was_spent_earlier_in_the_month_leaves_less_for_today(job):
    job.account.month_cap = PRICE * 3 - 1
    job.account.save(update_fields=["month_cap"])
    Spend.objects.create(
        scope="account",
        key=str(job.account_id),
        day=timezone.now().date().replace(day=1),
        spent=PRICE * 2,
    )
    assert open_one(job) == Stop("month_cap")
    assert not ProviderCall.objects.exists()


def test_a_person_at_the_day_cap_has_that_job_paused_and_others_go_on(job):
    job.account.person_day_cap = PRICE - 1
    job.account.save(update_fields=["person_day_cap"])
    free = make_job(
        1,
        account=job.account,
        model_name=job.model_name,
        quality="medium",
        created_by=None,
        served=timezone.now(),
    )
    permit = open_one(job)
    assert isinstance(permit, Permit)
    assert permit.job_id == free.pk
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("paused", "person_cap")
    assert audit() == []


def test_the_account_cap_is_never_passed_by_many_small_openings(job, model):
    make_job(20, account=job.account, model_name=model.name, quality="medium")
    job.account.day_cap = PRICE * 7 + 1
    job.account.save(update_fields=["day_cap"])
    answers = [open_one(job) for _ in range(12)]
    assert sum(isinstance(answer, Permit) for answer in answers) == 7
    assert all(answer == Wait(0.5, Why.CAP_RESERVED) for answer in answers[7:])
    assert Spend.objects.get(scope="account").reserved == PRICE * 7


def test_the_least_recently_served_job_comes_first(account, model):
    big = make_job(20, account=account, model_name=model.name, quality="medium", name="big")
    assert isinstance(open_one(big), Permit)
    small = make_job(3, account=account, model_name=model.name, quality="medium", name="small")
    order = [BulkGenerationJob.objects.get(pk=open_one(big).job_id).name for _ in range(6)]
    assert order == ["small", "big", "small", "big", "small", "big"]
    assert small.pk != big.pk


def test_a_job_with_nothing_due_does_not_hold_up_the_others(job):
    GeneratedImage.objects.filter(job=job).update(
        not_before=timezone.now() + dt.timedelta(minutes=5)
    )
    answer = open_one(job)
    assert isinstance(answer, Wait)
    assert answer.why == Why.NOT_DUE
    assert 290 < answer.seconds <= 300
    other = make_job(1, account=job.account, model_name=job.model_name, quality="medium")
    permit = open_one(job)
    assert isinstance(permit, Permit)
    assert permit.job_id == other.pk


def test_an_account_that_is_off_pauses_its_jobs(job):
    job.account.is_enabled = False
    job.account.save(update_fields=["is_enabled"])
    assert open_one(job) == Stop("account_off")
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("paused", "account_off")


def test_a_model_that_retired_in_the_meantime_pauses_its_job(job, model):
    ImageModel.objects.filter(pk=model.pk).update(retired_on=timezone.now().date())
    assert isinstance(open_one(job), Idle | Wait)
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("paused", "model_retired")


def test_a_full_outbox_stops_buying_without_pausing(job, settings):
    settings.BULK = settings.BULK | {"OUTBOX_PICTURES": 1}
    UnstoredImage.objects.create(call=make_call(make_image(job)), content=b"x", size=1)
    assert open_one(job) == Stop("storage_down")
    job.refresh_from_db()
    assert job.status == "processing"


def test_the_database_refuses_a_second_open_call_for_an_image(job):
    permit = open_one(job)
    image = GeneratedImage.objects.get(pk=permit.image_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_call(image, CallState.OPEN)


def test_paused_and_cancelled_jobs_leave_what_is_in_flight(job):
    permit = open_one(job)
    assert lifecycle.pause(job.pk, by=None)
    assert not lifecycle.pause(job.pk, by=None)
    assert isinstance(open_one(job), Idle)
    assert lifecycle.cancel(job.pk, by=None)
    assert not lifecycle.cancel(job.pk, by=None)
    job.refresh_from_db()
    assert (job.status, job.queued, job.cancelled_count, job.generating) == ("cancelled", 0, 2, 1)
    assert GeneratedImage.objects.get(pk=permit.image_id).status == "generating"
    assert audit() == []


def test_a_person_whose_cap_is_reserved_does_not_hold_up_the_others(job):
    job.account.person_day_cap = PRICE * 2
    job.account.save(update_fields=["person_day_cap"])
    for _ in range(2):
        assert isinstance(open_one(job), Permit)
    other = make_job(
        2,
        account=job.account,
        model_name=job.model_name,
        quality="medium",
        created_by=make_user("other"),
    )
    BulkGenerationJob.objects.filter(pk=other.pk).update(
        served=timezone.now() + dt.timedelta(hours=1)
    )
    permits = [open_one(job) for _ in range(2)]
    assert [permit.job_id for permit in permits] == [other.pk, other.pk]
    assert open_one(job) == Wait(0.5, Why.CAP_RESERVED)
    job.refresh_from_db()
    assert (job.status, job.reserved) == ("processing", PRICE * 2)
    assert audit() == []


def test_a_page_text_at_its_persons_cap_stops_that_persons_texts_alone(job):
    account = make_account("openai", person_day_cap=1)
    capped = make_job(1, status="completed", stored=True, created_by=make_user("capped"))
    capped.images.update(page_status="writing")
    free = make_job(1, status="completed", stored=True, created_by=None)
    free.images.update(page_status="writing")
    BulkGenerationJob.objects.filter(pk__in=[capped.pk, free.pk]).update(pages_open=1)
    BulkGenerationJob.objects.filter(pk=free.pk).update(served=timezone.now())
    pool = account.pools.get(kind="text")
    assert opening.open_call(pool.pk, make_worker().pk) == Stop("person_cap", capped.created_by_id)
    texts.stop(pool.pk, "person_cap", capped.created_by_id)
    assert capped.images.values_list("page_status", "page_error_code").get() == (
        "failed",
        "person_cap",
    )
    permit = opening.open_call(pool.pk, make_worker().pk)
    assert isinstance(permit, Permit)
    assert permit.job_id == free.pk
    assert audit() == []


def test_a_text_model_without_a_price_stops_the_texts():
    account = make_account("openai")
    job = make_job(1, status="completed", stored=True)
    job.images.update(page_status="writing")
    BulkGenerationJob.objects.filter(pk=job.pk).update(pages_open=1)
    ModelPrice.objects.filter(model__kind="text").update(valid_from=dt.date(2099, 1, 1))
    assert opening.open_call(account.pools.get(kind="text").pk, make_worker().pk) == Stop(
        "no_price"
    )
    assert audit() == []
