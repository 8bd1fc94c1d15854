"""A clock that was ahead stops no schedule until the moment that it had come to."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler

from bulk_admin import background
from bulk_admin.management import safe_cluster
from bulk_admin.services.worker import rescue

pytestmark = pytest.mark.django_db
AHEAD = dt.timedelta(days=400)


@pytest.fixture
def tick():
    return Schedule.objects.get(name="bulk-tick")


def put_off(schedule: Schedule, delta: dt.timedelta) -> dt.datetime:
    schedule.next_run = timezone.now() + delta
    schedule.save()
    return schedule.next_run


def queued() -> list[str]:
    return [bell.group() for bell in OrmQ.objects.all()]


@pytest.mark.django_db(transaction=True)  # the look at the schedules closes its connection
def test_the_guard_of_the_workers_runs_the_tick_again(tick, monkeypatch):
    monkeypatch.setattr(Conf, "CLUSTER_NAME", background.CLUSTER)
    put_off(tick, AHEAD)
    scheduler(broker=background.Queue(background.CLUSTER))
    assert tick.name not in queued()  # the fault: stock waits for 400 days
    safe_cluster.run_schedules(background.Queue(background.CLUSTER))
    assert queued().count(tick.name) == 1
    tick.refresh_from_db()
    assert tick.next_run <= timezone.now() + dt.timedelta(minutes=1)


def test_a_rescue_pulls_the_tick_back(tick):
    put_off(tick, AHEAD)
    rescue.run()
    tick.refresh_from_db()
    assert tick.next_run <= timezone.now()


def test_a_schedule_of_the_site_s_own_cluster_is_left_alone():
    often = {"schedule_type": Schedule.MINUTES, "minutes": 1}
    others = Schedule.objects.create(func="math.sqrt", args="4", **often)
    due = put_off(others, AHEAD)
    rescue.run()
    others.refresh_from_db()
    assert others.next_run == due


@pytest.mark.parametrize("delta", [dt.timedelta(seconds=59), dt.timedelta(seconds=-5)])
def test_a_tick_that_is_in_time_is_left_alone(tick, delta):
    due = put_off(tick, delta)
    rescue.run()
    tick.refresh_from_db()
    assert tick.next_run == due


@pytest.mark.parametrize("kind", [Schedule.ONCE, Schedule.DAILY, Schedule.YEARLY])
def test_what_runs_once_or_rarely_may_be_meant_for_later(kind):
    later = Schedule.objects.create(func="math.sqrt", args="4", schedule_type=kind)
    due = put_off(later, AHEAD)
    rescue.run()
    later.refresh_from_db()
    assert later.next_run == due
