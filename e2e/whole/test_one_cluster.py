"""All schedules of the product stand in the generator's cluster, so that one worker serves it."""

from __future__ import annotations

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task

from bulk_admin import background
from bulk_admin.services.accounts import set_up_after_migrate
from bulk_admin.services.queue import doorbell
from prompts.services import doorbell as pages
from prompts_manager.logins import cleaning as logins

pytestmark = pytest.mark.django_db
PUBLISH = "prompts.tasks.publish_due"
OURS = ("bulk-tick", "publish-due", "purge-trash", "clean-logins")


def test_every_schedule_of_ours_names_the_cluster():
    assert dict(Schedule.objects.values_list("name", "cluster")) == dict.fromkeys(OURS, "bulk")


def stored_by_an_older_release():
    Schedule.objects.update(cluster=None)
    Schedule.objects.create(func="math.sqrt", name="the site's own")
    deletion = {"func": doorbell.DELETE_FILES, "args": "([], 1)", "schedule_type": Schedule.ONCE}
    Schedule.objects.create(name="files", next_run=timezone.now(), **deletion)
    for function in (
        doorbell.PUMP,
        doorbell.DELETE_FILES,
        "math.sqrt",
        PUBLISH,
    ):
        async_task(function)
    OrmQ.objects.create(key="site", payload="not ours to read", lock=timezone.now())


def test_migrate_moves_what_an_older_release_stored_and_nothing_of_the_site_s():
    stored_by_an_older_release()
    for _ in range(2):
        set_up_after_migrate()
        pages.ensure_schedule()
        logins.ensure_schedule()
    clusters = dict(Schedule.objects.values_list("name", "cluster"))
    assert clusters == dict.fromkeys((*OURS, "files"), "bulk") | {"the site's own": None}
    moved = {waiting.func() for waiting in background.waiting_tasks()}
    assert moved == {doorbell.PUMP, doorbell.DELETE_FILES, PUBLISH}
    assert OrmQ.objects.exclude(key="bulk").count() == 2
