"""Who pressed pays, is named, and holds up nobody else."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter

import pytest
from django.utils import timezone

from bulk_admin.models import (
    BulkGenerationJob,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    PageStatus,
    ProviderAccount,
    ProviderCall,
    Spend,
)
from bulk_admin.models.ledger import spend_keys
from bulk_admin.services.jobs import lifecycle, pictures
from bulk_admin.services.ledger import opening
from bulk_admin.services.ledger.outcome import Outcome, handed_back
from bulk_admin.services.ledger.permits import Idle, Permit, Stop, Wait, Why
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.pages import texts
from bulk_admin.services.queue import page_queue
from bulk_admin.testing.factories import (
    make_account,
    make_image,
    make_job,
    make_model,
    make_user,
    make_worker,
)

pytestmark = pytest.mark.django_db
PRICE = 10_000


@pytest.fixture
def anna():
    return make_user("anna")


@pytest.fixture
def bert():
    return make_user("bert", is_superuser=True)


@pytest.fixture
def job(anna):
    """Anna's, with three pictures that she asked for."""
    model = make_model(name="priced")
    return make_job(
        3, account=make_account(), model_name=model.name, quality="medium", created_by=anna
    )


def ended(job, status=ImageStatus.COMPLETED, **fields):
    """The job with one picture, in that status."""
    job.images.all().delete()
    image = make_image(job, status, **fields)
    BulkGenerationJob.objects.filter(pk=job.pk).update(status=JobStatus.COMPLETED)
    return image


def open_one(job, kind="image"):
    return opening.open_call(job.account.pools.get(kind=kind).pk, make_worker().pk)


def caps(job, person_day_cap):
    ProviderAccount.objects.filter(pk=job.account_id).update(person_day_cap=person_day_cap)


PRESSES = {
    "re-roll": (
        {},
        lambda job, image, by: pictures.reroll(job.pk, image.pk, seen_variant=1, by=by),
    ),
    "retry": (
        {"status": ImageStatus.FAILED, "error_code": "overloaded"},
        lambda job, image, by: pictures.retry_failed(job.pk, by=by),
    ),
    "buy again": (
        {"status": ImageStatus.UNKNOWN, "attempt": 1},
        lambda job, image, by: pictures.buy_again(job.pk, image.pk, seen_attempt=1, by=by),
    ),
}


@pytest.mark.parametrize("press", PRESSES)
def test_a_press_on_anothers_job_is_booked_on_who_pressed(job, anna, bert, press):
    """The forger: Bert's cap is all that may stop it, and Anna's counters stay as they were."""
    fields, act = PRESSES[press]
    image = ended(job, **fields)
    act(job, image, bert)
    permit = open_one(job)
    assert isinstance(permit, Permit)
    call = ProviderCall.objects.get(pk=permit.call_id)
    assert (call.person, call.person_label) == (bert, "bert")
    spent = Spend.objects.filter(scope="person").values_list("key", "reserved")
    assert list(spent) == [(f"{job.account_id}:{bert.pk}", PRICE)]


@pytest.mark.parametrize("press", PRESSES)
def test_a_press_on_anothers_job_meets_the_cap_of_who_pressed(job, anna, bert, press):
    fields, act = PRESSES[press]
    image = ended(job, **fields)
    caps(job, PRICE)
    key = f"{job.account_id}:{bert.pk}"
    Spend.objects.create(scope="person", key=key, day=timezone.now().date(), spent=1)
    act(job, image, bert)
    assert open_one(job) == Idle()
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("paused", "person_cap")
    assert not ProviderCall.objects.exists()


def test_generate_on_anothers_draft_is_booked_on_who_pressed(anna, bert):
    job = make_job(2, JobStatus.DRAFT, created_by=anna, images_per_prompt=2)
    assert lifecycle.generate(job.pk, by=bert)
    assert set(job.images.values_list("requested_by", "page_requested_by")) == {(bert.pk, None)}


def test_pages_that_come_by_themselves_belong_to_who_pressed_generate(anna, bert):
    job = make_job(1, JobStatus.DRAFT, created_by=anna, create_pages_when_done=True)
    lifecycle.generate(job.pk, by=bert)
    new = make_user("carl")
    image = job.images.get()
    assert image.page_requested_by == bert
    rerolled = pictures.reroll(job.pk, image.pk, seen_variant=1, by=new)
    assert (rerolled.requested_by, rerolled.page_requested_by) == (new, bert)


def test_an_automatic_retry_keeps_who_asked(job, bert):
    GeneratedImage.objects.update(requested_by=bert)
    permit = open_one(job)
    settle(permit.call_id, handed_back("Nothing was sent."))
    assert GeneratedImage.objects.get(pk=permit.image_id).requested_by == bert


def test_resume_buys_for_whoever_asked_for_each_picture(job, anna, bert):
    last = job.images.order_by("position").last()
    GeneratedImage.objects.filter(pk=last.pk).update(requested_by=bert)
    carl = make_user("carl")
    lifecycle.pause(job.pk, by=carl)
    assert lifecycle.resume(job.pk, by=carl)
    for _ in range(3):
        open_one(job)
    booked = Counter(ProviderCall.objects.values_list("person__username", flat=True))
    assert booked == {"anna": 2, "bert": 1}


