"""A re-roll is taken back while it waits, and kept once it was sent; never both."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from bulk_admin.models import CallState, ImageStatus, JobStatus, PageStatus, ProviderCall
from bulk_admin.services.jobs import lifecycle, pictures
from bulk_admin.services.ledger import opening
from bulk_admin.services.ledger.permits import Idle, Permit
from bulk_admin.testing.factories import make_account, make_job, make_user, make_worker
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    return make_job(
        2, JobStatus.COMPLETED, account=make_account(), created_by=make_user(), stored=True
    )


def rerolled(job, position=1, seen=1):
    old = job.images.filter(position=position).order_by("variant").first()
    return pictures.reroll(job.pk, old.pk, seen_variant=seen, by=job.created_by)


def open_one(job):
    return opening.open_call(job.account.pools.get(kind="image").pk, make_worker().pk)


def test_it_is_cancelled_alone_and_the_job_ends_again(job):
    first, second = rerolled(job), rerolled(job, position=2)
    assert pictures.take_back(job.pk, first.pk, by=job.created_by)
    job.refresh_from_db()
    assert (job.status, job.queued, job.cancelled_count) == (JobStatus.PROCESSING, 1, 1)
    assert not pictures.take_back(job.pk, first.pk, by=job.created_by), "pressed twice"
    assert pictures.take_back(job.pk, second.pk, by=job.created_by)
    job.refresh_from_db()
    assert (job.status, job.completed_count) == (JobStatus.COMPLETED, 2)
    assert isinstance(open_one(job), Idle)
    assert audit() == []


def test_what_was_sent_or_was_no_re_roll_stays(job):
    new = rerolled(job)
    assert isinstance(open_one(job), Permit)
    assert not pictures.take_back(job.pk, new.pk, by=job.created_by)
    assert job.images.get(pk=new.pk).status == ImageStatus.GENERATING
    other = make_job(1)
    assert not pictures.take_back(other.pk, other.images.get().pk, by=None)
    assert other.images.get().status == ImageStatus.QUEUED
    assert audit() == []


def test_a_paused_job_stays_paused_when_something_else_is_queued(job):
    first, _ = rerolled(job), rerolled(job, position=2)
    lifecycle.pause(job.pk, by=job.created_by)
    pictures.take_back(job.pk, first.pk, by=job.created_by)
    job.refresh_from_db()
    assert (job.status, job.queued) == (JobStatus.PAUSED, 1)


def test_pages_that_were_to_follow_the_last_picture_follow_now(job):
    type(job).objects.filter(pk=job.pk).update(create_pages_when_done=True)
    pictures.take_back(job.pk, rerolled(job).pk, by=job.created_by)
    assert set(job.images.filter(variant=1).values_list("page_status", flat=True)) == {
        PageStatus.QUEUED
    }
    assert audit() == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_press_and_the_pump_at_once_never_both_win(job):
    worker, pool = make_worker(), job.account.pools.get(kind="image").pk
    type(job.account.pools.get(kind="image")).objects.filter(pk=pool).update(
        limit_per_minute=1000, max_in_flight=1000
    )
    for seen in range(1, 9):
        new = rerolled(job, seen=seen)
        at_once, answers = threading.Barrier(2, timeout=10), []

        def pump(at_once=at_once, answers=answers):
            at_once.wait()
            answers.append(opening.open_call(pool, worker.pk))
            connections.close_all()

        thread = threading.Thread(target=pump)
        thread.start()
        at_once.wait()
        taken = pictures.take_back(job.pk, new.pk, by=job.created_by)
        thread.join(10)
        sent = ProviderCall.objects.filter(image=new, state=CallState.OPEN).exists()
        assert taken != sent, answers
    assert audit() == []
