"""Staff are told that no worker runs when work has waited for a minute, and not before."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from bulk_admin.background import try_again_after
from bulk_admin.codes import Code
from bulk_admin.models import CallState, JobStatus, Worker
from bulk_admin.selectors.front_page import no_worker as told_on_the_front_page
from bulk_admin.selectors.job_page import conditions
from bulk_admin.services.facts import State
from bulk_admin.services.jobs import lifecycle, pictures
from bulk_admin.services.monitoring import health
from bulk_admin.services.queue import page_queue
from bulk_admin.testing.factories import (
    end_a_task,
    make_account,
    make_call,
    make_image,
    make_job,
    make_worker,
    recount,
)

pytestmark = pytest.mark.django_db
LONG_AGO = dt.timedelta(days=2)
RETRY = dt.timedelta(seconds=try_again_after())


def ago(seconds):
    return timezone.now() - dt.timedelta(seconds=seconds)


def is_reported(job):
    job.refresh_from_db()
    answer = conditions(job).no_worker
    assert told_on_the_front_page() == answer
    assert reported_by_health() == answer
    return answer


def reported_by_health():
    (queue,) = [part for part in health.report() if part.name == "Queue"]
    (fact,) = [fact for fact in queue.facts if fact.name == "Queued work"]
    assert fact.value.startswith("yes")
    return fact.state == State.BAD


def old_job(status=JobStatus.COMPLETED, **fields):
    moment = timezone.now() - LONG_AGO
    return make_job(2, status, created=moment, started=moment, **fields)


def new_job():
    draft = make_job(2, JobStatus.DRAFT, created=timezone.now() - LONG_AGO)
    lifecycle.generate(draft.pk, by=draft.created_by)
    return draft


def reroll():
    job = old_job()
    pictures.reroll(job.pk, job.images.first().pk, seen_variant=1, by=None)
    return job


def retry():
    job = old_job(JobStatus.FAILED)
    job.images.update(error_code=Code.OVERLOADED)
    assert pictures.retry_failed(job.pk, by=None) == 2
    return job


def create_pages():
    job = old_job(stored=True, account=make_account("placeholder"))  # it has no pool for texts
    page_queue.create_pages(job.pk, by=None)
    return job


QUEUED = [new_job, reroll, retry, create_pages]


@pytest.mark.parametrize("queue_work", QUEUED)
def test_work_that_was_queued_just_now_is_no_alarm_although_an_idle_worker_leaves_no_row(
    queue_work,
):
    job = queue_work()
    assert OrmQ.objects.count() == 1
    assert not is_reported(job)


@pytest.mark.parametrize("queue_work", QUEUED)
def test_work_that_nobody_takes_is_reported_although_there_was_never_a_tick(queue_work):
    job = queue_work()
    OrmQ.objects.update(lock=ago(61))
    assert is_reported(job)


def test_a_second_press_does_not_put_the_alarm_off():
    job = reroll()
    OrmQ.objects.update(lock=ago(61))
    pictures.reroll(job.pk, job.images.get(position=2).pk, seen_variant=1, by=None)
    assert OrmQ.objects.count() == 2
    assert is_reported(job)


def test_a_bell_that_was_taken_just_now_is_no_alarm_before_the_pump_has_a_row():
    job = reroll()
    OrmQ.objects.update(lock=timezone.now() + RETRY)
    assert not is_reported(job)


def test_a_bell_whose_taker_was_killed_is_reported():
    job = reroll()
    OrmQ.objects.update(lock=ago(61) + RETRY)
    make_worker(beat_at=ago(61))
    assert is_reported(job)


def test_a_worker_that_works_through_a_long_queue_is_there():
    job = reroll()
    OrmQ.objects.update(lock=ago(61))
    end_a_task(ago(5))
    assert not is_reported(job)


def test_a_worker_of_the_site_s_own_cluster_is_no_sign_of_ours():
    job = reroll()
    OrmQ.objects.update(lock=ago(61))
    OrmQ.objects.create(key="site", payload="x", lock=ago(1))
    end_a_task(ago(5), cluster="site")
    assert is_reported(job)


def test_a_worker_that_looked_and_found_nothing_it_may_do_is_there_from_tick_to_tick():
    job = old_job(JobStatus.PROCESSING)
    end_a_task(ago(90))
    assert not is_reported(job)


@pytest.mark.parametrize("last_tick", [None, 121])
def test_work_that_waits_with_no_bell_and_no_worker_is_reported(last_tick):
    job = old_job(JobStatus.PROCESSING)
    if last_tick:
        end_a_task(ago(last_tick))
    assert is_reported(job)


def held_call(due_since):
    job = old_job(JobStatus.PROCESSING, account=make_account())
    job.images.all().delete()
    image = make_image(recount(job), "generating")
    make_call(image, CallState.HELD, poll_at=ago(due_since))
    Worker.objects.all().delete()
    return recount(job)


def test_a_held_call_that_nobody_asks_for_is_reported():
    job = held_call(due_since=61)
    assert (job.queued, job.generating) == (0, 1)
    assert is_reported(job)
    make_worker()
    assert not is_reported(job)


def test_a_held_call_that_has_just_come_due_is_no_alarm_between_two_ticks():
    job = held_call(due_since=5)
    assert not is_reported(job)


def test_a_fresh_bell_of_another_job_does_not_hide_a_held_call_that_nobody_asks_for():
    job = held_call(due_since=61)
    new_job()
    assert is_reported(job)
