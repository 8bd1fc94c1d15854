"""Files of deleted pictures go, also when the storage is down for a while."""

from __future__ import annotations

import ast
import datetime as dt

import pytest
from django.utils import timezone
from django_q.models import Schedule

from bulk_admin import tasks
from bulk_admin.services.storage import private
from bulk_admin.services.storage.deleting import MOST_TRIES
from bulk_admin.storages import StorageUnavailable
from bulk_admin.testing.factories import make_image, make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys():
    job = make_job(0, "completed")
    return [make_image(job, stored=True).picture_key for _ in range(3)]


@pytest.fixture
def storage_is_down(settings, tmp_path):
    """Switches the storage off, and on again."""
    healthy, blocker = settings.STORAGES, tmp_path / "a-file"
    blocker.touch()

    def switch(down):
        settings.STORAGES = (
            {
                **healthy,
                "private": {**healthy["private"], "OPTIONS": {"location": blocker / "below"}},
            }
            if down
            else healthy
        )

    return switch


def planned():
    return Schedule.objects.get(func="bulk_admin.tasks.delete_files")


def test_what_the_storage_would_not_delete_is_deleted_later(keys, storage_is_down):
    storage_is_down(True)
    tasks.delete_files(keys)
    plan = planned()
    assert plan.schedule_type == Schedule.ONCE
    assert dt.timedelta(minutes=9) < plan.next_run - timezone.now() <= dt.timedelta(minutes=10)
    storage_is_down(False)
    assert all(map(private.exists, keys))
    plan.delete()  # as Django-Q does when it is due
    tasks.delete_files(*ast.literal_eval(plan.args))
    assert not any(map(private.exists, keys))
    assert not Schedule.objects.filter(func="bulk_admin.tasks.delete_files").exists()


def test_each_try_waits_longer_and_at_last_the_task_fails(keys, storage_is_down):
    storage_is_down(True)
    arguments, waited = (keys,), dt.timedelta(0)
    for _ in range(MOST_TRIES - 1):
        tasks.delete_files(*arguments)
        plan = planned()
        waited += plan.next_run - timezone.now()
        arguments = ast.literal_eval(plan.args)
        plan.delete()
    assert dt.timedelta(days=3) < waited < dt.timedelta(days=4)
    with pytest.raises(StorageUnavailable):
        tasks.delete_files(*arguments)
    assert not Schedule.objects.filter(func="bulk_admin.tasks.delete_files").exists()
    assert sorted(arguments[0]) == sorted(keys)
