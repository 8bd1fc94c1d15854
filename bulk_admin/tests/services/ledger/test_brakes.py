"""No money without use: the slow start, the brake and the breaker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulk_admin.models import CallState, ProviderCall
from bulk_admin.progress import pill
from bulk_admin.services.image_providers.errors import (
    NotSent,
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
)
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.ledger import opening
from bulk_admin.services.ledger.outcome import Outcome, outcome_of
from bulk_admin.services.ledger.permits import Idle, Permit, Wait, Why
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.storage.storing import StoredPicture
from bulk_admin.testing.factories import make_account, make_job, make_model, make_user, make_worker
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db
NO_PICTURE = OutcomeUnknown("The answer holds no picture.")


@pytest.fixture(autouse=True)
def bounds(settings):
    settings.BULK = settings.BULK | {"SLOW_START": 3, "NO_USE_AFTER": 3, "BREAKER_AFTER": 20}


@pytest.fixture
def account():
    return make_account("openai_compatible")


def job_of(account, prompts=30, model="one", **fields):
    name = make_model(account.provider, name=model).name if isinstance(model, str) else model.name
    return make_job(prompts, account=account, model_name=name, quality="medium", **fields)


def ask(account):
    return opening.open_call(account.pools.get(kind="image").pk, make_worker().pk)


def open_one(account) -> Permit:
    permit = ask(account)
    assert isinstance(permit, Permit), permit
    return permit


def picture(permit: Permit, *, usable: bool = True) -> Outcome:
    stored = StoredPicture(
        key=f"originals/{permit.job_id}/{permit.call_id}",
        sha256="ab" * 32,
        length=9,
        is_readable=usable,
    )
    return Outcome(state=CallState.DELIVERED, billed="yes", picture=stored)


def buy(account, *outcomes):
    """One call after the other; each outcome an error, or whether the picture is usable."""
    for outcome in outcomes:
        permit = open_one(account)
        settle(
            permit.call_id,
            picture(permit, usable=outcome) if isinstance(outcome, bool) else outcome_of(outcome),
        )


def state(job):
    job.refresh_from_db()
    return job.status, job.status_reason


# --- no_use -------------------------------------------------------------------------------------


@pytest.mark.parametrize("useless", [NO_PICTURE, False, PromptRejected("x", billed="unknown")])
def test_three_paid_outcomes_in_a_row_without_use_pause_the_job_and_say_what_came(account, useless):
    job = job_of(account)
    buy(account, useless, useless)
    assert state(job) == ("processing", "")
    buy(account, useless)
    assert state(job) == ("paused", "no_use")
    assert job.status_detail
    assert isinstance(ask(account), Idle)
    assert ProviderCall.objects.count() == 3
    assert audit() == []


def test_a_usable_picture_begins_the_count_again(account):
    job = job_of(account)
    buy(account, NO_PICTURE, NO_PICTURE, True, NO_PICTURE, False)
    assert state(job) == ("processing", "")
    buy(account, NO_PICTURE)
    assert state(job) == ("paused", "no_use")


def test_after_resume_three_more_are_tried(account):
    job = job_of(account)
    buy(account, *[NO_PICTURE] * 3)
    lifecycle.resume(job.pk, by=None)
    job.refresh_from_db()
    assert job.status_detail == ""
    buy(account, NO_PICTURE, NO_PICTURE)
    assert state(job) == ("processing", "")
    buy(account, NO_PICTURE)
    assert state(job) == ("paused", "no_use")


def test_what_is_not_billed_and_what_is_blocked_do_not_count_as_paid_without_use(account, settings):
    settings.BULK = settings.BULK | {"RETRY_BACKOFF": 0.0}
    job = job_of(account)
    blocked_and_billed = PromptBlocked("x", billed="yes")
    buy(account, *[blocked_and_billed] * 5, *[PromptRejected("x")] * 5, NotSent(), Overloaded())
    assert state(job) == ("processing", "")
    assert job.billed_without_use == 0


def test_a_provider_that_bills_nothing_has_no_paid_outcomes():
    account = make_account("placeholder")
    job = job_of(account, model="two")
    buy(account, *[NO_PICTURE] * 5)
    assert state(job) == ("processing", "")


def test_a_worker_that_dies_says_nothing_about_the_provider(account):
    job = job_of(account)
    permits = [open_one(account) for _ in range(3)]
    ProviderCall.objects.update(owner=None)
    for permit in permits:
        settle(permit.call_id, outcome_of(OutcomeUnknown("died")), only_of_dead_owner=True)
    assert state(job) == ("processing", "")


def test_a_late_answer_counts_only_when_it_is_of_use(account):
    job = job_of(account)
    first = open_one(account)
    settle(first.call_id, outcome_of(NO_PICTURE))
    buy(account, NO_PICTURE)
    settle(first.call_id, outcome_of(NO_PICTURE))
    assert state(job) == ("processing", "")
    settle(first.call_id, picture(first))
    job.refresh_from_db()
    assert job.billed_without_use == 0


def test_with_nothing_left_to_buy_the_job_ends_and_says_how_many_were_not_made(account):
    job = job_of(account, 5)
    buy(account, True, True, NO_PICTURE, NO_PICTURE, False)
    assert state(job) == ("completed", "")
    assert pill(job).label == "Complete, 3 not made"


# --- breaker ------------------------------------------------------------------------------------


def test_twenty_blocked_in_a_row_pause_the_job(account):
    job = job_of(account, 40)
    buy(account, *[PromptBlocked("x")] * 19)
    assert state(job) == ("processing", "")
    buy(account, PromptBlocked("x"))
    assert state(job) == ("paused", "breaker")


def test_failures_in_a_row_pause_a_job_that_went_well_before(account, settings):
    settings.BULK |= {"BREAKER_AFTER": 4}
    job = job_of(account)
    buy(account, *[True] * 6, *[PromptBlocked("x")] * 3)
    assert state(job) == ("processing", "")
    buy(account, PromptBlocked("x"))
    assert state(job) == ("paused", "breaker")
    assert job.outcomes_failed < job.outcomes / 2


def test_half_of_at_least_twenty_pause_the_job(account):
    job = job_of(account, 40)
    buy(account, *[PromptBlocked("x"), True] * 9, PromptBlocked("x"))
    assert state(job) == ("processing", "")
    buy(account, PromptBlocked("x"))
    assert state(job) == ("paused", "breaker")


def test_fewer_than_half_do_not(account):
    job = job_of(account, 40)
    buy(account, *[PromptBlocked("x"), True, True] * 11)
    assert state(job) == ("processing", "")


def test_a_bound_of_nought_is_off(account, settings):
    settings.BULK = settings.BULK | {"NO_USE_AFTER": 0, "BREAKER_AFTER": 0, "SLOW_START": 0}
    job = job_of(account, 40)
    buy(account, *[NO_PICTURE] * 30)
    assert state(job) == ("processing", "")


# --- slow start ---------------------------------------------------------------------------------


def test_a_model_that_has_not_delivered_begins_with_three_calls_at_once(account):
    job_of(account)
    permits = [open_one(account) for _ in range(3)]
    assert ask(account) == Wait(0.5, Why.SLOW_START)
    settle(permits[0].call_id, picture(permits[0], usable=False))
    open_one(account)
    assert ask(account) == Wait(0.5, Why.SLOW_START)
    settle(permits[1].call_id, picture(permits[1]))
    for _ in range(6):
        open_one(account)


def test_it_holds_up_the_jobs_of_that_model_only(account):
    new = [job_of(account, 5, model=None or make_model(account.provider, name="new"))]
    new += [make_job(5, account=account, model_name="new", quality="medium") for _ in range(11)]
    other = job_of(account, 9, model="other", created_by=make_user())
    for _ in range(6):
        open_one(account)
    assert ask(account) == Wait(0.5, Why.SLOW_START)
    models = list(ProviderCall.objects.values_list("model_name", flat=True))
    assert (models.count("new"), models.count("other")) == (3, 3)
    delivered = ProviderCall.objects.filter(job_ref=other.pk).first()
    permit = Permit(
        **{
            **dict.fromkeys(
                ("kind", "image_id", "account_id", "pool_id", "attempt", "prompt", "model")
            ),
            "call_id": delivered.pk,
            "job_id": other.pk,
        }
    )
    settle(delivered.pk, picture(permit))
    for _ in range(6):
        assert open_one(account).job_id == other.pk


def test_what_was_delivered_more_than_a_day_ago_is_too_old(account):
    job_of(account)
    buy(account, True)
    call = ProviderCall.objects.get()
    ProviderCall.objects.update(sent_at=call.sent_at.replace(year=call.sent_at.year - 1))
    for _ in range(3):
        open_one(account)
    assert ask(account) == Wait(0.5, Why.SLOW_START)


def test_what_costs_nothing_needs_no_slow_start():
    account = make_account("placeholder")
    job_of(account, 9, model="three")
    for _ in range(9):
        open_one(account)


def test_a_burst_at_a_server_that_sends_no_pictures_buys_a_few_of_two_hundred(account):
    """Two workers in turn, as quick as they can."""
    job = job_of(account, 200)
    bought = []
    while isinstance(permit := ask(account), Permit) or bought:
        if isinstance(permit, Permit):
            bought.append(permit)
        else:
            settle(bought.pop(0).call_id, replace(outcome_of(NO_PICTURE), seconds=1.0))
    assert state(job) == ("paused", "no_use")
    assert ProviderCall.objects.count() <= 5
