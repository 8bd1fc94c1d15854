"""Our tasks and schedules stand in a cluster of their own, whatever the site's Q_CLUSTER says."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule, Task
from django_q.tasks import async_task

from bulk_admin import background, tasks
from bulk_admin.services.accounts import set_up_after_migrate
from bulk_admin.services.queue import doorbell
from bulk_admin.services.worker import rescue

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(monkeypatch):
    """This process as a worker of the cluster, until the test ends."""
    for name in vars(Conf):
        if name.isupper():
            monkeypatch.setattr(Conf, name, getattr(Conf, name))
    return background.serve()


def taken(queue):
    """What a worker takes from the queue: the names of functions."""
    OrmQ.objects.update(lock=timezone.now() - dt.timedelta(seconds=1))
    found = []
    while rows := queue.dequeue():
        for key, _ in rows:
            found.append(OrmQ.objects.get(pk=key).func())
            queue.acknowledge(key)
    return found


def test_a_worker_takes_our_tasks_and_leaves_the_site_s(worker):
    async_task("math.sqrt", 4, cluster="site")
    doorbell.ring()
    assert taken(worker) == [doorbell.PUMP]
    assert [left.func() for left in OrmQ.objects.all()] == ["math.sqrt"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SYNC", True),
        ("ORM", None),
        ("BROKER_CLASS", "no.such.Broker"),
        ("SQS", {"aws_region": "x"}),
        ("CACHED", True),
        ("ACK_FAILURES", False),
        ("SAVE_LIMIT", -1),
    ],
)
def test_no_setting_of_the_site_s_cluster_reaches_our_tasks(monkeypatch, name, value):
    monkeypatch.setattr(Conf, name, value)
    doorbell.ring()
    bell = background.waiting_tasks().get()
    assert (bell.func(), bell.key) == (doorbell.PUMP, "bulk")
    assert bell.q_options()["ack_failure"] is True
    assert bell.q_options()["save"] is True
    assert bell.q_options()["cached"] is False


def test_no_cache_of_the_site_is_asked(worker):
    assert worker.cache is None
    assert not worker.set_stat("cluster", "stat", 3) and not worker.get_stats("cluster")


def test_a_task_that_was_queued_in_a_transaction_goes_back_with_it():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        doorbell.ring()
        assert 1 / 0
    assert not OrmQ.objects.exists()


def test_a_worker_has_time_for_the_longest_pump(settings, worker):
    longest = 240 + 300 + 30
    assert longest < Conf.TIMEOUT < Conf.RETRY
    settings.BULK = settings.BULK | {"SLICE": 5000.0}
    assert 5330 < background.time_out() < background.try_again_after()


def test_a_worker_keeps_no_second_doorbell_and_the_site_s_results(worker):
    assert (Conf.CLUSTER_NAME, Conf.PREFIX) == ("bulk", "promptfinder")
    assert (Conf.BULK, Conf.QUEUE_LIMIT, Conf.MAX_ATTEMPTS, Conf.SAVE_LIMIT) == (1, 1, 1, 0)
    assert Conf.ACK_FAILURES and not Conf.CATCH_UP and not Conf.SYNC


def test_what_staff_have_changed_stays():
    Schedule.objects.filter(name="bulk-tick").update(minutes=9, cluster="another")
    set_up_after_migrate()
    tick = Schedule.objects.get(name="bulk-tick")
    assert (tick.minutes, tick.cluster) == (9, "another")


def ended(number, cluster, success=True):
    moment = timezone.now() - dt.timedelta(minutes=number)
    how = {"func": doorbell.TICK, "started": moment, "stopped": moment}
    Task.objects.create(id=uuid.uuid4().hex, name="t", cluster=cluster, success=success, **how)


def test_a_tick_keeps_the_newest_results_and_all_of_the_site_s(monkeypatch):
    monkeypatch.setattr(background, "RESULTS_KEPT", 2)
    monkeypatch.setattr(rescue, "tick", lambda: None)
    for number in range(5):
        ended(number, "bulk")
        ended(number, "site")
    ended(9, "bulk", success=False)
    newest = background.ended_tasks().order_by("-stopped")[:2]
    expected = {task.pk for task in newest}
    tasks.tick()
    kept = background.ended_tasks()
    assert set(kept.filter(success=True).values_list("pk", flat=True)) == expected
    assert kept.filter(success=False).count() == 1
    assert Task.objects.filter(cluster="site").count() == 5