def test_a_person_at_their_cap_holds_up_only_what_they_asked_for(job, anna, bert):
    """Anna's two come first and do not fit; Bert's one is bought, then the job pauses."""
    last = job.images.order_by("position").last()
    GeneratedImage.objects.filter(pk=last.pk).update(requested_by=bert)
    caps(job, PRICE)
    key = f"{job.account_id}:{anna.pk}"
    Spend.objects.create(scope="person", key=key, day=timezone.now().date(), spent=1)
    permit = open_one(job)
    assert isinstance(permit, Permit)
    assert permit.image_id == last.pk
    assert open_one(job) == Wait(0.5, Why.CAP_RESERVED)  # Bert's may yet come back to the queue
    job.refresh_from_db()
    assert job.status == "processing"
    settle(permit.call_id, handed_back("Nothing was sent."))
    assert open_one(job).image_id == last.pk
    call = ProviderCall.objects.filter(state="open").get()
    settle(call.pk, Outcome(state="refused", billed="no", error_code="blocked"))
    assert open_one(job) == Idle()
    job.refresh_from_db()
    assert (job.status, job.status_reason, job.queued) == ("paused", "person_cap", 2)


def test_two_persons_at_their_caps_pause_the_job_at_once(job, anna, bert):
    GeneratedImage.objects.filter(position=3).update(requested_by=bert)
    caps(job, PRICE - 1)
    open_one(job)
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("paused", "person_cap")


def test_anothers_order_goes_on_in_a_job_that_a_persons_cap_paused(job, anna, bert):
    caps(job, PRICE)
    key = f"{job.account_id}:{anna.pk}"
    Spend.objects.create(scope="person", key=key, day=timezone.now().date(), spent=1)
    open_one(job)
    first = job.images.first()
    new = pictures.reroll(job.pk, first.pk, seen_variant=1, by=bert)
    permit = open_one(job)
    assert isinstance(permit, Permit)
    assert permit.image_id == new.pk
    lifecycle.pause(job.pk, by=anna)  # a person's own pause is not undone by another's order
    pictures.reroll(job.pk, first.pk, seen_variant=2, by=bert)
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("paused", "paused")


def test_a_persons_other_job_is_judged_by_its_own_price(job, anna):
    cheap = make_model(name="cheap", provider="placeholder")
    cheap.prices.update(per_image={"*": 10})
    other = make_job(1, account=job.account, model_name="cheap", quality="medium", created_by=anna)
    BulkGenerationJob.objects.filter(pk=other.pk).update(served=timezone.now())
    caps(job, PRICE - 1)
    permit = open_one(job)
    assert isinstance(permit, Permit)
    assert permit.job_id == other.pk
    job.refresh_from_db()
    assert job.status == "paused"


def test_nobody_due_but_the_capped_person_waits_for_the_others(job, anna, bert):
    GeneratedImage.objects.filter(position=3).update(
        requested_by=bert, not_before=timezone.now() + dt.timedelta(seconds=40)
    )
    caps(job, PRICE - 1)
    answer = open_one(job)
    assert isinstance(answer, Wait)
    assert answer.why == Why.NOT_DUE
    assert 35 < answer.seconds <= 40


def test_a_page_is_written_for_who_pressed_create_pages(job, anna, bert):
    make_account("openai")
    image = ended(job, page_requested_by=None)
    assert page_queue.create_pages(job.pk, by=bert).queued == 1
    GeneratedImage.objects.filter(pk=image.pk).update(page_status=PageStatus.WRITING)
    pool = ProviderAccount.objects.get(provider="openai").pools.get(kind="text")
    permit = opening.open_call(pool.pk, make_worker().pk)
    assert ProviderCall.objects.get(pk=permit.call_id).person == bert


def test_a_capped_persons_texts_fail_and_anothers_of_the_same_job_are_written(job, anna, bert):
    account = make_account("openai", person_day_cap=1)
    theirs = ended(job, page_requested_by=anna, page_status=PageStatus.WRITING)
    free = make_image(job, page_requested_by=None, page_status=PageStatus.WRITING)
    pool = account.pools.get(kind="text").pk
    assert opening.open_call(pool, make_worker().pk) == Stop("person_cap", anna.pk)
    texts.stop(pool, "person_cap", anna.pk)
    assert opening.open_call(pool, make_worker().pk).image_id == free.pk
    theirs.refresh_from_db()
    assert (theirs.page_status, theirs.page_error_code) == ("failed", "person_cap")
    assert theirs.page_error == "The daily cap of whoever asked for it is reached."


def test_a_person_s_uuid_fits_a_day_s_key_as_sqlite_keeps_it():
    """Without dashes; the list of spend finds its person by the key."""
    person = uuid.UUID("6f1c2a7e-0000-4000-8000-00000000cafe")
    _, key = spend_keys(1_234_567, person)
    assert key == f"1234567:{person.hex}"
    assert len(key) <= Spend._meta.get_field("key").max_length


def test_a_name_as_long_as_an_address_may_be_opens_a_call(job, anna, monkeypatch):
    address = f"{'a' * 238}@an.example.com"
    monkeypatch.setattr(type(anna), "get_username", lambda person: address)
    permit = open_one(job)
    assert ProviderCall.objects.get(pk=permit.call_id).person_label == address[:150]
